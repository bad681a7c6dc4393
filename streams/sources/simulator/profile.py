"""When customers come: a factor for each hour of the week, Monday 00:00 UTC first, 1 at the peak."""

from streams.domain.units import HOUR, Millis

HOURS_OF_WEEK = 7 * 24
_EPOCH_HOUR = 3 * 24  # 1970-01-01 was a Thursday
_SATURDAY = 5


def hour_of_week(at: Millis) -> int:
    """Return the hour of the week that a point in time lies in, 0 for the first hour of a Monday, UTC."""
    return (at // HOUR + _EPOCH_HOUR) % HOURS_OF_WEEK


def flat() -> tuple[float, ...]:
    """Return the profile of a centre that is equally busy at every hour."""
    return (1.0,) * HOURS_OF_WEEK


def business_hours(
    opens: int = 8, closes: int = 18, *, weekend: float = 0.3, closed: float = 0.04
) -> tuple[float, ...]:
    """Return a profile with office hours: a rise to a late-morning peak, a slow fall, and little outside them.

    Args:
        opens: the first busy hour of a day.
        closes: the first hour that is not busy any more.
        weekend: how busy a Saturday or Sunday is, as a share of a weekday.
        closed: the factor outside the hours.

    Raises:
        ValueError: if the centre does not open before it closes.
    """
    if not 0 <= opens < closes <= 24:  # noqa: PLR2004 - hours of a day
        msg = f"opens={opens} and closes={closes} must be hours of a day, the first before the second"
        raise ValueError(msg)
    peak = opens + (closes - opens) / 3
    day = [
        max(1 - 0.5 * abs(hour - peak) / (closes - opens), closed) if opens <= hour < closes else closed
        for hour in range(24)
    ]
    highest = max(day)
    week = (1.0,) * _SATURDAY + (weekend,) * 2
    return tuple(share * factor / highest for share in week for factor in day)
