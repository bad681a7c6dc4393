"""Times on the wire: RFC 3339 text with an offset outside, whole milliseconds UTC inside."""

from datetime import UTC, datetime, timedelta

from streams.domain.units import SECOND, Millis

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXAMPLE = "2026-03-01T10:00:00.250Z"

PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
"""The shape of RFC 3339: date, ``T``, time to the second, any fraction, and an offset. The calendar is not in it."""


def millis_of(text: str) -> Millis:
    """Read a time that has the shape of :data:`PATTERN`; what is finer than a millisecond is cut off.

    Raises:
        ValueError: the calendar or the clock has no such time, such as 30 February, 24:00:00 or a leap second.
    """
    since = datetime.fromisoformat(text.upper()) - EPOCH
    # Whole numbers throughout: datetime.timestamp() is a float and would lose or gain a millisecond now and then.
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds // 1_000


def rfc3339(at: Millis) -> str:
    """Write a time in UTC, with three digits of a second where it is not whole.

    Raises:
        OverflowError: the time is outside the years 1 to 9999.
    """
    text = (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds" if at % SECOND else "seconds")
    return text.removesuffix("+00:00") + "Z"
