"""What the counts of a log must be, by brute force: shares no code with the project, on purpose.

Standard library only, loops rather than cleverness: each contact is held against every other, and against everything
that customers and cases did, with the whole log at hand. Nothing is kept up to date and nothing is forgotten. Events
are dicts as they are written in the log.

Where the design leaves a choice, the reading taken here is said beside the rule as "read:".
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import Any

Event = Mapping[str, Any]
Counts = dict[str, Any]
Place = tuple[str, str]

WINDOWS = {"1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
LONGEST = timedelta(days=30)
RETRY = timedelta(hours=24)
RECURRENCES = ("recontact", "reopened", "denied")
SIGNS = ("case.reopened", "outcome.denied", "outcome.confirmed", "customer.exited")
UNKNOWN = "unknown"

AT_ONE_INSTANT = (
    *(f"contact.{what}" for what in ("offered", "identified", "updated", "answered", "transferred")),
    *("contact.abandoned", "contact.ended", "case.opened", "case.resolved", "case.reopened"),
)
"""Read: in this order; what a contact is, where it goes, how it ends, and what becomes of its case."""


@dataclass(eq=False)
class Contact:
    """One attempt by a customer to reach us, with all that the log ever says of it."""

    name: str
    arrived: datetime
    inbound: bool
    declared: str | None
    customer: str | None
    reason: str | None
    product: str | None
    case: str | None
    places: list[tuple[datetime, str | None, str | None]]
    ends: list[datetime] = field(default_factory=list)
    handled: bool = False
    reopened: list[datetime] = field(default_factory=list)
    problem: int | None = None
    link: str | None = None
    evidence: str | None = None
    origin: "Contact | None" = None

    @property
    def linkable(self) -> bool:
        return self.customer is not None and (self.case is not None or self.reason is not None)

    @property
    def given_up(self) -> datetime | None:
        return self.ends[0] if self.ends and not self.handled else None

    def open_at(self, moment: datetime) -> bool:
        """Not ended yet, or reopened and not ended again; at the very instant of an end it counts as still open."""
        return not any(end < moment for end in self.ends) or any(
            reopened <= moment and not any(reopened < end < moment for end in self.ends) for reopened in self.reopened
        )

    def place_at(self, moment: datetime | None) -> Place:
        """Queue and team at a moment, or (None) at arrival. Read: a new queue's team is unknown until it is told."""
        _, queue, team = self.places[0]
        for _, to_queue, to_team in [move for move in self.places[1:] if moment is not None and move[0] <= moment]:
            if to_queue not in (None, queue):
                queue, team = to_queue, to_team
            else:
                team = to_team or team
        return queue or UNKNOWN, team or UNKNOWN


def when(event: Event) -> datetime:
    return datetime.fromisoformat(event["occurred_at"])


def in_order(events: Iterable[Event], now: datetime) -> list[Event]:
    """What is known by now, each event once."""
    once = {event["event_id"]: event for event in events if when(event) <= now}

    def place(event: Event) -> tuple[datetime, int, str]:
        kind = event["type"]
        return when(event), AT_ONE_INSTANT.index(kind) if kind in AT_ONE_INSTANT else 99, event["event_id"]

    return sorted(once.values(), key=place)


def contacts_of(events: list[Event]) -> list[Contact]:
    """Every contact that was offered, in order of arrival, as the whole log knows it."""
    contacts: dict[str, Contact] = {}
    for event in events:
        if event["type"] == "contact.offered" and event["contact_id"] not in contacts:
            contacts[event["contact_id"]] = Contact(
                name=event["contact_id"],
                arrived=when(event),
                inbound=event.get("direction") != "outbound",
                declared=event.get("demand"),
                customer=event.get("customer_id"),
                reason=event.get("reason"),
                product=event.get("product"),
                case=event.get("case_id"),
                places=[(when(event), event.get("queue"), event.get("team"))],
            )
    for event in events:
        contact, kind = contacts.get(event.get("contact_id", "")), event["type"]
        if contact is None or not kind.startswith("contact."):
            continue
        if kind == "contact.identified":
            contact.customer = event["customer_id"]
        elif kind == "contact.updated":
            contact.reason = event.get("reason") or contact.reason
            contact.product = event.get("product") or contact.product
            contact.case = event.get("case_id") or contact.case
        elif kind == "contact.ended" or (kind == "contact.abandoned" and not contact.ends):
            contact.handled = contact.handled or (kind == "contact.ended" and not contact.ends)
            contact.ends.append(when(event))  # read: what has ended cannot be abandoned
        if kind in ("contact.answered", "contact.transferred", "contact.updated"):
            queue, team = event.get("queue") or event.get("to_queue"), event.get("team") or event.get("to_team")
            contact.places.append((when(event), queue, team))
    return sorted(contacts.values(), key=lambda contact: (contact.arrived, contact.name))


