from __future__ import annotations

from datetime import timedelta

import pytest

from db.store import Store
from presence.faults import Fault, FaultReason
from presence.overview import BusyHour, Gap, Report
from presence.radio import Radio
from presence.ranges import TimeRange
from tests.db.scanning import HUNG, PRAGUE, device, minute, scan


def report(store: Store, number: float, time_range: TimeRange = TimeRange.DAY) -> Report:
    """A report so many minutes after the first scan."""
    return store.reader.report(time_range, minute(number))


@pytest.mark.parametrize("time_range", list(TimeRange))
def test_a_report_on_nothing_is_empty(store: Store, time_range: TimeRange) -> None:
    """Without scans there are no stays, hours, makers or gaps, and no mean."""
    said = report(store, 0, time_range)
    assert (said.stays.count, said.stays.average_minutes, said.stays.longest_minutes) == (0, None, None)
    assert (said.busiest_hours, said.manufacturers, said.gaps, said.gap_count) == ((), (), (), 0)
    assert [totals.mean_devices for totals in said.radios] == [None, None]


@pytest.mark.parametrize("time_range", [TimeRange.DAY, TimeRange.WEEK, TimeRange.YEAR])
def test_the_busiest_hours_come_first_at_most_five(store: Store, time_range: TimeRange) -> None:
    """Hours are those of the local clock, ranked by the mean devices of their scans."""
    for hour in range(7):
        names = [str(number) for number in range(hour)]
        store.recorder.record(scan(minute(60 * hour), names, ["x"]))
        store.recorder.record(scan(minute(60 * hour + 10), names, HUNG))
    hours = report(store, 7 * 60, time_range).busiest_hours
    assert hours == tuple(BusyHour(hour, hour - 9 + 1.0) for hour in (15, 14, 13, 12, 11))


def test_a_year_adds_months_up(store: Store) -> None:
    """The busiest hours and the makers of a year are those of all its months, its first in part."""
    for days, count in ((0, 3), (25, 9), (60, 1), (300, 3)):
        heard = [device(f"{days} {number}", manufacturer="Apple, Inc.") for number in range(count)]
        store.recorder.record(scan(minute(days * 1440), heard))
    said = store.reader.report(TimeRange.YEAR, minute(300 * 1440))
    assert said.manufacturers == (("Apple, Inc.", 16),)
    # In summer time the same time of day is an hour later.
    assert said.busiest_hours == (BusyHour(10, 5.0), BusyHour(9, 3.0))
    later = store.reader.report(TimeRange.YEAR, minute(370 * 1440))
    assert later.manufacturers == (("Apple, Inc.", 13),)
    assert later.busiest_hours == (BusyHour(10, 5.0), BusyHour(9, 3.0))
    assert later.radios[0].scans_heard == 3


@pytest.mark.parametrize("time_range", [TimeRange.HOUR, TimeRange.MONTH])
def test_makers_are_counted_by_new_devices(store: Store, time_range: TimeRange) -> None:
    """At most ten makers of both radios together, the most frequent first; those not told are under None."""
    heard = [device(f"{maker} {number}", manufacturer=f"M{maker:02}") for maker in range(12) for number in range(maker)]
    store.recorder.record(scan(minute(0), [*heard, device("x")], [device("y", Radio.BLUETOOTH, manufacturer="M11")]))
    makers = report(store, 0, time_range).manufacturers
    assert makers[:2] == (("M11", 12), ("M10", 10))
    assert len(makers) == 10
    store.recorder.record(scan(minute(1), [device(f"more {number}") for number in range(50)]))
    assert report(store, 1, time_range).manufacturers[0] == (None, 51)


