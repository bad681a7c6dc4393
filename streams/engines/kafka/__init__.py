"""The Kafka engine: Faust workers that run the processors on Kafka, exact under faults."""
