"""The rules as a page of Markdown: each alert, and each recorded series with what it is."""

from collections.abc import Iterator

from streams.catalogue.render import table
from streams.catalogue.rules import ALERTS, RECORDINGS
from streams.catalogue.rules.ratios import FORMULAS, SPANS
from streams.catalogue.rules.totals import LEVELS

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
`…`, there is one for each of {", ".join(level.name for level in LEVELS)} (of agents' time and of staff, for team and
centre); a span given as `…` is one of {", ".join(SPANS)}.
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
    levels = tuple(level.name for level in LEVELS)
    for rules in RECORDINGS.values():
        for rule in rules:
            level, measure, operation = rule.record.split(":")
            first, *labels = level.split("_")
            prefix = "_".join(("…", *labels)) if first in levels else level
            for span in SPANS:
                operation = operation.removesuffix(f"_{span}") + ("_…" if operation.endswith(f"_{span}") else "")
            yield f"{prefix}:{measure}:{operation}", rule.about
