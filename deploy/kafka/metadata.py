"""Ask a broker, in Kafka's own protocol, which brokers and partitions it knows; that it answers says that it serves."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

METADATA, VERSION = 3, 1
PATIENCE_S = 5


@dataclass(frozen=True)
class Partition:
    """A partition as a broker sees it."""

    topic: str
    number: int
    leader: int
    """The number of the broker that leads it; -1 is none."""
    replicas: frozenset[int]
    in_sync: frozenset[int]


@dataclass(frozen=True)
class Metadata:
    """A cluster as one of its brokers sees it."""

    brokers: frozenset[int]
    partitions: tuple[Partition, ...]

    def is_whole(self, numbers: frozenset[int]) -> bool:
        """Do these brokers lead, and are they in sync with, every partition that they have a replica of?"""
        return numbers <= self.brokers and all(
            partition.leader in numbers and numbers & partition.replicas <= partition.in_sync
            for partition in self.partitions
            if numbers & partition.replicas
        )


def ask(host: str, port: int) -> Metadata:
    """Ask a broker at a listener without security.

    Raises:
        OSError: It doesn't answer, or not in time, or ends the connection.
    """
    every_topic = struct.pack(">i", -1)
    request = struct.pack(">hhih", METADATA, VERSION, 0, -1) + every_topic  # no client id
    with socket.create_connection((host, port), timeout=PATIENCE_S) as connection, connection.makefile("rb") as answer:
        connection.sendall(struct.pack(">i", len(request)) + request)
        size = _Reader(answer.read(4)).int32()
        return _parse(_Reader(answer.read(size)))


def _parse(reader: "_Reader") -> Metadata:
    reader.int32()  # the number of the request
    brokers = frozenset(_brokers(reader))
    reader.int32()  # the controller
    return Metadata(brokers, tuple(_partitions(reader)))


def _brokers(reader: "_Reader") -> Iterator[int]:
    for _ in range(reader.int32()):
        yield reader.int32()
        reader.string()  # host
        reader.int32()  # port
        reader.string()  # rack


def _partitions(reader: "_Reader") -> Iterator[Partition]:
    for _ in range(reader.int32()):
        reader.int16()  # error
        topic = reader.string()
        reader.int8()  # is it internal?
        for _ in range(reader.int32()):
            reader.int16()  # error
            yield Partition(topic, reader.int32(), reader.int32(), reader.int32s(), reader.int32s())


class _Reader:
    """Reads the protocol's types, one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            msg = "the broker ended the connection within an answer"
            raise ConnectionError(msg)
        self._at += size
        return taken

    def _integer(self, size: int) -> int:
        return int.from_bytes(self._take(size), signed=True)

    def int8(self) -> int:
        return self._integer(1)

    def int16(self) -> int:
        return self._integer(2)

    def int32(self) -> int:
        return self._integer(4)

    def int32s(self) -> frozenset[int]:
        return frozenset([self.int32() for _ in range(self.int32())])

    def string(self) -> str:
        return self._take(max(self.int16(), 0)).decode()
