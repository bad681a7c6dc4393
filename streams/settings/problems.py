"""What is wrong with the configuration: where, and what would be right."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import override

from streams.contracts.fields import NO_CONTROLS
from streams.settings.fields import CURRENCY, KAFKA_NAME
from streams.settings.values import show

Place: TypeAlias = tuple[str | int, ...]
"""Where a setting is: its keys, and its index in a list; the empty place is the whole file."""

_SECRETS: Final = "secrets"
_EMPTY: Final = "is empty; give it a value, or leave the key out"
_MISMATCH: Final = {
    NO_CONTROLS: "holds a control character; leave it out",
    CURRENCY: "is not a currency; write the three capitals of its ISO 4217 code, such as EUR",
    KAFKA_NAME: "is not a name for Kafka; use letters, digits, dots, underscores and hyphens alone",
}


class Origin(NamedTuple):
    """Where a value was set: a line of a file, a variable of the environment, or nowhere."""

    source: str
    line: int | None = None
    variable: bool = False

    @property
    def folder(self) -> Path:
        """Where a relative path that was set here starts: beside the file that sets it, else in the working folder."""
        return Path() if self.line is None else Path(self.source).parent

    @override
    def __str__(self) -> str:
        if self.variable:
            return f"env {self.source}"
        return self.source if self.line is None else f"{self.source}:{self.line}"


DEFAULT: Final = Origin("default")


class Problem(NamedTuple):
    """One thing that is wrong. Prints as a line that leads there."""

    origin: Origin
    place: Place
    message: str

    @override
    def __str__(self) -> str:
        return ": ".join(part for part in (str(self.origin), key_of(self.place), self.message) if part)


class ConfigError(ValueError):
    """The configuration cannot be used. Carries all that is wrong with it, and prints one problem a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems in the order in which they should be read."""
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


def key_of(place: Place) -> str:
    """Write a place as people do: ``queues.billing.team``, ``windows[1]``, ``queues['a queue']``."""
    key = ""
    for part in place:
        if isinstance(part, int) or not part.replace("-", "_").isidentifier():
            key += f"[{part!r}]"
        else:
            key += f".{part}" if key else part
    return key


def closest(name: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the one of some names that a mistyped one may have meant."""
    return next(iter(get_close_matches(name, list(names), n=1, cutoff=cutoff)), None)


def problems_of(error: ValidationError, model: type[BaseModel]) -> Iterable[tuple[Place, str]]:
    """Say what breaks a model: where, and what would be right."""
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and detail["input"]:
            continue  # it is no longer empty once what is in it is right
        place = detail["loc"][:-1] if detail["loc"][-1:] == ("[key]",) else detail["loc"]
        unknown = detail["type"] == "extra_forbidden"
        yield place, _unknown_key(place, model) if unknown else _tell(detail)


def _unknown_key(place: Place, model: type[BaseModel]) -> str:
    if place == (_SECRETS,):
        return "a secret belongs in no file; set OUTCOME_MONITOR__SECRETS__<NAME>, or …_FILE to the path of its file"
    keys = _keys_at(model, place[:-1])
    near = closest(str(place[-1]), keys)
    hint = f"did you mean {near}? The" if near else "the"
    return f"unknown key; {hint} keys here are {', '.join(keys)}"


def _keys_at(kind: Any, place: Place) -> list[str]:  # noqa: ANN401 - an annotation can be anything
    """Return the keys that a model knows at a place within it."""
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[str(part)].annotation
        else:  # a mapping of names or a list: all its values are of one kind
            kind = next(arg for arg in reversed(get_args(kind)) if arg is not Ellipsis)
    fields: Mapping[str, object] = kind.model_fields
    return list(fields)


def _tell(detail: ErrorDetails) -> str:
    kind, value, context = detail["type"], show(detail["input"]), detail.get("ctx", {})
    told = {
        "bool_type": f"{value} is neither true nor false",
        "dict_type": f"{value} is not a mapping; write keys and values below it",
        "model_type": f"{value} is not a mapping; write keys and values below it",
        "greater_than_equal": f"{value} is too small; the least is {context.get('ge')}",
        "int_type": f"{value} is not a whole number",
        "greater_than": f"{value} is too small; it must be more than {context.get('gt', 0):g}",
        "less_than": f"{value} is too large; it must be less than {context.get('lt', 0):g}",
        "float_type": f"{value} is not a number",
        "less_than_equal": f"{value} is too large; the most is {context.get('le')}",
        "literal_error": f"{value} is not known; use {context.get('expected')}",
        "missing": "is missing; it has no default",
        "string_pattern_mismatch": f"{value} {_MISMATCH.get(context.get('pattern', ''))}",
        "string_too_long": f"is too long; the most is {context.get('max_length')} characters",
        "string_too_short": _EMPTY,
        "string_type": f"{value} is not a text; put it in quotes if it is meant as one",
        "too_short": "is empty; give at least one",
        "tuple_type": f"{value} is not a list; write it in brackets or as lines with dashes",
        "value_error": str(context.get("error")),
    }
    if detail["input"] is None:
        return _EMPTY
    return told.get(kind, f"{detail['msg']}, not {value}")
