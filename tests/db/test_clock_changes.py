"""Days on which clocks change: what is drawn, summed and told of them, worked out anew from the scans."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean
from zoneinfo import ZoneInfo

import pytest

from db.buckets import day_start, local_day
from db.settings import StoreSettings
from db.store import Store, open_store
from db.zone_sums import ZoneSums
from presence.ranges import TimeRange
from presence.scan import DeviceObservation, Heard, Scan
from tests.db.counting import counting_scan, counts
from tests.db.scanning import SETTINGS, device
from tests.sqlite import new_database

_STEP = timedelta(minutes=30)
_HOUR = timedelta(hours=1)
# The moment clocks change, and how long that local day is in minutes.
CHANGES = {
    "Berlin in spring": ("Europe/Berlin", datetime(2027, 3, 28, 1, tzinfo=UTC), 23 * 60),
    "Berlin in autumn": ("Europe/Berlin", datetime(2027, 10, 31, 1, tzinfo=UTC), 25 * 60),
    "New York in spring": ("America/New_York", datetime(2027, 3, 14, 7, tzinfo=UTC), 23 * 60),
    "New York in autumn": ("America/New_York", datetime(2027, 11, 7, 6, tzinfo=UTC), 25 * 60),
    "Lord Howe in spring": ("Australia/Lord_Howe", datetime(2027, 10, 2, 15, 30, tzinfo=UTC), 23 * 60 + 30),
    "Lord Howe in autumn": ("Australia/Lord_Howe", datetime(2027, 4, 3, 15, tzinfo=UTC), 24 * 60 + 30),
}


class Change:
    """A store with a scan each half hour from a day before a change of clocks to a day after it."""

    def __init__(self, store: Store, settings: StoreSettings, at: datetime, minutes: int) -> None:
        self.store, self.zone, self.minutes = store, settings.time_zone, minutes
        self.settings = settings
        self.at = at
        self.scans = [_scan(at + step * _STEP) for step in range(-2 * 26, 2 * 26)]
        self.now_at = self.scans[-1].started_at + timedelta(minutes=1)
        self.day = local_day(at, self.zone)
        self.starts_at = day_start(self.day, self.zone)
        self.ends_at = day_start(self.day + timedelta(days=1), self.zone)

    def mean(self, from_at: datetime, to_at: datetime) -> float | None:
        """Devices in the scans of a time."""
        found = [_count(scan) for scan in self.scans if from_at <= scan.started_at < to_at]
        return fmean(found) if found else None

    def roll_up(self) -> None:
        """Make all sums that are due."""
        sums = ZoneSums(self.store.connections, self.settings)
        while sums.roll_up(self.now_at):
            pass
        while self.store.people_sums.roll_up(self.now_at):
            pass


def _scan(at: datetime) -> Scan:
    """A scan whose number of devices tells the hour that it is in, so that none can pass for another."""
    number = 1 + int(at.timestamp()) // 1800 % 7
    return counting_scan(at, counts(number), heard=[device(f"{at}{name}") for name in range(number)])


def _count(scan: Scan) -> int:
    assert isinstance(scan.wifi, Heard)
    return len(scan.wifi.observations)


@pytest.fixture(scope="module", params=CHANGES)
def change(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Change]:
    url = new_database(tmp_path_factory.mktemp("change") / "tracking.db")
    zone, at, minutes = CHANGES[request.param]
    settings = replace(SETTINGS, time_zone=ZoneInfo(zone), interval_seconds=1800)
    with contextlib.closing(open_store(url, settings)) as store:
        made = Change(store, settings, at, minutes)
        store.recorder.record_many(made.scans)
        yield made


def test_each_point_of_a_chart_is_of_its_own_time(change: Change) -> None:
    """Of a day, a week and a month: points follow one another, and each is the mean of the scans in its bucket."""
    assert change.ends_at - change.starts_at == timedelta(minutes=change.minutes)
    for time_range in (TimeRange.DAY, TimeRange.WEEK, TimeRange.MONTH):
        history = change.store.reader.history(time_range, change.now_at)
        edges = [*(point.at for point in history.points), history.to_at]
        for point, (from_at, to_at) in zip(history.points, pairwise(edges), strict=True):
            assert from_at < to_at
            assert point.wifi == (pytest.approx(mean) if (mean := change.mean(from_at, to_at)) else None)


def test_hours_and_days_are_counted_whole_whenever_their_sums_are_made(change: Change) -> None:
    """The hours of the day tile it, and counts are the same from detections and from sums, in the API and in charts."""
    statistics = change.store.reader.statistics
    before = statistics.hours(change.day, change.now_at)
    days_before = statistics.days(change.day - timedelta(days=1), change.day + timedelta(days=1))
    trends_before = change.store.reader.trends(TimeRange.DAY, change.now_at)
    change.roll_up()
    assert statistics.hours(change.day, change.now_at) == before
    assert statistics.days(change.day - timedelta(days=1), change.day + timedelta(days=1)) == days_before
    assert change.store.reader.trends(TimeRange.DAY, change.now_at).zones == trends_before.zones
    assert [before[0].from_at, before[-1].to_at] == [change.starts_at, change.ends_at]
    for hour, after in pairwise(before):
        assert hour.to_at == after.from_at
    total = 0
    for hour in before:
        expected = sum(_count(scan) for scan in change.scans if hour.from_at <= scan.started_at < hour.to_at)
        assert hour.total is not None
        assert (hour.total.device_count, hour.total.detection_count) == (expected, expected)
        total += expected
    (of_day,) = (one.statistics.total for one in days_before if one.day == change.day)
    assert of_day is not None
    assert of_day.detection_count == total


def test_the_day_so_far_and_the_report_are_of_the_whole_local_day(change: Change) -> None:
    """At its last moment, today has all scans of the local day and all visitors since its midnight; so has a report."""
    today = change.store.reader.today(change.ends_at - timedelta(seconds=1))
    since = [scan for scan in change.scans if change.starts_at <= scan.started_at]
    assert (today.day, today.visitor_count) == (change.day, sum(map(_count, since)))
    assert today.radios[0].scans_heard == change.minutes // 30
    report = change.store.reader.report(TimeRange.WEEK, change.now_at)
    assert report.radios[0].scans_heard == len(change.scans)
    for time_range in (TimeRange.DAY, TimeRange.WEEK):
        report = change.store.reader.report(time_range, change.now_at)
        by_hour: dict[int, list[int]] = {}
        for scan in change.scans:
            if scan.started_at >= report.from_at:
                by_hour.setdefault(scan.started_at.astimezone(change.zone).hour, []).append(_count(scan))
        for busy in report.busiest_hours:
            assert busy.mean_devices == pytest.approx(fmean(by_hour[busy.hour]))


def test_estimates_of_people_are_of_their_own_hour(change: Change) -> None:
    """Each hour's estimate is the mean of its moments, and the hours of the week are those the clock showed."""
    change.roll_up()
    day = change.store.people.people_history(TimeRange.DAY, change.now_at)
    week = change.store.people.people_history(TimeRange.WEEK, change.now_at)
    edges = [*(point.at for point in week.points), change.now_at + _HOUR]
    moments = {point.at: point.likely for point in day.points if point.likely is not None}
    checked = 0
    for point, (from_at, to_at) in zip(week.points, pairwise(edges), strict=True):
        inside = [likely for at, likely in moments.items() if from_at <= at < to_at]
        if from_at >= day.points[0].at and inside:
            assert point.likely == pytest.approx(fmean(inside))
            checked += 1
    assert checked >= 23
    cells = change.store.people.busy_week(change.now_at).cells
    by_clock: dict[tuple[int, int], list[float]] = {}
    for point in week.points[:-1]:
        if point.likely is not None:
            local = point.at.astimezone(change.zone)
            by_clock.setdefault((local.weekday(), local.hour), []).append(point.likely)
    for (weekday, hour), known in by_clock.items():
        assert cells[weekday][hour] == pytest.approx(fmean(known))


