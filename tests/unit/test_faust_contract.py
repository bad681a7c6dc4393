"""What the Kafka engine takes from Faust without its being promised: each override is a contract, checked here.

Read this first when another version of Faust is tried: what changed in it that matters to us fails with a sentence.
"""

# What is private in Faust is just what has to be looked at.
# ruff: noqa: SLF001

import asyncio
import inspect
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points, version
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any, cast

import aiokafka
import faust
import pytest
from faust import stores
from faust.app.base import BootStrategy
from faust.stores.base import Store as FaustStore
from faust.tables.base import Collection
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery as FaustRecovery
from faust.transport import by_url
from faust.transport import consumer as faust_consumer
from faust.transport.base import Transport as FaustTransport
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.services import ServiceTask
from mode.threads import ServiceThread

from streams.engines.kafka import app as our_app
from streams.engines.kafka import tables, transport
from streams.engines.kafka.app import App
from tests.faust_stage import PARTITIONS, STANDBYS, STOPPED, Stage, perform, see_it_grow
from tests.kafka_in_memory import ConsumerInMemory, Topics

ROOT = Path(__file__).parents[2]

Callers = tuple[Callable[..., Any], ...]
SEEN_ON_STAGE: Callers = ()
"""What it does is seen further down, where Faust runs."""
DEMANDED: Callers = (FaustStore,)
"""Nobody calls it, but who inherits from this must have it."""

CONTRACTS: Mapping[str, Callers] = {
    # What we put in Faust's place, and who in Faust comes by there.
    "Boot.enable_kafka_producer": (BootStrategy._should_enable_kafka_producer,),
    "App.__init__": SEEN_ON_STAGE,
    "App.BootStrategy": (faust.App.__init__,),
    "Table.on_start": SEEN_ON_STAGE,
    "Store.persisted_offset": (Collection.persisted_offset,),
    "Store.set_persisted_offset": (Collection._on_changelog_sent, TableManager.on_commit_tp),
    "Store.apply_changelog_batch": (Collection.apply_changelog_batch,),
    "Store.need_active_standby_for": (Collection.need_active_standby_for,),
    "Store.on_rebalance": (Collection.on_rebalance,),
    "Store.on_recovery_completed": (Collection.on_recovery_completed,),
    "Store.reset_state": (Collection.reset_state,),
    "Store.backup_partition": DEMANDED,
    "Store.restore_backup": DEMANDED,
    "Store.data": SEEN_ON_STAGE,
    "Recovery._build_highwaters": (FaustRecovery._restart_recovery,),
    "Recovery._slurp_changelogs": SEEN_ON_STAGE,
    "Tables.recovery": (TableManager.on_start, TableManager.on_rebalance, TableManager.on_partitions_revoked),
    "ConsumerThread.on_thread_stop": (ServiceThread._shutdown_thread,),
    "ConsumerThread._create_worker_consumer": (driver.AIOKafkaConsumerThread._create_consumer,),
    "ConsumerThread._fetch_records": (driver.AIOKafkaConsumerThread.getmany,),
    "ConsumerThread._highwaters": (driver.AIOKafkaConsumerThread.highwaters,),
    "Consumer._new_consumer_thread": (faust_consumer.ThreadDelegateConsumer.__init__,),
    "Consumer.stop_flow": (faust.App._on_partitions_revoked, faust.App._stop_consumer),
    "Consumer.wait_empty": (faust.App._consumer_wait_empty, faust_consumer.Consumer.on_stop),
    "Consumer.perform_seek": (FaustRecovery.on_recovery_completed,),
    "Consumer.commit": (faust_consumer.Consumer._commit_handler,),
    "Consumer.verify_all_partitions_active": (faust_consumer.Consumer._commit_livelock_detector,),
    "Consumer._drain_messages": (faust_consumer.Fetcher._fetcher,),
    "Transport.Consumer": (FaustTransport.create_consumer,),
}
MADE_BY_CLASSES = {"__module__", "__doc__", "__annotations__", "__orig_bases__", "__abstractmethods__", "_abc_impl"}
MADE_BY_MODE = {"logger"}