def concerns(event: Event, contact: Contact) -> bool:
    """Whether what a customer or a case did is about a contact: by contact or case, by reason if it names neither."""
    if event["customer_id"] != contact.customer:
        return False
    if event["type"] == "customer.exited" or event.get("contact_id") == contact.name:
        return True
    if event.get("contact_id") or event.get("case_id"):
        return contact.case is not None and event.get("case_id") == contact.case
    return contact.reason is not None and event.get("reason") == contact.reason


def told_of_cases(contacts: list[Contact], events: list[Event]) -> None:
    """Read: a contact that a case of its customer was opened about belongs to that case, if it has none of its own.

    Read: what has rested for longer than the longest window is over, and cannot be reopened. Once its case was
    reopened, a contact is ended again by the case's resolution as well as by an end of its own.
    """
    of_cases = [event for event in events if event["type"].startswith("case.")]
    for event, contact in product(of_cases, contacts):
        about = (event["customer_id"], event.get("contact_id")) == (contact.customer, contact.name)
        if event["type"] == "case.opened" and about:
            contact.case = contact.case or event["case_id"]
    for event, contact in product(of_cases, contacts):
        at, kind = when(event), event["type"] if concerns(event, contact) else None
        recent = any(at - LONGEST <= end <= at for end in contact.ends)
        if kind == "case.reopened" and contact.ends and contact.ends[0] <= at and (recent or contact.open_at(at)):
            contact.reopened.append(at)
        elif kind == "case.resolved" and contact.reopened:
            contact.ends.append(at)


def last_to_end(problem: list[Contact], moment: datetime) -> Contact | None:
    """The contact of a problem that came to rest last before a moment, within the longest window."""
    found, found_end = None, moment - LONGEST
    for contact in problem:
        end = max((end for end in contact.ends if end < moment), default=None)
        if end is not None and end >= found_end:
            found, found_end = contact, end
    return found


def alive(problem: list[Contact], moment: datetime) -> bool:
    """Whether a problem has not been at rest for more than the longest window."""
    return any(contact.open_at(moment) for contact in problem) or last_to_end(problem, moment) is not None


def find_problems(contacts: list[Contact]) -> None:
    """Join each contact, in order of arrival, to the problem of its case, else of its reason and product."""
    for number, contact in enumerate(contacts):
        if not (contact.linkable and contact.inbound):
            continue
        contact.problem, contact.link = number, "first"
        about = (contact.reason, contact.product)
        earlier = [other for other in contacts[:number] if other.problem is not None]
        earlier = [other for other in earlier if other.customer == contact.customer]
        same_case = [other for other in earlier if contact.case and other.case == contact.case]
        same_reason = [other for other in earlier if contact.reason and (other.reason, other.product) == about]
        for link, candidates in (("reason", same_reason), ("case", same_case)):
            for other in candidates:  # the last that fits decides
                if alive([member for member in earlier if member.problem == other.problem], contact.arrived):
                    contact.problem, contact.link = other.problem, link


def find_demand(contact: Contact, earlier: list[Contact], taxonomy: Mapping[str, str]) -> None:
    """Find the first evidence that holds, and who is charged: the contact that is open, was given up, or ended last."""
    attempts = [other for other in earlier if contact.customer is not None and other.customer == contact.customer]
    same = [other for other in attempts if contact.problem is not None and other.problem == contact.problem]
    still_open = [other for other in same if other.open_at(contact.arrived)]
    if still_open:
        contact.evidence, contact.origin = "open", still_open[-1]
    elif attempts and (given_up := attempts[-1].given_up) and given_up <= contact.arrived <= given_up + RETRY:
        contact.evidence, contact.origin = "retry", attempts[-1]
    elif last := last_to_end(same, contact.arrived):
        contact.evidence, contact.origin = "recontact", last
    elif demand_class(contact, taxonomy) == "failure":
        contact.evidence = "reason"


