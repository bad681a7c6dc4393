"""The JSON Schema of the events, rendered from the models, for those who write them."""

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import override

from streams.contracts.decode import MAX_BYTES
from streams.contracts.interactions import INTERACTION

ID: Final = "urn:outcome-monitor:schema:interactions:v1"

_DESCRIPTION: Final = f"""\
An event of the outcome monitor: one JSON object a record, in UTF-8, at most {MAX_BYTES} bytes, told apart by `type`. \
Fields that are not listed are ignored. In an optional field, null and an empty text mean the same as leaving it out. \
A structured-mode CloudEvents 1.0 envelope with such an object as its data is accepted too: `event_id`, `type`, \
`occurred_at` and `source` may then be left to the envelope's `id`, `type`, `time` and `source`. Times before 2000, or \
more than an hour after the record's arrival, are refused."""


class _Generate(GenerateJsonSchema):
    """Leaves out what teaches nothing: titles that repeat the field's name, and defaults of null."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    @override
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def interactions_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of every event type; the same, key by key, at every call."""
    union = INTERACTION.json_schema(schema_generator=_Generate)
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": ID,
        "title": "Interaction event",
        "description": _DESCRIPTION,
        **union,
    }
