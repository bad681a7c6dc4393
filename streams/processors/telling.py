"""What is put on record of a contact: the outcomes topic, but for verdicts, which come with time."""

from collections.abc import Mapping
from typing import TypeAlias

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

_Sign: TypeAlias = tuple[Seen, tuple[str, ...]]
"""When something was seen, and by what, with the windows that it is in."""

_NOTHING = (None,) * len(_SEEN)


def tell(
    before: tuple[Contact, Judgement] | None,
    after: tuple[Contact, Judgement] | None,
    at: Millis,
    policy: Policy,
    changes: Changes,
) -> None:
    """Put on record what became known of a contact: its demand, each sign of its outcome, that it is another's."""
    if after is None:
        if before is not None:
            changes.outcomes.append(outcomes.ContactWithdrawn(at, before[0]))
        return
    contact, judgement = after
    if judgement.demand is not None and (
        before is None or judgement.demand != before[1].demand or contact.reason_label != before[0].reason_label
    ):
        restated = before[1].demand if before else None
        changes.outcomes.append(outcomes.DemandClassified(at, contact, judgement.demand, restated))
    if contact.ends:
        _tell_end(before, after, at, changes)
        if not judgement.linkable and (before is None or not before[0].ends):
            changes.outcomes.append(outcomes.ContactUnlinkable(at, contact))
    was, shown = _signs(before, policy) if before else {}, _signs(after, policy)
    if was != shown:
        _tell_signs(contact, was, shown, at, changes)


def _signs(of: tuple[Contact, Judgement], policy: Policy) -> Mapping[str, _Sign]:
    """Return what shows the outcome of a contact within any window, and in which, by what it is called."""
    contact, judgement = of
    if judgement.seen == _NOTHING or not contact.ends or not judgement.linkable:
        return {}
    signs = {}
    for by, seen in zip(_SEEN, judgement.seen, strict=True):
        if seen is None:
            continue
        windows = tuple(window.name for window in policy.windows if seen.at <= contact.ends[0] + window.length)
        if windows:
            signs[by] = (seen, windows)
    return signs


def _tell_signs(
    contact: Contact, was: Mapping[str, _Sign], shown: Mapping[str, _Sign], at: Millis, changes: Changes
) -> None:
    """Put on record each sign of an outcome that was not known before, and each that is none any more."""
    for by in _SEEN:
        if by not in shown:
            if by in was:
                changes.outcomes.append(outcomes.OutcomeSeen(at, contact, by, None, ()))
            continue
        if shown[by] == was.get(by):
            continue
        seen, windows = shown[by]
        changes.outcomes.append(outcomes.OutcomeSeen(at, contact, by, seen, windows))
        if by == "recontact":
            exemplar = Exemplar(contact.contact_id, seen.at - contact.ends[0], seen.at)
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
