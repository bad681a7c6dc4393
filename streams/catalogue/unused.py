"""Metrics that no rule and no panel uses, each with the reason why it is exported all the same."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from streams.catalogue import estimates

_ELSEWHERE: Final = "of a queue, team and channel, for those who compare channels: rules and panels are of wholes"
_SHOWN: Final = "shown for queues, where it differs; of teams and the centre it is there for those who look closer"

_FINEST, _QUEUE, _TEAM, _CENTRE = estimates.LEVELS

UNUSED: Mapping[str, str] = MappingProxyType(
    {
        **{estimates.name_of(_FINEST, quantity): _ELSEWHERE for quantity in estimates.QUANTITIES},
        **{estimates.name_of(level, estimates.LIVE_PERIOD): _SHOWN for level in (_TEAM, _CENTRE)},
    }
)
"""By the name of the metric."""
