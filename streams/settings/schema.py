"""The JSON Schema of the files, rendered from the models, so that editors complete and check as people type."""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import override

from streams.settings.models import Monitor, Taxonomy

_ID: Final = "urn:outcome-monitor:schema:config:{name}:v1"
_FILES: Final[Mapping[str, type[BaseModel]]] = {"monitor": Monitor, "reasons": Taxonomy}


class _Generate(GenerateJsonSchema):
    """Leaves out what teaches nothing: titles that repeat the field's name, and defaults that are not plain values."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    @override
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        default = schema.get("default")
        inner = self.generate_inner(schema["schema"])
        if default is None or isinstance(default, BaseModel):
            return inner
        # As it stands in the model, which is as it would stand in the file.
        return {**inner, "default": list(default) if isinstance(default, tuple) else default}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema (2020-12) of each file, by the name of the file that holds it."""
    return {f"{name}.schema.json": _schema(name, model) for name, model in _FILES.items()}


def render(schema: Mapping[str, Any]) -> str:
    """Write a schema as it is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    body = model.model_json_schema(schema_generator=_Generate)
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": _ID.format(name=name), **body}
