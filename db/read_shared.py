"""Reading what is shared with others: hours that are over, sensor by sensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from db.read_statistics import Statistics
from presence.sensors import SensorRow
from presence.sharing import CountedHour


def counted_hours(
    statistics: Statistics, sensors: Sequence[SensorRow], first: date, last: date, now_at: datetime
) -> Iterator[CountedHour]:
    """What each sensor counted in each hour of some local days that is over, day by day.

    Of an hour that is not over nothing is told: who asks again and again would see each of its devices come. And of
    hours before there was a sensor it is not said that it was not heard.

    Raises:
        DatabaseError: The database cannot be read.
    """
    for step in range((last - first).days + 1):
        day = first + timedelta(days=step)
        for sensor in sensors:
            name = sensor.card.name
            for hour in statistics.hours(day, now_at, name):
                was_there = hour.zones is not None or hour.to_at > sensor.added_at
                if was_there and hour.to_at <= now_at:
                    yield CountedHour(hour.from_at, name, hour.zones)
