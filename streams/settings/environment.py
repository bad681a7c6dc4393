"""Overrides by variables: ``OUTCOME_MONITOR__HTTP__PORT=9000`` sets ``http.port``.

The two underscores after the prefix are needed: platforms make names such as ``OUTCOME_MONITOR_PORT`` of their own.
A text is taken as it stands, anything else is read as YAML, so ``[1d, 7d]`` and JSON will do. Lists and mappings of
names are set as a whole. A secret may be in a file that its variable with ``_FILE`` at the end names.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel, SecretStr

from streams.settings.document import Document, parse
from streams.settings.models import Monitor, Secrets, Taxonomy
from streams.settings.problems import Origin, Place, Problem, closest, key_of
from streams.settings.secret_texts import check_secret, read_secret

PREFIX: Final = "OUTCOME_MONITOR__"
_FILE: Final = "_FILE"
_TEXTS: Final = (str, str | None)


class Override(NamedTuple):
    """A setting that a variable sets, and what it says."""

    place: Place
    origin: Origin
    says: Document


class Environment(NamedTuple):
    """All that variables set, and what is wrong with them."""

    overrides: Sequence[Override]
    secrets: Secrets
    secret_origins: Mapping[Place, Origin]
    problems: Sequence[Problem]


def read_environment(env: Mapping[str, str]) -> Environment:
    """Return what the variables that begin with the prefix set."""
    ours = {name: text for name, text in sorted(env.items()) if name.upper().startswith(PREFIX)}
    settings = {variable_of(place): (place, kind) for model in (Monitor, Taxonomy) for place, kind in _leaves(model)}
    secrets = {variable_of(("secrets", name)): name for name in Secrets.model_fields}
    either = {name + end for name in secrets for end in ("", _FILE)}
    problems = [_unknown(name, [*settings, *sorted(either)]) for name in ours if name not in settings.keys() | either]
    overrides = []
    for name in (name for name in ours if name in settings):
        place, kind = settings[name]
        document = Document(ours[name]) if kind in _TEXTS else parse(ours[name])
        overrides.append(Override(place, _origin(name), document))
    found: dict[str, SecretStr] = {}
    origins: dict[Place, Origin] = {}
    for variable, name in secrets.items():
        place = ("secrets", name)
        for given in (given for given in (variable, variable + _FILE) if given in ours):
            found[name], origins[place] = SecretStr(""), _origin(given)
            try:
                found[name] = SecretStr(_secret(name, given, ours))
            except ValueError as error:
                problems.append(Problem(_origin(given), place, str(error)))
    return Environment(overrides, Secrets(**found), origins, problems)


def _leaves(model: type[BaseModel], above: Place = ()) -> Iterator[tuple[Place, object]]:
    """Return the settings of a model that can be set one by one, each with the kind of its value."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, (*above, name))
        else:
            yield (*above, name), kind


def variable_of(place: Place) -> str:
    """Return the name of the variable that sets a place."""
    return PREFIX + "__".join(str(part).upper() for part in place)


def _origin(name: str) -> Origin:
    return Origin(name, variable=True)


def _unknown(name: str, known: Sequence[str]) -> Problem:
    whole = next((variable for variable in known if name.upper().startswith(variable + "__")), None)
    if whole is not None:
        key = key_of(tuple(whole.removeprefix(PREFIX).lower().split("__")))
        message = f"unknown variable; {key} can only be set as a whole, in JSON or YAML, by {whole}"
    else:
        ends = [variable.removeprefix(PREFIX) for variable in known]
        near = closest(name.upper().removeprefix(PREFIX), ends, cutoff=0)
        message = f"unknown variable; the closest one that there is: {PREFIX}{near}"
    return Problem(_origin(name), (), message)


def _secret(name: str, variable: str, env: Mapping[str, str]) -> str:
    """Return the secret that a variable holds, or the file that it names; ValueError says what is wrong with it."""
    if not variable.endswith(_FILE):
        return check_secret(name, env[variable])
    plain = variable.removesuffix(_FILE)
    if plain in env:
        msg = f"is set by {plain} too; keep one of them"
        raise ValueError(msg)
    return read_secret(name, Path(env[variable]))
