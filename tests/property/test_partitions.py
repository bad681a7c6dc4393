"""However the work is spread over partitions and interrupted, the units come to what the embedded engine does."""

import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.encode import encode
from streams.domain import measures as m
from streams.domain.events import ClockTicked
from streams.domain.ledger import COHORTS_KEPT, TOTALS, Entry, hour_of
from streams.domain.policy import Policy
from streams.engines.embedded import EmbeddedEngine
from streams.engines.kafka import unit
from tests.journeys import DAY, START, Event, arrivals, histories, nudged_histories, wire
from tests.ledgers import NUDGING, rows
from tests.partitions import Partitions
from tests.property.test_determinism import ABOUT_COMING, END, NARROW, NOW, POLICY

Totals = dict[tuple[object, ...], tuple[int, int]]


def key_of(event: Event) -> str:
    nudged = event.get("nudge_id", "").partition(":")[2]
    return str(event.get("contact_id") or nudged or event.get("customer_id") or event.get("agent_id"))


def totals(entries: list[Entry]) -> Totals:
    """What was counted, but for the ticks, of which every partition has its own, and for hours that are let go."""
    return {
        tuple(series): (added, retracted)
        for series, added, retracted in entries
        if (added or retracted) and (series.name, series.labels) != (m.EVENTS, ("clock.tick",))
        if series.hour == TOTALS or series.hour >= hour_of(END - COHORTS_KEPT)
    }


def net(ledger: Totals) -> dict[tuple[object, ...], int]:
    """What holds, but for how the events came."""
    return {
        series: added - retracted
        for series, (added, retracted) in ledger.items()
        if added != retracted and series[1] not in ABOUT_COMING | NUDGING
    }


def undisturbed(events: list[Event], policy: Policy = POLICY) -> tuple[Totals, Counter[bytes], Counter[bytes]]:
    """Return the ledger, the outcomes and the nudges of the embedded engine."""
    with closing(EmbeddedEngine(":memory:", policy)) as engine:
        engine.ingest([wire(event) for event in events], NOW, {})
        engine.advance(END)
        ledger = totals(rows(engine.ledger))
        outcomes, nudges = engine.outcomes(), engine.nudges()
        return ledger, Counter(value for _, value in outcomes), Counter(value for _, value in nudges)


def spread(folder: str, events: list[Event], n: int, policy: Policy = POLICY) -> Partitions:
    partitions = Partitions(Path(folder), policy, n)
    partitions.append([(key_of(event), wire(event)) for event in events], NOW)
    for again in range(2):  # a leap in time is believed when a second record has leapt as well
        name, at = f"tick-{again}", END + policy.lateness
        partitions.tick(lambda p, name=name, at=at: encode(ClockTicked(f"{name}-{p}", at, "test")), NOW)  # type: ignore[misc]
    return partitions


def dead(partitions: Partitions) -> Counter[tuple[str, bytes]]:
    return Counter((letter.reason, letter.value) for letter in partitions.dead)


@given(st.data(), st.integers(1, 4))
def test_any_number_of_partitions_gives_the_ledger_and_the_outcomes_of_one(data: st.DataObject, n: int) -> None:
    coming = data.draw(arrivals(data.draw(st.one_of(histories(), nudged_histories()))))
    with tempfile.TemporaryDirectory() as folder, closing(spread(folder, coming, n)) as partitions:
        partitions.finish(data.draw(st.integers(1, 7)))
        ledger, outcomes, nudges = undisturbed(coming)
        late = (m.LATE, m.DUPLICATES)  # whether a second copy is late depends on what else its partition holds
        assert {s: t for s, t in totals([*partitions.entries()]).items() if s[1] not in late} == {
            s: t for s, t in ledger.items() if s[1] not in late
        }
        assert Counter(partitions.outcomes) == outcomes
        assert Counter(partitions.nudges) == nudges


@given(st.data(), st.integers(1, 3), st.sampled_from([POLICY, NARROW]), st.sampled_from([1, 3, 10_000]))
def test_faults_change_nothing(data: st.DataObject, n: int, policy: Policy, due_at_once: int) -> None:
    drawn = data.draw(histories(contacts=4, others=4))
    # Within what is remembered: thirty days of a contact or a customer, two days of an agent's states.
    history = [event for event in drawn if event["at"] < START + 25 * DAY and event["type"] != "agent.state"]
    coming = data.draw(st.permutations(history))
    with tempfile.TemporaryDirectory() as folder:
        with closing(spread(f"{folder}/calm", coming, n, policy)) as calm:
            calm.finish()
        troubled = spread(f"{folder}/troubled", coming, n, policy)
        with closing(troubled), patch.object(unit, "_MOST_DUE", due_at_once):
            for _ in range(data.draw(st.integers(1, 25))):
                p = data.draw(st.sampled_from(troubled.partitions))
                match data.draw(st.sampled_from(("step", "step", "lost", "behind", "restart", "empty"))):
                    case "restart":
                        troubled.restart(p)
                    case "empty":
                        troubled.restart(p, empty=True)
                    case fault:
                        size = st.integers(0, 6)
                        troubled.step(p, data.draw(size), data.draw(size), fault.replace("step", ""))
                if troubled.units[p].is_behind:  # a worker goes on at once, whatever is fetched meanwhile
                    troubled.step(p, 0, 0)
            troubled.finish(3)
            assert totals([*troubled.entries()]) == totals([*calm.entries()])
            assert Counter(troubled.outcomes) == Counter(calm.outcomes)
            assert Counter(troubled.nudges) == Counter(calm.nudges)
            assert dead(troubled) == dead(calm)
            assert [own.progress.timers for own in troubled.units] == [own.progress.timers for own in calm.units]
            if n == 1 or policy is POLICY:  # each partition has a budget of its own
                assert net(totals([*troubled.entries()])) == net(undisturbed(coming, policy)[0])
