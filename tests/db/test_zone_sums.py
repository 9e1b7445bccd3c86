from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete, func, select

from db.connect import Connections
from db.read_statistics import Statistics
from db.recorder import Recorder
from db.settings import StoreSettings
from db.site_schema import DETECTIONS, DUE_HOURS, HOUR_DEVICES, ZONE_DAYS, ZONE_HOURS
from db.zone_sums import ZoneSums
from presence.scan import Scan
from presence.statistics import DistinctWithin
from tests.db.scanning import SETTINGS, START_AT, minute, scan

A_WEEK: StoreSettings = replace(SETTINGS, keep_detections_days=7)
DAY = timedelta(days=1)


def record(connections: Connections, *scans: Scan) -> None:
    recorder = Recorder(connections, A_WEEK)
    for one in scans:
        recorder.record(one)


def rows_of(connections: Connections, table: object) -> int:
    with connections.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]  # any table


def test_an_hour_is_summed_once_it_is_over(connections: Connections) -> None:
    """While an hour runs it has no sums; afterwards it has some, and is due no more."""
    record(connections, scan(minute(0), ["a"]), scan(minute(1), ["b"]))
    sums = ZoneSums(connections, A_WEEK)
    assert sums.roll_up(minute(29)) == 0
    assert rows_of(connections, ZONE_HOURS) == 0
    assert sums.roll_up(minute(31)) == 1
    assert sums.roll_up(minute(32)) == 0
    assert rows_of(connections, DUE_HOURS) == 0
    assert rows_of(connections, ZONE_HOURS) == 8  # three zones and all of them, of one sensor and of the site


def test_a_scan_that_comes_late_is_counted_at_once_and_summed_again(connections: Connections) -> None:
    """An hour that was summed is due again when a scan of it arrives, and so is its day."""
    record(connections, scan(minute(0), ["a"]))
    sums, statistics = ZoneSums(connections, A_WEEK), Statistics(connections, A_WEEK)
    sums.roll_up(START_AT + DAY)
    for late in range(2):
        record(connections, scan(minute(late + 1), [f"late {late}"]))
        for _ in range(2):
            (day,) = statistics.days(START_AT.date(), START_AT.date())
            assert day.statistics.total is not None
            assert day.statistics.total.device_count == late + 2
            assert rows_of(connections, ZONE_DAYS) == 8
            sums.roll_up(START_AT + DAY)


def test_a_day_is_summed_when_it_is_over_and_nothing_of_it_is_due(connections: Connections) -> None:
    """Days get their sums one in each call, after all of their hours."""
    record(connections, *(scan(START_AT + hour * timedelta(hours=6), [str(hour)]) for hour in range(8)))
    sums = ZoneSums(connections, A_WEEK)
    assert sums.roll_up(START_AT + 3 * DAY) == 3
    assert rows_of(connections, ZONE_DAYS) == 8  # the first day has three of the scans
    while sums.roll_up(START_AT + 3 * DAY):
        pass
    sums.roll_up(START_AT + 3 * DAY)
    assert rows_of(connections, ZONE_DAYS) == 24


def forget_detections(connections: Connections, before_at: object) -> None:
    with connections.write() as connection:
        connection.execute(delete(DETECTIONS).where(DETECTIONS.c.started_at < before_at))


def test_sums_outlive_the_detections_they_were_made_from(connections: Connections) -> None:
    """Once detections are forgotten, hours and days stay as they were summed; the devices of hours go too."""
    old, new = START_AT, START_AT + 10 * DAY
    record(connections, scan(old, ["a", "b"]), scan(old + timedelta(hours=1), ["a"]))
    sums, statistics = ZoneSums(connections, A_WEEK), Statistics(connections, A_WEEK)
    sums.roll_up(old + DAY)
    record(connections, scan(new, ["c"]))
    forget_detections(connections, new - 7 * DAY)
    sums.roll_up(new)
    assert rows_of(connections, HOUR_DEVICES) == 0
    (day,) = statistics.days(old.date(), old.date())
    assert day.statistics.total is not None
    assert day.statistics.total.device_count == 2
    hours = statistics.between(old, old + timedelta(hours=2))
    assert hours.total is not None
    # Half past eight to half past ten is counted in whole hours, and a device of two hours is counted twice.
    assert (hours.from_at, hours.to_at) == (minute(-30), minute(150))
    assert (hours.total.device_count, hours.distinct_within) == (3, DistinctWithin.HOUR)


def test_a_scan_from_before_what_is_kept_spoils_no_sum(connections: Connections) -> None:
    """A scan that comes when the rest of its hour is forgotten leaves the sums of that hour alone."""
    old, new = START_AT, START_AT + 10 * DAY
    record(connections, scan(old, ["a", "b"]))
    sums, statistics = ZoneSums(connections, A_WEEK), Statistics(connections, A_WEEK)
    sums.roll_up(old + DAY)
    record(connections, scan(new, ["c"]))
    forget_detections(connections, new - 7 * DAY)
    record(connections, scan(old + timedelta(minutes=1), ["late"]))
    for _ in range(2):
        (day,) = statistics.days(old.date(), old.date())
        assert day.statistics.total is not None
        assert day.statistics.total.device_count == 2
        assert sums.roll_up(new) == 0
    assert rows_of(connections, DUE_HOURS) == 1  # the hour that runs


def test_ten_minutes_asked_again_are_read_anew_when_a_scan_arrives(connections: Connections) -> None:
    """What is kept in memory of the last hour never hides a scan that came meanwhile."""
    statistics = Statistics(connections, A_WEEK)
    for number in range(30):
        record(connections, scan(minute(number % 10 * 3), [str(number)]))
        total = statistics.between(minute(-1), minute(40)).total
        assert total is not None
        assert (total.device_count, total.detection_count) == (number + 1, number + 1)
