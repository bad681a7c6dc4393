"""Judging only what a fact can matter to comes to what judging everything anew comes to, after each fact."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.decode import decode
from streams.domain.journey import Journey
from streams.domain.judgement import judge
from streams.domain.labels import LabelBudget
from streams.domain.nudges import response_of
from streams.domain.watermark import BEGINNING, Sequencer
from streams.engines.intake import Intake, Touched
from streams.engines.states import StateCache
from streams.processors.changes import Changes, Timers, Work
from streams.processors.codec import freeze_journey, thaw_journey
from tests.journeys import arrivals, histories, wire
from tests.property.test_determinism import END, NOW, POLICY


def judged_anew(journey: Journey) -> list[object]:
    again = thaw_journey(orjson.loads(orjson.dumps(freeze_journey(journey))))
    return [
        judged._replace(response=response_of(again.nudges, again.contacts[index].contact.contact_id))
        for index, judged in judge(again.grouping(POLICY), again.signs, lambda at: again.contacts[at].kept)
    ]


@given(st.data())
def test_what_is_judged_step_by_step_is_what_is_judged_anew(data: st.DataObject) -> None:
    coming = data.draw(arrivals(data.draw(histories(contacts=7, others=7))))
    intake = Intake(POLICY, LabelBudget(POLICY), (), BEGINNING, lambda _, codec: StateCache(codec, lambda _: ()))
    touched, changes, timers = Touched(), Changes(), Timers(END)
    sequencer = Sequencer(POLICY.lateness, POLICY.leap)
    releases = list(sequencer.push(((n, decode(wire(event), NOW)) for n, event in enumerate(coming)), []))
    releases.append(sequencer.advance(END))
    for release in releases:
        for fact in intake.process(release, touched, changes):
            now = release.watermark if release.late else fact.occurred_at
            intake.journeys.process([fact], now, Work(touched.journeys, timers, changes), late=release.late)
            journey = touched.journeys.loaded.get(fact.customer_id) or Journey()
            assert judged_anew(journey) == [held.judgement for held in journey.contacts]
