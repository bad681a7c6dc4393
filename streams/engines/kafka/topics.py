"""Makes the topics of an application, and says what is wrong with those that there are."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from streams.domain.units import DAY, HOUR
from streams.engines.kafka.config import TOMBSTONES_KEPT, KafkaConfig
from streams.engines.kafka.writer import DEAD_LETTER_BYTES
from streams.engines.port import StorageError

_THE_BROKERS_CHOICE: Final = -1
_ALREADY_EXISTS: Final = 36
_UNKNOWN_TOPIC: Final = 3
_SPREADING_S: Final = 5.0
"""How long it takes at most, on slow machines, until all brokers know of a topic that was made."""
_LOOK_S: Final = 0.1


class Wanted(NamedTuple):
    """A topic as it should be."""

    name: str
    configs: Mapping[str, str]


_LARGEST: Final = "max.message.bytes"
_NEEDED: Final = {
    "cleanup.policy": "would lose what is needed",
    "message.timestamp.type": "a clock that is wrong elsewhere would count here",
    _LARGEST: "large dead letters would not fit",
}
"""What is told of a topic where a setting is not as it should be."""


def wanted(config: KafkaConfig) -> list[Wanted]:
    """Return the topics of an application, with those of their settings that matter."""
    topics = config.topics
    compacted = {
        "cleanup.policy": "compact",
        "delete.retention.ms": str(TOMBSTONES_KEPT),
        "min.cleanable.dirty.ratio": "0.2",
        "segment.ms": str(6 * HOUR),
        "max.compaction.lag.ms": str(DAY),
    }
    kept = {
        topic: {"cleanup.policy": "delete", "retention.ms": str(topic.retention)}
        for topic in (topics.interactions, topics.facts, topics.outcomes, topics.nudges, topics.dead_letters)
    }
    # The time at which an event came is the broker's: an absurd clock of a producer must not count.
    kept[topics.interactions]["message.timestamp.type"] = "LogAppendTime"
    kept[topics.dead_letters][_LARGEST] = str(DEAD_LETTER_BYTES)
    return [
        *(Wanted(topic.name, configs) for topic, configs in kept.items()),
        *(Wanted(topic.name, compacted) for topic in (topics.ledger, topics.state)),
    ]


async def create(config: KafkaConfig, connection: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Make the topics that are missing. Return those that were made and those that there were.

    Raises:
        StorageError: some could not be made; it says which, and why.
    """
    new = [
        NewTopic(topic.name, config.partitions, config.replication or 1, topic_configs=dict(topic.configs))
        for topic in wanted(config)
    ]
    if config.replication is None:
        for topic in new:  # aiokafka does not let it be given, and yet sends it
            topic.replication_factor = _THE_BROKERS_CHOICE
    async with _admin(config, connection) as admin:
        response = await admin.create_topics(new)
    made, there, failed = [], [], []
    for name, code, message in (error[:3] for error in response.topic_errors):
        if code == 0:
            made.append(name)
        elif code == _ALREADY_EXISTS:
            there.append(name)
        else:
            failed.append(f"{name}: {message or for_code(code).__name__}")
    if failed:
        msg = f"{', '.join(config.brokers)}: can't make " + "; ".join(failed)
        raise StorageError(msg)
    return made, there


async def problems(config: KafkaConfig, connection: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the topics, each with what to do; nothing if all is well.

    Brokers hear of new topics one after the other: what one of them does not know is asked for again for a while.
    """
    deadline = monotonic() + _SPREADING_S
    async with _admin(config, connection) as admin:
        while True:
            found, is_settled = await _look(config, admin)
            if is_settled or monotonic() > deadline:
                return found
            await asyncio.sleep(_LOOK_S)


async def _look(config: KafkaConfig, admin: AIOKafkaAdminClient) -> tuple[list[str], bool]:
    """Return what is wrong as one of the brokers has it, and whether that one knows all of the topics."""
    wishes = wanted(config)
    described = await admin.describe_topics([topic.name for topic in wishes])
    there = {topic["topic"]: topic for topic in described if topic["error_code"] == 0}
    found = list(_partition_problems(wishes, there, config.partitions))
    present = [topic for topic in wishes if topic.name in there]
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in present]
    answers = await admin.describe_configs(resources) if resources else []
    configs: dict[str, dict[str, str]] = {}
    unknown = len(wishes) - len(present)
    for answer in answers:
        for code, _, _, name, entries in answer.resources:
            configs[name] = {entry[0]: entry[1] for entry in entries}
            unknown += code == _UNKNOWN_TOPIC
    for topic in present:
        found += _setting_problems(topic, configs.get(topic.name, {}))
    return found, not unknown


def _setting_problems(topic: Wanted, has: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the settings of a topic, as far as a broker tells them."""
    for name, otherwise in _NEEDED.items():
        wish, value = topic.configs.get(name), has.get(name)
        is_enough = int(value or 0) >= int(wish or 0) if name == _LARGEST else value == wish
        if wish is not None and value is not None and not is_enough:
            yield f"{topic.name}: has {name}={value}, and {otherwise}; set it to {wish}"


def _partition_problems(wishes: Sequence[Wanted], there: Mapping[str, Any], partitions: int) -> list[str]:
    found = []
    for topic in wishes:
        if topic.name not in there:
            found.append(f"{topic.name}: is missing; make it with `outcome-monitor topics create`")
        elif len(there[topic.name]["partitions"]) != partitions:
            has = len(there[topic.name]["partitions"])
            found.append(f"{topic.name}: has {has} partitions, not {partitions}; set kafka.partitions, or name another")
    return found


@asynccontextmanager
async def _admin(config: KafkaConfig, connection: Mapping[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection)
    try:
        await admin.start()
        yield admin
    except KafkaError as error:
        msg = (
            f"{', '.join(config.brokers)}: {type(error).__name__}: none of these brokers answers, or none lets us in"
            " (what aiokafka logged says which): check kafka.brokers and kafka.security"
        )
        raise StorageError(msg) from error
    finally:
        await admin.close()
