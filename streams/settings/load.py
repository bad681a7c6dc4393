"""From files and variables to settings. Everything that is wrong is told at once.

Written on pydantic and PyYAML alone: pydantic-settings knows no lines, and lets a misspelt variable pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import SecretStr, ValidationError

from streams.settings.contradictions import contradictions
from streams.settings.document import Document, parse
from streams.settings.environment import Override, read_environment
from streams.settings.models import Monitor, Taxonomy
from streams.settings.problems import DEFAULT, ConfigError, Origin, Place, Problem, problems_of
from streams.settings.secret_texts import SETTING_OF, read_secret
from streams.settings.section import Section
from streams.settings.settings import Settings
from streams.settings.values import show

MONITOR_FILE: Final = "monitor.yaml"
REASONS_FILE: Final = "reasons.yaml"

_Model = TypeVar("_Model", bound=Section)


def load(config_dir: Path | None, env: Mapping[str, str]) -> Settings:
    """Return the settings of a folder, overridden by variables.

    Args:
        config_dir: where ``monitor.yaml`` and ``reasons.yaml`` are; ``None`` for the built-in defaults.
        env: the environment; only names that begin with ``OUTCOME_MONITOR__`` are read.

    Raises:
        ConfigError: if a file is missing or anything in them is wrong; it says all that is.
    """
    if config_dir is not None and not config_dir.is_dir():
        missing = "is not a folder; name the one that holds monitor.yaml and reasons.yaml"
        raise ConfigError([Problem(Origin(str(config_dir)), (), missing)])
    environment = read_environment(env)
    monitor = _read(Monitor, _path(config_dir, MONITOR_FILE), environment.overrides)
    taxonomy = _read(Taxonomy, _path(config_dir, REASONS_FILE), environment.overrides)
    secrets = environment.secrets
    monitor.origins.update(environment.secret_origins)
    if monitor.valid is not None and not monitor.problems:
        for place, message in contradictions(monitor.valid, secrets):
            monitor.blame(place, message)
        if not monitor.problems:
            secrets = secrets.model_copy(update=_secrets_in_files(monitor.valid, monitor))
    problems = [*monitor.in_order(), *taxonomy.in_order(), *environment.problems]
    if problems or monitor.valid is None or taxonomy.valid is None:
        raise ConfigError(problems)
    return Settings(monitor.valid, taxonomy.valid, secrets, {**monitor.origins, **taxonomy.origins})


@dataclass(slots=True)
class _Reading(Generic[_Model]):
    """A file on its way to a model: its values, where each was set, what is wrong so far."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Place, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    valid: _Model | None = None

    def blame(self, place: Place, message: str) -> None:
        """Note what is wrong with the value at a place, or with its absence: then what surrounds it leads there."""
        around = (place[:depth] for depth in range(len(place), -1, -1))
        origin = next((self.origins[outer] for outer in around if outer in self.origins), DEFAULT)
        if (origin, place) not in ((problem.origin, problem.place) for problem in self.problems):
            self.problems.append(Problem(origin, place, message))  # the first word on a value explains the others

    def in_order(self) -> list[Problem]:
        """Return the problems as one meets them in the file, those of variables last."""
        return sorted(self.problems, key=lambda problem: (problem.origin.variable, problem.origin.line or 0))

    def take(self, document: Document, origin: Origin, at: Place = ()) -> None:
        """Note where each value of a document was set, and what is wrong with the text."""
        for place, line in document.lines.items():
            self.origins[(*at, *place)] = origin if at else origin._replace(line=line)
        self.origins[at] = origin
        for fault_line, place, message in document.faults:
            found_at = origin if at else origin._replace(line=fault_line)
            self.problems.append(Problem(found_at, (*at, *place), message))


def _path(config_dir: Path | None, name: str) -> Path | None:
    return None if config_dir is None else config_dir / name


def _read(model: type[_Model], path: Path | None, overrides: Sequence[Override]) -> _Reading[_Model]:
    reading: _Reading[_Model] = _Reading()
    if path is not None:
        _read_file(path, reading)
    for override in overrides:
        if override.place[0] in model.model_fields:
            _override(override, reading)
    try:
        reading.valid = model.model_validate(reading.values)
    except ValidationError as error:
        for place, message in problems_of(error, model):
            reading.blame(place, message)
    return reading


def _read_file(path: Path, reading: _Reading[_Model]) -> None:
    origin = Origin(str(path))
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        message = "there is no such file; make it (an empty one will do), or name another folder"
        reading.problems.append(Problem(origin, (), message))
        return
    except OSError as error:
        reading.problems.append(Problem(origin, (), f"{error.strerror}; make it a file that this user may read"))
        return
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8 ({error.reason}); save it as UTF-8"
        reading.problems.append(Problem(origin, (), message))
        return
    document = parse(text)
    reading.take(document, origin)
    if isinstance(document.value, dict):
        reading.values = document.value
    elif document.value is not None:
        message = f"{show(document.value)} is not a mapping; write keys and values"
        reading.problems.append(Problem(origin, (), message))


def _override(override: Override, reading: _Reading[_Model]) -> None:
    *sections, name = override.place
    values = reading.values
    for section in sections:
        inner = values.setdefault(str(section), {})
        if not isinstance(inner, dict):
            return  # the file has something else where a section should be, and is told so
        values = inner
    values[str(name)] = override.says.value
    depth = len(override.place)
    reading.origins = {place: origin for place, origin in reading.origins.items() if place[:depth] != override.place}
    reading.take(override.says, override.origin, override.place)


def _secrets_in_files(valid: Monitor, reading: _Reading[Monitor]) -> dict[str, SecretStr]:
    """Return the secrets in files that the settings name, beside their own; note what is wrong with them."""
    found: dict[str, SecretStr] = {}
    for name, place in SETTING_OF.items():
        file = reduce(getattr, map(str, place), valid)
        if file is not None:
            reading.origins["secrets", name] = reading.origins[place]
            try:
                found[name] = SecretStr(read_secret(name, reading.origins[place].folder / str(file)))
            except ValueError as error:
                reading.blame(place, str(error))
    return found
