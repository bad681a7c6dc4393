"""What a step came to is written in batches that brokers take; else it is said what they refuse."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.contracts.dead_letters import DeadLetter
from streams.engines.kafka import writer
from streams.engines.kafka.config import Topics
from streams.engines.kafka.keeping import Progress
from streams.engines.kafka.shelf import Write
from streams.engines.kafka.step import Step
from streams.engines.kafka.writer import DEAD_LETTER_BYTES, Writer
from streams.engines.port import StorageError

BROKERS_TAKE = 1024 * 1024
TOPICS = Topics()


@dataclass
class Producer:
    """Takes batches as brokers do: none that is larger than its topic allows."""

    max_batch_size: int
    sent: dict[str, list[int]] = field(default_factory=dict)
    committed: bool = False

    async def begin_transaction(self) -> None:
        """Do nothing."""

    async def commit_transaction(self) -> None:
        self.committed = True

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self.max_batch_size, 0, is_transactional=True)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[Any]":  # noqa: ARG002 - as brokers are told
        answer = asyncio.get_running_loop().create_future()
        most = DEAD_LETTER_BYTES if topic == TOPICS.dead_letters.name else BROKERS_TAKE
        if batch.size() > most:
            answer.set_exception(MessageSizeTooLargeError())
        else:
            answer.set_result(SimpleNamespace(offset=sum(self.sent.get(topic, ()))))
            self.sent.setdefault(topic, []).append(batch.record_count())
        return answer


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> Producer:
    made = Producer(0)

    def make(*, max_batch_size: int, **_: object) -> Producer:
        made.max_batch_size = max_batch_size
        return made

    monkeypatch.setattr(writer, "AIOKafkaProducer", make)
    return made


def write(*, state: Sequence[Write] = (), dead: Sequence[DeadLetter] = ()) -> list[tuple[str, int]]:
    step = Step(Progress(0, 0, 0, 0, 0, 0, [0], 0, {}, {}, 0, 0), state=list(state), dead=list(dead))
    return [tuple(place) for place in asyncio.run(Writer("test", 0, TOPICS, {}, 60_000).write(step))]  # type: ignore[misc]


def dead_letter(size: int, key: bytes | None = None) -> DeadLetter:
    return DeadLetter(
        value=b"x" * size, key=key, topic="t", partition=0, offset=1, reason="not_json", detail="", received_at=1
    )


def test_a_large_dead_letter_after_smaller_ones_has_a_batch_of_its_own(producer: Producer) -> None:
    write(dead=[dead_letter(400_000), dead_letter(1_900_000), dead_letter(10)])
    assert producer.sent[TOPICS.dead_letters.name] == [1, 1, 1]


def test_the_key_of_a_dead_letter_may_be_as_large_as_it_likes(producer: Producer) -> None:
    write(dead=[dead_letter(3_000_000, key=b"k" * 3_000_000)])
    assert producer.sent[TOPICS.dead_letters.name] == [1]


def test_a_large_state_after_others_has_a_batch_of_its_own(producer: Producer) -> None:
    assert write(state=[(b"a", b"x" * 500_000), (b"b", b"x" * 600_000)]) == [(TOPICS.state.name, 2)]
    assert producer.sent[TOPICS.state.name] == [1, 1]


def test_what_brokers_refuse_for_its_size_is_said_with_what_to_do(producer: Producer) -> None:
    with pytest.raises(StorageError, match=rf"refuse for {TOPICS.state.name} a record of 2000\d+ bytes: raise max"):
        write(state=[(b"a", b"x"), (b"b", b"x" * 2_000_000)])
    assert not producer.committed
