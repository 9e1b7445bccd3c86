from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.store import Store, open_store
from presence.faults import Fault, FaultReason
from presence.overview import RadioState
from presence.radio import Radio
from presence.scan import Heard
from presence.zones import Zone
from tests.db.scanning import HUNG, SETTINGS, device, minute, scan


def test_an_empty_store_knows_nothing_and_says_so(store: Store) -> None:
    """Before the first scan every figure of now is None and every total 0."""
    overview = store.reader.overview(minute(0))
    assert overview.last_scan_at is None
    assert overview.clock_is_right
    assert (overview.people_now, overview.people_now_with_ratio, overview.present_count) == (None, None, None)
    assert (overview.people_total, overview.average_time_spent_minutes, overview.saved_at) == (0, None, None)
    assert overview.wifi == RadioState(Radio.WIFI, None, None, None, None)
    assert (store.reader.latest_scan_id(), store.reader.latest_scan_at()) == (None, None)


def test_people_now_are_the_devices_of_the_latest_scan(store: Store) -> None:
    """People around are the devices of the latest scan, both radios, and the ratio adds who cannot be heard."""
    store.recorder.record(scan(minute(0), ["a", "b", "c"], ["d"]))
    store.recorder.record(scan(minute(1), ["a", "b"], ["d", "e", "f"]))
    overview = store.reader.overview(minute(1.5))
    assert overview.people_now == 5
    assert overview.people_now_with_ratio == 6
    assert (overview.wifi.device_count, overview.bluetooth.device_count) == (2, 3)
    assert overview.last_scan_at == store.reader.latest_scan_at() == minute(1)
    assert overview.as_of_at == minute(1.5)


def test_a_silent_phone_is_still_present_within_the_hold_window(store: Store) -> None:
    """The present count holds devices heard within the hold window, and lets go of them after it."""
    store.recorder.record(scan(minute(0), ["a"], ["b"]))
    for number in range(1, 8):
        store.recorder.record(scan(minute(number), ["c"]))
    assert store.reader.overview(minute(5)).present_count == 3
    assert store.reader.overview(minute(5.1)).present_count == 1


def test_the_hold_window_may_be_longer_than_the_visit_gap(url: str) -> None:
    """A device whose visit is over is still present while a longer hold window lasts."""
    store = open_store(url, replace(SETTINGS, hold=timedelta(minutes=30)))
    store.recorder.record(scan(minute(0), ["a"]))
    for number in range(1, 20):
        store.recorder.record(scan(minute(number)))
    assert store.reader.overview(minute(19)).present_count == 1
    store.close()


def test_what_is_now_is_unknown_once_scanning_has_stopped(store: Store) -> None:
    """Three intervals after the latest scan the figures of now become None; totals stay."""
    store.recorder.record(scan(minute(0), ["a"]))
    assert store.reader.overview(minute(3)).people_now == 1
    stale = store.reader.overview(minute(3.1))
    assert (stale.people_now, stale.people_now_with_ratio, stale.present_count) == (None, None, None)
    assert stale.zones_now == {}
    assert stale.wifi_total == 1


def test_not_heard_is_never_zero(store: Store) -> None:
    """A radio that was not heard has no count but a fault, and people are counted by the other alone."""
    store.recorder.record(scan(minute(0), ["a"], ["b"]))
    store.recorder.record(scan(minute(1), ["a"], HUNG))
    store.recorder.record(scan(minute(2), ["a"], HUNG))
    overview = store.reader.overview(minute(2))
    assert overview.people_now == 1
    assert overview.bluetooth.device_count is None
    assert overview.bluetooth.fault == HUNG
    assert overview.bluetooth.last_heard_at == minute(0)
    assert overview.bluetooth.fault_since_at == minute(1)
    assert (overview.wifi.fault, overview.wifi.fault_since_at) == (None, None)


def test_with_neither_radio_heard_people_are_unknown(store: Store) -> None:
    """When no radio listened, nobody knows how many are there."""
    store.recorder.record(scan(minute(0), HUNG, HUNG))
    overview = store.reader.overview(minute(0))
    assert (overview.people_now, overview.present_count) == (None, None)
    assert overview.wifi.last_heard_at is None


