from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.recorder import record_scans
from db.store import Store, open_store
from presence.overview import DeviceQuery, Report
from presence.radio import Radio
from presence.ranges import TimeRange
from presence.scan import Heard, Scan
from tests.db.model import model_of
from tests.db.scanning import HUNG, SETTINGS, device, minute, scan
from tests.sqlite import passing_database


def report(store: Store, number: float) -> Report:
    """A day's report so many minutes after the first scan."""
    return store.reader.report(TimeRange.DAY, minute(number))


def minutes_spent(store: Store, number: float) -> dict[Radio, float]:
    """Time spent of the one device of each radio."""
    page = store.reader.devices(DeviceQuery(), minute(number))
    return {row.radio: row.time_spent_minutes for row in page.rows}


def test_time_spent_follows_what_really_elapsed(store: Store) -> None:
    """Each detection is worth the time since the scan before, an interval after a start, and never more than two."""
    for number, elapsed in enumerate((None, 45.0, 60.0, 7200.0)):
        store.recorder.record(scan(minute(number), ["a"], elapsed_seconds=elapsed))
    assert minutes_spent(store, 3) == {Radio.WIFI: (60 + 45 + 60 + 120) / 60}


def test_a_visit_ends_when_the_gap_is_exceeded(store: Store) -> None:
    """A device away for exactly the gap is on the same visit; a moment longer, and its visit has ended."""
    store.recorder.record(scan(minute(0), ["a"]))
    store.recorder.record(scan(minute(10), ["a"]))
    assert report(store, 10).stays.count == 0
    store.recorder.record(scan(minute(20.1), ["a"]))
    stays = report(store, 20.1).stays
    assert (stays.count, stays.average_minutes, stays.longest_minutes, stays.ongoing_count) == (1, 11, 11, 1)


def test_two_stays_are_two_visits_of_one_device(store: Store) -> None:
    """A device that comes back is the same device with two visits, and its time spent goes on."""
    for number in (0, 1, 2, 30, 31, 60):
        store.recorder.record(scan(minute(number), ["a"] if number < 60 else []))
    said = report(store, 60)
    assert (said.stays.count, said.stays.longest_minutes, said.stays.ongoing_count) == (2, 3, 0)
    assert said.overview.wifi_total == 1
    assert minutes_spent(store, 60) == {Radio.WIFI: 5}


def test_a_clock_that_went_back_ends_visits_without_absurd_stays(store: Store) -> None:
    """After a step back a visit is over, as long as it was known to be; nothing is negative."""
    store.recorder.record(scan(minute(60), ["a"]))
    store.recorder.record(scan(minute(61), ["a"]))
    store.recorder.record(scan(minute(0), ["a"]))
    store.recorder.record(scan(minute(1), ["a"]))
    store.recorder.record(scan(minute(12), []))
    stays = report(store, 62).stays
    assert (stays.count, stays.average_minutes, stays.longest_minutes) == (2, 2, 2)
    (row,) = store.reader.devices(DeviceQuery(), minute(62)).rows
    assert row.first_seen_at <= row.last_seen_at


def test_a_visit_that_begins_and_ends_in_one_transaction_is_when_a_device_was_first_heard(store: Store) -> None:
    """After a clock was put back it is remembered, though another visit is open when the transaction ends."""
    store.recorder.record(scan(minute(60), ["a"]))
    with store.connections.write() as connection:
        record_scans(connection, [scan(minute(0), ["a"]), scan(minute(20), ["a"])], SETTINGS)
    (row,) = store.reader.devices(DeviceQuery(), minute(61)).rows
    assert row.first_seen_at == minute(0)


def test_two_visits_may_end_at_one_moment(store: Store) -> None:
    """After a clock was put back a visit may end when an earlier one did: both count, of one device."""
    for number in (0, 20, 0, 20):
        store.recorder.record(scan(minute(number), ["a"] if number == 0 else []))
    assert report(store, 20).stays.count == 2
    assert store.reader.devices(DeviceQuery(), minute(20)).total == 1


def test_visits_end_while_the_radio_is_not_heard(store: Store) -> None:
    """A radio that fails ends nobody's visit at once, but after the gap nobody can say that they stayed."""
    store.recorder.record(scan(minute(0), ["a"]))
    store.recorder.record(scan(minute(9), HUNG))
    assert report(store, 9).stays.count == 0
    store.recorder.record(scan(minute(11), HUNG))
    assert report(store, 11).stays.count == 1