def charged(contact: Contact) -> Place:
    """Read: where the origin arrived if it is still open, else where it first ended; nowhere if there is no origin."""
    if contact.origin is None:
        return UNKNOWN, UNKNOWN
    return contact.origin.place_at(None if contact.evidence == "open" else contact.origin.ends[0])


def demand_class(contact: Contact, taxonomy: Mapping[str, str]) -> str:
    """Read: what the source declares of a contact goes before the taxonomy."""
    return contact.declared or taxonomy.get(contact.reason or "", "unclassified")


def happened(contact: Contact, contacts: list[Contact], events: list[Event], window: timedelta) -> set[str]:
    """What was seen of a contact's problem in a window after its first end."""
    end = contact.ends[0]
    same = [other for other in contacts if other.problem == contact.problem]
    seen = {"recontact" for other in same if end < other.arrived <= end + window}
    for event in events:
        what, at = event["type"].partition(".")[2], when(event)
        after = contact.arrived <= at if what == "confirmed" else end < at
        if event["type"] in SIGNS and after and at <= end + window and concerns(event, contact):
            seen.add(what)
    return seen


def verdict(seen: set[str], *, matured: bool) -> str:
    if seen.intersection(RECURRENCES):
        return "recurred"
    if "exited" in seen:
        return "exited"
    if not matured:
        return "pending"
    return "confirmed" if "confirmed" in seen else "resolved"


def empty_window() -> Counts:
    counts: Counts = dict.fromkeys(("ended", "recurred", "exited", "confirmed", "resolved", "pending"), 0)
    return counts | {"by": dict.fromkeys(RECURRENCES, 0)}


def count(events: Iterable[Event], now: datetime, taxonomy: Mapping[str, str]) -> Counts:
    """Return the counts of a log as of a moment; the taxonomy has the demand class of each reason."""
    known = in_order(events, now)
    contacts = contacts_of(known)
    told_of_cases(contacts, known)
    find_problems(contacts)
    inbound = [contact for contact in contacts if contact.inbound]
    ended = [contact for contact in inbound if contact.ends]
    recurred = Counter[tuple[str, str]]()
    windows = {name: empty_window() | {"abandoned": empty_window()} for name in WINDOWS}
    judged = [contact for contact in ended if contact.problem is not None]
    for contact, (name, length) in product(judged, WINDOWS.items()):
        row = windows[name] if contact.handled else windows[name]["abandoned"]
        seen = happened(contact, contacts, known, length)
        reached = verdict(seen, matured=contact.ends[0] + length <= now)
        row["ended"] += 1
        row[reached] += 1
        for how in seen.intersection(RECURRENCES):
            row["by"][how] += 1
        recurred[contact.place_at(contact.ends[0])[0], name] += reached == "recurred"
    handled = sum(contact.handled for contact in ended)
    return {
        "contacts": {
            "offered": len(inbound),
            "handled": handled,
            "abandoned": len(ended) - handled,
            "ended": len(ended),
            "unlinkable": len(ended) - len(judged),
            "outbound": len(contacts) - len(inbound),
        },
        "windows": windows,
        "recurred": dict(+recurred),
        "links": dict(Counter(contact.link for contact in inbound if contact.link)),
        **count_demand(inbound, taxonomy),
    }


def count_demand(contacts: list[Contact], taxonomy: Mapping[str, str]) -> Counts:
    """Count why customers came, in all, by queue of arrival, and by whom the failures are charged to."""
    failure, other = dict.fromkeys(("open", "retry", "recontact", "reason"), 0), {"value": 0, "unclassified": 0}
    origins, queues = Counter[Place](), Counter[str]()
    for number, contact in enumerate(contacts):
        if not (contact.linkable or contact.ends):
            continue  # who it is, or what about, may yet become known
        find_demand(contact, contacts[:number], taxonomy)
        queues[contact.place_at(None)[0]] += 1
        if contact.evidence is None:
            other[demand_class(contact, taxonomy)] += 1
        else:
            failure[contact.evidence] += 1
            origins[charged(contact)] += 1
    return {"demand": {**other, "failure": failure}, "origins": dict(origins), "queues": dict(queues)}
