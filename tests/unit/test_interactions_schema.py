"""The JSON Schema of the events: committed as rendered, complete, and of the same mind as the models."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from streams.contracts.schema import interactions_schema
from streams.domain import events as facts
from tests.wire_examples import DENIED, EXAMPLES, SURVEY, UPDATED

SCHEMA_FILE = Path(__file__).parents[2] / "config" / "schema" / "interactions.v1.json"


def test_the_committed_schema_is_up_to_date() -> None:
    rendered = json.dumps(interactions_schema(), indent=2, ensure_ascii=False) + "\n"
    assert SCHEMA_FILE.read_text(encoding="utf-8") == rendered, "render it again: outcome-monitor schema"


def test_the_schema_is_a_valid_one() -> None:
    Draft202012Validator.check_schema(interactions_schema())


def test_the_schema_describes_every_event_and_every_field() -> None:
    models = interactions_schema()["$defs"]
    assert {model["properties"]["type"]["const"] for model in models.values()} == set(facts.TYPE_OF.values())
    for name, model in models.items():
        assert model["description"], name
        undescribed = [field for field, kind in model["properties"].items() if not kind.get("description")]
        assert not undescribed, f"{name}: {undescribed}"


@pytest.mark.parametrize(("record", "_event"), EXAMPLES, ids=lambda value: str(getattr(value, "get", repr)("type")))
def test_the_schema_accepts_every_example(record: dict[str, Any], _event: facts.Event) -> None:
    Draft202012Validator(interactions_schema()).validate(record)


@pytest.mark.parametrize("record", [UPDATED, UPDATED | {"queue": ""}, SURVEY | {"csat": None}, DENIED])
def test_the_schema_refuses_an_event_that_says_nothing(record: dict[str, Any]) -> None:
    assert not Draft202012Validator(interactions_schema()).is_valid(record)
