"""YAML in which each value remembers its line. JSON is YAML too, so this reads what a variable holds as well.

Only what JSON knows is understood, by the rules of YAML 1.2: ``no`` is a text and not false, ``12:30`` a text and not
750. Numbers with a fraction stay exact. Keys are texts, whatever they look like.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import yaml
from typing_extensions import override

from streams.settings.problems import Place

_TAG: Final = "tag:yaml.org,2002:"
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}$")
_FRACTION: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]{1,3})?$")

_SCALARS: Final[Mapping[str, Callable[[str], object]]] = {
    _TAG + "null": lambda _: None,
    _TAG + "bool": lambda text: text.lower() == "true",
    _TAG + "int": int,
    _TAG + "float": Decimal,
    _TAG + "str": str,
}


@dataclass(slots=True)
class Document:
    """What a YAML text says: its value, the line of each place in it, and what is wrong with it, by line and place."""

    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    faults: list[tuple[int | None, Place, str]] = field(default_factory=list)


class _Loader(yaml.SafeLoader):
    """Resolves plain scalars as JSON would, and refuses aliases: a value would stand in one line and act in another."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own table of rules, here begun empty

    @override
    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            problem = "aliases are not understood; write the value out"
            raise yaml.composer.ComposerError(problem=problem, problem_mark=self.get_mark())
        return super().compose_node(parent, index)


for _name, _pattern, _first in (
    ("null", re.compile(r"(~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    ("bool", re.compile(r"(true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    ("int", _INTEGER, list("-+0123456789")),
    ("float", _FRACTION, list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _name, _pattern, _first)


def parse(text: str) -> Document:
    """Return what a YAML text says. Never raises: what is wrong with it is among its faults."""
    document = Document()
    try:
        root = yaml.compose(text, _Loader)
        if root is not None:
            document.value = _plain(root, (), document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = ", ".join(part for part in (error.context, error.problem) if part)
        document.faults.append((mark.line + 1 if mark else None, (), f"is not YAML: {why}"))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        fault = f"is not YAML: character U+{error.character:04X} is not allowed; leave it out"
        document.faults.append((line, (), fault))
    except RecursionError:
        document.faults.append((None, (), "is not YAML that settings could be read from: it nests too deeply"))
    return document


def _plain(node: yaml.Node, place: Place, document: Document) -> Any:  # noqa: ANN401 - whatever the text says
    line = document.lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
        return _mapping(node, place, document)
    if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
        return [_plain(item, (*place, index), document) for index, item in enumerate(node.value)]
    try:
        return _SCALARS[node.tag](node.value)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        tag = node.tag.replace(_TAG, "!!")
        document.faults.append((line, place, f"the tag {tag!r} is not understood here; leave it out"))
        return None


def _mapping(node: yaml.MappingNode, place: Place, document: Document) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            document.faults.append((line, place, "a key is a list or a mapping; write a text"))
            continue
        inner = (*place, key_node.value)
        if key_node.value in found:
            first = document.lines[inner]
            document.faults.append((line, inner, f"is set twice, first in line {first}; keep one of them"))
            continue
        document.lines[inner] = line
        found[key_node.value] = _plain(value_node, inner, document)
    return found
