from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from db.read_trends import MOST_SENSORS
from db.store import Store
from presence.ranges import TimeRange
from presence.zones import Zone
from tests.db.scanning import HUNG, PRAGUE, device, minute, scan


@pytest.mark.parametrize(
    ("time_range", "count"),
    [(TimeRange.HOUR, 24), (TimeRange.DAY, 24), (TimeRange.WEEK, 7), (TimeRange.MONTH, 30), (TimeRange.YEAR, 365)],
)
def test_a_day_has_hours_and_longer_ranges_have_days(store: Store, time_range: TimeRange, count: int) -> None:
    """Each block begins where a local clock or calendar turns, the last holds now, and none of them is a zero."""
    trends = store.reader.trends(time_range, minute(0))
    assert (len(trends.starts), trends.zones, trends.sensors) == (count, (None,) * count, ())
    assert trends.starts[-1] <= minute(0) < trends.edges[-1]
    local = {start.astimezone(PRAGUE) for start in trends.starts}
    assert {(at.minute, 0 if count == 24 else at.hour) for at in local} == {(0, 0)}


@pytest.mark.parametrize("time_range", [TimeRange.DAY, TimeRange.WEEK])
def test_a_block_counts_different_devices_by_zone(store: Store, time_range: TimeRange) -> None:
    """Each device once in each zone it was heard in, of the site or of one sensor; not heard is not zero."""
    for number in range(3):
        store.recorder.record(scan(minute(number), [device("a", rssi_dbm=-50), device("b", rssi_dbm=-90)], sensor="x"))
        store.recorder.record(scan(minute(number + 0.3), [device("a", rssi_dbm=-70)], sensor="y"))
    site = store.reader.trends(time_range, minute(4)).zones
    only = store.reader.trends(time_range, minute(4), "y")
    assert site[-1] == {Zone.NEAR: 1, Zone.MEDIUM: 1, Zone.FAR: 1}
    assert only.zones[-1] == {Zone.NEAR: 0, Zone.MEDIUM: 1, Zone.FAR: 0}
    assert (site[-2], only.sensors) == (None, ())


@pytest.mark.parametrize("time_range", [TimeRange.DAY, TimeRange.WEEK])
def test_a_block_has_the_mean_of_each_sensor(store: Store, time_range: TimeRange) -> None:
    """Devices at a time, the busiest sensor first; one that heard nobody is zero, one that could not hear is a gap."""
    for number in range(2):
        store.recorder.record(scan(minute(number), ["a", "b"], ["c"], sensor="x"))
        store.recorder.record(scan(minute(number), [], HUNG, sensor="nobody"))
        store.recorder.record(scan(minute(number), HUNG, HUNG, sensor="deaf"))
    sensors = store.reader.trends(time_range, minute(4)).sensors
    assert [(one.names, one.means[-1], one.means[-2]) for one in sensors] == [(("x",), 3, None), (("nobody",), 0, None)]


def test_many_sensors_are_folded(store: Store) -> None:
    """Those with the most devices stand for themselves, and all others are added up to one."""
    for number in range(MOST_SENSORS + 2):
        heard = [f"{number}-{one}" for one in range(number)]
        store.recorder.record(scan(minute(0), heard, sensor=f"s{number}"))
    *named, others = store.reader.trends(TimeRange.DAY, minute(1)).sensors
    assert [one.names for one in named] == [(f"s{number}",) for number in range(9, 2, -1)]
    assert (set(others.names), others.means[-1]) == ({"s0", "s1", "s2"}, 0 + 1 + 2)


def test_days_of_trends_follow_the_calendar(store: Store) -> None:
    """Where the clocks change, a day is one block all the same."""
    spring = datetime(2027, 3, 30, 12, tzinfo=PRAGUE)
    edges = store.reader.trends(TimeRange.WEEK, spring).edges
    assert {later - earlier for earlier, later in pairwise(edges)} == {timedelta(hours=23), timedelta(hours=24)}
