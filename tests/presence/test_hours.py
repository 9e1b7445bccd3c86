from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.alerts import Hours
from presence.hours import covers
from tests.presence.situations import PRAGUE

DAYS = frozenset(range(7))
NIGHT = Hours(frozenset({4}), time(22), time(6))  # Friday night
DAY = Hours(frozenset({0, 1, 2, 3, 4}), time(8), time(17, 30))


@pytest.mark.parametrize(
    ("hours", "local", "covered"),
    [
        (DAY, "2027-03-10 08:00:00", True),
        (DAY, "2027-03-10 07:59:59", False),
        (DAY, "2027-03-10 17:30:00", False),
        (DAY, "2027-03-13 12:00:00", False),  # Saturday
        (NIGHT, "2027-03-12 21:59:59", False),
        (NIGHT, "2027-03-12 22:00:00", True),
        (NIGHT, "2027-03-13 05:59:59", True),  # Saturday morning belongs to the night of Friday
        (NIGHT, "2027-03-13 06:00:00", False),
        (NIGHT, "2027-03-12 05:00:00", False),  # Friday morning belongs to the night of Thursday
        (NIGHT, "2027-03-13 23:00:00", False),
        (Hours(frozenset({6}), time(22), time(6)), "2027-03-15 01:00:00", True),  # from Sunday into Monday
        (Hours(frozenset({2}), time(9), time(9)), "2027-03-11 08:59:00", True),  # once round the clock
        (Hours(frozenset({2}), time(9), time(9)), "2027-03-11 09:00:00", False),
        (Hours(DAYS, time(0), time(0)), "2027-03-11 00:00:00", True),
    ],
)
def test_hours_begin_on_their_days_and_may_end_on_the_next(hours: Hours, local: str, covered: bool) -> None:
    """They hold from their beginning up to, but not at, their end, which may lie past midnight."""
    assert covers(hours, datetime.fromisoformat(local).replace(tzinfo=PRAGUE)) is covered


def covered_minutes(hours: Hours, from_at: datetime, minutes: int) -> int:
    return sum(covers(hours, (from_at + timedelta(minutes=one)).astimezone(PRAGUE)) for one in range(minutes))


def test_a_night_in_which_clocks_change_is_an_hour_shorter_or_longer() -> None:
    """The clock on the wall decides: eight hours are seven in spring and nine in autumn."""
    nights = Hours(DAYS, time(22), time(6))
    assert covered_minutes(nights, datetime(2027, 3, 27, 12, tzinfo=UTC), 24 * 60) == 7 * 60
    assert covered_minutes(nights, datetime(2027, 10, 30, 12, tzinfo=UTC), 24 * 60) == 9 * 60
    assert covered_minutes(nights, datetime(2027, 6, 5, 12, tzinfo=UTC), 24 * 60) == 8 * 60


@given(
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=st.times(),
    end=st.times(),
    local_at=st.datetimes(datetime(2027, 6, 7), datetime(2027, 6, 21)),  # noqa: DTZ001 - the clock on the wall
)
def test_a_moment_is_covered_by_a_day_that_began_before_it(
    days: frozenset[int], start: time, end: time, local_at: datetime
) -> None:
    """A moment lies within the hours when it lies between their beginning and their end on one of their days."""
    midnights = [datetime.combine(local_at.date(), time()) - timedelta(days=back) for back in (0, 1)]
    spans = [
        (datetime.combine(one, start), datetime.combine(one + timedelta(days=end <= start), end))
        for one in midnights
        if one.weekday() in days
    ]
    assert covers(Hours(days, start, end), local_at) is any(begun <= local_at < over for begun, over in spans)
