from __future__ import annotations

from db.store import Store
from presence.radio import Radio
from presence.today import RadioDay
from presence.zones import Zone
from tests.db.scanning import HUNG, device, minute, scan


def test_scans_after_a_number_come_in_their_order(store: Store) -> None:
    """What came after a scan is read, oldest first, and no more than asked for."""
    store.recorder.record_many(scan(minute(number)) for number in range(6))
    assert [row.scan_id for row in store.reader.scans_after(3, 10)] == [4, 5, 6]
    assert [row.scan_id for row in store.reader.scans_after(3, 2)] == [4, 5]
    assert store.reader.scans_after(6, 10) == ()


def test_a_scan_that_is_followed_says_what_was_not_heard(store: Store) -> None:
    """Counts by zone for a radio that was heard, none and the fault for one that was not."""
    store.recorder.record(scan(minute(0), ["a", device("b", rssi_dbm=-90.0)], HUNG))
    (row,) = store.reader.scans_after(0, 10)
    assert (row.sensor, row.started_at, row.duration_seconds, row.clock_is_right) == ("box", minute(0), 10.0, True)
    wifi, bluetooth = row.radios
    assert (wifi.device_count, wifi.zone_counts) == (2, {Zone.NEAR: 1, Zone.MEDIUM: 0, Zone.FAR: 1})
    assert (bluetooth.device_count, bluetooth.zone_counts, bluetooth.fault) == (None, None, HUNG)


def test_today_counts_from_local_midnight(store: Store) -> None:
    """Visitors, visits and scans of the local day are counted, those of the day before are not."""
    midnight = 14.5 * 60  # the first scan is at half past nine in Prague
    assert store.reader.today(minute(0)).visitor_count == 0
    store.recorder.record(scan(minute(0), ["a", "b"]))
    store.recorder.record(scan(minute(midnight + 1), ["c"], HUNG))
    store.recorder.record(scan(minute(midnight + 2), ["c", "d"], HUNG))
    store.recorder.record(scan(minute(midnight + 20), [], ["e"]))
    today = store.reader.today(minute(midnight + 30))
    assert today.day.isoformat() == "2027-03-11"
    assert today.visitor_count == 3
    assert today.visit_count == 2
    assert today.radios == (RadioDay(Radio.WIFI, 3, 0), RadioDay(Radio.BLUETOOTH, 1, 2))
    assert store.reader.today(minute(midnight - 60)).radios[0] == RadioDay(Radio.WIFI, 1, 0)
