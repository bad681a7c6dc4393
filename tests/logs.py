"""Logs as sequences of records, cut where time has come to a moment."""

from collections.abc import Iterator, Sequence

from streams.bootstrap import wall_clock
from streams.contracts.decode import BadRecord, decode
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.domain.watermark import BEGINNING, Sequencer


def before(records: Sequence[bytes], at: Millis, policy: Policy) -> Iterator[bytes]:
    """Yield the records up to the one with which the time of the log passes a moment."""
    sequencer = Sequencer(policy.lateness, policy.leap)
    for offset, raw in enumerate(records):
        try:
            for _ in sequencer.push([(offset, decode(raw, wall_clock()))], []):
                pass
        except BadRecord:
            pass
        if sequencer.watermark >= at:
            return
        yield raw
    assert sequencer.watermark > BEGINNING
