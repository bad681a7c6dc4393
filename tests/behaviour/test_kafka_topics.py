"""The topics of an application are made as they must be, and what is wrong with those that there are is told."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.kafka.cluster import Cluster
from deploy.kafka.ports import HOST, choose_ports
from streams.engines.kafka import topics
from streams.engines.kafka.config import KafkaConfig
from streams.engines.kafka.connection import connection
from streams.engines.port import StorageError
from tests.processes import PROMPTLY_S
from tests.site import make_config

HOURS, DAYS = 3_600_000, 86_400_000


def create(config: KafkaConfig) -> tuple[list[str], list[str]]:
    return asyncio.run(topics.create(config, connection(config)))


def problems(config: KafkaConfig) -> list[str]:
    return asyncio.run(topics.problems(config, connection(config)))


@asynccontextmanager
async def admin_of(config: KafkaConfig) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=",".join(config.brokers))
    await admin.start()
    yield admin
    await admin.close()


def make(config: KafkaConfig, name: str, partitions: int, configs: Mapping[str, str]) -> None:
    """Make a topic as somebody else might."""

    async def run() -> None:
        async with admin_of(config) as admin:
            await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])

    asyncio.run(run())


def settings(config: KafkaConfig, name: str) -> dict[str, str]:
    """What the brokers say of a topic."""

    async def run() -> dict[str, str]:
        async with admin_of(config) as admin:
            found: dict[str, str] = {}
            while not found:  # brokers may not know it yet
                [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
                found = {entry[0]: entry[1] for entry in answer.resources[0][4]}
        return found

    return asyncio.run(run())


BY_THE_BROKER = {"message.timestamp.type": "LogAppendTime"}


def names(config: KafkaConfig) -> list[str]:
    return [topic.name for topic in topics.wanted(config)]


def test_all_topics_are_made_and_nothing_is_wrong_with_them(kafka: str, tmp_path: Path) -> None:
    config = make_config(kafka, tmp_path, partitions=3)
    assert create(config) == (names(config), [])
    assert len(names(config)) == 7
    assert problems(config) == []


def test_topics_are_kept_for_as_long_as_they_are_needed(kafka: str, tmp_path: Path) -> None:
    config = make_config(kafka, tmp_path, partitions=1)
    create(config)
    log, dead = settings(config, config.topics.interactions.name), settings(config, config.topics.dead_letters.name)
    assert (log["cleanup.policy"], log["retention.ms"]) == ("delete", str(7 * DAYS))
    assert log["message.timestamp.type"] == "LogAppendTime", "what a producer says of the time does not count"
    assert dead["retention.ms"] == str(90 * DAYS)
    assert int(dead["max.message.bytes"]) > 2**20, "whatever got into the log must get in there"
    for changelog in (config.topics.state, config.topics.ledger):
        kept = settings(config, changelog.name)
        assert (kept["cleanup.policy"], kept["delete.retention.ms"]) == ("compact", str(7 * DAYS))
        assert int(kept["segment.ms"]) <= 6 * HOURS, "only what is in a closed segment is compacted"


def test_made_again_they_are_left_as_they_are(kafka: str, tmp_path: Path) -> None:
    config = make_config(kafka, tmp_path, partitions=1)
    create(config)
    others = replace(config, topics=replace(config.topics, outcomes=replace(config.topics.outcomes, retention=5)))
    assert create(others) == ([], names(config))
    assert settings(config, config.topics.outcomes.name)["retention.ms"] == str(30 * DAYS)


def test_what_is_missing_is_made_beside_what_there_is(kafka: str, tmp_path: Path) -> None:
    config = make_config(kafka, tmp_path, partitions=1)
    make(config, config.topics.facts.name, 1, {"cleanup.policy": "delete"})
    made, there = create(config)
    assert there == [config.topics.facts.name]
    assert sorted(made + there) == sorted(names(config))


def test_missing_topics_are_told_with_what_makes_them(kafka: str, tmp_path: Path) -> None:
    config = make_config(kafka, tmp_path)
    assert problems(config) == [
        f"{name}: is missing; make it with `outcome-monitor topics create`" for name in names(config)
    ]


def test_another_number_of_partitions_is_told_with_what_to_change(kafka: str, tmp_path: Path) -> None:
    config = make_config(kafka, tmp_path, partitions=2)
    make(config, config.topics.interactions.name, 3, BY_THE_BROKER)
    create(config)
    assert problems(config) == [
        f"{config.topics.interactions.name}: has 3 partitions, not 2; set kafka.partitions, or name another"
    ]


@pytest.mark.parametrize("policy", ["delete", "compact,delete"])
def test_a_changelog_that_would_forget_is_told_with_what_to_set(policy: str, kafka: str, tmp_path: Path) -> None:
    config = make_config(kafka, tmp_path, partitions=1)
    make(config, config.topics.state.name, 1, {"cleanup.policy": policy})
    create(config)
    [problem] = problems(config)
    assert problem.startswith(f"{config.topics.state.name}: has cleanup.policy={policy}")
    assert problem.endswith("set it to compact")


def test_a_log_that_is_compacted_is_told_with_what_to_set(kafka: str, tmp_path: Path) -> None:
    config = make_config(kafka, tmp_path, partitions=1)
    make(config, config.topics.interactions.name, 1, {"cleanup.policy": "compact"} | BY_THE_BROKER)
    create(config)
    [problem] = problems(config)
    assert problem.startswith(f"{config.topics.interactions.name}: has cleanup.policy=compact")
    assert problem.endswith("set it to delete")


def test_times_by_the_clocks_of_producers_and_small_dead_letters_are_told(kafka: str, tmp_path: Path) -> None:
    config = make_config(kafka, tmp_path, partitions=1)
    make(config, config.topics.interactions.name, 1, {})
    make(config, config.topics.dead_letters.name, 1, {"max.message.bytes": "100000"})
    create(config)
    by_clock, small = problems(config)
    assert by_clock.startswith(f"{config.topics.interactions.name}: has message.timestamp.type=CreateTime")
    assert by_clock.endswith("set it to LogAppendTime")
    assert small.startswith(f"{config.topics.dead_letters.name}: has max.message.bytes=100000")


def test_more_replicas_than_there_are_brokers_are_told_for_each_topic(kafka: str, tmp_path: Path) -> None:
    config = make_config(kafka, tmp_path, replication=99)
    with pytest.raises(StorageError, match=f"{kafka}: can't make") as refused:
        create(config)
    for name in names(config):
        assert f"{name}: " in str(refused.value)
    assert "replication factor" in str(refused.value).lower()
    assert "99" in str(refused.value)


def test_a_name_that_kafka_does_not_take_is_told_and_the_others_are_made(kafka: str, tmp_path: Path) -> None:
    config = make_config(kafka, tmp_path, partitions=1)
    bad = replace(config, topics=replace(config.topics, facts=replace(config.topics.facts, name="no spaces")))
    with pytest.raises(StorageError, match=r"can't make no spaces: .*valid"):
        create(bad)
    assert len(create(config)[1]) == 6


@pytest.mark.parametrize("act", [create, problems])
def test_brokers_that_do_not_answer_are_named_soon(act: object, tmp_path: Path) -> None:
    nobody = f"{HOST}:{choose_ports(1, None)[1].clients}"
    config = make_config(f"{nobody},{nobody}", tmp_path)
    began = monotonic()
    with pytest.raises(StorageError, match=rf"{nobody}, {nobody}: .*check kafka\.brokers"):
        act(config)  # type: ignore[operator]
    assert monotonic() - began < PROMPTLY_S


def test_one_of_several_brokers_is_enough_to_be_reached(kafka: str, tmp_path: Path) -> None:
    nobody = f"{HOST}:{choose_ports(1, None)[1].clients}"
    config = make_config(f"{nobody},{kafka}", tmp_path, partitions=1)
    assert create(config) == (names(config), [])


def test_topics_that_were_just_made_are_found_whichever_broker_is_asked(kafka_cluster: Cluster, tmp_path: Path) -> None:
    for _ in range(3):
        config = make_config(kafka_cluster.bootstrap, tmp_path, partitions=12)
        create(config)
        assert problems(config) == []