def our_classes() -> Iterator[type]:
    for module in (our_app, tables, transport):
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__ and faust_bases(value):
                yield value


def faust_bases(cls: type) -> list[type]:
    return [base for base in cls.__mro__[1:] if base.__module__.split(".")[0] in {"faust", "mode"}]


def own(cls: type) -> set[str]:
    return set(vars(cls)) - MADE_BY_CLASSES - MADE_BY_MODE


def overrides() -> dict[str, tuple[Any, Any]]:
    """Ours and Faust's, by name."""
    return {
        f"{cls.__name__}.{name}": (vars(cls)[name], next(vars(base).get(name) for base in bases))
        for cls in our_classes()
        for name in own(cls)
        if (
            bases := [
                base for base in faust_bases(cls) if name in {*vars(base), *vars(base).get("__annotations__", {})}
            ]
        )
    }


def function(of: Any) -> Any:  # noqa: ANN401 - whatever there is in a class
    """The function in a task, a property or a decorator."""
    if isinstance(of, ServiceTask):
        of = of.fun
    elif isinstance(of, property):
        of = of.fget
    return inspect.unwrap(of)


def names_in(code: CodeType) -> set[str]:
    inner = [names_in(const) for const in code.co_consts if isinstance(const, CodeType)]
    return set(code.co_names).union(*inner)


def parameters(of: Any) -> list[tuple[str, Any, Any]]:  # noqa: ANN401
    return [(p.name, p.kind, p.default) for p in inspect.signature(function(of)).parameters.values()]


# -- what is installed ------------------------------------------------------------------------------------------------


def test_the_versions_that_are_installed_are_those_that_are_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = dict(pin.split("==") for pin in project["optional-dependencies"]["kafka"])
    assert pins.keys() >= {"faust-streaming", "mode-streaming", "aiokafka", "rocksdict"}
    assert {name: version(name) for name in pins} == pins


def test_entry_points_give_our_classes_to_faust() -> None:
    found = {
        group: [point.load() for point in entry_points(group=group, name=our_app.SCHEME)]
        for group in ("faust.transports", "faust.stores")
    }
    assert found == {"faust.transports": [transport.Transport], "faust.stores": [tables.Store]}
    assert by_url(f"{our_app.SCHEME}://broker:9092") is transport.Transport
    assert stores.by_url(f"{our_app.SCHEME}://") is tables.Store


# -- what is overridden -----------------------------------------------------------------------------------------------


def test_every_override_has_a_contract_and_every_contract_an_override() -> None:
    assert sorted(overrides()) == sorted(CONTRACTS)


@pytest.mark.parametrize("name", [name for name in CONTRACTS if name not in {"App.__init__", "Store.data"}])
def test_an_override_can_stand_where_the_original_stood(name: str) -> None:
    ours, original = overrides()[name]
    if isinstance(original, type):
        assert issubclass(ours, original)
    elif original is not None:  # else it is a value, and Faust has none
        assert type(ours) is type(original)
        assert parameters(ours) == parameters(original)
        assert inspect.iscoroutinefunction(function(ours)) == inspect.iscoroutinefunction(function(original))


@pytest.mark.parametrize(("name", "caller"), [(name, one) for name, callers in CONTRACTS.items() for one in callers])
def test_faust_still_comes_by_where_it_is_overridden(name: str, caller: Any) -> None:  # noqa: ANN401
    attribute = name.split(".")[1]
    if isinstance(caller, type):
        assert attribute in caller.__abstractmethods__  # type: ignore[attr-defined]
    else:
        assert attribute in names_in(function(caller).__code__), f"{caller} does without {attribute}"


def test_what_the_application_is_made_with_faust_knows_as_settings(stage: Stage) -> None:
    source = inspect.getsource(App.__init__)
    passed = {line.split("=")[0].strip() for line in source.splitlines() if re.match(r" {12}\w+=", line)}
    assert len(passed) > 10
    assert {name for name in passed if not hasattr(faust.Settings, name)} == set()
    conf = cast("Any", stage.app.conf)
    assert (conf.table_standby_replicas, conf.topic_partitions) == (STANDBYS, PARTITIONS)
    assert (conf.topic_allow_declare, conf.topic_disable_leader, conf.stream_wait_empty) == (False, True, True)


