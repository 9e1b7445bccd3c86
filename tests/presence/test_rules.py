from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from presence.faults import FaultReason, advice_for
from presence.overview import HistoryPoint
from presence.people import people_with_ratio
from presence.radio import Radio
from presence.ranges import TimeRange
from presence.time_spent import credited_seconds
from presence.visits import is_same_visit, stay_seconds
from presence.zones import Zone, ZoneThresholds

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
GAP = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("devices", "people"), [(0, 0), (5, 6), (6, 7), (7, 8), (8, 10), (9, 11), (10, 12), (11, 13), (12, 15)]
)
def test_the_ratio_adds_those_who_cannot_be_heard(devices: int, people: int) -> None:
    """With a visible share of 0.8 the bars read as on the founding page, and 12 is 15 in spite of binary fractions."""
    assert people_with_ratio(devices, 0.8) == people


@pytest.mark.parametrize(
    ("rssi_dbm", "zone"),
    [(-30, Zone.NEAR), (-60, Zone.NEAR), (-60.1, Zone.MEDIUM), (-75, Zone.MEDIUM), (-75.1, Zone.FAR), (None, None)],
)
def test_zones_begin_at_their_thresholds(rssi_dbm: float | None, zone: Zone | None) -> None:
    """A signal at a threshold is in the nearer zone, and no signal is in none."""
    assert ZoneThresholds(-60, -75).zone_of(rssi_dbm) is zone


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    """Near must be above medium."""
    with pytest.raises(ValueError, match="must be above"):
        ZoneThresholds(-75, -60)


@pytest.mark.parametrize(
    ("elapsed_seconds", "credited"), [(None, 60), (60, 60), (45, 45), (90, 90), (120, 120), (3600, 120), (-5, 0)]
)
def test_a_detection_is_worth_what_elapsed(elapsed_seconds: float | None, credited: float) -> None:
    """Scans every 45 s are worth 45 s each; after a pause a detection is worth two intervals at most."""
    assert credited_seconds(elapsed_seconds, 60) == credited


@pytest.mark.parametrize(
    ("later", "same"),
    [(timedelta(0), True), (GAP, True), (GAP + timedelta(seconds=1), False), (timedelta(seconds=-1), False)],
)
def test_a_visit_ends_after_the_gap(later: timedelta, same: bool) -> None:
    """An absence longer than the gap, or a clock that went back, begins a new visit."""
    assert is_same_visit(NOON, NOON + later, GAP) is same


def test_a_stay_lasts_from_the_first_scan_to_what_the_last_stands_for() -> None:
    """A device heard once stayed for the minute that scan stands for, and a clock gone back takes nothing away."""
    assert stay_seconds(NOON, NOON, 60) == 60
    assert stay_seconds(NOON, NOON + timedelta(minutes=5), 60) == 360
    assert stay_seconds(NOON, NOON - timedelta(hours=1), 60) == 60


@pytest.mark.parametrize("radio", Radio)
@pytest.mark.parametrize("reason", FaultReason)
def test_every_reason_has_advice_for_each_radio(radio: Radio, reason: FaultReason) -> None:
    """Each fault has a whole sentence, with nothing left to fill in."""
    sentence = advice_for(radio, reason)
    assert sentence.rstrip("`").endswith((".", "power on", "dbus", "bluetooth", "wifi"))
    assert "{" not in sentence


def test_both_is_the_sum_of_what_was_heard() -> None:
    """A radio that was not heard adds nothing, and neither heard is unknown, not zero."""
    assert HistoryPoint(NOON, 2.0, 3.0, 5).both == 5.0
    assert HistoryPoint(NOON, None, 3.0, 3).both == 3.0
    assert HistoryPoint(NOON, None, None, None).both is None


@pytest.mark.parametrize("time_range", TimeRange)
def test_no_range_has_more_points_than_a_phone_can_draw(time_range: TimeRange) -> None:
    """Every range is drawn with at most 366 points."""
    assert time_range.span / time_range.bucket <= 366
