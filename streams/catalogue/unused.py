"""Metrics that no rule and no panel uses, each with the reason why it is exported all the same."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from streams.catalogue import estimates, nudges
from streams.domain import measures as m

_ELSEWHERE: Final = "of a queue, team and channel, for those who compare channels: rules and panels are of wholes"
_SHOWN: Final = "shown for queues, where it differs; of teams and the centre it is there for those who look closer"

_FINEST, _QUEUE, _TEAM, _CENTRE = estimates.LEVELS

_INTERVAL: Final = "an interval that a table or a chart of many has no room for; those who look closer need it"
_INTERVALS: Final = (
    *((_TEAM, quantity) for quantity in (nudges.EFFECT_LOW, nudges.EFFECT_HIGH)),
    *((level, quantity) for level in (_TEAM, _CENTRE) for quantity in (nudges.FAILED_LOW, nudges.FAILED_HIGH)),
)

UNUSED: Mapping[str, str] = MappingProxyType(
    {
        **{estimates.name_of(_FINEST, quantity): _ELSEWHERE for quantity in estimates.QUANTITIES},
        **{estimates.name_of(level, estimates.LIVE_PERIOD): _SHOWN for level in (_TEAM, _CENTRE)},
        **{nudges.effect_name(level, quantity): _INTERVAL for level, quantity in _INTERVALS},
        m.NUDGED: "the counts behind the share that fails of nudged contacts, for those who test it themselves",
    }
)
"""By the name of the metric."""
