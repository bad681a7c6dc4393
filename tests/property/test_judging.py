"""Judging only what a fact can matter to comes to what judging everything anew comes to, after each fact.

So do totals: what was added and taken back on the way is what the journeys as they are now would count from scratch.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import orjson
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.decode import decode
from streams.domain import account
from streams.domain import measures as m
from streams.domain.journey import Journey
from streams.domain.judgement import Judgement, judge
from streams.domain.labels import LabelBudget
from streams.domain.ledger import Labels
from streams.domain.nudges import response_of
from streams.domain.units import Millis
from streams.domain.watermark import BEGINNING, Sequencer
from streams.engines.intake import Intake, Touched
from streams.engines.states import StateCache
from streams.processors.changes import Changes, Timers, Work
from streams.processors.codec import freeze_journey, thaw_journey
from tests.journeys import DAY, START, Event, arrivals, histories, nudged_histories, wire
from tests.property.test_determinism import END, NOW, POLICY

Counts = Counter[tuple[int, str, Labels]]


class Judging:
    """What an engine does with facts, one at a time. ``changes`` are those of the journeys alone."""

    def __init__(self) -> None:
        self.touched, self.changes, self._timers = Touched(), Changes(), Timers(END)
        self._intake = Intake(
            POLICY, LabelBudget(POLICY), (), BEGINNING, lambda _, codec: StateCache(codec, lambda _: ())
        )

    def steps(self, coming: Iterable[Event]) -> Iterator[tuple[str, Millis]]:
        """Take events, and say after each fact whose it was and what time it is."""
        sequencer, work = (
            Sequencer(POLICY.lateness, POLICY.leap),
            Work(self.touched.journeys, self._timers, self.changes),
        )
        releases = list(sequencer.push(((n, decode(wire(event), NOW)) for n, event in enumerate(coming)), []))
        releases.append(sequencer.advance(END))
        for release in releases:
            for fact in self._intake.process(release, self.touched, Changes()):
                now = release.watermark if release.late else fact.occurred_at
                self._intake.journeys.process([fact], now, work, late=release.late)
                yield fact.customer_id, now
        self._intake.journeys.process([], END, work)

    def counted(self) -> Counts:
        """Return what was counted so far, but for how it came."""
        net: Counts = Counter()
        for (hour, name, labels), added, retracted in self.changes.additions.entries():
            if added != retracted and name not in (m.RESTATEMENTS, m.DUPLICATES):
                net[hour, name, labels] = added - retracted
        return net

    def recounted(self, now: Millis) -> Counts:
        """Count from scratch what can be said by now of all contacts and nudges that are held."""
        counts: Counts = Counter()
        for journey in self.touched.journeys.loaded.values():
            entries = [entry for nudged in journey.nudges for entry in account.nudge_entries(nudged)]
            for held, judgement in zip(journey.contacts, judged_anew(journey), strict=True):
                maturing = account.maturing(held.contact, judgement, POLICY)
                matured = maturing.split(now)[0] if maturing is not None else None
                entries += account.arrival_entries(held.contact, judgement)
                entries += account.end_entries(held.contact, judgement, POLICY)
                entries += account.matured_entries(matured) if matured is not None else ()
            for hour, name, labels, n in entries:
                counts[hour, name, labels] += n
        return +counts


def judged_anew(journey: Journey) -> list[Judgement]:
    again = thaw_journey(orjson.loads(orjson.dumps(freeze_journey(journey))))
    return [
        judged._replace(response=response_of(again.nudges, again.contacts[index].contact.contact_id))
        for index, judged in judge(again.grouping(POLICY), again.signs, lambda at: again.contacts[at].kept)
    ]


@given(st.data())
def test_what_is_judged_step_by_step_is_what_is_judged_anew(data: st.DataObject) -> None:
    judging = Judging()
    for customer_id, _ in judging.steps(data.draw(arrivals(data.draw(histories(contacts=7, others=7))))):
        journey = judging.touched.journeys.loaded.get(customer_id) or Journey()
        assert judged_anew(journey) == [held.judgement for held in journey.contacts]


@given(nudged_histories(), st.data())
def test_what_is_counted_step_by_step_is_what_is_counted_from_scratch(
    history: list[Event], data: st.DataObject
) -> None:
    remembered = [event for event in history if event["at"] < START + 25 * DAY]
    judging = Judging()
    for _, now in judging.steps(data.draw(st.one_of(arrivals(remembered), st.permutations(remembered)))):
        assert judging.counted() == judging.recounted(now)
    assert judging.counted() == judging.recounted(END)
