"""Nudges of a file, followed from a place that is kept elsewhere: also where another file has taken its place."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from streams.bootstrap.delivery import file_nudges
from streams.delivery.nudge import read_nudge
from streams.delivery.source import Position
from streams.domain.policy import Policy
from streams.domain.units import HOUR, MINUTE
from streams.engines.embedded import EmbeddedEngine
from streams.engines.port import StorageError
from tests.journeys import START, wire


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


def repeat(file: Path, *customers: str) -> None:
    """Have customers come twice, so that somebody is nudged."""
    with closing(EmbeddedEngine(str(file), Policy(), durable=False)) as engine:
        for customer in customers:
            for number, at in enumerate((START, START + HOUR)):
                told = {"contact_id": f"{customer}-{number}", "customer_id": customer, "at": at}
                about = {"channel": "voice", "queue": "billing", "team": "blue", "reason": "invoice"}
                event = {"type": "contact.offered", "event_id": f"{customer}{number}"} | told | about
                engine.ingest([wire(event)], at, {})
        engine.advance(START + HOUR + MINUTE)


def follow(file: Path, position: Position | None = None) -> tuple[list[str], Position]:
    """Return the nudges that are told from a position on, and where to go on after them."""

    async def read() -> tuple[list[str], Position]:
        async with file_nudges(str(file))(position) as source:
            batch = await source.read()
        told = [nudge for record in batch.records if (nudge := read_nudge(record)) is not None]
        return [nudge.id for nudge in told if not nudge.record.get("provisional")], batch.position

    return asyncio.run(read())


def move_away(file: Path) -> None:
    for part in file.parent.glob(f"{file.name}*"):
        part.rename(file.parent / f"old-{part.name}")


def test_only_what_is_told_later_is_read_from_a_position_on(file: Path) -> None:
    repeat(file, "before")
    told, position = follow(file)
    assert told == []
    repeat(file, "anna")
    told, position = follow(file, position)
    assert told == ["repeat:anna-1"]
    assert follow(file, position) == ([], position)


def test_all_nudges_of_a_file_that_takes_the_place_of_another_are_read_and_it_is_said(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    repeat(file, "anna", "ben", "cleo")
    _, position = follow(file)
    assert caplog.text == ""
    move_away(file)
    repeat(file, "dora", "emil", "fay", "gus")
    told, position = follow(file, position)
    assert sorted(told) == ["repeat:dora-1", "repeat:emil-1", "repeat:fay-1", "repeat:gus-1"]
    assert "monitor.db: is another file than before" in caplog.text
    assert follow(file, position) == ([], position)


def test_all_nudges_of_an_older_state_of_the_file_are_read_again(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    repeat(file, "anna")
    backup = file.read_bytes()
    repeat(file, "ben")
    _, position = follow(file)
    file.write_bytes(backup)
    told, _ = follow(file, position)
    assert told == ["repeat:anna-1"]
    assert "or an older state of it" in caplog.text


def test_a_position_that_an_earlier_build_wrote_is_gone_on_with(file: Path) -> None:
    repeat(file, "anna")
    _, position = follow(file)
    repeat(file, "ben")
    told, after = follow(file, position["offset"])
    assert told == ["repeat:ben-1"]
    assert after["file"] == position["file"]


def test_a_position_of_another_engine_begins_like_one_that_is_new(file: Path) -> None:
    repeat(file, "anna")
    assert follow(file, {"team.nudges.v1": {"0": [7, START]}})[0] == []


def test_a_file_that_an_earlier_build_has_written_is_followed_once_this_one_has(file: Path) -> None:
    repeat(file, "anna")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE identity")
    with pytest.raises(StorageError, match="written by an earlier build of the monitor; start run on it once"):
        follow(file)
    repeat(file, "ben")
    assert follow(file, 0)[0] == ["repeat:anna-1", "repeat:ben-1"]
