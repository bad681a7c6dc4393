"""However the partitions of the ledger's topic come in, the sums are those of whole transactions, and the same."""

from collections import Counter
from collections.abc import Iterable

import orjson
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.ledger import TOTALS, Exemplar
from streams.engines.kafka.keeping import EXEMPLARS, REPORT
from streams.engines.kafka.ledger import Sums, Write

PARTITIONS = 3
NAMES = ("contacts", "resolved")
SERIES = st.tuples(
    st.sampled_from([TOTALS, 490_000, 490_001, 1_000_000]), st.sampled_from(NAMES), st.sampled_from("ab")
)
Series = tuple[int, str, str]
Ledger = dict[Series, tuple[int, int]]
Seen = tuple[Ledger, dict[object, object], dict[int, object]]


@st.composite
def transactions(draw: st.DrawFn) -> list[list[Write]]:
    """What one partition wrote: cumulative totals, now and then an hour that is let go, an exemplar, and how far."""
    totals: Ledger = {}
    written = []
    for n in range(draw(st.integers(0, 5))):
        writes: list[Write] = []
        for series in draw(st.lists(SERIES, max_size=3, unique=True)):
            if series in totals and series[0] != TOTALS and draw(st.booleans()):
                del totals[series]
                writes.append((orjson.dumps(series), None))
            else:
                before = totals.get(series, (0, 0))
                totals[series] = (before[0] + draw(st.integers(0, 9)), before[1] + draw(st.integers(0, 9)))
                writes.append((orjson.dumps(series), orjson.dumps(totals[series])))
        if draw(st.booleans()):
            writes.append((orjson.dumps(["exemplar", "hours", "a", "+Inf"]), orjson.dumps(["c", n, n])))
        written.append([*writes, (REPORT, orjson.dumps({"sequence": n + 1}))])
    return written


LOGS = st.tuples(*[transactions()] * PARTITIONS)
Logs = tuple[list[list[Write]], ...]


def expected(parts: Iterable[list[list[Write]]]) -> Ledger:
    """The sums over partitions of what each wrote last of each series."""
    added: Counter[Series] = Counter()
    retracted: Counter[Series] = Counter()
    for part in parts:
        last = {key: value for writes in part for key, value in writes}
        for key, value in last.items():
            if value is not None and key != REPORT and not key.startswith(EXEMPLARS):
                hour, name, label = orjson.loads(key)
                a, r = orjson.loads(value)
                added[hour, name, label] += a
                retracted[hour, name, label] += r
    return {series: (added[series], retracted[series]) for series in added if added[series] or retracted[series]}


def told(sums: Sums) -> Ledger:
    entries = [*sums.totals(), *sums.cohorts(TOTALS + 1)]
    ledger = {(e.series.hour, e.series.name, *e.series.labels): (e.added, e.retracted) for e in entries}
    assert len(ledger) == len(entries)
    return ledger  # type: ignore[return-value]


def seen(sums: Sums) -> Seen:
    return told(sums), dict(sums.exemplars()), dict(sums.reports())


def flat(part: list[list[Write]]) -> list[Write]:
    return [write for writes in part for write in writes]


def followed(data: st.DataObject, logs: Logs) -> Sums:
    """Sums that took a few records of one partition after the other, wherever transactions end."""
    sums, left = Sums(), {p: flat(part) for p, part in enumerate(logs) if part}
    while left:
        p = data.draw(st.sampled_from(sorted(left)))
        count = data.draw(st.integers(1, 4))
        sums.take(p, left[p][:count])
        if not left[p][count:]:
            del left[p]
        else:
            left[p] = left[p][count:]
    return sums


@given(LOGS, st.data())
def test_partitions_that_come_in_any_way_come_to_the_same(logs: Logs, data: st.DataObject) -> None:
    assert told(followed(data, logs)) == expected(logs)


@given(LOGS, st.data())
def test_half_a_transaction_is_never_seen(logs: Logs, data: st.DataObject) -> None:
    sums, read = Sums(), [0] * PARTITIONS
    for _ in range(data.draw(st.integers(0, 12))):
        p = data.draw(st.integers(0, PARTITIONS - 1))
        writes = flat(logs[p])[read[p] : read[p] + data.draw(st.integers(0, 4))]
        sums.take(p, writes)
        read[p] += len(writes)
        whole = [
            [writes for n, writes in enumerate(part) if len(flat(part[: n + 1])) <= read[q]]
            for q, part in enumerate(logs)
        ]
        assert told(sums) == expected(whole)
        assert {q: report["sequence"] for q, report in sums.reports().items()} == {
            q: len(part) for q, part in enumerate(whole) if part
        }


@given(LOGS, st.data())
def test_who_reads_all_of_it_again_sees_what_the_follower_sees(logs: Logs, data: st.DataObject) -> None:
    again = Sums()
    for p, part in enumerate(logs):
        again.take(p, flat(part))
    ours, others = seen(followed(data, logs)), seen(again)
    assert (ours[0], ours[2]) == (others[0], others[2])
    assert ours[1].keys() == others[1].keys(), "which contact of several partitions stands for a bucket may differ"


@given(LOGS)
def test_what_compaction_leaves_comes_to_the_same(logs: Logs) -> None:
    all_of_it, compacted = Sums(), Sums()
    for p, part in enumerate(logs):
        records = flat(part)
        last = {key: n for n, (key, _) in enumerate(records)}
        all_of_it.take(p, records)
        compacted.take(p, [write for n, write in enumerate(records) if last[write[0]] == n])
    assert seen(compacted) == seen(all_of_it)


@given(LOGS, st.integers(489_999, 1_000_001))
def test_cohorts_begin_with_the_hour_that_is_asked_for(logs: Logs, since: int) -> None:
    sums = Sums()
    for p, part in enumerate(logs):
        sums.take(p, flat(part))
    assert {entry.series.hour for entry in sums.cohorts(since)} == {
        hour for hour, _, _ in expected(logs) if hour != TOTALS and hour >= since
    }
    assert {entry.series.hour for entry in sums.totals()} <= {TOTALS}


def test_the_last_contact_that_was_told_stands_for_its_bucket() -> None:
    sums, key = Sums(), orjson.dumps(["exemplar", "hours", "a", "+Inf"])
    for n, contact in enumerate(("first", "second")):
        sums.take(n, [(key, orjson.dumps([contact, n, n])), (REPORT, b"{}")])
    assert sums.exemplars() == {("hours", ("a", "+Inf")): Exemplar("second", 1, 1)}
