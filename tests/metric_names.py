"""What looks like the name of a metric or of a recorded series, and whether there is such a thing."""

import re
from collections.abc import Iterator
from typing import Final

from streams.catalogue import CATALOGUE
from streams.catalogue.rules import RECORDINGS

RECORDED: Final = {rule.record for rules in RECORDINGS.values() for rule in rules}

_KINDS: Final = {name: metric.kind for metric in CATALOGUE.values() for name in metric.exposed_names}
_PARTS: Final = ("_bucket", "_sum", "_count")
_NAME: Final = re.compile(
    r"(?<![\w:./-])(?:\w+:)?(?:legacy|outcome|monitor)_[a-z0-9_]*(?::\w+)?(?![\w*(./-])",
)


def names_in(text: str) -> Iterator[str]:
    """Yield the names of metrics and recorded series in a text; prefixes are none."""
    return (found for found in _NAME.findall(text) if not found.endswith("_"))


def exists(name: str) -> bool:
    """Say whether something is exported or recorded under a name."""
    base = next((name.removesuffix(part) for part in _PARTS if name.endswith(part)), None)
    return name in RECORDED or name in _KINDS or _KINDS.get(base or "") == "histogram"
