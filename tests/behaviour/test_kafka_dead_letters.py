"""Dead letters on Kafka can be listed, and be put in the log again."""

import asyncio
import json
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams.bootstrap.kafka import open_dead_letters
from streams.contracts.dead_letters import DeadLetter
from streams.domain.ledger import Entry
from streams.engines.kafka import topics
from streams.settings import load
from tests.cli import Cli, Ran
from tests.kafka_process import write_settings
from tests.site import Site, Working, events, make_config

BAD = b'{"event_id": "1", "type": "contact.ofered", "occurred_at": "2026-03-02T09:00:00Z", "source": "s"}'
TICK = b'{"event_id": "%d", "type": "clock.tick", "occurred_at": "2026-03-%02dT09:00:00Z", "source": "s"}'
MENDED = TICK % (1, 2)
UNTIL = 1_772_442_000_000
"""2026-03-02T09:00:00Z"""


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(monkeypatch, capsys)


@pytest.fixture(name="site")
def site_(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An application of two partitions; the command line is told of it."""
    site = Site(make_config(kafka, tmp_path / "state", 2))
    asyncio.run(site.create())
    write_settings(site, tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return site


def work(site: Site, records: Sequence[bytes], until: int) -> list[Entry]:
    """Have a worker process records and let time pass; return the ledger."""

    async def run() -> list[Entry]:
        await site.produce(records)
        await site.tick(until)
        async with Working(site.config) as working:
            return await working.settled(site, until - 60_000)

    return asyncio.run(run())


def of_kafka(cli: Cli, command: str, *arguments: object) -> Ran:
    return cli("dead-letters", command, "--engine", "kafka", *arguments)


def test_a_corrected_dead_letter_is_put_in_the_log_again_and_counts(cli: Cli, site: Site, tmp_path: Path) -> None:
    before = events(work(site, [BAD, b"\xff{"], UNTIL))
    listed = of_kafka(cli, "list", "--reason", "unknown_type", "--json")
    letter = json.loads(listed.out)
    assert (listed.code, letter["record"], letter["redriven"]) == (0, BAD.decode(), False)
    assert "\\xff{" in of_kafka(cli, "list").out

    (tmp_path / "mended.json").write_bytes(MENDED)
    ran = of_kafka(cli, "redrive", "--id", letter["id"], "--record", tmp_path / "mended.json")
    assert (ran.code, ran.out) == (0, "1 put in the log again\nthe workers process them\n")
    assert of_kafka(cli, "list", "--reason", "unknown_type").out == ""
    assert f"#{letter['id']} (redriven)" in of_kafka(cli, "list", "--all").out
    ticks = 2 * site.config.partitions
    assert events(work(site, [], UNTIL + 3_600_000)) == before + 1 + ticks


def test_what_is_refused_again_is_a_new_dead_letter(cli: Cli, site: Site) -> None:
    work(site, [BAD], UNTIL)
    assert of_kafka(cli, "redrive", "--all").code == 0
    assert "nothing to redrive" in of_kafka(cli, "redrive", "--all").err
    work(site, [], UNTIL + 3_600_000)
    assert of_kafka(cli, "list").out.count("contact.ofered") > 0
    assert of_kafka(cli, "list", "--all", "--json").out.count("\n") == 2


def test_what_was_cut_or_is_no_dead_letter_is_told_and_left(cli: Cli, site: Site) -> None:
    cut = DeadLetter(
        value=b"{", key=None, topic="log", partition=0, offset=7, reason="schema", detail="x", received_at=0, cut_from=9
    )

    async def write() -> None:
        async with AIOKafkaProducer(**site.connection) as producer:
            name = site.config.topics.dead_letters.name
            await producer.send_and_wait(name, cut.value, partition=1, headers=cut.headers())
            await producer.send_and_wait(name, b"{}", partition=0)

    asyncio.run(write())
    ran = of_kafka(cli, "redrive", "--all")
    assert ran.code == 0
    assert "#1/0: only the first 1 of its 9 bytes are kept" in ran.err
    assert "nothing to redrive" in ran.err


def test_reading_them_makes_no_topic_and_may_stop_at_any_of_them(cli: Cli, site: Site, tmp_path: Path) -> None:
    work(site, [BAD] * 3, UNTIL)
    letters = open_dead_letters(load(tmp_path / "config", {})).read()
    assert next(letters).record == BAD
    assert isinstance(letters, Generator)
    letters.close()

    absent = Site(replace(site.config, topics=make_config("none:1", tmp_path).topics))
    write_settings(absent, tmp_path / "absent")
    ran = of_kafka(cli, "list", "--config", tmp_path / "absent")
    assert ran.code == 1
    assert f"{absent.config.topics.dead_letters.name}: is missing; make it with" in ran.err
    assert not set(asyncio.run(topics.create(absent.config, absent.connection))[1])


def test_a_choice_that_fits_no_engine_is_refused(cli: Cli) -> None:
    assert of_kafka(cli, "list", "--db", "m.db").code == 2
    assert cli("dead-letters", "list").code == 2
