"""Hypothesis strategies for whole journeys: contacts, cases, surveys and staff, at times that collide."""

from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import strategies as st

START = 1_767_225_600_000  # 2026-01-01T00:00Z
HOUR = 3_600_000
DAY = 24 * HOUR
LATENESS = 10_000

Event = dict[str, Any]

CUSTOMERS = ("anna", "ben", None)
REASONS = ("invoice", "card", "chase", None)
QUEUES = ("billing", "cards", None)

# Times collide on purpose: ends and arrivals at the same instant, returns exactly when a window closes.
GAPS = st.sampled_from((0, 1, 1_000, 9_999, 20_000, HOUR, DAY - 1, DAY, DAY + 1, 3 * DAY, 7 * DAY, 8 * DAY, 30 * DAY))


@st.composite
def contact_events(draw: st.DrawFn, number: int) -> list[Event]:
    """The events of one contact, in their order in time."""
    contact_id = f"c{number}"
    at = START + draw(GAPS) + draw(GAPS)
    customer = draw(st.sampled_from(CUSTOMERS))
    offered = {"type": "contact.offered", "contact_id": contact_id, "channel": "voice", "at": at}
    offered |= _known(
        customer_id=customer,
        reason=draw(st.sampled_from(REASONS)),
        queue=draw(st.sampled_from(QUEUES)),
        case_id=draw(st.sampled_from(("k1", "k2", None, None))),
        direction=draw(st.sampled_from((None, None, None, "outbound"))),
    )
    events = [offered]
    if customer is None and draw(st.booleans()):
        events.append({"type": "contact.identified", "contact_id": contact_id, "customer_id": "anna", "at": at + 1_000})
    moves = draw(st.sampled_from((None, None, None, 500, 40_000, DAY)))
    if moves is not None:
        whose = draw(st.sampled_from(("anna", "ben")))
        events.append({"type": "contact.identified", "contact_id": contact_id, "customer_id": whose, "at": at + moves})
    if draw(st.booleans()):
        events.append({"type": "contact.updated", "contact_id": contact_id, "reason": "card", "at": at + 2_000})
    if draw(st.booleans()):
        events.append({"type": "contact.answered", "contact_id": contact_id, "team": "blue", "at": at + 15_000})
    if draw(st.booleans()):
        events.append({"type": "contact.transferred", "contact_id": contact_id, "to_queue": "cards", "at": at + 30_000})
    end = at + 31_000 + draw(GAPS)
    how = draw(st.sampled_from(("ended", "ended", "abandoned", "open")))
    if how == "abandoned":
        events.append({"type": "contact.abandoned", "contact_id": contact_id, "at": end})
    elif how == "ended":
        ended = {"type": "contact.ended", "contact_id": contact_id, "at": end, "talk_s": 60, "wrap_s": 12.5}
        events.append(ended | _known(claimed_resolved=draw(st.sampled_from((True, False, None)))))
        if draw(st.booleans()):
            events.append({"type": "survey.answered", "contact_id": contact_id, "csat": 4, "nps": 9, "at": end + DAY})
        if draw(st.booleans()):
            again = {"type": "contact.ended", "contact_id": contact_id, "at": end + draw(GAPS) + 1}
            events.append(again)
    return events


@st.composite
def other_events(draw: st.DrawFn) -> Event:
    """Something that a customer, a case or an agent did outside any contact."""
    at = START + draw(GAPS) + draw(GAPS) + draw(GAPS)
    customer = draw(st.sampled_from(("anna", "ben")))
    about = _known(
        contact_id=draw(st.sampled_from(("c0", "c1", "c2", None))), case_id=draw(st.sampled_from(("k1", "k2", None)))
    ) or {"reason": "invoice"}
    case = {"customer_id": customer, "case_id": draw(st.sampled_from(("k1", "k2"))), "contact_id": "c0"}
    nudge = f"{draw(st.sampled_from(('repeat', 'repeat', 'waiting', 'promise')))}:c{draw(st.integers(0, 3))}"
    answer = {"actor": "lead", "action": draw(st.sampled_from(("acknowledged", "acted", "dismissed")))}
    agent = {"agent_id": draw(st.sampled_from(("a1", "a2"))), "team": draw(st.sampled_from(("blue", "red")))}
    return draw(
        st.sampled_from(
            (
                {"type": "case.opened", "at": at, **case},
                {"type": "case.reopened", "at": at, **case},
                {"type": "case.resolved", "at": at, **case},
                {"type": "outcome.confirmed", "at": at, "customer_id": customer, **about},
                {"type": "outcome.denied", "at": at, "customer_id": customer, **about},
                {"type": "customer.exited", "at": at, "customer_id": customer, "how": "cancelled"},
                {"type": "agent.state", "at": at, "state": draw(st.sampled_from(("handling", "available"))), **agent},
                {"type": "staff.joined", "at": at, **agent},
                {"type": "staff.left", "at": at, **agent},
                {"type": "action.taken", "at": at, "nudge_id": nudge, **answer},
                {"type": "clock.tick", "at": at},
            )
        )
    )


