"""The comparison as a table: outputs on the left, outcomes on the right, worst divergence first."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streams.exporter.report import ENOUGH, Report

WORRYING: Final = 0.10
"""A divergence from which on a queue looks much better than it is."""

_NONE: Final = "-"


def print_comparison(to: Console, found: Report, top: int) -> None:
    """Print a summary, and the ``top`` queues (0 for all)."""
    contacts, demand, short = found["contacts"], found["demand"], found["legacy"]["short_abandoned"]
    failure = demand["failure"]
    arrivals = demand["value"] + demand["unclassified"] + sum(failure.values())
    of_them = f" ({short:,} of them short)" if short else ""
    to.print(
        f"{found['events']:,} events: {contacts['offered']:,} contacts offered, {contacts['handled']:,} handled,"
        f" {contacts['abandoned']:,} abandoned{of_them}, {contacts['unlinkable']:,} unlinkable"
    )
    to.print(
        f"demand: {percent(_share(sum(failure.values()), arrivals))} failure"
        f" (open {failure['open']:,}, retry {failure['retry']:,}, recontact {failure['recontact']:,},"
        f" reason {failure['reason']:,}), {percent(_share(demand['value'], arrivals))} value,"
        f" {percent(_share(demand['unclassified'], arrivals))} unclassified"
    )
    to.print()
    to.print(_windows(found["windows"]))
    to.print("at least, at most: the share that fails within the window, if of the pending none does or all do")
    to.print()
    _print_queues(to, found["queues"], top, list(found["windows"]))


def percent(share: float | None) -> str:
    """Write a share, or a dash where there is none."""
    return _NONE if share is None else f"{100 * share:.1f} %"


def _windows(windows: Mapping[str, Mapping[str, Any]]) -> Table:
    title = "what became of the contacts that can be linked"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("window")
    for name in ("ended", "recurred", "exited", "confirmed", "resolved", "pending", "at least", "at most"):
        table.add_column(name, justify="right")
    rows = list(windows.items())
    rows += [(f"{window}, abandoned", counts["abandoned"]) for window, counts in rows if counts["abandoned"]["ended"]]
    for window, counts in rows:
        # Never failed over decided: failures are known at once and resolutions late, so that would mislead.
        failed = counts["recurred"] + counts["exited"]
        ended = counts["ended"]
        cells = [f"{counts[name]:,}" for name in ("ended", "recurred", "exited", "confirmed", "resolved", "pending")]
        table.add_row(
            window, *cells, percent(_share(failed, ended)), percent(_share(failed + counts["pending"], ended))
        )
    return table


def _print_queues(to: Console, queues: Sequence[Mapping[str, Any]], top: int, windows: Sequence[str]) -> None:
    window = windows[len(windows) // 2]
    table = Table(
        title=f"outputs beside outcomes within {window}, by queue", title_justify="left", box=None, pad_edge=False
    )
    table.add_column("queue", overflow="ellipsis", no_wrap=True, max_width=18)
    for heading in (
        "handled", "service\nlevel", "SLA\nmet", "AHT", "aban-\ndoned", "claimed\nresolved",
        f"matured\n{window}", "failed", "failure\ndemand", "cover-\nage", "diver-\ngence",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    shown = queues[:top] if top else queues
    for queue in shown:
        table.add_row(*_cells(queue))
    to.print(table)
    if len(shown) < len(queues):
        to.print(f"and {len(queues) - len(shown)} more queues; --top 0 shows them all")
    to.print(
        "service level: answered within the threshold / (answered + abandoned, short or not). abandoned: short"
        " ones left out.\nfailed: of the matured contacts."
    )
    to.print(
        "divergence: the share that the outputs call good (claimed resolved, else SLA met, else service level) minus"
        f" the share\nthat did not fail. Queues with fewer than {ENOUGH} matured contacts are not ranked and come last."
    )


def _cells(queue: Mapping[str, Any]) -> list[str]:
    divergence = queue["divergence"]
    ranked = divergence is not None and queue["matured"] >= ENOUGH
    points = _NONE if divergence is None else f"{100 * divergence:+.1f}"
    if not ranked and divergence is not None:
        points = f"({points})"
    return [
        escape(queue["queue"]),
        f"{queue['handled']:,}",
        percent(queue["service_level"]),
        percent(queue["sla_met"]),
        _NONE if queue["average_handle_s"] is None else f"{queue['average_handle_s']:,.0f} s",
        percent(queue["abandonment"]),
        percent(queue["claimed_resolved"]),
        f"{queue['matured']:,}",
        percent(queue["failed"]),
        percent(queue["failure_demand"]),
        percent(queue["coverage"]),
        f"[bold red]{points}[/]" if ranked and divergence >= WORRYING else points,
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
