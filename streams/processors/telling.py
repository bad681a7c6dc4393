"""What is put on record of a contact: the outcomes topic, but for verdicts, which come with time."""

from collections.abc import Sequence

from streams.domain import measures as m
from streams.domain import outcomes
from streams.domain.contact import Contact
from streams.domain.judgement import Judgement, Seen
from streams.domain.ledger import Exemplar
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.processors.changes import Changes

_SEEN = ("recontact", "reopened", "denied", "exited", "confirmed")
"""What the parts of :attr:`Judgement.seen` are called in the outcomes topic."""

_NOTHING = (None,) * len(_SEEN)


def tell(
    before: tuple[Contact, Judgement] | None,
    after: tuple[Contact, Judgement],
    at: Millis,
    policy: Policy,
    changes: Changes,
) -> None:
    """Put on record what became known of a contact: its demand, and each sign of its outcome."""
    contact, judgement = after
    earlier = before[1] if before else None
    if judgement.demand is not None and (earlier is None or judgement.demand != earlier.demand):
        restated = earlier.demand if earlier else None
        changes.outcomes.append(outcomes.DemandClassified(at, contact, judgement.demand, restated))
    if not contact.ends:
        return
    _tell_end(before, after, at, changes)
    if not judgement.linkable:
        if before is None or not before[0].ends:
            changes.outcomes.append(outcomes.ContactUnlinkable(at, contact))
        return
    known_by = earlier.seen if earlier else _NOTHING
    if judgement.seen != known_by:
        _tell_seen(after, known_by, at, policy, changes)


def _tell_seen(
    after: tuple[Contact, Judgement], known_by: Sequence[Seen | None], at: Millis, policy: Policy, changes: Changes
) -> None:
    """Put on record each sign of an outcome that was not known before."""
    contact, judgement = after
    ended_at = contact.ends[0]
    for by, seen, known in zip(_SEEN, judgement.seen, known_by, strict=True):
        if seen is None or seen == known:
            continue
        windows = tuple(window.name for window in policy.windows if seen.at <= ended_at + window.length)
        if windows:
            changes.outcomes.append(outcomes.OutcomeSeen(at, contact, by, seen, windows))
            if by == "recontact":
                age = seen.at - ended_at
                exemplar = Exemplar(contact.contact_id, age, seen.at)
                changes.additions.exemplify(m.RECURRENCE_DELAY, (*contact.ended, contact.handled_label), exemplar)


def _tell_end(
    before: tuple[Contact, Judgement] | None, after: tuple[Contact, Judgement], at: Millis, changes: Changes
) -> None:
    """Put on record that a contact ended, or what is otherwise of it than was said."""
    contact, linkable = after[0], after[1].linkable
    if before is None or not before[0].ends:
        changes.outcomes.append(outcomes.ContactClosed(at, contact, linkable))
    elif (before[0]._replace(ends=contact.ends), before[1].linkable) != (contact, linkable):  # a later end is no news
        changes.outcomes.append(outcomes.ContactClosed(at, contact, linkable, restates=True))
