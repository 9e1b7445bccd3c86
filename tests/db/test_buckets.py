from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.buckets import bucket_edges, day_start, hour_end, hour_start, hours_between, next_month, report_start
from presence.ranges import TimeRange
from tests.db.scanning import PRAGUE

SPRING = datetime(2027, 3, 28, 12, 0, tzinfo=UTC)  # Prague: 2 o'clock became 3 on this day
AUTUMN = datetime(2027, 10, 31, 12, 0, tzinfo=UTC)  # 3 o'clock became 2
zones = st.sampled_from(
    [
        "UTC",
        "Europe/Prague",
        "Europe/London",
        "Asia/Kathmandu",
        "America/New_York",
        "Africa/Cairo",
        "Australia/Lord_Howe",
    ]
)
# Clocks of Lord Howe Island change by half an hour, in the nights before these noons.
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
moments = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - st adds it


@given(st.sampled_from(TimeRange), moments, zones.map(ZoneInfo))
def test_buckets_follow_one_another_and_the_last_holds_now(
    time_range: TimeRange, now_at: datetime, time_zone: ZoneInfo
) -> None:
    """In every zone and at every time there is the same number of buckets, in order, the last with now in it."""
    edges = bucket_edges(time_range, now_at, time_zone)
    expected = {TimeRange.YEAR: 366}.get(time_range, time_range.span // time_range.bucket)
    assert len(edges) - 1 == expected
    assert all(before < after for before, after in pairwise(edges))
    assert edges[-2] <= now_at < edges[-1]


@pytest.mark.parametrize(("time_range", "minutes"), [(TimeRange.SIX_HOURS, 2), (TimeRange.DAY, 10)])
def test_short_buckets_begin_at_round_local_times(time_range: TimeRange, minutes: int) -> None:
    """Also in a zone a quarter of an hour apart from the others, the clock shows round minutes."""
    kathmandu = ZoneInfo("Asia/Kathmandu")
    for edge in bucket_edges(time_range, SPRING + timedelta(minutes=7), kathmandu):
        assert edge.astimezone(kathmandu).minute % minutes == 0


@pytest.mark.parametrize(("now_at", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_a_day_on_which_clocks_change_has_23_or_25_hours(now_at: datetime, hours: int) -> None:
    """Days of the year's chart, and the hours of the week's, follow the local clock."""
    days = bucket_edges(TimeRange.YEAR, now_at, PRAGUE)
    assert days[-1] - days[-2] == timedelta(hours=hours)
    week = bucket_edges(TimeRange.WEEK, days[-1] - timedelta(seconds=1), PRAGUE)
    assert sum(days[-2] <= edge < days[-1] for edge in week) == hours


@pytest.mark.parametrize(("now_at", "width"), [(SPRING, 2), (AUTUMN, 4)])
def test_blocks_of_three_hours_begin_at_the_same_local_times_all_year(now_at: datetime, width: int) -> None:
    """The first block of a day on which clocks change is an hour shorter or longer, the others begin as always."""
    edges = bucket_edges(TimeRange.MONTH, now_at, PRAGUE)
    assert {edge.astimezone(PRAGUE).hour for edge in edges} == set(range(0, 24, 3))
    midnight = day_start(now_at.date(), PRAGUE)
    assert edges[edges.index(midnight) + 1] - midnight == timedelta(hours=width)


def test_a_midnight_lived_twice_begins_one_block() -> None:
    """In Havana one o'clock becomes midnight again in autumn: the second midnight is in the block of the first."""
    second = datetime(2027, 11, 7, 5, 30, tzinfo=UTC)
    edges = bucket_edges(TimeRange.MONTH, second, ZoneInfo("America/Havana"))
    assert edges[-2:] == (datetime(2027, 11, 7, 4, tzinfo=UTC), datetime(2027, 11, 7, 8, tzinfo=UTC))


def test_the_hour_lived_twice_is_two_hours() -> None:
    """Half past two before and after the clock is put back lie in different hours."""
    first, second = (hour_start(datetime(2027, 10, 31, hour, 30, tzinfo=UTC), PRAGUE) for hour in (0, 1))
    assert second - first == timedelta(hours=1)


@given(moments, zones.map(ZoneInfo))
def test_hours_follow_one_another_and_hold_their_moments(at: datetime, time_zone: ZoneInfo) -> None:
    """Every moment lies in one hour, at most an hour long, in which the clock shows one hour and is not changed."""
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)  # as moments are stored
    start, end = hour_start(at, time_zone), hour_end(hour_start(at, time_zone), time_zone)
    assert start <= at < end <= start + timedelta(hours=1)
    assert hour_start(start, time_zone) == start == hour_start(end - timedelta(milliseconds=1), time_zone)
    assert hour_start(end, time_zone) == end
    first, last = (one.astimezone(time_zone) for one in (start, end - timedelta(milliseconds=1)))
    assert (first.hour, first.utcoffset()) == (last.hour, last.utcoffset())


@pytest.mark.parametrize(
    ("noon_at", "lengths"),
    [
        (datetime(2027, 4, 4, 1, tzinfo=UTC), [60, 60, 30, 60, 60]),  # 2 o'clock became half past one
        (datetime(2027, 10, 3, 1, tzinfo=UTC), [60, 60, 30, 60, 60]),  # 2 o'clock became half past two
    ],
)
def test_where_clocks_change_by_half_an_hour_an_hour_is_half_as_long(noon_at: datetime, lengths: list[int]) -> None:
    """The hours tile such a day, which has half an hour more or less."""
    day = noon_at.astimezone(LORD_HOWE).date()
    start, end = day_start(day, LORD_HOWE), day_start(day + timedelta(days=1), LORD_HOWE)
    hours = [*hours_between(start, end, LORD_HOWE), end]
    assert [(after - before) // timedelta(minutes=1) for before, after in pairwise(hours)][:5] == lengths
    assert hours[0] == start


def test_a_long_report_begins_with_a_whole_day() -> None:
    """Up to a day a report begins with its chart, beyond with a local midnight."""
    assert report_start(TimeRange.DAY, SPRING, PRAGUE) == bucket_edges(TimeRange.DAY, SPRING, PRAGUE)[0]
    assert report_start(TimeRange.WEEK, AUTUMN, PRAGUE) == day_start(date(2027, 10, 24), PRAGUE)


def test_the_month_after_december_is_january() -> None:
    """Months follow one another over the end of a year and a short February."""
    assert next_month(date(2027, 12, 31)) == date(2028, 1, 1)
    assert next_month(date(2027, 1, 31)) == date(2027, 2, 1)
