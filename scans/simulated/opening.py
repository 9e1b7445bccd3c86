"""When the place is open, and how many come in each hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class OpenDay:
    """One kind of day.

    Attributes:
        opens: Hour of opening, local time.
        closes: Hour of closing, local time.
        arrivals: People who come in, on average, in each hour from opening to closing.
        staff: People who work there that day.
    """

    opens: int
    closes: int
    arrivals: Mapping[int, float]
    staff: int


# The mean stay is 50 minutes (people.py), so n arrivals an hour are 0.83 n people at a time: 5 in the first hour, 25 in
# the peaks at lunch (the café) and when school and work are over.
_WEEKDAY = OpenDay(
    opens=8,
    closes=21,
    arrivals={8: 7, 9: 10, 10: 12, 11: 16, 12: 25, 13: 22, 14: 14, 15: 18, 16: 26, 17: 26, 18: 17, 19: 10, 20: 4},
    staff=4,
)
_SATURDAY_HOURS = OpenDay(
    opens=9,
    closes=20,
    arrivals={9: 8, 10: 15, 11: 21, 12: 26, 13: 22, 14: 21, 15: 24, 16: 24, 17: 17, 18: 10, 19: 5},
    staff=4,
)
# Only the café and the newspapers.
_SUNDAY_HOURS = OpenDay(opens=11, closes=17, arrivals={11: 8, 12: 13, 13: 14, 14: 12, 15: 12, 16: 5}, staff=2)

# The street outside, every day, in each of these hours.
STREET_HOURS = range(6, 24)
PASSERS_BY_PER_HOUR = 16.0


def open_day(day: date) -> OpenDay:
    """The opening hours of a day."""
    match day.weekday():
        case 5:
            return _SATURDAY_HOURS
        case 6:
            return _SUNDAY_HOURS
        case _:
            return _WEEKDAY
