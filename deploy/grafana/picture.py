"""Draw what the overview shows of a history, with the dashboard's own queries: for where no Grafana is at hand.

``python -m deploy.grafana.picture --prometheus http://127.0.0.1:9090 --at 2016-06-15 --out picture.svg``
"""

import argparse
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import matplotlib.pyplot as plt

from deploy.grafana.overview import OVERVIEW
from deploy.grafana.panels import Chart, Table

WINDOW: Final = "7d"
SPAN: Final = "28d"
ENOUGH: Final = 30
"""Contacts of a queue below which nothing is drawn of it."""
LOOKS: Final = "#8a8f98"
IS: Final = "#c0392b"


def _panel(title: str) -> Any:  # noqa: ANN401 - whichever it is
    return next(panel for panels in OVERVIEW.values() for panel in panels if panel.title == title)


class Asked:
    """What a Prometheus answers at a time."""

    def __init__(self, url: str, at: datetime) -> None:
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._at = at

    def _get(self, path: str, expr: str, **times: str) -> list[Any]:
        expr = expr.replace("$span", SPAN).replace("$window", WINDOW)
        answer = self._client.get(path, params={"query": expr, **times}).raise_for_status()
        found: list[Any] = answer.json()["data"]["result"]
        return found

    def by_queue(self, expr: str) -> Mapping[str, float]:
        """Return the value of each queue."""
        found = self._get("/api/v1/query", expr, time=str(self._at.timestamp()))
        return {series["metric"]["queue"]: float(series["value"][1]) for series in found}

    def over_time(self, expr: str, days: int) -> list[tuple[datetime, float]]:
        """Return the one series of an expression, a value for each day."""
        start = str((self._at - timedelta(days=days)).timestamp())
        (series,) = self._get("/api/v1/query_range", expr, start=start, end=str(self._at.timestamp()), step="1d")
        return [(datetime.fromtimestamp(at, UTC), float(value)) for at, value in series["values"]]


def draw(asked: Asked, out: str, days: int) -> None:
    """Draw SLA met against recurrence by queue, and both sides of the whole centre over time."""
    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "x"})
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    _by_queue(asked, left)
    _over_time(asked, right, days)
    figure.savefig(out, metadata={"Date": None} if out.endswith(".svg") else None, dpi=110)


def _by_queue(asked: Asked, axes: Any) -> None:  # noqa: ANN401 - matplotlib's are untyped here
    table: Table = _panel("Queues")
    handled, met, failed = (
        asked.by_queue(table.columns[name][0]) for name in ("handled", "SLA met", "failed, matured")
    )
    queues = sorted(queue for queue, n in handled.items() if n >= ENOUGH and queue in met and queue in failed)
    axes.scatter(
        [met[queue] for queue in queues],
        [failed[queue] for queue in queues],
        s=[handled[queue] / 2 for queue in queues],
        color=IS,
        alpha=0.55,
        linewidths=0,
    )
    for queue in sorted(queues, key=lambda queue: -failed[queue])[:6]:
        axes.annotate(queue, (met[queue], failed[queue]), xytext=(6, 4), textcoords="offset points", fontsize=9)
    axes.set_title(f"Each queue: SLA met, and back within {WINDOW}", loc="left")
    axes.set_xlabel(f"met its SLA, last {SPAN}")
    axes.set_ylabel(f"failed within {WINDOW}, matured")
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.set_ylim(bottom=0)


def _over_time(asked: Asked, axes: Any, days: int) -> None:  # noqa: ANN401 - matplotlib's are untyped here
    for label, expr, colour, style in _lines():
        times, values = zip(*asked.over_time(expr, days), strict=True)
        axes.plot(times, values, color=colour, linestyle=style, label=label, linewidth=2)
    axes.set_title("The whole desk", loc="left")
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.legend(frameon=False, loc="lower left")
    for tick in axes.get_xticklabels():
        tick.set_rotation(30)


def _lines() -> Iterator[tuple[str, str, str, str]]:
    solved: Chart = _panel("Stays solved for $window")
    claimed: Chart = _panel("First-contact resolution, as claimed")
    served: Chart = _panel("Service level, by every usual formula; SLA")
    named = {query.legend: query.expr for chart in (solved, claimed, served) for query in chart.queries}
    yield f"claimed resolved, last {SPAN}", named["claimed resolved"], LOOKS, "--"
    yield f"met its SLA, last {SPAN}", named["SLA met"], LOOKS, "-"
    yield f"stays solved for {WINDOW}, live", named["live"], IS, "-"
    yield f"stays solved for {WINDOW}, matured", named["matured"], IS, "--"


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", help="where Prometheus is")
    parser.add_argument("--at", type=datetime.fromisoformat, required=True, help="the day to look at")
    parser.add_argument("--days", type=int, default=60, help="how far to look back (60)")
    parser.add_argument("--out", required=True, help="file to write: .svg or .png")
    arguments = parser.parse_args()
    at = arguments.at.replace(tzinfo=UTC)
    draw(Asked(arguments.prometheus, at), arguments.out, arguments.days)


if __name__ == "__main__":
    main()
