"""The rules as a page of Markdown: each alert, and each recorded series with what it is."""

import re
from collections.abc import Container, Iterator, Sequence
from typing import Final

from streams.catalogue.render import table
from streams.catalogue.rules import ALERTS, RECORDINGS
from streams.catalogue.rules.ratios import FORMULAS, SPANS
from streams.catalogue.rules.totals import LEVELS

_LEVEL_NAMES: Final = tuple(level.name for level in LEVELS)

_HEAD = """\
# Rules

Rendered from the catalogue by `make rules`; the files are in `deploy/prometheus/rules`.

## Alerts

Each has the labels `severity` and `scope` and, if it is about a queue, `queue` and `team`. Its annotations are
`summary`, `description` and `runbook_url`.
"""

_RECORDED = f"""\
## Recorded series

Names begin with the level and the labels that tell its series apart, such as `queue_window:`. Where a level is given as
`…`, there is one for each of {", ".join(_LEVEL_NAMES)}; a span given as `…` is one of {", ".join(SPANS)}.
"""


def render_rules() -> str:
    """Return the page."""
    alerts = table(
        ("alert", "severity", "fires when", "for", "runbook"),
        (
            (
                f"`{alert.name}`",
                alert.severity,
                alert.means,
                alert.wait or "at once",
                f"[{alert.name}.md](../../deploy/runbooks/{alert.name}.md)",
            )
            for alert in ALERTS
        ),
    )
    recorded = table(("series", "meaning"), ((f"`{name}`", about) for name, about in dict(_series()).items()))
    formulas = table(("formula", "is"), ((f"`{name}`", is_) for name, is_ in FORMULAS.items()))
    return "\n".join((_HEAD, alerts, _RECORDED, recorded, f"## Service-level formulas\n\n{formulas}"))


def _series() -> Iterator[tuple[str, str]]:
    """Yield each series with what it is: once for all levels and spans, where there is one for each."""
    every = {rule.record: rule.about for rules in RECORDINGS.values() for rule in rules}
    for record, about in every.items():
        yield _for_all(_for_all(record, _LEVEL_NAMES, every), SPANS, every), about


def _for_all(record: str, names: Sequence[str], every: Container[str]) -> str:
    """Return a record's name with a level or a span left open if there is one for each."""
    for name in names:
        parts = re.split(rf"(?<![a-z0-9]){name}(?=[_:]|$)", record, maxsplit=1)
        if len(parts) == 2 and all(other.join(parts).replace("…", _LEVEL_NAMES[-1]) in every for other in names):  # noqa: PLR2004
            return "…".join(parts)
    return record