def test_what_is_usual_is_that_of_the_same_hour_by_the_clock(url: str) -> None:
    """After clocks were put back, nine o'clock is compared with nine o'clock before, and not with eight or ten."""
    settings = replace(SETTINGS, time_zone=ZoneInfo("Europe/Berlin"))
    nine_at = datetime(2027, 11, 3, 8, 30, tzinfo=UTC)  # half past nine in winter; in summer it is half past seven UTC
    with contextlib.closing(open_store(url, settings)) as store:
        for weeks in range(5, 0, -1):
            summer_at = nine_at - weeks * timedelta(weeks=1) - _HOUR
            for hours, number in ((-1, 1), (0, 5), (1, 9)):
                store.recorder.record(counting_scan(summer_at + hours * _HOUR, None, heard=_some(number)))
        assert store.reader.usual(nine_at) == 5


def _some(number: int) -> list[DeviceObservation]:
    return [device(f"{name}") for name in range(number)]


@pytest.mark.parametrize("other", ["America/New_York", "Asia/Kolkata"])
def test_a_change_of_the_zone_loses_nothing_of_what_is_heard_after_it(url: str, other: str) -> None:
    """What was summed by the old clock stays so; charts, days and statistics of the new one hold every scan since."""
    before = replace(SETTINGS, interval_seconds=1800)
    after = replace(before, time_zone=ZoneInfo(other))
    start_at = datetime(2027, 6, 1, 12, tzinfo=UTC)
    for settings, first in ((before, 0), (after, 2 * 26)):
        scans = [_scan(start_at + step * _STEP) for step in range(first, first + 2 * 26)]
        with contextlib.closing(open_store(url, settings)) as store:
            store.recorder.record_many(scans)
            made = Change(store, settings, scans[0].started_at, 1440)
            made.scans, made.now_at = scans, scans[-1].started_at + timedelta(minutes=1)
            made.roll_up()
            history = store.reader.history(TimeRange.WEEK, made.now_at)
            edges = [*(point.at for point in history.points), history.to_at]
            for point, (from_at, to_at) in zip(history.points, pairwise(edges), strict=True):
                if from_at >= scans[0].started_at:
                    assert point.wifi == (pytest.approx(mean) if (mean := made.mean(from_at, to_at)) else None)
            day = local_day(made.now_at, settings.time_zone)
            hours = store.reader.statistics.hours(day, made.now_at)
            counted = sum(hour.total.detection_count for hour in hours if hour.total is not None)
            start = day_start(day, settings.time_zone)
            assert counted == sum(_count(scan) for scan in scans if scan.started_at >= start)
