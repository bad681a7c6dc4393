"""What an arrival counts once its demand is known: in total, and by hour and slot, so that spikes are seen."""

from streams.domain import measures as m
from streams.domain.ledger import TOTALS, CountEntry, Labels, hour_of, slot_of
from streams.domain.units import Millis


def demand_entries(  # noqa: PLR0913, PLR0917 - what is known of a demand
    at: Millis, arrived: Labels, reason: str, demand: str, evidence: str, origin: Labels
) -> list[CountEntry]:
    """Return what a contact's demand counts where it arrived and, if it is failure demand, where it was caused."""
    hour, slot = hour_of(at), slot_of(at)
    entries = [(TOTALS, m.DEMAND, (*arrived, reason, demand, evidence), 1)]
    here = (arrived[0], "other")
    if demand == "failure":
        here, cause = (arrived[0], "failure"), (origin[0], reason)
        entries.append((TOTALS, m.ORIGIN, (*origin, reason, evidence), 1))
        entries += [(hour, m.CAUSED, cause, 1), (slot, m.CAUSED, cause, 1)]
    entries += [(hour, m.ARRIVED, here, 1), (slot, m.ARRIVED, here, 1)]
    return entries
