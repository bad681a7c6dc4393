"""What holds of the exposition of any ledger."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse_text

from streams.domain import measures as m
from streams.domain.ledger import Additions, Histogram
from streams.domain.policy import Policy
from streams.exporter.collector import Exporter
from tests.memory_ledger import MemoryLedger

HISTOGRAMS = [measure for measure in vars(m).values() if isinstance(measure, Histogram)]
PLACES = st.sampled_from([("a", "b", "c"), ("a", "b", "d"), ("", "b", 'c"\n\\')])

bounds = st.sampled_from(m.HANDLE_TIME.bounds)
observed = st.one_of(st.integers(0, 10**4), st.integers(0, 10**10), bounds)  # on a bound is where mistakes are made
observations = st.lists(st.tuples(PLACES, observed, st.integers(1, 3)))


def expose(additions: Additions) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    body, _ = Exporter(MemoryLedger(additions), Policy().windows, b"salt", "1").exposition()
    families = parse_text(body.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


@given(observations)
def test_a_histogram_says_how_many_observations_were_at_most_each_bound(
    seen: list[tuple[tuple[str, str, str], int, int]],
) -> None:
    additions = Additions()
    for place, value, n in seen:
        additions.observe(m.HANDLE_TIME, place, value, n)
    exposed = expose(additions)
    name, scale = m.HANDLE_TIME.name, m.HANDLE_TIME.scale
    for place in {place for place, _, _ in seen}:
        labels = frozenset(zip(("queue", "team", "channel"), place, strict=True))
        mine = [(value, n) for where, value, n in seen if where == place]
        buckets = {
            dict(key)["le"]: count
            for (sample, key), count in exposed.items()
            if sample == name + "_bucket" and key >= labels
        }
        assert len(buckets) == len(m.HANDLE_TIME.bounds) + 1
        for le, count in buckets.items():
            assert count == sum(n for value, n in mine if value <= float(le) * scale)
        assert exposed[name + "_count", labels] == buckets["+Inf"] == sum(n for _, n in mine)
        assert exposed[name + "_sum", labels] == sum(value * n for value, n in mine) / scale


@given(st.sampled_from(HISTOGRAMS), st.data())
def test_every_bound_of_every_histogram_is_exposed_as_the_number_it_is(
    histogram: Histogram, data: st.DataObject
) -> None:
    bound = data.draw(st.sampled_from(histogram.bounds))
    assert float(histogram.bucket(bound)) * histogram.scale == bound
    assert float(histogram.bucket(bound + 1)) * histogram.scale > bound


@given(st.lists(st.tuples(PLACES, st.integers(-5, 5))), st.lists(st.tuples(PLACES, st.integers(-5, 5))))
def test_counters_never_fall_and_what_was_added_less_what_was_retracted_is_the_net(
    before: list[tuple[tuple[str, str, str], int]], after: list[tuple[tuple[str, str, str], int]]
) -> None:
    additions = Additions()
    net: Counter[tuple[str, str, str]] = Counter()
    exposed = [expose(additions)]
    for changes in (before, after):
        for place, n in changes:
            additions.count(m.EFFORT, place, n)
            net[place] += n
        exposed.append(expose(additions))
    added, retracted = m.EFFORT, m.EFFORT.replace("_total", "_retracted_total")
    for earlier, later in pairwise(exposed):
        assert all(later[key] >= n for key, n in earlier.items() if key[0] in (added, retracted))
    for place, n in net.items():
        labels = frozenset(zip(("queue", "team", "channel"), place, strict=True))
        first, second = exposed[-1].get((added, labels), 0), exposed[-1].get((retracted, labels), 0)
        assert round(first * 1000) - round(second * 1000) == n
