from __future__ import annotations

import pytest

from db.store import Store
from presence.overview import DeviceQuery, DeviceSort, HistoryPoint
from presence.ranges import TimeRange
from presence.scan import Scan
from presence.zones import Zone
from tests.db.scanning import HUNG, device, minute, scan

SECOND = 1 / 60


def at_stairs(number: float, *names: str) -> Scan:
    """What the sensor by the stairs heard, near it."""
    return scan(minute(number), [device(name, rssi_dbm=-50) for name in names], sensor="stairs")


def in_cafe(number: float, *names: str) -> Scan:
    """What the sensor in the café heard, at some distance, and by Wi-Fi alone."""
    return scan(minute(number), [device(name, rssi_dbm=-70) for name in names], HUNG, sensor="café")


@pytest.fixture
def busy(store: Store) -> Store:
    """Three phones by the stairs, one of which the café hears too, and two in the café."""
    for number in range(3):
        store.recorder.record(at_stairs(number, "a", "b", "both"))
        store.recorder.record(in_cafe(number + 20 * SECOND, "both", "c", "d"))
    return store


def heard_point(store: Store, time_range: TimeRange, sensor: str | None) -> HistoryPoint:
    """The last point of a chart that has a number."""
    points = store.reader.history(time_range, minute(2.5), sensor).points
    return [point for point in points if point.peak is not None][-1]


def test_an_overview_of_one_sensor_counts_those_placed_at_it(busy: Store) -> None:
    """People, zones, those present and totals of the sensors add up to those of the site."""
    stairs, cafe, site = (busy.reader.overview(minute(2.5), name) for name in ("stairs", "café", None))
    assert (stairs.people_now, cafe.people_now, site.people_now) == (3, 2, 5)
    assert (stairs.present_count, cafe.present_count, site.present_count) == (3, 2, 5)
    assert (stairs.wifi_total, cafe.wifi_total, site.wifi_total) == (3, 2, 5)
    assert (stairs.zones_now[Zone.NEAR], cafe.zones_now[Zone.NEAR], cafe.zones_now[Zone.MEDIUM]) == (3, 0, 2)
    assert (stairs.sensor, cafe.sensor, site.sensor) == ("stairs", "café", None)


def test_an_overview_of_one_sensor_has_its_own_radios(busy: Store) -> None:
    """The café's Bluetooth is not heard, though that of the stairs is."""
    assert busy.reader.overview(minute(2.5), "café").bluetooth.fault == HUNG
    assert busy.reader.overview(minute(2.5), "stairs").bluetooth.fault is None


def test_a_sensor_that_fell_silent_says_nothing_about_now(busy: Store) -> None:
    """While the other goes on, its last scan is told, and its people are not known."""
    busy.recorder.record(at_stairs(30, "a"))
    cafe = busy.reader.overview(minute(30), "café")
    assert (cafe.last_scan_at, cafe.people_now) == (minute(2 + 20 * SECOND), None)


def test_a_sensor_never_heard_of_is_empty(busy: Store) -> None:
    """A name that stands for no sensor has no scan and no history."""
    overview = busy.reader.overview(minute(2.5), "nowhere")
    assert (overview.last_scan_at, overview.people_total) == (None, 0)
    assert all(point.peak is None for point in busy.reader.history(TimeRange.DAY, minute(2.5), "nowhere").points)


@pytest.mark.parametrize("time_range", list(TimeRange))
def test_the_history_of_the_site_adds_its_sensors_up(busy: Store, time_range: TimeRange) -> None:
    """In every range the site has as many devices as its sensors together, not as many as each of them on average."""
    stairs, cafe, site = (heard_point(busy, time_range, name) for name in ("stairs", "café", None))
    assert (stairs.wifi, cafe.wifi, site.wifi) == (3, 2, 5)
    assert (stairs.bluetooth, cafe.bluetooth, site.bluetooth) == (0, None, 0)
    assert (stairs.peak, cafe.peak, site.peak) == (3, 2, 5)


@pytest.mark.parametrize("time_range", [TimeRange.HOUR, TimeRange.MONTH])
def test_the_busiest_hour_of_the_site_adds_its_sensors_up(busy: Store, time_range: TimeRange) -> None:
    """A report says how many were there at a time, over all sensors."""
    (hour,) = busy.reader.report(time_range, minute(2.5)).busiest_hours
    assert (hour.hour, hour.mean_devices) == (9, 5)


def test_a_device_is_listed_at_its_sensor(busy: Store) -> None:
    """Those present, and those who have left, are listed where they are, or were last."""

    def listed(number: float, sensor: str | None) -> int:
        return busy.reader.devices(DeviceQuery(sensor=sensor), minute(number)).total

    assert (listed(2.5, "stairs"), listed(2.5, "café"), listed(2.5, None)) == (3, 2, 5)
    busy.recorder.record_many([at_stairs(30), in_cafe(30)])
    assert (listed(30, "stairs"), listed(30, "café"), listed(30, None)) == (3, 2, 5)


@pytest.mark.parametrize("number", [2.5, 30])
def test_each_device_of_a_site_names_its_sensor(busy: Store, number: float) -> None:
    """Sorted by sensor, those at one come before those at the next, be they present or gone."""
    if number == 30:
        busy.recorder.record_many([at_stairs(30), in_cafe(30)])
    query = DeviceQuery(sort=DeviceSort.SENSOR, descending=False)
    rows = busy.reader.devices(query, minute(number)).rows
    assert [row.sensor for row in rows] == ["café"] * 2 + ["stairs"] * 3
