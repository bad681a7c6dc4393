"""The nudges topic, followed from a place that is kept elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from streams.domain.units import Millis
from streams.engines.kafka.config import KafkaConfig
from streams.engines.kafka.connection import connection
from streams.engines.kafka.following import Followed, Place


class Read(NamedTuple):
    """Some records, oldest first, whether these are all that there are now, and the position to go on from."""

    records: Sequence[bytes]
    at_end: bool
    position: Mapping[str, Any]


class TopicNudges:
    """Reads the nudges topic. A position is the topic's name, with the offset and the time of each partition."""

    def __init__(self, config: KafkaConfig, new: Millis, position: object = None) -> None:
        """Begin to follow from a position.

        Args:
            config: of the application.
            new: where there is no position, or it is one of another topic or engine, from this time on.
            position: as it was returned.

        Raises:
            StorageError: a file of certificates or keys can't be used.
        """
        self._topic = config.topics.nudges.name
        kept = position.get(self._topic, {}) if isinstance(position, Mapping) else {}
        places = {TopicPartition(self._topic, int(partition)): Place(*place) for partition, place in kept.items()}
        since = 0 if kept else new  # partitions that a kept position does not know are new: all of theirs is
        self._followed = Followed((self._topic,), config.partitions, connection(config), since, places)

    async def read(self) -> Read:
        """Wait until something was told, or for a moment; return what comes next, none of it twice."""
        read = await self._followed.read()
        places = {str(tp.partition): list(place) for tp, place in self._followed.places.items()}
        nothing = [b""] * read.unreadable  # to be given up like other records that say nothing
        records = [*nothing, *(record.value or b"" for record in read.records)]
        return Read(records, read.at_end, {self._topic: places})

    async def aclose(self) -> None:
        """Disconnect."""
        await self._followed.aclose()
