"""Roles on Kafka: events go in at a gateway, workers process them, and any exporter tells what came of them."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from time import monotonic, time

import httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from deploy.kafka.cluster import Cluster
from streams.catalogue import CATALOGUE
from streams.catalogue.monitor import WATERMARK
from streams.contracts.encode import encode
from streams.domain.events import DemandSpiked
from streams.domain.policy import Policy
from streams.engines.kafka import service as services
from streams.engines.kafka.ledger import TopicLedger
from streams.engines.kafka.producing import key_of, partition_of
from streams.engines.kafka.service import Service
from streams.engines.roles import Role
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import demo_plan
from tests.kafka_process import Process, write_settings
from tests.site import Site, Working, event_of, make_config

START = 1_767_225_600_000
NDJSON = {"content-type": "application/x-ndjson"}
Series = Mapping[tuple[str, ...], float]


def records(contacts: int = 300, seed: int = 3) -> list[bytes]:
    return [one.raw for one in simulate(demo_plan(), seed, START, contacts) if b"clock.tick" not in one.raw]


def counters(exposition: str) -> Series:
    """The cumulative series that come from the ledger, and so belong to no process."""
    return {
        (sample.name, *map(str, sorted(sample.labels.items()))): sample.value
        for family in parse(exposition)
        if family.type in {"counter", "histogram"} and not family.name.startswith("monitor_worker")
        for sample in family.samples
    }


def events(series: Series) -> float:
    return sum(
        value
        for (name, *labels), value in series.items()
        if name == "monitor_events_total" and "tick" not in str(labels)
    )


async def until(holds: Callable[[], bool], within: float = 90.0) -> None:
    """Wait until something holds."""
    deadline = monotonic() + within
    while not holds():
        assert monotonic() < deadline, "it never came to be"
        await asyncio.sleep(0.05)


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=30)


def is_ready(process: Process) -> bool:
    try:
        return get(f"{process.url}/readyz").status_code == 200
    except (IndexError, httpx.TransportError):
        return False


@asynccontextmanager
async def site(bootstrap: str, folder: Path, **changes: object) -> AsyncIterator[tuple[Site, Path]]:
    """A site with topics of its own, and the folder of its settings."""
    found = Site(make_config(bootstrap, folder / "state", 3))
    await found.create()
    write_settings(found, folder / "config", **changes)
    yield found, folder / "config"


@asynccontextmanager
async def running(config: Path, state: Path, *roles: str) -> AsyncIterator[Process]:
    """A process with some roles, once it is ready."""
    process = Process(config, state, roles)
    process.start()
    try:
        await until(lambda: is_ready(process) or not process.runs)
        yield process
        await process.stop()
    finally:
        process.kill()


def post(process: Process, log: Sequence[bytes]) -> httpx.Response:
    return httpx.post(f"{process.url}/v1/events", content=b"\n".join(log), headers=NDJSON, timeout=60)


def test_one_process_does_it_all_and_goes_on_where_it_was(kafka: str, tmp_path: Path) -> None:
    log = records()

    async def run() -> None:
        async with site(kafka, tmp_path, tick="200ms") as (_, config):
            async with running(config, tmp_path / "one", "worker", "exporter", "gateway") as process:
                assert post(process, log).status_code == 202
                await until(lambda: events(counters(get(f"{process.url}/metrics").text)) == len(log))
                before = counters(get(f"{process.url}/metrics").text)
            async with running(config, tmp_path / "one", "worker", "exporter", "gateway") as process:
                after = counters(get(f"{process.url}/metrics").text)
            assert {series: value for series, value in before.items() if after.get(series, 0) < value} == {}
            assert events(after) == len(log)

    asyncio.run(run())


def test_time_goes_on_by_the_clock_alone_where_nothing_else_happens(kafka: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            site(kafka, tmp_path, tick="200ms") as (_, config),
            running(config, tmp_path / "one", "worker", "exporter") as process,
        ):

            def watermark() -> float:
                families = {family.name: family for family in parse(get(f"{process.url}/metrics").text)}
                found = families.get(WATERMARK)
                return found.samples[0].value if found is not None else 0

            lateness = Policy().lateness / 1000
            began = time()
            await until(lambda: watermark() > began - lateness)

    asyncio.run(run())


def test_no_exporter_ever_shows_a_counter_that_falls_while_workers_come_and_go(kafka: str, tmp_path: Path) -> None:
    log = records(1_500)
    told: list[list[Series]] = [[], []]

    async def scrape(exporter: Process, to: list[Series], done: asyncio.Event) -> None:
        while not done.is_set():
            to.append(counters((await asyncio.to_thread(get, f"{exporter.url}/metrics")).text))
            await asyncio.sleep(0.1)

    async def run() -> None:
        async with site(kafka, tmp_path) as (found, config):
            done = asyncio.Event()
            first, second = Process(config, tmp_path / "w1"), Process(config, tmp_path / "w2")
            async with (
                running(config, tmp_path / "e1", "exporter") as one,
                running(config, tmp_path / "e2", "exporter") as other,
            ):
                scraping = [asyncio.create_task(scrape(*pair, done)) for pair in zip((one, other), told, strict=True)]
                try:
                    first.start()
                    await found.produce(log[: len(log) // 2])
                    await first.said("processes")
                    second.start()
                    await second.said("processes")
                    first.kill()
                    await found.produce(log[len(log) // 2 :])
                    first.start()
                    await until(lambda: bool(told[0]) and events(told[0][-1]) == len(log))
                    await until(lambda: bool(told[1]) and told[1][-1] == told[0][-1])
                    async with running(config, tmp_path / "e3", "exporter") as late:
                        assert counters(get(f"{late.url}/metrics").text) == told[0][-1]
                finally:
                    done.set()
                    await asyncio.gather(*scraping)
                    first.kill()
                    second.kill()

    asyncio.run(run())
    for series in told:
        highest: dict[tuple[str, ...], float] = {}
        for scraped in series:
            assert {key: value for key, value in scraped.items() if value < highest.get(key, 0)} == {}
            assert not highest or highest.keys() <= scraped.keys()
            highest.update(scraped)


def test_an_exporter_tells_nothing_before_it_has_read_what_there_was(kafka: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with site(kafka, tmp_path) as (found, _):
            await found.produce(records(50))
            await found.tick(START)
            ledger = TopicLedger(found.config.topics, found.config.partitions, found.connection)
            assert not ledger.is_ready
            assert (list(ledger.totals()), list(ledger.cohorts(1)), ledger.exemplars()) == ([], [], {})
            async with Working(found.config) as working:
                await working.settled(found, START - Policy().lateness)
            await ledger.follow(lambda: ledger.is_ready)
            assert sum(entry.added for entry in ledger.totals() if entry.series.name == "monitor_events_total") > 0

    asyncio.run(run())


def test_what_a_gateway_acknowledged_is_in_the_log_keyed_by_contact(kafka: str, tmp_path: Path) -> None:
    log = records(100)

    async def run() -> None:
        async with site(kafka, tmp_path) as (found, config):
            async with running(config, tmp_path / "g", "gateway") as gateway:
                assert post(gateway, log).json() == {"accepted": len(log)}
            taken = await found.records(found.config.topics.interactions.name)
        assert sorted(record.value for record in taken) == sorted(log)
        for record in taken:
            event = event_of(record.value)
            assert event is not None
            assert record.key == key_of(event)
            assert record.partition == partition_of(record.key, 3)

    asyncio.run(run())


@pytest.mark.usefixtures("own_kafka")
def test_a_gateway_says_so_while_the_brokers_are_away_and_takes_events_again_afterwards(tmp_path: Path) -> None:
    first, lost, last = ([record] for record in records(2)[:3])

    async def run(cluster: Cluster) -> None:
        async with (
            site(cluster.bootstrap, tmp_path) as (found, config),
            running(config, tmp_path / "g", "gateway") as gateway,
        ):
            assert post(gateway, first).status_code == 202
            cluster.kill(1)
            refused = post(gateway, lost)
            assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
            assert refused.headers["retry-after"]
            assert get(f"{gateway.url}/healthz").status_code == 200
            cluster.start(1)
            await asyncio.to_thread(cluster.wait_ready)
            await until(lambda: post(gateway, last).status_code == 202)
            taken = {record.value for record in await found.records(found.config.topics.interactions.name)}
            assert {*first, *last} <= taken

    with Cluster() as cluster:
        asyncio.run(run(cluster))


@pytest.mark.usefixtures("own_kafka")
def test_a_process_ends_when_it_is_told_to_although_the_brokers_are_away(tmp_path: Path) -> None:
    async def run(cluster: Cluster) -> Process:
        async with (
            site(cluster.bootstrap, tmp_path, tick="200ms", session_timeout="30s") as (_, config),
            running(config, tmp_path / "one", "worker", "exporter", "gateway") as process,
        ):
            assert post(process, records(20)).status_code == 202
            cluster.kill(1)
            assert post(process, records(1)).status_code == 503  # it has found out, and has something left to send
            process.send(signal.SIGTERM)
            assert await process.ended(within=28) == 0, "whoever runs containers waits 30 s"
        return process

    with Cluster() as cluster:
        said = asyncio.run(run(cluster)).log.read_text()
    assert "Traceback" not in said


def test_a_worker_tells_every_metric_of_its_tier_and_no_other(kafka: str, tmp_path: Path) -> None:
    async def run() -> set[str]:
        async with site(kafka, tmp_path) as (found, config), running(config, tmp_path / "w", "worker") as worker:
            await found.produce([*records(50), b"poison"])
            body = ""
            while "monitor_worker_lag_records{" not in body or "monitor_worker_dead_letters_total{" not in body:
                body = get(f"{worker.url}/metrics").text
                await found.tick(round(time() * 1000))
            return {line.split()[2].removesuffix("_total") for line in body.splitlines() if line.startswith("# TYPE")}

    ours = {metric.base for metric in CATALOGUE.values() if metric.tier == "worker"}
    only_in_trouble = {
        "monitor_worker_failures",
        "monitor_worker_lost_records",
        "monitor_worker_oldest_uncommitted_timestamp_seconds",
    }
    told = asyncio.run(run())
    assert told <= ours
    assert ours - told <= only_in_trouble


def test_a_spike_that_the_ledger_shows_becomes_an_event_and_a_nudge(kafka: str, tmp_path: Path) -> None:
    now = round(time() * 1000)
    spiked = DemandSpiked("spike-1", now, "test", "delivery", "parcel_late", now - 1_200_000, 31, 12.5)
    looking = iter([[encode(spiked)]])

    async def run() -> list[bytes]:
        async with site(kafka, tmp_path) as (found, _):
            config = replace(found.config, state=tmp_path / "service", tick=200)
            roles = (Role.WORKER, Role.EXPORTER)
            with closing(Service(config, Policy(lateness=1_000), roles, lambda: round(time() * 1000))) as service:
                stopped = False
                announcing = service.announcing(lambda: next(looking, []), 0.1)
                working = asyncio.create_task(service.run(lambda: stopped, announcing))
                nudges: list[bytes] = []
                while not nudges and not working.done():
                    nudges = [record.value for record in await found.records(config.topics.nudges.name)]
                stopped = True
                await working
                return nudges

    [nudge] = map(orjson.loads, asyncio.run(run()))
    assert (nudge["kind"], nudge["queue"], nudge["reason"], nudge["contacts"]) == (
        "spike",
        "delivery",
        "parcel_late",
        31,
    )


def test_a_process_says_what_it_waits_for_and_when_it_hangs(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with site(kafka, tmp_path) as (found, _):
            config = replace(found.config, state=tmp_path / "service")
            with closing(Service(config, Policy(), list(Role), lambda: START)) as service:
                assert service.problem is not None
                assert "waiting for its partitions" in service.problem
                assert "the ledger is being read" in service.problem
                assert "not connected yet" in service.problem
                stopped = False
                working = asyncio.create_task(service.run(lambda: stopped))
                await until(lambda: service.problem is None or working.done())
                assert service.hangs is None
                assert service.worker is not None
                pump = service.worker.pumps[0]
                pump.since = monotonic() - 3_600
                assert "partition 0 has been on one batch for 3600 s" in str(service.hangs)
                pump.since = None
                stopped = True
                await working
                later = monotonic() + 3_600
                monkeypatch.setattr(services, "monotonic", lambda: later)
                assert "the event loop has not come round" in str(service.hangs)

    asyncio.run(run())
