"""The board counts what the ledger does, whatever later facts take back."""

import json
from collections import Counter
from contextlib import closing
from dataclasses import replace
from operator import itemgetter

from hypothesis import given
from hypothesis import strategies as st

from streams.board import entries as e
from streams.board.asked import RESPONSES
from streams.board.model import Centre, Model
from streams.domain import measures as m
from streams.domain.policy import Nudging
from streams.engines.embedded import EmbeddedEngine
from tests import tallies
from tests.journeys import DAY, LATENESS, START, Event, histories, nudged_histories, wire
from tests.ledgers import rows
from tests.property.test_determinism import POLICY

OPEN = replace(POLICY, nudging=Nudging(resolve_within={"billing": 4 * DAY}, limit=12_000, shares=12))
"""Nothing is kept back from team leads: an answer to a nudge that nobody was told of says nothing to the board."""
Cohorts = Counter[tuple[str, str, int]]
"""How many, by measure, population and hour."""


def of_the_ledger(engine: EmbeddedEngine) -> Cohorts:
    found: Cohorts = Counter()
    for row in rows(engine.ledger):
        hour, name, labels = row.series
        if len(labels) < 4 or labels[3] != "true":
            continue
        if name in (m.COHORT_ENDED, m.NUDGED_ENDED):
            found[e.COHORT, e.ALL if name == m.COHORT_ENDED else labels[4], hour] += row.net
        elif name in (m.COHORT_RECURRED, m.COHORT_EXITED, m.NUDGED_FAILED):
            found[e.COHORT_FAILED, labels[4] if name == m.NUDGED_FAILED else e.ALL, hour] += row.net
    return Counter({key: n for key, n in found.items() if n and key[1] in (e.ALL, *RESPONSES)})


def of_the_board(model: Model) -> Cohorts:
    found: Cohorts = Counter()
    for series, hours in model.counts.every().items():
        if series[0] in (e.COHORT, e.COHORT_FAILED) and series[3] != e.CLAIMS:
            for hour, n in hours.items():
                found[series[0], series[3], hour] += n
    return Counter({key: n for key, n in found.items() if n})


def read_from(engine: EmbeddedEngine) -> Model:
    """Return what the board makes of all that an engine has told, in the order in which it was written."""
    partition = engine._partition  # noqa: SLF001 - for when the records were written
    told = [record for topic in (partition.outbox, partition.nudges) for record in topic.read(0)]
    model = Model(Centre(OPEN.windows), str.upper)
    assert not model.fold(json.loads(record.value) for record in sorted(told, key=itemgetter(1)))
    return model


def remembered(history: list[Event]) -> list[Event]:
    """Return the events of a time in which no contact is forgotten."""
    return [event for event in history if event["at"] < START + 25 * DAY]


@given(st.one_of(histories(), nudged_histories()))
def test_cohorts_of_the_board_are_those_of_the_ledger(history: list[Event]) -> None:
    with closing(EmbeddedEngine(":memory:", OPEN)) as engine:
        for event in remembered(history):
            engine.ingest([wire(event)], event["at"], {})
        engine.advance(START + 25 * DAY + LATENESS)
        assert of_the_board(read_from(engine)) == of_the_ledger(engine)


@given(st.data())
def test_arrivals_and_ends_of_the_board_are_those_of_the_ledger_in_any_order(data: st.DataObject) -> None:
    coming = data.draw(st.permutations(remembered(data.draw(histories(contacts=4, others=4)))))
    with closing(EmbeddedEngine(":memory:", OPEN)) as engine:
        for event in coming:
            engine.ingest([wire(event)], event["at"], {})
        engine.advance(START + 25 * DAY + LATENESS)
        assert tallies.of_the_board(read_from(engine)) == tallies.of_the_ledger(rows(engine.ledger))