def test_what_a_consumer_is_made_with_aiokafka_knows(stage: Stage) -> None:
    inspect.signature(aiokafka.AIOKafkaConsumer).bind(**stage.made_with)
    assert stage.made_with["isolation_level"] == "read_committed"
    assert stage.made_with["enable_auto_commit"] is False
    assert stage.made_with["partition_assignment_strategy"] == [stage.app.assignor]


# -- what Faust does, over topics in memory ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        yield asyncio.run(perform(patch, tmp_path_factory.mktemp("state")))


def test_faust_makes_what_is_ours(stage: Stage) -> None:
    app = stage.app
    assert type(app.transport) is transport.Transport
    assert type(app.consumer) is transport.Consumer
    assert type(cast("Any", app.consumer)._thread) is transport.ConsumerThread
    assert type(app.tables) is tables.Tables
    assert type(app.recovery) is tables.Recovery
    assert {type(table.data) for table in app.tables.values()} == {tables.Store}
    assert app.producer not in stage.services


def test_names_that_we_add_mean_nothing_to_faust() -> None:
    app = faust.App("plain", broker="kafka://nowhere", store="memory://")
    manager = cast("TableManager", app.tables)
    plain: dict[type, object] = {App: app, tables.Recovery: manager.recovery, tables.Tables: manager}
    added = {cls: own(cls) - {name.split(".")[1] for name in CONTRACTS} for cls in our_classes()}
    added[App] |= {"worker", "config", "connection"}
    for cls, names in added.items():
        taken = names & (set(vars(plain[cls])) if cls in plain else set())
        assert not taken, f"{cls.__name__}: Faust has names of its own: {taken}"
        assert not [name for name in names for base in faust_bases(cls) if name in vars(base)]


def test_partitions_of_all_topics_that_have_the_same_number_are_assigned_together(stage: Stage) -> None:
    config = stage.app.config.topics
    sources, changelogs = (config.interactions.name, config.facts.name), (config.state.name, config.ledger.name)
    [(assigned,)] = stage.all("assigned")
    of = {name: {tp.partition for tp in assigned if tp.topic == name} for name in (*sources, *changelogs)}
    active = of[sources[0]]
    assert len(active) == PARTITIONS // 2
    assert of[sources[1]] == active
    assert {name: of[name] - active for name in changelogs} == {
        name: set(range(PARTITIONS)) - active for name in changelogs
    }, "and the other member's are stood by for"


def test_shelves_of_others_are_let_go_of_before_anything_is_recovered(stage: Stage) -> None:
    assert stage.first("keep") < stage.first("fence")


def test_writers_are_fenced_before_the_ends_of_changelogs_are_asked_for(stage: Stage) -> None:
    [(fenced,)] = stage.all("fence")
    assert len(fenced) == PARTITIONS // 2
    assert stage.first("fence") < stage.first("ends")
    assert {tp.partition for tp in stage.all("ends")[0][0]} == fenced


def test_changelogs_are_followed_from_the_place_on_the_shelf_to_their_ends_before_units_are_asked_for(
    stage: Stage,
) -> None:
    topics, [(fenced,)] = stage.app.config.topics, stage.all("fence")
    for partition in fenced:
        # Faust goes to the last record that was followed, and has it followed again: that it changes nothing is ours.
        assert stage.all("seek", topics.ledger.name, partition)[0][2] == 2
        assert stage.all("seek", topics.state.name, partition)[0][2] in {-1, 0}
        for topic in (topics.ledger.name, topics.state.name):
            assert stage.first("follow", topic, partition, 5, "recovering") < stage.first("positions")


def test_events_are_taken_from_where_the_units_are_and_not_from_what_the_group_committed(stage: Stage) -> None:
    topics, [(fenced,)] = stage.app.config.topics, stage.all("fence")
    assert stage.first("positions") < stage.first("take")
    for topic in (topics.interactions.name, topics.facts.name):
        for partition in fenced:
            assert stage.all("take", topic, partition)[0][2] == [2, 3, 4]