def test_a_gap_begins_and_ends_with_its_scans(store: Store) -> None:
    """A run of scans without a radio is one gap, from the first of them to the scan that heard it again."""
    heard: list[list[str] | Fault] = [["a"], HUNG, Fault(FaultReason.LOST), ["a"], HUNG]
    for number, bluetooth in enumerate(heard):
        store.recorder.record(scan(minute(number), (), bluetooth))
    said = report(store, 4)
    assert said.gaps == (
        Gap(Radio.BLUETOOTH, minute(4), None, HUNG),
        Gap(Radio.BLUETOOTH, minute(1), minute(3), HUNG),
    )
    assert said.gap_count == 2


def test_a_time_without_scans_is_a_gap_of_both_radios(store: Store) -> None:
    """When the box was off, both radios were not heard, from the first missing minute on, and no fault is to blame."""
    store.recorder.record(scan(minute(0)))
    store.recorder.record(scan(minute(30), elapsed_seconds=None))
    gaps = report(store, 30).gaps
    assert {(gap.radio, gap.from_at, gap.to_at, gap.fault) for gap in gaps} == {
        (radio, minute(1), minute(30), None) for radio in Radio
    }


def test_a_scan_missed_now_and_then_is_no_gap(store: Store) -> None:
    """Scans up to two and a half intervals apart have none missing between them, nor has a clock put forward."""
    store.recorder.record(scan(minute(0)))
    store.recorder.record(scan(minute(2.5), elapsed_seconds=150.0))
    store.recorder.record(scan(minute(90), elapsed_seconds=60.0))
    assert report(store, 90).gaps == ()


def test_a_radio_that_failed_before_and_after_the_box_was_off_has_one_gap(store: Store) -> None:
    """It was not heard all the while."""
    store.recorder.record(scan(minute(0), (), HUNG))
    store.recorder.record(scan(minute(60), (), HUNG, elapsed_seconds=None))
    gaps = [gap for gap in report(store, 60).gaps if gap.radio is Radio.BLUETOOTH]
    assert gaps == [Gap(Radio.BLUETOOTH, minute(0), None, HUNG)]


def test_scanning_that_has_stopped_is_a_gap_that_goes_on(store: Store) -> None:
    """When the next scan is overdue, the radios heard in the last one are in a gap without an end."""
    store.recorder.record(scan(minute(0), ["a"], HUNG))
    gaps = report(store, 5).gaps
    assert Gap(Radio.WIFI, minute(1), None, None) in gaps
    assert Gap(Radio.BLUETOOTH, minute(0), None, HUNG) in gaps


def test_a_gap_never_ends_before_it_began(store: Store) -> None:
    """Not even when the clock was put back in it."""
    store.recorder.record(scan(minute(60), HUNG))
    store.recorder.record(scan(minute(10), ["a"]))
    gap = next(gap for gap in report(store, 61).gaps if gap.radio is Radio.WIFI and gap.fault == HUNG)
    assert (gap.from_at, gap.to_at) == (minute(60), minute(60))


def test_only_the_latest_twenty_gaps_are_listed(store: Store) -> None:
    """All gaps of the range are counted; those before it are not."""
    flapping = [scan(minute(number), (), HUNG if number % 2 else ()) for number in range(60)]
    store.recorder.record_many(flapping)
    said = report(store, 60)
    assert (len(said.gaps), said.gap_count) == (20, 30)
    assert said.gaps[0].from_at == minute(59)
    assert report(store, 60 + 1440 + 60).gap_count == 2  # the one that goes on, and the silence since


def test_long_reports_are_made_of_whole_days(store: Store) -> None:
    """Everything since the midnight that begins the week is in, nothing before it."""
    now = 7 * 1440
    for number in (-600, 0, now):
        store.recorder.record(scan(minute(number), [str(number)], elapsed_seconds=None))
    said = store.reader.report(TimeRange.WEEK, minute(now))
    assert said.from_at == (minute(0).astimezone(PRAGUE).replace(hour=0, minute=0)) == minute(0) - timedelta(hours=9.5)
    assert said.radios[0].scans_heard == 2
    assert said.radios[0].new_devices == 2
    assert said.stays.count == 1
