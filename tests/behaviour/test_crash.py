"""Killed at any moment, the monitor goes on where it was, and ends with the numbers of one that was never disturbed."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from random import Random
from threading import Timer

import httpx

from streams.bootstrap import open_engine
from streams.contracts.decode import BadRecord, Reason, decode
from streams.domain import measures as m
from streams.domain.ledger import Entry
from streams.domain.units import DAY
from streams.engines.embedded import EmbeddedEngine
from streams.engines.embedded.database import connect
from streams.engines.embedded.log import SegmentTable
from streams.engines.embedded.progress import read_progress
from streams.engines.intake import Received
from streams.engines.port import StorageError
from streams.settings import load
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import noisy_plan
from tests.ledgers import rows
from tests.mutations import MUTATIONS
from tests.processes import PROMPTLY_S, ended, killed, running, url_of

START = 1_704_672_000_000
EVENTS = 200_000
BAD = 100
KILLS = 10
IN_A_TRANSACTION, ON_A_COMMIT = 1, 2
CHUNK = 40

BY_THE_RUN = {("log", "received_at"), ("dead_letters", "received_at"), ("identity", "value")}
"""Columns that say when a record came by the clock of the machine, and which file it is: all that may differ."""

ABOUT_COMING = {m.EVENTS, m.DUPLICATES, m.LATE, m.RESTATEMENTS, m.ORPHANS}
"""What counts how often and in which order events came, not what they say."""

Process = subprocess.Popen[str]
Row = tuple[object, ...]


def records(seed: int, contacts: int) -> list[bytes]:
    return [simulated.raw for simulated in simulate(noisy_plan(), seed, START, contacts)]


def is_bad(line: bytes) -> bool:
    """Say whether a line will be refused, and for the same reason at any time."""
    try:
        decode(line, START)
    except BadRecord as bad:
        return bad.reason != Reason.TIME_OUT_OF_RANGE
    return False


def write_history(path: Path, random: Random) -> int:
    """Write events with some bad lines among them; return how many lines there are."""
    lines = records(seed=5, contacts=26_500)
    assert len(lines) >= EVENTS
    mutated = (mutate(random.choice(lines), random) for mutate in cycle(MUTATIONS))
    for bad in islice(filter(is_bad, mutated), BAD):
        lines.insert(random.randrange(len(lines)), bad.replace(b"\n", b" ") or b"{")
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return len(lines)


def tables(db: Path) -> dict[str, set[Row]]:
    """Return every row of every table, but for what differs from run to run."""
    with closing(connect(str(db), read_only=True)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for table in names:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(column for column in columns if (table, column) not in BY_THE_RUN)
            found[table] = set(connection.execute(f"SELECT {kept} FROM {table}"))  # noqa: S608 - names of the schema
        return found


def differences(one: dict[str, set[Row]], other: dict[str, set[Row]]) -> dict[str, list[Row]]:
    """Return the tables that differ, with some of the rows that only one of them has."""
    assert one.keys() == other.keys()
    return {name: list(islice(one[name] ^ other[name], 5)) for name in one if one[name] != other[name]}


def untimed(path: Path) -> dict[str, object]:
    report: dict[str, object] = json.loads(path.read_bytes())
    return {name: value for name, value in report.items() if name not in ("elapsed_s", "events_per_s")}


def lines_read(db: Path) -> int:
    """Return how many lines of the history a replay has committed; none while it makes its tables."""
    if not db.exists():
        return 0
    try:
        with closing(connect(str(db), read_only=True)) as connection:
            return max(read_progress(connection).source.values(), default=0)
    except sqlite3.OperationalError:
        return 0
    except StorageError as error:
        if "is empty" not in str(error):
            raise
        return 0


def is_writing(db: Path) -> bool:
    """Say whether somebody is in the middle of a transaction on a file."""
    with closing(sqlite3.connect(db, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
        return False


def written_at(db: Path) -> int:
    """Return when a commit was last written, which SQLite does to a file beside the file first."""
    log = db.with_name(db.name + "-wal")
    return log.stat().st_mtime_ns if log.exists() else 0


def wait_until(true: Callable[[], bool], process: Process, every_s: float = 0.02) -> None:
    while not true():
        assert process.poll() is None, "it has ended by itself"
        time.sleep(every_s)


def test_ten_kills_at_random_moments_of_a_replay_change_nothing(tmp_path: Path) -> None:
    random = Random(20)
    history, quiet, db = tmp_path / "history.jsonl", tmp_path / "quiet.db", tmp_path / "killed.db"
    total = write_history(history, random)

    def replay(to: Path) -> tuple[str, ...]:
        return "replay", str(history), "--db", str(to), "--json", str(to.with_suffix(".json"))

    seen: list[int] = []
    cut_off = 0
    with running(*replay(quiet), cwd=str(tmp_path)) as undisturbed:
        for kill in range(KILLS):
            # One in each twelfth of the file but the last two: what is left is more than a kill can come too late.
            place = total * (kill - 1 + random.random()) / (KILLS + 2) if kill else 0
            with running(*replay(db), cwd=str(tmp_path)) as process:
                wait_until(lambda place=place: db.exists() and lines_read(db) >= place, process)  # type: ignore[misc]
                before, written = lines_read(db), written_at(db)
                if kill % 3 == IN_A_TRANSACTION:
                    wait_until(lambda: is_writing(db), process, every_s=0.002)
                    time.sleep(random.uniform(0, 0.03) * kill)
                elif kill % 3 == ON_A_COMMIT:
                    wait_until(lambda written=written: written_at(db) != written, process, every_s=0.001)  # type: ignore[misc]
                    time.sleep(random.uniform(0, 0.03))
                else:
                    time.sleep(random.uniform(0, 0.3))
                killed(process)
            seen.append(lines_read(db))
            cut_off += kill % 3 == IN_A_TRANSACTION and seen[-1] == before
        assert not db.with_suffix(".json").exists()
        assert seen == sorted(seen)
        assert 0 < seen[1] <= seen[-1] < total
        assert len(set(seen)) > KILLS / 2
        assert cut_off
        with running(*replay(db), cwd=str(tmp_path)) as process:
            _, err = process.communicate(timeout=PROMPTLY_S)
            assert process.returncode == 0
            assert f"goes on after record {seen[-1]}," in err
        undisturbed.communicate(timeout=PROMPTLY_S)
        assert undisturbed.returncode == 0

    assert lines_read(db) == total
    found = tables(db)
    assert len(found["dead_letters"]) >= BAD
    assert len(found["outbox"]) > KILLS
    assert differences(found, tables(quiet)) == {}
    assert untimed(db.with_suffix(".json")) == untimed(quiet.with_suffix(".json"))


def ledger_of(engine: EmbeddedEngine) -> set[Entry]:
    """Process what the log holds and all that matures, and return the ledger."""
    while engine.step(1_000):
        pass
    engine.advance(START + 90 * DAY)
    return set(rows(engine.ledger))


def undisturbed_ledger(log: Iterable[tuple[bytes, int]]) -> set[Entry]:
    with closing(open_engine(load(None, {}), ":memory:")) as engine:
        for record, received_at in log:
            engine.append([record], received_at)
        return ledger_of(engine)


def facts(ledger: Iterable[Entry]) -> set[Entry]:
    return {entry for entry in ledger if entry.series.name not in ABOUT_COMING}


def log_of(db: str) -> list[Received]:
    with closing(connect(db, read_only=True)) as connection:
        return list(SegmentTable(connection, "log").read(0))


def post_until_killed(url: str, chunks: deque[bytes], last: int | None) -> None:
    """Post chunks until none is left, until ``last`` are left, or until the other side is gone."""
    headers = {"content-type": "application/x-ndjson"}
    with httpx.Client(base_url=url, trust_env=False, timeout=PROMPTLY_S) as client:
        while chunks and len(chunks) != last:
            try:
                response = client.post("/v1/events", content=chunks[0], headers=headers)
            except httpx.TransportError:
                return
            assert response.status_code == 202
            chunks.popleft()


def test_what_was_acknowledged_counts_once_although_the_monitor_was_killed(tmp_path: Path) -> None:
    random = Random(21)
    events = records(seed=6, contacts=600)
    chunks = deque(b"\n".join(events[start : start + CHUNK]) for start in range(0, len(events), CHUNK))
    os.mkfifo(tmp_path / "silence")  # as long as it may bring events, time is what events say, and not the clock
    service = ("run", "--db", "m.db", "--port", "0", "--from", "silence")
    places = [len(chunks) * left // 7 for left in range(6, 0, -1)]
    for kill, place in enumerate(places):
        with running(*service, cwd=str(tmp_path)) as process:
            url = url_of(process)
            post_until_killed(url, chunks, last=place)
            assert len(chunks) == place
            if kill % 2:  # else at once after an acknowledgement
                timer = Timer(random.uniform(0, 0.05), process.kill)
                timer.start()
                post_until_killed(url, chunks, last=None)
                timer.join()
                assert process.wait(PROMPTLY_S) == -signal.SIGKILL
                assert chunks
            else:
                killed(process)
    with running(*service, cwd=str(tmp_path)) as process:
        post_until_killed(url_of(process), chunks, last=None)
        assert not chunks
        assert ended(process, signal.SIGTERM) == (0, "")

    db = str(tmp_path / "m.db")
    log = log_of(db)
    assert {record.value for record in log} == set(events)
    with closing(open_engine(load(None, {}), db)) as engine:
        ledger = ledger_of(engine)
    assert ledger == undisturbed_ledger((record.value, record.received_at) for record in log)
    assert facts(ledger) == facts(undisturbed_ledger((event, log[-1].received_at) for event in events))