@st.composite
def histories(draw: st.DrawFn, contacts: int = 6, others: int = 6) -> list[Event]:
    """A whole history, in the order of time."""
    events: list[Event] = []
    for number in range(draw(st.integers(1, contacts))):
        events += draw(contact_events(number))
    events += draw(st.lists(other_events(), max_size=others))
    for number, event in enumerate(events):
        event["event_id"] = f"e{number}"
    return sorted(events, key=lambda event: (event["at"], event["event_id"]))


@st.composite
def nudged_histories(draw: st.DrawFn) -> list[Event]:
    """A history with three contacts of a case: their nudges are answered, it is reopened, and they move."""
    events, drawn = draw(histories(contacts=2, others=2)), st.sampled_from
    names = drawn(("n0", "n1", "n2"))

    def add(kind: str, at: int, **more: object) -> None:
        events.append({"type": kind, "at": START + at, "event_id": f"n{len(events)}", **more})

    at = 0
    for name in ("n0", "n1", "n2"):
        at += draw(drawn((0, 60_000, 20 * 60_000, DAY)))
        about = {"contact_id": name, "channel": "voice", "customer_id": "anna", "queue": "billing"}
        add("contact.offered", at, case_id=draw(drawn(("k9", "k9", "k9", None))), **about)
        if draw(st.booleans()):
            add("contact.ended", at + draw(drawn((30_000, HOUR, 2 * DAY))), contact_id=name)
    for name in draw(st.lists(names, max_size=2)):
        add("contact.identified", draw(drawn((120_000, HOUR, 3 * DAY))), contact_id=name, customer_id="ben")
    for kind in draw(st.lists(drawn(("case.reopened", "case.reopened", "case.resolved", "case.opened")), max_size=3)):
        about = {"customer_id": "anna", "case_id": "k9", "contact_id": draw(names)}
        add(kind, draw(drawn((3 * DAY, 2 * DAY, 180_000, 7 * DAY))), **about)
    for kind in draw(st.lists(drawn(("repeat", "promise", "promise", "waiting")), max_size=5)):
        answered_at = draw(drawn((90_000, 300_000, 4 * DAY, 9 * DAY)))
        answer = {"actor": "lead", "action": draw(drawn(("acknowledged", "acted", "dismissed")))}
        add("action.taken", answered_at, nudge_id=f"{kind}:{draw(names)}", **answer)
    return sorted(events, key=lambda event: (event["at"], event["event_id"]))


@st.composite
def arrivals(draw: st.DrawFn, history: list[Event]) -> list[Event]:
    """The events of a history in an order in which they may come: within the allowed lateness, some of them twice.

    Answers come again at once only: one that was refused, because its nudge was not known yet, is tried again later.
    """
    coming = [(event["at"] + draw(st.integers(0, LATENESS - 1)), n, event) for n, event in enumerate(history)]
    twice = draw(st.lists(st.sampled_from(coming), max_size=4)) if coming else []
    for at, n, event in twice:
        again = (0, 1) if event["type"] == "action.taken" else (0, 1, LATENESS, 2 * DAY)
        coming.append((at + draw(st.sampled_from(again)), n, event))
    return [event for _, _, event in sorted(coming, key=lambda item: item[:2])]


def wire(event: Event) -> bytes:
    """An event as a record of the log."""
    body = {name: value for name, value in event.items() if name != "at"}
    seconds, millis = divmod(event["at"], 1000)
    body["occurred_at"] = _iso(seconds, millis)
    body["source"] = "test"
    return orjson.dumps(body)


def _iso(seconds: int, millis: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{millis:03d}Z"


def _known(**fields: object) -> Event:
    return {name: value for name, value in fields.items() if value is not None}
