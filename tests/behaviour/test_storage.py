"""The embedded engine's file under bad conditions: nothing is half done, and whoever runs it is told what to do."""

import json
import resource
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from pathlib import Path

import httpx
import pytest

from streams.bootstrap import Health, make_app, make_exporter, open_appender, open_engine
from streams.cli.serving import listen, serving
from streams.contracts.times import rfc3339
from streams.domain.ledger import Entry
from streams.domain.policy import Policy
from streams.domain.units import DAY, HOUR, MINUTE, Millis
from streams.engines.embedded import EmbeddedEngine, SqliteLedger
from streams.engines.embedded.appender import Appender
from streams.engines.embedded.database import connect
from streams.engines.embedded.partition import Retention
from streams.engines.port import StorageError
from streams.settings import load
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import demo_plan
from tests.cli import Cli
from tests.ledgers import rows
from tests.privileges import obeying_permissions

START = 1_767_225_600_000
LATER = START + 90 * DAY
UNLIMITED = 2**30
"""So many pages that the disk is full before the file is."""

LOCKED = r"m\.db: database is locked: another process keeps the file locked; stop it or wait for it"
COMMANDS = [["replay", "events.jsonl", "--db"], ["run", "--port", "0", "--db"], ["dead-letters", "list", "--db"]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.jsonl").write_bytes(b"".join(record + b"\n" for record in records()))
    return Cli(monkeypatch, capsys)


@cache
def records() -> list[bytes]:
    return [simulated.raw for simulated in simulate(demo_plan(), seed=3, start=START, contacts=200)]


def ledger_of(engine: EmbeddedEngine) -> set[Entry]:
    """Process what the log holds and all that matures, and return the ledger."""
    while engine.step(1_000):
        pass
    engine.advance(LATER)
    return set(rows(engine.ledger))


def ledger_undisturbed(given: Sequence[bytes]) -> set[Entry]:
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        engine.ingest(given, LATER, {})
        return ledger_of(engine)


def content(path: Path) -> list[str]:
    """Return all that is committed in a file, as another process sees it."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return list(connection.iterdump())


@contextmanager
def disk_with_room_for(pages: int, connection: sqlite3.Connection) -> Iterator[None]:
    """Let a file grow by some pages and then be told that the disk is full, as SQLite is by the system."""
    (size,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {size + pages}")
    yield
    connection.execute(f"PRAGMA max_page_count = {UNLIMITED}")


@contextmanager
def no_file_can_be_written(_: sqlite3.Connection) -> Iterator[None]:
    """Have the system refuse what this process writes to files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def as_anybody() -> Iterator[None]:
    """Root, too, obeys the permissions of files."""
    with obeying_permissions():
        yield


class TestFullDisk:
    """What happens when the disk is full, and once it no longer is."""

    @pytest.fixture(
        params=[0, 3, 20, 60, None], ids=["at once", "soon", "halfway", "almost at the end", "on the commit"]
    )
    def trouble(self, request: pytest.FixtureRequest) -> Callable[[sqlite3.Connection], AbstractContextManager[None]]:
        pages: int | None = request.param
        return no_file_can_be_written if pages is None else lambda connection: disk_with_room_for(pages, connection)

    @pytest.mark.parametrize("restarted", [False, True], ids=["same engine", "new engine"])
    @pytest.mark.parametrize("way", ["ingest", "append and step"])
    def test_undoes_the_batch_and_does_no_harm_to_the_next(
        self,
        tmp_path: Path,
        trouble: Callable[[sqlite3.Connection], AbstractContextManager[None]],
        way: str,
        restarted: bool,  # noqa: FBT001 - a parameter of the test
    ) -> None:
        path = tmp_path / "m.db"
        first, second = records()[:300], records()[300:]
        engine = EmbeddedEngine(str(path), Policy())
        engine.ingest(first, LATER, {"file": 300})
        if way != "ingest":
            engine.append(second, LATER)
        before = content(path)

        def go_on() -> None:
            if way == "ingest":
                engine.ingest(second, LATER, {"file": len(records())})
            else:
                engine.step(len(second))

        connection = engine._connection  # noqa: SLF001 - the disk of a test can't be filled
        with trouble(connection), pytest.raises(StorageError, match=r"m\.db: (database or )?disk"):
            go_on()
        assert content(path) == before
        if restarted:
            engine.close()
            engine = EmbeddedEngine(str(path), Policy())
        assert engine.source == {"file": 300}
        go_on()
        assert ledger_of(engine) == ledger_undisturbed(records())
        engine.close()

    def test_undoes_the_judgement_of_what_matured(self, tmp_path: Path) -> None:
        with closing(EmbeddedEngine(str(tmp_path / "m.db"), Policy())) as engine:
            engine.ingest(records(), LATER, {})
            with no_file_can_be_written(engine._connection), pytest.raises(StorageError):  # noqa: SLF001
                engine.advance(LATER)
            assert ledger_of(engine) == ledger_undisturbed(records())

    def test_is_told_in_one_line_and_the_replay_goes_on_later(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def connect_to_little(path: str, *, durable: bool = True) -> sqlite3.Connection:
            connection = connect(path, durable=durable)
            connection.execute("PRAGMA max_page_count = 120")
            return connection

        monkeypatch.setattr("streams.cli.replaying._BATCH", 300)
        with monkeypatch.context() as patch:
            patch.setattr("streams.engines.embedded.engine.connect", connect_to_little)
            ran = cli("replay", "events.jsonl", "--db", "m.db", "--json", "m.json")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("outcome-monitor: m.db: database or disk is full: free some space")
        assert ran.err.count("\n") == 1
        assert not (tmp_path / "m.json").exists()
        assert "goes on after record" in cli("replay", "events.jsonl", "--db", "m.db").err
        with closing(open_engine(load(None, {}), "m.db")) as engine:
            assert ledger_of(engine) == ledger_undisturbed(records())

    def test_makes_the_gateway_unavailable_until_there_is_space(self, tmp_path: Path) -> None:
        path = str(tmp_path / "m.db")
        settings = load(None, {})
        half = len(records()) // 2
        with closing(open_engine(settings, path)) as engine, closing(open_appender(path)) as appender:
            app = make_app(settings, make_exporter(settings, engine.ledger).registry, appender.append, Health())
            with (
                serving(app, listen("127.0.0.1", 0)) as server,
                httpx.Client(base_url=server.url, trust_env=False) as client,
            ):

                def post(some: Sequence[bytes]) -> httpx.Response:
                    headers = {"content-type": "application/x-ndjson"}
                    return client.post("/v1/events", content=b"\n".join(some), headers=headers)

                assert post(records()[:half]).status_code == 202
                with (
                    disk_with_room_for(0, appender._connection),  # noqa: SLF001 - as above
                    disk_with_room_for(0, engine._connection),  # noqa: SLF001
                ):
                    refused = post(records()[half:])
                    with pytest.raises(StorageError, match="disk is full"):
                        engine.step(half)
                assert refused.status_code == 503
                assert "disk is full: free some space" in refused.json()["detail"]
                assert post(records()[half:]).status_code == 202
            assert ledger_of(engine) == ledger_undisturbed(records())


class TestAnotherProcess:
    """Who else may use the file."""

    @pytest.mark.parametrize("command", COMMANDS[:2], ids=["replay", "run"])
    def test_keeps_a_second_one_from_running_on_it(self, cli: Cli, command: list[str]) -> None:
        with closing(EmbeddedEngine("m.db", Policy())):
            ran = cli(*command, "m.db")
        assert ran.code == 1
        assert ran.err == (
            "outcome-monitor: m.db: another process is running on this file; stop it first, or give another file with"
            " --db\n"
        )
        assert cli("replay", "events.jsonl", "--db", "m.db").code == 0

    def test_is_kept_from_running_on_it_under_another_name_too(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "same.db").symlink_to(tmp_path / "m.db")
        with closing(EmbeddedEngine("m.db", Policy())):
            assert cli("replay", "events.jsonl", "--db", "same.db").code == 1

    @pytest.mark.parametrize("way", ["ingest", "step", "advance"])
    def test_sees_all_that_a_batch_has_done_or_nothing(self, tmp_path: Path, way: str) -> None:
        path = tmp_path / "m.db"
        with closing(EmbeddedEngine(str(path), Policy())) as engine, closing(SqliteLedger.open(str(path))) as reader:
            engine.ingest(records()[:500], LATER, {"file": 500})
            if way == "step":
                engine.append(records()[500:], LATER)
            before, counted = content(path), set(reader.totals())
            during: list[bool] = []

            def look(statement: str) -> None:
                if statement.startswith(("BEGIN", "COMMIT")):
                    during.append(content(path) == before and set(reader.totals()) == counted)

            engine._connection.set_trace_callback(look)  # noqa: SLF001 - the only way to look at that moment
            if way == "ingest":
                engine.ingest(records()[500:], LATER, {"file": len(records())})
            elif way == "step":
                engine.step(len(records()))
            else:
                engine.advance(LATER)
            assert during == [True, True]
            assert content(path) != before
            assert set(reader.totals()) == set(engine.ledger.totals()) != counted

    def test_that_holds_a_lock_is_waited_for_and_then_named_as_the_cause(self, tmp_path: Path) -> None:
        path = str(tmp_path / "m.db")
        with closing(EmbeddedEngine(path, Policy())) as engine, closing(Appender(path)) as appender:
            for waits in (engine._connection, appender._connection):  # noqa: SLF001 - else the test waits, too
                waits.execute("PRAGMA busy_timeout = 0")
            engine.append(records()[:500], LATER)
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(StorageError, match=LOCKED):
                    appender.append(records()[500:], LATER)
                with pytest.raises(StorageError, match=LOCKED):
                    engine.step(500)
                other.execute("ROLLBACK")
            appender.append(records()[500:], LATER)
            assert ledger_of(engine) == ledger_undisturbed(records())


class TestUnusableFile:
    """Files that are no files of the monitor, or not whole: one line that says which and what to do, exit code 1."""

    @staticmethod
    def refused(cli: Cli, command: list[str], path: object, reason: str) -> None:
        ran = cli(*command, path)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith(f"outcome-monitor: {path}")
        assert reason in ran.err
        assert ran.err.count("\n") == 1

    @staticmethod
    def other_program(version: int, statement: str) -> list[str]:
        """Write a file as another program would; return what is in it."""
        with closing(sqlite3.connect("other.db", isolation_level=None)) as connection:
            connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")
        return content(Path("other.db"))

    @pytest.mark.parametrize("command", COMMANDS)
    def test_with_garbage_for_a_header_is_refused(self, cli: Cli, tmp_path: Path, command: list[str]) -> None:
        cli("replay", "events.jsonl", "--db", "m.db")
        whole = (tmp_path / "m.db").read_bytes()
        (tmp_path / "m.db").write_bytes(b"\xff" * 100 + whole[100:])
        self.refused(cli, command, "m.db", "not a file of this monitor, or damaged; move it away or restore a backup")

    @pytest.mark.parametrize("command", COMMANDS)
    def test_cut_off_in_the_middle_is_refused(self, cli: Cli, tmp_path: Path, command: list[str]) -> None:
        cli("replay", "events.jsonl", "--db", "m.db")
        whole = (tmp_path / "m.db").read_bytes()
        (tmp_path / "m.db").write_bytes(whole[: len(whole) // 2])
        self.refused(cli, command, "m.db", "damaged; move it away or restore a backup")

    @pytest.mark.parametrize(("table", "column"), [("progress", "value"), ("journeys", "value"), ("log", "records")])
    def test_with_a_damaged_row_is_refused(self, cli: Cli, tmp_path: Path, table: str, column: str) -> None:
        cli("replay", "events.jsonl", "--db", "m.db")
        with closing(sqlite3.connect("m.db", isolation_level=None)) as connection:
            connection.execute(f"UPDATE {table} SET {column} = x'f0ff00'")  # noqa: S608 - names of the schema
        (tmp_path / "again.jsonl").write_bytes((tmp_path / "events.jsonl").read_bytes())
        self.refused(cli, ["replay", "again.jsonl", "--db"], "m.db", "damaged; move it away or restore a backup")

    @pytest.mark.parametrize("command", COMMANDS[:2])
    def test_of_another_version_is_refused_as_it_is(self, cli: Cli, command: list[str]) -> None:
        cli("replay", "events.jsonl", "--db", "m.db")
        with closing(sqlite3.connect("m.db", isolation_level=None)) as connection:
            connection.execute("PRAGMA user_version = 7")
        before = content(Path("m.db"))
        self.refused(cli, command, "m.db", "written by another version of the monitor (format 7")
        assert content(Path("m.db")) == before

    @pytest.mark.parametrize("command", COMMANDS[::2])
    @pytest.mark.parametrize("version", [0, 1])
    @pytest.mark.parametrize("table", ["books (title)", "log (line)"])
    def test_of_another_program_is_refused_as_it_is(
        self, cli: Cli, command: list[str], version: int, table: str
    ) -> None:
        before = self.other_program(version, f"CREATE TABLE {table}")
        self.refused(cli, command, "other.db", "not a file of this monitor")
        assert content(Path("other.db")) == before

    def test_that_was_judged_by_other_windows_is_refused_as_it_is(self, cli: Cli, tmp_path: Path) -> None:
        cli("replay", "events.jsonl", "--db", "m.db")
        before = content(tmp_path / "m.db")
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "monitor.yaml").write_text("windows: [1d, 7d]\n")
        (tmp_path / "config" / "reasons.yaml").write_text("{}\n")
        ran = cli("replay", "events.jsonl", "--db", "m.db")
        assert (ran.code, ran.out) == (1, "")
        assert "m.db: was begun with the windows 1d, 7d, 30d, not 1d, 7d; set those, or begin another file" in ran.err
        assert content(tmp_path / "m.db") == before

    @pytest.mark.parametrize("command", COMMANDS[:2])
    def test_that_is_a_folder_is_refused(self, cli: Cli, tmp_path: Path, command: list[str]) -> None:
        (tmp_path / "folder").mkdir()
        self.refused(cli, command, "folder", "name a file in it")

    @pytest.mark.parametrize("command", COMMANDS[:2])
    @pytest.mark.parametrize("path", ["nowhere/m.db", "events.jsonl/m.db"])
    def test_whose_folder_is_none_is_refused(self, cli: Cli, command: list[str], path: str) -> None:
        self.refused(cli, command, path, "check that its folder exists and is writable")

    @pytest.mark.usefixtures("as_anybody")
    @pytest.mark.parametrize("command", COMMANDS[:2])
    def test_in_a_folder_that_is_read_only_is_refused(self, cli: Cli, tmp_path: Path, command: list[str]) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder").chmod(0o555)
        self.refused(cli, command, "folder/m.db", "check that its folder exists and is writable")

    def test_that_is_empty_is_said_to_be_so_where_it_is_only_read(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "m.db").touch()
        ran = cli("dead-letters", "list", "--db", "m.db")
        assert (ran.code, "m.db: is empty; run or replay has not written to it yet" in ran.err) == (1, True)

    @pytest.mark.usefixtures("as_anybody")
    def test_that_is_read_only_is_refused_and_can_be_read(self, cli: Cli, tmp_path: Path) -> None:
        cli("replay", "events.jsonl", "--db", "m.db")
        (tmp_path / "m.db").chmod(0o444)
        ran = cli("replay", "events.jsonl", "--db", "m.db")
        assert (ran.code, ran.out) == (1, "")
        assert "m.db: attempt to write a readonly database: make the file and its folder writable" in ran.err
        assert cli("dead-letters", "list", "--db", "m.db").code == 0


def test_a_batch_that_fails_in_the_middle_is_undone_whatever_the_cause(tmp_path: Path) -> None:
    path = tmp_path / "m.db"

    def forbid_progress(action: int, table: str | None, *_: object) -> int:
        return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_INSERT and table == "progress" else sqlite3.SQLITE_OK

    with closing(EmbeddedEngine(str(path), Policy())) as engine:
        engine.ingest(records()[:300], LATER, {})
        before = content(path)
        engine._connection.set_authorizer(forbid_progress)  # noqa: SLF001 - the last thing that a batch writes
        with pytest.raises(StorageError, match="not authorized"):
            engine.ingest(records()[300:], LATER, {})
        assert content(path) == before
        engine._connection.set_authorizer(None)  # noqa: SLF001 - as above
        engine.ingest(records()[300:], LATER, {})
        assert ledger_of(engine) == ledger_undisturbed(records())


def test_a_restart_after_each_batch_keeps_what_waits_for_the_watermark(tmp_path: Path) -> None:
    path = str(tmp_path / "m.db")
    waited = 0
    for start in range(0, len(records()), 20):
        with closing(EmbeddedEngine(path, Policy(), durable=False, kept=Retention(0))) as engine:
            engine.append(records()[start : start + 20], LATER)
            engine.step(20)
            progress = engine._partition.progress  # noqa: SLF001 - no result shows what waits
            waited += progress.low < progress.next
    assert waited > 20
    with closing(EmbeddedEngine(path, Policy())) as engine:
        assert ledger_of(engine) == ledger_undisturbed(records())


def contact(number: int, at: Millis) -> list[bytes]:
    """Return the records of a contact of a minute; each customer is back after every nineteenth."""
    common = {"source": "test", "contact_id": f"c{number}"}
    offered = {"customer_id": f"p{number % 19}", "channel": "voice", "reason": "invoice"}
    told = (("offered", at, offered), ("ended", at + MINUTE, {"talk_s": 50}))
    return [
        json.dumps(
            {"event_id": f"{number}-{kind}", "type": f"contact.{kind}", "occurred_at": rfc3339(when)} | common | more
        ).encode()
        for kind, when, more in told
    ]


def test_appending_nothing_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    with closing(EmbeddedEngine(str(tmp_path / "m.db"), Policy())) as engine:
        engine.append(records()[:10], LATER)
        assert engine.append([], LATER) == 10
        assert engine.append(records()[10:], LATER) == len(records())


class TestRetention:
    """What is kept of the log and of the outbox for months on end."""

    KEPT = Retention(log=2 * DAY, outcomes=7 * DAY)
    EVERY = 6 * HOUR
    DAYS = 150

    def day(self, number: int) -> list[bytes]:
        begin = number * DAY // self.EVERY
        return [
            record
            for n in range(begin, begin + DAY // self.EVERY)
            for record in contact(n, START + n * self.EVERY)
        ]  # fmt: skip

    def test_bounds_the_tables_and_changes_no_number(self, tmp_path: Path) -> None:
        path = str(tmp_path / "m.db")
        kept = EmbeddedEngine(path, Policy(), durable=False, kept=self.KEPT)
        whole = EmbeddedEngine(":memory:", Policy())
        sizes: list[dict[str, int]] = []
        given = 0
        for number in range(self.DAYS):
            at = START + (number + 1) * DAY
            given += len(self.day(number))
            for engine in (kept, whole):
                assert engine.append(self.day(number), at) == given
                engine.step(10_000)
            if number % 10 == 9:
                kept.close()
                kept = EmbeddedEngine(path, Policy(), durable=False, kept=self.KEPT)
                sizes.append(self.rows(path))
        settled, last = sizes[len(sizes) // 2], sizes[-1]
        assert all(last[table] <= settled[table] * 1.1 for table in settled)
        assert last["log"] <= 4
        assert last["outbox"] <= 9
        everything = list(whole.outcomes())
        rest = list(kept.outcomes())
        assert 0 < len(rest) < len(everything)
        assert rest == everything[-len(rest) :]
        kept.advance(START + self.DAYS * DAY)
        whole.advance(START + self.DAYS * DAY)
        assert set(kept.ledger.totals()) == set(whole.ledger.totals())
        kept.close()
        whole.close()

    def test_spares_what_was_not_processed_and_what_is_held(self, tmp_path: Path) -> None:
        path = str(tmp_path / "m.db")
        given = [record for number in range(40) for record in self.day(number)]
        processed = 0
        with closing(EmbeddedEngine(path, Policy(), kept=Retention(0, 0))) as engine:
            for number in range(40):
                engine.append(self.day(number), LATER)
        while taken := self.step_anew(path):
            processed += taken
        assert processed == len(given)
        with closing(EmbeddedEngine(path, Policy(), kept=Retention(0, 0))) as engine:
            assert ledger_of(engine) == ledger_undisturbed(given)
            assert self.rows(path)["log"] == 1

    def test_goes_on_with_the_offsets_where_nothing_is_left(self, tmp_path: Path) -> None:
        ends = []
        for kept in (Retention(0, 0), Retention()):
            with closing(EmbeddedEngine(str(tmp_path / f"{kept.log}.db"), Policy(), kept=kept)) as engine:
                engine.ingest(self.day(0), LATER, {})
                for days in (60, 61):  # the second time nothing comes of it
                    engine.advance(START + days * DAY)
                engine.ingest(self.day(70), LATER, {})
                engine.advance(LATER)
                ends.append(list(engine.outcomes())[-1])
        assert ends[0] == ends[1]

    @staticmethod
    def step_anew(path: str) -> int:
        """Process three records, which is less than a segment holds: what is left of it must stay."""
        with closing(EmbeddedEngine(path, Policy(), durable=False, kept=Retention(0, 0))) as engine:
            return engine.step(3)

    @staticmethod
    def rows(path: str) -> dict[str, int]:
        tables = ("log", "outbox", "contacts", "journeys", "timers", "ledger")
        with closing(connect(path, read_only=True)) as connection:
            return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}  # noqa: S608
