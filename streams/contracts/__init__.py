"""The contract with those who write events: wire models, their JSON Schema, and the way to and from the facts."""

from streams.contracts.dead_letters import DeadLetter
from streams.contracts.decode import decode
from streams.contracts.encode import encode
from streams.contracts.refusals import BadRecord, Reason
from streams.contracts.schema import interactions_schema

__all__ = ["BadRecord", "DeadLetter", "Reason", "decode", "encode", "interactions_schema"]
