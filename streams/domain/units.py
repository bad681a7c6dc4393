"""Units of the domain: time is whole milliseconds since the Unix epoch (UTC), money is whole millionths."""

from typing import TypeAlias

Millis: TypeAlias = int
"""A point in time (milliseconds since 1970-01-01T00:00Z) or a duration, by context. Finer digits are cut off."""

Micros: TypeAlias = int
"""Money in millionths of its currency's unit, so that sums are exact and do not depend on their order."""

SECOND: Millis = 1_000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR
