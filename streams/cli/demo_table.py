"""The demo's table: a row for each queue, outputs on the left, outcomes on the right, as wide as there is room for."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from rich.cells import cell_len
from rich.text import Text

from streams.cli.comparison import percent
from streams.cli.demo_figures import Interval, QueueFigures
from streams.domain.units import HOUR, Millis

GOOD_SERVICE: Final = 0.8
GOOD_RESOLUTION: Final = 0.8
WINDOW: Final = "7d"

_LONGEST: Final = "30d"
_SERVICE: Final = "answered_in_threshold/(answered+abandoned)"
_WIDE, _NARROW = 2, 1
_NEEDED: Final = 6
"""The rank up to which columns rather move together than go."""

_Cell: TypeAlias = Callable[[QueueFigures], Text]


class _Column(NamedTuple):
    """A column: its rank (the last goes first where room is short), its heading, and what it shows of a queue."""

    rank: int
    heading: str
    cell: _Cell


class _Block(NamedTuple):
    """Columns under a common title."""

    title: str
    columns: Sequence[_Column]
    style: str = ""


def table(queues: Sequence[QueueFigures], span: Millis, width: int) -> Text:
    """Return the figures of the queues as lines of at most ``width`` characters; ``span`` is how long the last day is.

    No number is ever cut: where there is not enough room, the columns that matter least are left out.
    """
    blocks = _blocks(span)
    last = max(column.rank for block in blocks for column in block.columns)
    wide = [(rank, _WIDE) for rank in range(last, _NEEDED - 1, -1)]
    narrow = [(rank, _NARROW) for rank in range(_NEEDED, -1, -1)]
    for rank, gap in wide + narrow:
        lines = _beside([_lines(block, queues, rank, gap) for block in blocks], gap)
        if lines[0].cell_len <= width:
            break
    for line in lines:
        line.rstrip()
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)


def hours(span: Millis) -> str:
    """Write how long the last day is."""
    return f"last {span // HOUR} h"


def in_time(queue: QueueFigures) -> float | None:
    """Return the share of a queue's contacts of the last day that were answered in time."""
    share: float | None = queue.day["legacy"]["service_level"][_SERVICE]
    return share


def claimed(queue: QueueFigures) -> float | None:
    """Return the share of a queue's contacts of the last day that were claimed to be solved."""
    share: float | None = queue.day["legacy"]["claimed_resolved"]
    return share


def _blocks(span: Millis) -> Sequence[_Block]:
    return (
        _Block("", (_Column(0, "\n\nqueue", lambda queue: Text(queue.queue)),)),
        _Block(
            f"OUTPUTS {hours(span)}",
            (
                _Column(7, "\n\noffered", lambda queue: Text(f"{queue.day['contacts']['offered']:,}")),
                _Column(1, "\n\nin time", lambda queue: _coloured(in_time(queue), GOOD_SERVICE)),
                _Column(9, "\n\nAHT", lambda queue: _seconds(queue.day["legacy"]["average_handle_s"])),
                _Column(10, "\naban-\ndoned", lambda queue: Text(percent(queue.day["legacy"]["abandonment"]))),
                _Column(3, "\nclaimed\nsolved", lambda queue: Text(percent(claimed(queue)))),
            ),
            "cyan",
        ),
        _Block(
            "OUTCOMES",
            (
                _Column(4, f"failure\ndemand\n{span // HOUR} h", lambda queue: Text(percent(queue.failure_demand))),
                _Column(2, "solved\n7 d,\nlive", lambda queue: _resolution(_live(queue))),
                _Column(5, "\n95 %\ninterval", lambda queue: _interval(queue.live.get(WINDOW))),
                _Column(6, "solved\n7 d,\nmatured", lambda queue: _resolution(queue.matured.get(WINDOW))),
                _Column(8, "solved\n30 d,\nmatured", lambda queue: _resolution(queue.matured.get(_LONGEST))),
                _Column(11, "\n7 d\npending", lambda queue: Text(f"{queue.pending.get(WINDOW, 0):,}")),
            ),
        ),
    )


def _lines(block: _Block, queues: Sequence[QueueFigures], rank: int, gap: int) -> list[Text]:
    """Lay out the columns of a block that rank high enough; all lines are of the same width."""
    columns = [_cells(column, queues, block.style) for column in block.columns if column.rank <= rank]
    if not columns:
        return []
    widths = [max(cell.cell_len for cell in cells) for cells in columns]
    widths[0] += max(cell_len(block.title) - sum(widths) - gap * (len(widths) - 1), 0)
    title = Text(block.title, f"bold {block.style}")
    title.align("left", sum(widths) + gap * (len(widths) - 1))
    for cells, width in zip(columns, widths, strict=True):
        for cell in cells:
            cell.align("right" if block.title else "left", width)
    return [title, *_beside(columns, gap)]


def _cells(column: _Column, queues: Sequence[QueueFigures], style: str) -> list[Text]:
    heading = [Text(line, f"bold {style}") for line in column.heading.split("\n")]
    cells = [column.cell(queue) for queue in queues]
    for cell in cells:
        cell.stylize_before(style)
    return heading + cells


def _beside(blocks: Sequence[Sequence[Text]], gap: int) -> list[Text]:
    """Put blocks side by side."""
    return [Text(" " * gap).join(lines) for lines in zip(*(block for block in blocks if block), strict=True)]


def _live(queue: QueueFigures) -> float | None:
    live = queue.live.get(WINDOW)
    return None if live is None else live.value


def _resolution(share: float | None) -> Text:
    return _coloured(share, GOOD_RESOLUTION)


def _coloured(share: float | None, good: float) -> Text:
    if share is None:
        return Text("-")
    return Text(percent(share), style="green" if share >= good else "red")


def _interval(live: Interval | None) -> Text:
    return Text("-" if live is None else f"{100 * live.low:.0f}-{100 * live.high:.0f} %")


def _seconds(duration: float | None) -> Text:
    return Text("-" if duration is None else f"{duration:,.0f} s")
