"""Cutting a log where its time comes to a step, so that what holds at that time can be looked at."""

from collections.abc import Callable, Iterator

from streams.bootstrap import wall_clock
from streams.contracts.decode import BadRecord, decode
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.domain.watermark import BEGINNING, Sequencer
from streams.sources.files import Record


class Steps:
    """The whole multiples of a duration that the time of a log comes to, each before any record that is past it.

    The time of the log is the watermark, as the engine will find it: one record with a wrong time moves nothing.
    """

    def __init__(self, every: Millis, policy: Policy, until: Millis | None, reached: Callable[[Millis], None]) -> None:
        """Have ``reached`` called for each step once all records before it were taken; not after ``until``."""
        self._every = every
        self._until = until
        self._reached = reached
        self._sequencer = Sequencer(policy.lateness, policy.leap)
        self._next: Millis | None = None

    def before(self, record: Record) -> Iterator[None]:
        """Yield for each step that the log comes to with a record, once what came before is to be processed."""
        try:
            event = decode(record.raw, wall_clock())
        except BadRecord:
            return  # it has no time, and is for the dead letters
        if self._until is not None and event.occurred_at > self._until:
            return
        sequencer = self._sequencer
        for _ in sequencer.push([(record.position, event)], []):
            pass
        if self._next is None and sequencer.watermark > BEGINNING:
            self._next = (sequencer.watermark // self._every + 1) * self._every
        while self._next is not None and self._next <= sequencer.watermark:
            yield
            self._reached(self._next)
            self._next += self._every
