"""Measurements on a broker of their own: how fast the Kafka engine is, beside others and for itself."""
