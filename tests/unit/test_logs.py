"""What a library says again and again is told now and then, with how often it was said."""

import logging

import pytest

from streams.cli.logs import Seldom


def record(at: float, about: str, line: int = 7, name: str = "aiokafka.conn") -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, "client.py", line, "no answer from %s", (about,), None)
    made.created = at
    return made


@pytest.fixture
def seldom() -> Seldom:
    return Seldom("aiokafka")


def test_the_same_is_told_once_in_ten_seconds_and_then_how_often_it_was_said(seldom: Seldom) -> None:
    told = [each for second in range(25) if seldom.filter(each := record(second, f"broker {second}"))]
    assert [each.getMessage() for each in told] == [
        "no answer from broker 0",
        "no answer from broker 10 (and 9 more like it since)",
        "no answer from broker 20 (and 9 more like it since)",
    ]


def test_what_is_said_once_in_a_while_is_told_as_it_is(seldom: Seldom) -> None:
    told = [each for minute in range(3) if seldom.filter(each := record(60 * minute, "a broker"))]
    assert [each.getMessage() for each in told] == ["no answer from a broker"] * 3


def test_something_else_is_told_at_once(seldom: Seldom) -> None:
    assert seldom.filter(record(0, "a broker", line=7))
    assert seldom.filter(record(0, "a broker", line=8))


def test_what_others_say_is_told_each_time(seldom: Seldom) -> None:
    assert all(seldom.filter(record(0, "a broker", name=name)) for name in ["streams.engines", "aiokafkaesque"] * 2)
