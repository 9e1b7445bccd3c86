from __future__ import annotations

from datetime import timedelta

from db.store import Store
from presence.overview import DeviceQuery, DeviceRow, Report
from presence.ranges import TimeRange
from presence.scan import Scan
from presence.zones import Zone
from tests.db.scanning import HUNG, device, minute, scan

SECOND = 1 / 60


def at_stairs(number: float, **rssi_dbm: float) -> Scan:
    """What the sensor by the stairs heard in a minute: devices by how strong they were."""
    return scan(minute(number), [device(name, rssi_dbm=rssi) for name, rssi in rssi_dbm.items()], sensor="stairs")


def in_cafe(number: float, **rssi_dbm: float) -> Scan:
    """What the sensor in the café heard."""
    return scan(minute(number), [device(name, rssi_dbm=rssi) for name, rssi in rssi_dbm.items()], sensor="café")


def record(store: Store, *scans: Scan) -> None:
    for one in scans:
        store.recorder.record(one)


def only_device(store: Store, number: float) -> DeviceRow:
    (row,) = store.reader.devices(DeviceQuery(), minute(number)).rows
    return row


def report(store: Store, number: float) -> Report:
    return store.reader.report(TimeRange.WEEK, minute(number))


def test_a_phone_that_two_sensors_hear_is_one_visitor(store: Store) -> None:
    """It is one device with one visit, and each of its minutes is counted once, however many sensors hear it."""
    for number in range(10):
        record(store, at_stairs(number, phone=-50), in_cafe(number + 20 * SECOND, phone=-70))
    assert store.reader.overview(minute(10)).wifi_total == 1
    # Ten minutes, and the 20 s between the last scan of the one sensor and that of the other.
    assert round(only_device(store, 10).time_spent_minutes, 2) == round(10 + 20 * SECOND, 2)
    record(store, at_stairs(30), in_cafe(30))
    assert report(store, 30).stays.count == 1


def test_it_is_placed_at_the_sensor_that_hears_it_best(store: Store) -> None:
    """The other sensor's scans leave it out of their counts, so that those of a site may be added up."""
    record(store, at_stairs(0, phone=-70), in_cafe(0.5, phone=-50), at_stairs(1, phone=-70))
    rows = store.reader.scans_after(0, 10)
    assert [(row.sensor, row.radios[0].device_count) for row in rows] == [("stairs", 1), ("café", 1), ("stairs", 0)]
    assert only_device(store, 1).rssi_mean_dbm == -50


def test_what_two_sensors_heard_at_one_moment_is_kept(store: Store) -> None:
    """A phone that moves at the very moment it was last heard is at its new sensor."""
    record(store, in_cafe(0, phone=-80), at_stairs(0, phone=-50))
    assert only_device(store, 1).rssi_mean_dbm == -50


def test_two_scans_of_one_moment_both_count(store: Store) -> None:
    """What a second scan of the same sensor at the same moment adds to the time spent is remembered."""
    record(store, at_stairs(0, phone=-50), at_stairs(0, phone=-50))
    assert only_device(store, 1).time_spent_minutes == 2


def test_a_phone_between_two_sensors_does_not_jump(store: Store) -> None:
    """Heard about equally well by two, it stays where it was, in one visit."""
    record(store, at_stairs(0, phone=-60))
    for number in range(1, 8):
        record(store, in_cafe(number - 0.5, phone=-57), at_stairs(number, phone=-63))
    assert only_device(store, 8).rssi_mean_dbm == -63


def test_a_phone_that_its_sensor_has_lost_moves(store: Store) -> None:
    """When only the farther sensor hears it for more than three minutes, it is there."""
    record(store, at_stairs(0, phone=-50))
    for number in range(1, 5):
        record(store, at_stairs(number), in_cafe(number + 0.5, phone=-80))
    assert only_device(store, 5).rssi_mean_dbm == -80
    record(store, at_stairs(30), in_cafe(30))
    assert report(store, 30).stays.count == 1


def test_a_sensor_out_of_reach_ends_no_visit(store: Store) -> None:
    """Scans that waited at a sensor for an hour and then come all at once make one visit, beside those of others."""
    record(store, at_stairs(0, phone=-50))
    for number in range(60):
        record(store, in_cafe(number, guest=-60))
    for number in range(1, 50):
        record(store, at_stairs(number, phone=-50))
    record(store, at_stairs(75), in_cafe(75))
    stays = report(store, 75).stays
    assert (stays.count, stays.longest_minutes) == (2, 60)
    assert stays.average_minutes == (60 + 50) / 2


def test_late_scans_of_one_sensor_leave_what_another_heard_since(store: Store) -> None:
    """A phone that another sensor hears now is not put back to where a late scan heard it an hour ago."""
    record(store, in_cafe(58, phone=-60), in_cafe(59, phone=-60), at_stairs(57, phone=-40), in_cafe(60, phone=-60))
    row = only_device(store, 60)
    assert row.last_seen_at == minute(60)
    # The visit began at the stairs; the minutes that both heard count once.
    record(store, in_cafe(90), at_stairs(90))
    assert report(store, 90).stays.longest_minutes == 60 - 57 + 1


def test_what_nobody_has_heard_for_a_day_has_left(store: Store) -> None:
    """The visits at a sensor that never speaks again are ended by others after a day, as long as they were."""
    record(store, at_stairs(0, phone=-50), at_stairs(1, phone=-50))
    record(store, in_cafe(24 * 60 - 10))
    assert report(store, 24 * 60 - 10).stays.count == 0
    record(store, in_cafe(24 * 60 + 2))
    stays = report(store, 24 * 60 + 2).stays
    assert (stays.count, stays.longest_minutes) == (1, 2)


def test_devices_of_one_sensor_stay_while_the_clock_of_another_is_behind(store: Store) -> None:
    """A sensor whose clock lags by a minute or leads by one ends no visit of a phone that both hear."""
    for number in range(5):
        record(store, at_stairs(number, phone=-50), in_cafe(number - 1, phone=-52), in_cafe(number + 1, phone=-52))
    record(store, at_stairs(30), in_cafe(30))
    stays = report(store, 30).stays
    assert (stays.count, stays.ongoing_count) == (1, 0)
    assert timedelta(minutes=stays.longest_minutes or 0) <= timedelta(minutes=8)


def test_the_site_counts_each_device_once_now(store: Store) -> None:
    """Devices that two sensors heard in their latest scans are one each, in the zone of the one that hears it best."""
    record(store, at_stairs(0, a=-50, b=-80), in_cafe(0.3, a=-70, b=-55, c=-90))
    now = store.reader.overview(minute(1))
    assert (now.people_now, now.wifi.device_count, now.present_count) == (3, 3, 3)
    assert now.zones_now == {Zone.NEAR: 2, Zone.MEDIUM: 0, Zone.FAR: 1}


def test_a_sensor_that_hears_nothing_leaves_the_site_heard(store: Store) -> None:
    """A radio of the site is not heard only when no sensor hears it; one that fell silent counts for nothing."""
    record(store, at_stairs(0, a=-50), scan(minute(0.5), HUNG, HUNG, sensor="café"))
    assert store.reader.overview(minute(1)).wifi.device_count == 1
    record(store, scan(minute(6), HUNG, HUNG, sensor="café"))
    now = store.reader.overview(minute(6))
    assert (now.people_now, now.wifi.device_count, now.wifi.fault) == (None, None, HUNG)
