"""Engines run the processors: they give them state and events, and make what comes of it durable in one step."""