def test_a_maker_that_is_told_later_is_remembered(store: Store) -> None:
    """A device that names its maker only in a later scan is listed with it."""
    store.recorder.record(scan(minute(0), (), [device("a", Radio.BLUETOOTH)]))
    store.recorder.record(scan(minute(1), (), [device("a", Radio.BLUETOOTH, manufacturer="Garmin")]))
    store.recorder.record(scan(minute(2), (), ["a"]))
    (row,) = store.reader.devices(DeviceQuery(), minute(2)).rows
    assert row.manufacturer == "Garmin"


def test_hostile_text_is_kept_bounded_and_loses_no_scan(store: Store) -> None:
    """Half surrogate pairs, NUL and endless names are stored as far as a database can hold them."""
    hostile = device("a", ssids=("\ud800\x00<b>", '"]%_'), manufacturer="x" * 5000)
    store.recorder.record(scan(minute(0), [hostile]))
    (row,) = store.reader.devices(DeviceQuery(), minute(0)).rows
    assert row.ssids == ("?\N{REPLACEMENT CHARACTER}<b>", '"]%_')
    assert row.manufacturer == "x" * 64


def test_more_devices_than_one_statement_looks_up(store: Store) -> None:
    """A scan of 1,200 devices is followed like any other."""
    names = [str(number) for number in range(1200)]
    for number in range(2):
        store.recorder.record(scan(minute(number), names))
    overview = store.reader.overview(minute(1))
    assert (overview.people_now, overview.wifi_total, overview.average_time_spent_minutes) == (1200, 1200, 2)


names = st.sets(st.sampled_from("abcdef"), max_size=6).map(sorted)
heard = st.one_of(names, names, names, st.just(HUNG))
steps = st.one_of(st.integers(30, 900), st.integers(-1800, -1), st.sampled_from([600, 601, 599]))


@st.composite
def happenings(draw: st.DrawFn) -> list[Scan | None]:
    """Scans of a few devices at uneven times, the clock put back now and then or wrong, with resets between (None)."""
    at, events = minute(0), list[Scan | None]()
    for _ in range(draw(st.integers(1, 25))):
        if draw(st.integers(0, 9)) == 0:
            events.append(None)
        step = draw(steps)
        at += timedelta(seconds=step)
        elapsed = draw(st.sampled_from([None, 45.0, 59.9994, 60.0, float(abs(step))]))
        is_right = draw(st.integers(0, 9)) > 0
        events.append(
            scan(at, draw(heard), draw(heard), elapsed_seconds=elapsed, clock_is_right=is_right, key_period=20_000)
        )
    return events


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(happenings())
def test_what_is_remembered_equals_a_recount_from_scratch(events: list[Scan | None]) -> None:
    """Whatever happens, visits, time spent, totals and sums are those worked out anew from all scans."""
    model = model_of(events)
    scans = [event for event in events if event is not None]
    now_at = max(one.started_at for one in scans)
    with passing_database() as url, contextlib.closing(open_store(url, SETTINGS)) as store:
        for event in events:
            if event is None:
                store.commands.reset_time_spent(now_at)
            else:
                store.recorder.record(event)
        overview = store.reader.overview(now_at)
        rows = store.reader.devices(DeviceQuery(limit=100), now_at).rows
        reports = [store.reader.report(span, now_at) for span in (TimeRange.DAY, TimeRange.WEEK, TimeRange.YEAR)]
    spent = {(row.radio, row.device_hash): row.time_spent_minutes for row in rows}
    expected = {key: (device.time_spent_seconds or 0) / 60 for key, device in model.devices.items()}
    assert spent == pytest.approx(expected, abs=0.001)
    assert overview.average_time_spent_minutes == pytest.approx(model.mean_minutes, abs=0.001)
    assert overview.people_total == len(model.devices)
    seen = {(row.radio, row.device_hash): row.last_seen_at for row in rows}
    assert seen == {key: device.last_seen_at for key, device in model.devices.items()}
    for said in reports:
        assert said.stays.count == len(model.visits)
        if model.visits:
            lengths = [seconds / 60 for _, seconds in model.visits]
            assert said.stays.average_minutes == pytest.approx(sum(lengths) / len(lengths), abs=0.001)
            assert said.stays.longest_minutes == pytest.approx(max(lengths), abs=0.001)
        assert sum(totals.new_devices for totals in said.radios) == len(model.devices)
        assert dict(said.manufacturers).get(None, 0) == len(model.devices)
        for totals in said.radios:
            right = [one.hearing(totals.radio) for one in scans if one.clock_is_right]
            counts = [len(hearing.observations) for hearing in right if isinstance(hearing, Heard)]
            assert (totals.scans_heard, totals.scans_unheard) == (len(counts), len(right) - len(counts))
            mean = sum(counts) / len(counts) if counts else None
            assert totals.mean_devices == pytest.approx(mean)