def test_partitions_that_nobody_would_process_end_a_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As when the log's topic is given more of them while workers run, of which brokers tell some time later."""
    told = asyncio.run(see_it_grow(monkeypatch, tmp_path))
    [error] = [one[1] for one in told if one[0] == "fail"]
    assert error.startswith("kafka.partitions: are 4, and yet there are contact.interactions.v1 4")
    assert not {"positions", "take"} & {what for what, *_ in told}


def test_standbys_are_followed_once_there_is_nothing_to_recover(stage: Stage) -> None:
    [(fenced,)] = stage.all("fence")
    others = set(range(PARTITIONS)) - fenced
    followed = {(topic, partition) for topic, partition, _, when in stage.all("follow") if when == "working"}
    names = stage.app.config.topics.state.name, stage.app.config.topics.ledger.name
    assert followed >= {(name, partition) for name in names for partition in others}
    assert {partition for _, partition in followed} == others


def test_what_was_fetched_while_flow_was_stopped_is_fetched_again() -> None:
    topics = Topics(1, 1)
    topics.write("events", 0, 5)
    ConsumerInMemory.topics = topics
    thread = transport.ConsumerThread.__new__(transport.ConsumerThread)
    thread.consumer = cast("Any", SimpleNamespace(flow=0, flow_active=True))

    class Stopping(ConsumerInMemory):
        async def fetched_records(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            thread.consumer.flow += stops.pop(0)
            return await super().fetched_records(*arguments, **named)

    async def fetch() -> list[int]:
        fetched = await thread._fetch_records(cast("Any", consumer), {tp}, timeout=0, max_records=2)
        return [record.offset for records in fetched.values() for record in records]

    tp, consumer = TP("events", 0), Stopping(partition_assignment_strategy=[None], max_poll_records=2)
    stops = [0, 1, 1, 0, 0]
    got = [asyncio.run(fetch()) for _ in range(5)]
    assert got == [[0, 1], [], [], [2, 3], [4]]


def test_nobody_reads_the_queue_of_single_records(stage: Stage) -> None:
    assert stage.unread == 1


def test_offsets_that_are_committed_are_those_of_the_units(stage: Stage) -> None:
    [(fenced,)] = stage.all("fence")
    assert stage.all("commit")[-1][0] == {
        (stage.app.config.topics.interactions.name, partition): 7 for partition in fenced
    }


def test_a_rebalance_stops_the_flow_then_waits_for_what_is_under_way_then_recovers_again(stage: Stage) -> None:
    steps = ["halt", "assigned", "keep", "fence", "ends", "positions", "take"]
    first = [stage.first(step, among=stage.again) for step in steps]
    assert first == sorted(first)
    assert stage.again[first[0]] == ("halt", STOPPED)


def test_without_a_rebalance_faust_recovers_again_when_the_worker_asks_for_it(stage: Stage) -> None:
    steps = ["halt", "fence", "ends", "positions", "take"]
    first = [stage.first(step, among=stage.after_a_failure) for step in steps]
    assert first == sorted(first)
    assert stage.after_a_failure[first[0]] == ("halt", STOPPED)
    assert not [one for one in stage.after_a_failure if one[0] == "assigned"]


def test_a_stop_waits_for_what_is_under_way(stage: Stage) -> None:
    assert ("halt", STOPPED) in stage.at_the_end
    assert not [one for one in stage.at_the_end if one[0] == "take"]


def test_what_the_store_is_not_made_for_it_refuses(stage: Stage) -> None:
    store = cast("tables.Store", next(iter(stage.app.tables.values())).data)
    store.apply_changelog_batch([], bytes, bytes)
    with pytest.raises(RuntimeError, match="buffered records"):
        store.apply_changelog_batch([cast("Any", None)], bytes, bytes)
    with pytest.raises(NotImplementedError, match="units alone"):
        asyncio.run(store.backup_partition(0))
    with pytest.raises(NotImplementedError, match="units alone"):
        store.restore_backup(0)
    with pytest.raises(NotImplementedError, match="units alone"):
        len(store)
