"""One run under a steady load: when each nudge was durable, sent to boards, and on a screen, since its event came."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import pairwise
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

from streams.board.masks import Masks
from streams.domain.units import SECOND
from tests.bench.board.monitor import SALT, Running
from tests.bench.board.nudged import Nudged, following
from tests.bench.child import Child, child
from tests.bench.command import Command, Usage

_READY_S: Final = 300.0
_SPARE_S: Final = 60.0
_LAST_S: Final = 3.0
"""So long after the last event, what is not shown is taken for lost."""
_LOOK_S: Final = 0.02
_UNSEEN: Final = "was not processed in time"


class Load(NamedTuple):
    """What a monitor is put under: events a second, nudges a minute, seconds in all, and how many come before."""

    rate: float
    nudges: float
    seconds: float
    warm_up: float


class Client(NamedTuple):
    """A board that was looked at: of which team and queue, and what came when."""

    view: Mapping[str, str]
    rows: Mapping[str, float]
    frames: Sequence[float]
    received: int
    lost: bool

    def shows(self, nudge: Nudged) -> bool:
        """Say whether a nudge belongs on it."""
        return all(self.view.get(name, own) == own for name, own in (("team", nudge.team), ("queue", nudge.queue)))


class Share(NamedTuple):
    """What a process took on average, in processors, and the most memory that it had, in bytes."""

    processors: float
    peak: int


class Run(NamedTuple):
    """What a run came to. Delays are milliseconds since the event that called for a nudge was posted.

    ``unseen`` counts what boards should have shown and did not, ``gap`` is how long any of them was sent nothing at
    most, in milliseconds; ``no_browser`` says why there was none.
    """

    events_per_s: float
    late: float
    durable: list[float]
    sent: list[float]
    on_screen: list[float]
    unseen: int
    no_browser: str | None
    clients: Sequence[Client]
    gap: float
    engine: Share
    board: Share | None


def speed(running: Running, load: Load) -> float:
    """Return how many events a second it gets through that come as fast as they can."""
    arguments = (running.url, str(load.rate), str(load.nudges), str(load.seconds), "at-once")
    with child("tests.bench.board.poster", *arguments) as poster:
        poster.wait_for("ready", _READY_S)
        before, begun = running.processed(), monotonic()
        poster.go()
        events = int(poster.wait_for("posted", _READY_S)["events"])
        deadline = monotonic() + _SPARE_S
        while running.processed() < before + events:
            running.engine.check(deadline, _UNSEEN)
            sleep(_LOOK_S)
        return events / (monotonic() - begun)


def measure(running: Running, load: Load, boards: int) -> Run:
    """Put it under load while so many boards are looked at, one of them in a browser as well."""
    with ExitStack() as stack:
        nudged = stack.enter_context(following(running.nudges))
        serving = running.board()
        url, board = (None, None) if serving is None else stack.enter_context(serving)
        lookers = [] if url is None else [stack.enter_context(one) for one in _lookers(url, boards)]
        said = [looker.wait_for("ready", _READY_S) for looker in lookers]
        arguments = (running.url, str(load.rate), str(load.nudges), str(load.seconds), "paced")
        poster = stack.enter_context(child("tests.bench.board.poster", *arguments))
        made = poster.wait_for("ready", _READY_S)
        poster.go()
        taken = [_Taken(command) for command in (running.engine, board) if command is not None]
        posted = poster.wait_for("posted", load.seconds + _READY_S)
        sleep(_LAST_S)
        shares = [one.share() for one in taken]
        clients, rows = _saw(lookers, said)
    called = {(contact, at): sent for contact, at, sent in posted["sent"]}
    since = (made["start"] + load.warm_up) * SECOND
    return Run(
        posted["events"] / load.seconds,
        posted["late"],
        *_delays(nudged, called, since, clients, rows),
        said[1] if said else "boards follow files",
        clients,
        max((_gap(client.frames, since) for client in clients), default=0.0),
        shares[0],
        shares[1] if board is not None else None,
    )


def _lookers(url: str, boards: int) -> Iterable[Any]:
    yield child("tests.bench.board.clients", url, str(boards))
    yield child("tests.bench.board.browser", url)


def _saw(lookers: Sequence[Child], said: Sequence[Any]) -> tuple[list[Client], Mapping[str, float] | None]:
    if not lookers:
        return [], None
    clients, browser = lookers
    for looker in lookers:
        looker.go()
    rows = browser.wait_for("saw", _SPARE_S) if said[1] is None else None
    return [Client(**one) for one in clients.wait_for("saw", _SPARE_S)], rows


def _delays(
    nudged: Mapping[str, Nudged],
    called: Mapping[tuple[str, int], float],
    since: float,
    clients: Sequence[Client],
    rows: Mapping[str, float] | None,
) -> tuple[list[float], list[float], list[float], int]:
    """Return how long nudges took until durable, sent and on the screen, and how often one was not shown."""
    masks = Masks(SALT.encode())
    durable: list[float] = []
    sent: list[float] = []
    on_screen: list[float] = []
    unseen = 0
    for nudge_id, nudge in nudged.items():
        begun = called.get((nudge.contact_id, nudge.called_at), 0.0)
        if begun < since:
            continue
        durable.append(nudge.read_at - begun)
        row = masks.token(nudge_id)
        places = [(client.rows, sent) for client in clients if client.shows(nudge)]
        places += [] if rows is None else [(rows, on_screen)]
        for shown, delays in places:
            if row in shown:
                delays.append(shown[row] - begun)
            else:
                unseen += 1
    return durable, sent, on_screen, unseen


def _gap(frames: Sequence[float], since: float) -> float:
    times = [since, *(at for at in frames if at > since)]
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


class _Taken:
    """What a process takes from now on."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._begun, self._before = monotonic(), command.usage()

    def share(self) -> Share:
        now: Usage = self._command.usage()
        return Share((now.cpu - self._before.cpu) / (monotonic() - self._begun), now.peak)
