"""Render the dashboards: ``python -m deploy.grafana.render [DIR] [--board URL]``."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import text
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.text import TextMode

from deploy.grafana.failure_demand import FAILURE_DEMAND
from deploy.grafana.health import HEALTH
from deploy.grafana.overview import OVERVIEW
from deploy.grafana.panels import BOARD, DATASOURCE, Drawn
from deploy.grafana.queue import QUEUE
from streams.catalogue.rules import ALERTS
from streams.catalogue.rules.ratios import SPANS

DASHBOARDS: Final = Path(__file__).parent / "dashboards"
RUNBOOKS: Final = Path(__file__).parents[1] / "runbooks"
TAG: Final = "outcome-monitor"
BOARD_URL: Final = "http://127.0.0.1:8089"
"""Where ``outcome-monitor board`` listens unless it is told otherwise."""

_PAGES: Final[Mapping[str, tuple[str, str, Mapping[str, Sequence[Drawn]]]]] = {
    "overview": ("Centre overview", "Each outcome over its legacy twin: is what looks good any good?", OVERVIEW),
    "queue": ("Queue", "One queue in detail: what it solves, what it causes, how sure that is.", QUEUE),
    "failure-demand": (
        "Failure demand",
        "Where it is caused, about what, who can help, what it costs.",
        FAILURE_DEMAND,
    ),
    "health": ("Monitor health", "Whether the rest can be trusted.", HEALTH),
}


def dashboards(board: str = BOARD_URL) -> Mapping[str, str]:
    """Return every dashboard as JSON, by the name of its file: the pages, and a page for each runbook.

    Links to the team lead's board lead to the address ``board``.
    """
    pages = {f"{name}.json": _page(name, board, *page) for name, page in _PAGES.items()}
    runbooks = {f"runbooks/{alert.name}.json": _runbook(alert.name) for alert in ALERTS}
    return {**pages, **runbooks}


def _page(name: str, board: str, title: str, about: str, rows: Mapping[str, Sequence[Drawn]]) -> str:
    page = _dashboard(f"outcome-{name}", title, about).refresh("1m").time("now-7d", "now")
    for variable in _variables(name):
        page.with_variable(variable)
    page.with_variable(builders.ConstantVariable("board").value(board))
    page.link(
        builders.DashboardLink("Outcome monitor")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .keep_time(keep_time=True)
    )
    if name == "queue":
        live = builders.DashboardLink("The queue's board, live").type(models.DashboardLinkType.LINK)
        page.link(live.url(f"{BOARD}/?queue=${{queue}}"))
    for row, panels in rows.items():
        page.with_row(builders.Row(row))
        for drawn in panels:
            page.with_panel(drawn.panel())
    return _json(page)


def _runbook(alert: str) -> str:
    body = (RUNBOOKS / f"{alert}.md").read_text(encoding="utf-8")
    panel = text.Panel().title("").content(body).mode(TextMode.MARKDOWN).span(24).height(24)
    return _json(_dashboard(f"runbook-{alert}", alert, "What it means, what to look at, what to do.").with_panel(panel))


def _dashboard(uid: str, title: str, about: str) -> builders.Dashboard:
    tags = [TAG] if uid.startswith("outcome-") else [f"{TAG}-runbook"]
    return builders.Dashboard(title).uid(uid).description(about).tags(tags).timezone("browser")


def _variables(name: str) -> Sequence[builders.QueryVariable | builders.CustomVariable]:
    span = (
        builders.CustomVariable("span")
        .label("over the last")
        .values(",".join(SPANS))
        .current(models.VariableOption(selected=True, text="1d", value="1d"))
        .options([models.VariableOption(selected=span == "1d", text=span, value=span) for span in SPANS])
    )
    found: list[builders.QueryVariable | builders.CustomVariable] = [
        _asked("window", "within", "label_values(outcome_centre_matured_failure_ratio, window)", "7d"),
        span,
    ]
    if name == "queue":
        found.insert(0, _asked("queue", "queue", "label_values(legacy_offered_total, queue)", ""))
    return [] if name == "health" else found


def _asked(name: str, label: str, query: str, current: str) -> builders.QueryVariable:
    variable = (
        builders.QueryVariable(name)
        .label(label)
        .query({"query": query, "refId": "A"})
        .datasource(DATASOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
    return variable.current(models.VariableOption(selected=True, text=current, value=current)) if current else variable


def _json(page: builders.Dashboard) -> str:
    return JSONEncoder(sort_keys=True, indent=2).encode(page.build()) + "\n"


def main() -> None:
    """Write the dashboards into a folder, that of the repository by default."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DASHBOARDS)
    parser.add_argument("--board", metavar="URL", default=BOARD_URL, help="where links to the board lead")
    arguments = parser.parse_args()
    for name, body in dashboards(arguments.board.rstrip("/")).items():
        path = arguments.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
