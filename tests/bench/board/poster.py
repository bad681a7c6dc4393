"""Posts what the simulated centre logs to a gateway, from a process of its own, once it is told to go.

Run by the benchmark as ``python -m tests.bench.board.poster URL RATE NUDGES SECONDS paced|at-once``. Paced, events are
posted when they are due, those of twenty milliseconds in one request; at once, as fast as requests are answered.
"""

import gc
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import groupby
from threading import Lock
from time import sleep, time
from typing import Final
from urllib.parse import urlsplit

from streams.domain.units import SECOND, Millis
from streams.sources.http import EVENTS_PATH
from streams.sources.simulator.generate import Simulated
from tests.bench.board.centre import traffic
from tests.bench.child import say

_EVERY: Final[Millis] = 20
_CONNECTIONS: Final = 4
_MAKING_S: Final = 150e-6
"""Seconds that it takes to make an event, at most: what is made must be there when its time begins."""
_ANSWER_S: Final = 60.0


@dataclass(slots=True)
class Poster:
    """Posts requests in turn on several connections, and remembers when each event was sent and how late that was."""

    url: str
    requests: Iterator[Sequence[Simulated]]
    paced: bool
    sent: list[tuple[str, Millis, float]] = field(default_factory=list)
    """The contact and the time of each event that is about a contact, and when it was posted."""
    events: int = 0
    late: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def run(self) -> None:
        """Post everything."""
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            for done in [pool.submit(self._post) for _ in range(_CONNECTIONS)]:
                done.result()

    def _post(self) -> None:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=_ANSWER_S)
        while True:
            with self._lock:
                events = next(self.requests, None)
            if events is None:
                break
            due = -(-events[-1].logged_at // _EVERY) * _EVERY / SECOND
            if self.paced:
                sleep(max(due - time(), 0))
            begun = time()
            body = b"\n".join(event.raw for event in events)
            connection.request("POST", EVENTS_PATH, body, {"content-type": "application/x-ndjson"})
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != HTTPStatus.ACCEPTED:
                raise RuntimeError(said)
            with self._lock:
                self._note(events, begun, begun - due)
        connection.close()

    def _note(self, events: Sequence[Simulated], begun: float, late: float) -> None:
        self.events += len(events)
        self.late = max(self.late, late)
        for event in events:
            contact = getattr(event.event, "contact_id", None)
            if contact is not None:
                self.sent.append((contact, event.occurred_at, begun * SECOND))


def main() -> None:
    """Say when all is made and when it begins, wait for a line, post; say what was sent when."""
    url, rate, nudges, seconds, how = sys.argv[1:]
    paced = how == "paced"
    length, events = float(seconds), float(rate) * float(seconds)
    start = time() + 1.0 + events * _MAKING_S if paced else time() - length
    made = traffic(float(rate), float(nudges), round(start * SECOND), length)
    gc.freeze()
    say({"ready": {"events": len(made), "start": start}})
    if sys.stdin.readline():
        requests = groupby(made, lambda event: event.logged_at // _EVERY)
        poster = Poster(url, (list(own) for _, own in requests), paced)
        poster.run()
        say({"posted": {"events": poster.events, "late": poster.late, "sent": poster.sent}})


if __name__ == "__main__":
    main()
