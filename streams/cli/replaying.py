"""Files through the engine, as fast as they can be read, and what comes of it."""

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple, TypeAlias

from streams.bootstrap import wall_clock
from streams.cli.consoles import note
from streams.contracts.decode import BadRecord, decode
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.report import Report, report
from streams.sources.detect import Format, open_source
from streams.sources.files import STDIN, Record, Source, SourceError
from streams.sources.servicenow import ServiceNowLog

_BATCH: Final = 10_000

Cut: TypeAlias = Callable[[Record], Iterable[None]]
"""Yields each time that all records before one must be processed; goes on once they were."""


class Refused(NamedTuple):
    """What could not be used: how many records of this run, how many in all that were not redriven, the first why.

    The first is ``None`` where there is none in this run, and where a source has told better what is wrong with it.
    """

    of_run: int
    open: int
    first: str | None


class Replay:
    """One run over some files. What an earlier run on the same database has read is not read again.

    It is noted how far a file was read under its path, its format and its fingerprint. So a log that has grown goes on,
    and what begins otherwise or is shorter is read from its start; event ids keep what comes again from counting twice.
    It can't be told that a file was changed behind its first record, unless it became shorter; nor that the last line
    that was read had not been written to its end: that is a dead letter.
    """

    def __init__(self, engine: EmbeddedEngine, until: Millis | None, cut: Cut | None = None) -> None:
        """Begin with what a gateway or a redrive has left in the log; what happened after ``until`` is left out.

        ``cut`` is asked of every record whether those before it must be processed first.
        """
        self._engine = engine
        self._until = until
        self._cut = cut or _nowhere
        self._begun = monotonic()
        while engine.step(_BATCH):
            pass
        self._newest_refused = max((int(letter.id) for letter in engine.dead_letters()), default=0)
        self._explained = False
        self._records = 0
        self._kept = 0
        self._after_until = 0

    def read(self, file: str, source: Source, progressed: Callable[[int], None]) -> None:
        """Process the records of a file; after each batch say how many bytes of it were read.

        Raises:
            SourceError: the rest can't be read; what came before was processed.
        """
        name = _name(file, source)
        done = 0 if name is None else self._engine.source.get(name, 0)
        records = iter(source)
        if done:
            at = next((record for record in records if record.position >= done), None)
            if at is None:
                note(f"{file}: ends before record {done}, where it stopped; it is read from its start")
                with open_source(file, _format(source)) as whole:
                    self._take(name, whole, whole, progressed)
                return
            note(f"{file}: goes on after record {done}, where it stopped")
            if at.position > done:  # a run with --until may have stopped before a blank line
                records = chain((at,), records)
        self._take(name, source, records, progressed)
        for text in source.notes:
            self._explained = True
            note(text)

    def _take(
        self, name: str | None, source: Source, records: Iterable[Record], progressed: Callable[[int], None]
    ) -> None:
        engine = self._engine
        resume_from: int | None = None
        for batch in _batches(records, self._cut):
            kept = list(self._before_until(batch))
            if resume_from is None and len(kept) < len(batch):
                # A later run may want what is left out now: it must begin there, and will know the rest as duplicates.
                resume_from = next(had.position for had, has in _pairs(batch, kept) if has is not had) - 1
            place = batch[-1].position if resume_from is None else resume_from
            notes = engine.source if name is None else {**engine.source, name: place}
            engine.ingest([record.raw for record in kept], wall_clock(), notes)
            self._records += len(batch)
            self._kept += len(kept)
            progressed(source.bytes_read)

    def finish(self, policy: Policy) -> Report:
        """Let time pass to the end of the log, so that what has matured by then is judged; return the report."""
        engine = self._engine
        until = engine.latest if self._until is None else self._until
        if until is not None:
            engine.advance(until + 1)
        elapsed = monotonic() - self._begun
        found = report(engine.ledger.totals(), policy)
        found["after_until"] = self._after_until
        found["elapsed_s"] = round(elapsed, 3)
        found["events_per_s"] = round(self._records / elapsed) if elapsed else 0
        return found

    def refused(self) -> Refused:
        """Return what could not be used, once all was read."""
        of_run = in_all = 0
        first = None
        for letter in self._engine.dead_letters():
            in_all += 1
            if int(letter.id) > self._newest_refused:
                of_run += 1
                first = first or f"{letter.reason}: {letter.detail}"
        return Refused(of_run, in_all, None if self._explained else first)

    def used_none(self, refused: Refused) -> bool:
        """Say whether there were records, and not one of them could be used."""
        return 0 < self._kept <= refused.of_run

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


def _batches(records: Iterable[Record], cut: Cut) -> Iterator[list[Record]]:
    """Yield the records in batches; where the rest can't be read, those before it first."""
    batch: list[Record] = []
    try:
        for record in records:
            for _ in cut(record):
                if batch:
                    yield batch
                    batch = []
            batch.append(record)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    except SourceError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _nowhere(_: Record) -> Iterable[None]:
    return ()


def _happened_after(record: Record, until: Millis) -> bool:
    try:
        return decode(record.raw, wall_clock()).occurred_at > until
    except BadRecord:
        return False  # it has no time, and is for the dead letters


def _pairs(batch: list[Record], kept: list[Record]) -> Iterator[tuple[Record, Record | None]]:
    return zip(batch, [*kept, *[None] * (len(batch) - len(kept))], strict=True)


def _format(source: Source) -> Format:
    return Format.SERVICENOW if isinstance(source, ServiceNowLog) else Format.EVENTS


def _name(file: str, source: Source) -> str | None:
    """Return the name under which it is noted how far a file was read; ``None`` for a pipe, which can't be read again.

    Positions mean another thing in each format, and in what other content the file has had.
    """
    if file == STDIN or source.total_bytes is None:
        return None
    path = os.fsencode(Path(file).resolve()).decode(errors="backslashreplace")
    return f"{_format(source)}:{path}#{source.fingerprint}"
