"""Files through the engine, as fast as they can be read, and what comes of it."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Final

from streams.bootstrap import wall_clock
from streams.cli.consoles import note
from streams.contracts.decode import BadRecord, decode
from streams.domain import measures as m
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.report import Report, Totals, report
from streams.sources.files import STDIN, Record, Source
from streams.sources.servicenow import ServiceNowLog

_BATCH: Final = 10_000


class Replay:
    """One run over some files. What an earlier run on the same database has read is not read again."""

    def __init__(self, engine: EmbeddedEngine, until: Millis | None) -> None:
        """Begin; what happened after ``until`` will be left out."""
        self._engine = engine
        self._until = until
        self._begun = monotonic()
        self._ledger = engine.ledger
        self._refused_before = self._refused()
        self._records = 0
        self._after_until = 0

    def read(self, file: str, source: Source, progressed: Callable[[int], None]) -> None:
        """Process the records of a file; after each batch say how many bytes of it were read."""
        engine = self._engine
        while engine.step(_BATCH):  # what a gateway or a redrive has left in the log comes first
            pass
        name = _name(file, source)
        done = engine.source.get(name, 0)
        if done:
            note(f"{file}: goes on after record {done}, where it stopped")
        fresh = (record for record in source if record.position > done)
        resume_from: int | None = None
        while batch := list(islice(fresh, _BATCH)):
            kept = list(self._before_until(batch))
            if resume_from is None and len(kept) < len(batch):
                # A later run may want what is left out now: it must begin there, and will know the rest as duplicates.
                resume_from = next(had.position for had, has in _pairs(batch, kept) if has is not had) - 1
            place = batch[-1].position if resume_from is None else resume_from
            notes = engine.source if file == STDIN else {**engine.source, name: place}
            engine.ingest([record.raw for record in kept], wall_clock(), notes)
            self._records += len(batch)
            progressed(source.bytes_read)
        for text in source.notes:
            note(text)

    def finish(self, policy: Policy) -> Report:
        """Let time pass to the end of the log, so that what has matured by then is judged; return the report."""
        engine = self._engine
        until = engine.latest if self._until is None else self._until
        if until is not None:
            engine.advance(until + 1)
        elapsed = monotonic() - self._begun
        found = report(self._ledger.totals(), policy)
        found["after_until"] = self._after_until
        found["elapsed_s"] = round(elapsed, 3)
        found["events_per_s"] = round(self._records / elapsed) if elapsed else 0
        return found

    @property
    def refused(self) -> int:
        """How many records of this run became dead letters."""
        return self._refused() - self._refused_before

    def _refused(self) -> int:
        return Totals(self._ledger.totals()).sum(m.DEAD_LETTERS)

    def _before_until(self, batch: list[Record]) -> Iterator[Record]:
        until = self._until
        if until is None:
            yield from batch
            return
        for record in batch:
            if _happened_after(record, until):
                self._after_until += 1
            else:
                yield record


def _happened_after(record: Record, until: Millis) -> bool:
    try:
        return decode(record.raw, wall_clock()).occurred_at > until
    except BadRecord:
        return False  # it has no time, and is for the dead letters


def _pairs(batch: list[Record], kept: list[Record]) -> Iterator[tuple[Record, Record | None]]:
    return zip(batch, [*kept, *[None] * (len(batch) - len(kept))], strict=True)


def _name(file: str, source: Source) -> str:
    """Return the name under which it is noted how far a file was read: positions mean another thing in each format."""
    kind = "servicenow" if isinstance(source, ServiceNowLog) else "events"
    return f"{kind}:{file if file == STDIN else Path(file).resolve()}"