def test_a_hearing_cut_short_counts_and_tells_why(store: Store) -> None:
    """A radio that stopped early has both its devices and its fault, and is not in a gap."""
    cut = Fault(FaultReason.LOST, "unplugged")
    whole = scan(minute(0), ["a"])
    store.recorder.record(replace(whole, bluetooth=Heard((), cut_short=cut)))
    state = store.reader.overview(minute(0)).bluetooth
    assert (state.device_count, state.fault, state.fault_since_at) == (0, cut, None)


def test_zones_count_the_latest_scan_by_nearness(store: Store) -> None:
    """Devices of both radios are counted by zone; one without a reading is in none."""
    heard = [device(name, rssi_dbm=rssi) for name, rssi in (("a", -50.0), ("b", -70.0), ("c", -90.0), ("d", None))]
    store.recorder.record(scan(minute(0), heard, ["e"]))
    assert store.reader.overview(minute(0)).zones_now == {Zone.NEAR: 2, Zone.MEDIUM: 1, Zone.FAR: 1}


def test_a_device_under_a_new_key_is_a_new_device(store: Store) -> None:
    """Totals count different devices ever heard, and each under each visitor key, by another hash."""
    store.recorder.record(scan(minute(0), ["a", "b"], ["a"]))
    store.recorder.record(scan(minute(1), ["a"]))
    store.recorder.record(scan(minute(2), ["a, by the next key"], key_period=20_001))
    overview = store.reader.overview(minute(2))
    assert (overview.wifi_total, overview.bluetooth_total, overview.people_total) == (3, 1, 4)


def test_a_scan_under_a_wrong_clock_is_shown_and_belongs_to_no_day(store: Store) -> None:
    """It is kept in the ledger and shown as now, but moves no device, total or time spent."""
    store.recorder.record(scan(minute(0), ["a"]))
    wrong_at = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
    store.recorder.record(scan(wrong_at, ["a", "b"], HUNG, clock_is_right=False))
    overview = store.reader.overview(wrong_at + timedelta(seconds=30))
    assert not overview.clock_is_right
    assert (overview.people_now, overview.present_count, overview.last_scan_at) == (2, 2, wrong_at)
    assert overview.bluetooth.fault_since_at == wrong_at
    assert overview.wifi_total == 1
    assert overview.average_time_spent_minutes == 1


def test_a_reset_touches_time_spent_only(store: Store) -> None:
    """After a reset the mean begins again with those detected since; totals and visits stay."""
    for number in range(5):
        store.recorder.record(scan(minute(number), ["a", "b"]))
    assert store.reader.overview(minute(4)).average_time_spent_minutes == 5
    store.commands.reset_time_spent(minute(4.5))
    fresh = store.reader.overview(minute(4.5))
    assert (fresh.average_time_spent_minutes, fresh.time_spent_since_at) == (None, minute(4.5))
    assert (fresh.wifi_total, fresh.people_now) == (2, 2)
    store.recorder.record(scan(minute(5), ["a", "c"]))
    store.recorder.record(scan(minute(6), ["a"]))
    assert store.reader.overview(minute(6)).average_time_spent_minutes == pytest.approx(1.5)


def test_a_saved_report_is_remembered(store: Store) -> None:
    """The time of the latest save is told."""
    store.commands.note_saved(minute(1))
    store.commands.note_saved(minute(2))
    assert store.reader.overview(minute(3)).saved_at == minute(2)


def test_the_latest_scan_has_a_number_that_grows(store: Store) -> None:
    """A page that polls it sees each scan, also one under a clock that went back."""
    store.recorder.record(scan(minute(5)))
    first = store.reader.latest_scan_id()
    store.recorder.record(scan(minute(2)))
    second = store.reader.latest_scan_id()
    assert first is not None
    assert second is not None
    assert second > first
    assert store.reader.overview(minute(2)).last_scan_at == minute(2)
