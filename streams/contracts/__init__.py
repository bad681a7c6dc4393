"""The contract with those who write events: wire models, their JSON Schema, and the way to and from the facts."""
