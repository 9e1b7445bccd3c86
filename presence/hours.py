"""Hours of the week, by the clock on the wall."""

from __future__ import annotations

from datetime import datetime

from presence.alerts import Hours

_DAYS = 7


def covers(hours: Hours, local_at: datetime) -> bool:
    """Whether a moment lies within hours of the week.

    The clock on the wall decides, so where clocks are put forward or back the hours are an hour shorter or longer.

    Args:
        hours: When they begin and end; those that end at or before they began end on the next day.
        local_at: The moment, by the clock of the place.
    """
    today, clock = local_at.weekday(), local_at.time()
    if hours.from_time < hours.to_time:
        return today in hours.days and hours.from_time <= clock < hours.to_time
    yesterday = (today - 1) % _DAYS
    return (today in hours.days and clock >= hours.from_time) or (yesterday in hours.days and clock < hours.to_time)
