from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from db.overrides import Overrides
from db.people_schema import SCAN_COUNTS
from db.refit import refit
from db.store import Store, open_store
from presence.counts import SensorCounts
from presence.estimate import EstimateError, FixtureDecision, NoSuchFixtureError, NoSuchHeadCountError, Returning
from presence.estimating import estimate_people
from presence.people_model import UNCALIBRATED
from presence.radio import Radio
from presence.ranges import TimeRange
from presence.zones import ZoneThresholds
from tests.db.counting import counting_scan, counts, fixture
from tests.db.scanning import SETTINGS, device, minute, scan

AT_MOST = timedelta(days=1)


def likely(wifi: int, bluetooth: int | None = None) -> float:
    """What the model says of so many devices, by the side of the store."""
    told = SensorCounts(counts(wifi), None if bluetooth is None else counts(bluetooth))
    estimate = estimate_people([told], frozenset(), UNCALIBRATED)
    assert estimate is not None
    return estimate.likely


def test_the_newest_counts_are_told_as_people(store: Store) -> None:
    """The estimate of now is made from the newest scan, and rests on it."""
    store.recorder.record(counting_scan(minute(0), counts(2)))
    store.recorder.record(counting_scan(minute(1), counts(8), counts(4)))
    told = store.people.people_now(minute(1.5))
    assert told.as_of_at == minute(1)
    assert told.estimate is not None
    assert told.estimate.likely == pytest.approx(likely(8, 4))
    assert told.capacity is None


def test_before_the_first_scan_nothing_is_known(store: Store) -> None:
    """There is no moment to tell of, and no estimate."""
    told = store.people.people_now(minute(0))
    assert (told.as_of_at, told.estimate, told.usual) == (None, None, None)


def test_what_was_counted_long_ago_says_nothing_of_now(store: Store) -> None:
    """After three intervals without a scan there is no estimate, and when the last one was is told."""
    store.recorder.record(counting_scan(minute(0), counts(2)))
    assert store.people.people_now(minute(2)).estimate is not None
    told = store.people.people_now(minute(4))
    assert (told.as_of_at, told.estimate) == (minute(0), None)


def test_a_sensor_that_does_not_count_tells_of_nobody(store: Store) -> None:
    """A scan without counts is no zero."""
    store.recorder.record(scan(minute(0), ["a"]))
    assert store.people.people_now(minute(0)).estimate is None


def test_a_sensor_of_before_there_were_counts_tells_of_nobody(store: Store) -> None:
    """Of a sensor whose scans are older than what is counted nothing is estimated, and neither of one that is not."""
    store.recorder.record(counting_scan(minute(0), counts(8), sensor="door"))
    with store.connections.write() as connection:
        connection.execute(delete(SCAN_COUNTS))
    for sensor in (None, "door", "nowhere"):
        assert store.people.people_now(minute(0), sensor).estimate is None


def test_several_sensors_are_taken_together(store: Store) -> None:
    """The site is estimated from the newest counts of each sensor, and each sensor from its own."""
    store.recorder.record(counting_scan(minute(0), counts(8), sensor="door"))
    store.recorder.record(counting_scan(minute(0.5), counts(4), sensor="hall"))
    site = store.people.people_now(minute(1)).estimate
    hall = store.people.people_now(minute(1), "hall").estimate
    both = estimate_people([SensorCounts(counts(8), None), SensorCounts(counts(4), None)], frozenset(), UNCALIBRATED)
    assert site is not None
    assert both is not None
    assert hall is not None
    assert site.likely == pytest.approx(both.likely)
    assert hall.likely == pytest.approx(likely(4))


def test_a_fixture_leaves_the_counts_until_it_is_kept(store: Store) -> None:
    """What stays at the place is taken off as soon as it is learned, and counts again when the owner keeps it."""
    for number in range(2):
        store.recorder.record(counting_scan(minute(number), counts(8, fixture("printer"))))
    (row,) = store.fixtures.rows()
    assert (row.manufacturer, row.days, row.nights, row.decision) == ("Brother", 1, 0, FixtureDecision.LEARNED)
    without = store.people.people_now(minute(1)).estimate
    assert without is not None
    assert without.likely == pytest.approx(likely(7))
    store.fixtures.decide(row.fixture_id, FixtureDecision.KEPT)
    kept = store.people.people_now(minute(1)).estimate
    assert kept is not None
    assert kept.likely == pytest.approx(likely(8))


def test_days_and_nights_of_a_fixture_are_counted(store: Store) -> None:
    """Each local day and each night in which it was heard counts once; what is repeated adds nothing."""
    # The first scan is at half past nine in Prague; 17 hours later it is half past two at night.
    for hour in (0, 0.2, 17, 18, 24, 41, 41.5):
        store.recorder.record(counting_scan(minute(60 * hour), counts(1, fixture("printer"))))
    (row,) = store.fixtures.rows()
    assert (row.days, row.nights) == (3, 2)
    assert row.first_heard_at == minute(0)
    assert store.fixtures.digests() == {fixture("printer").digest}


def test_a_fixture_that_does_not_exist_cannot_be_decided_on(store: Store) -> None:
    """That is told."""
    with pytest.raises(NoSuchFixtureError):
        store.fixtures.decide(1, FixtureDecision.KEPT)


def test_head_counts_are_added_edited_deleted_and_restored(store: Store) -> None:
    """The latest stands first, and one that was deleted can be brought back."""
    first = store.head_counts.add(5, minute(0), "admin")
    second = store.head_counts.add(7, minute(60), "admin")
    store.head_counts.edit(first, 6, minute(1))
    store.head_counts.delete(second, minute(61))
    entries = store.people.calibration().head_counts
    assert [(one.head_count_id, one.people, one.counted_at, one.is_deleted) for one in entries] == [
        (second, 7, minute(60), True),
        (first, 6, minute(1), False),
    ]
    store.head_counts.restore(second)
    assert not store.people.calibration().head_counts[0].is_deleted


def test_a_head_count_that_is_gone_is_told(store: Store) -> None:
    """A number that never was, one that was deleted, and one that was forgotten a day later are no entries."""
    with pytest.raises(NoSuchHeadCountError):
        store.head_counts.edit(1, 5, minute(0))
    number = store.head_counts.add(5, minute(0), "admin")
    other = store.head_counts.add(6, minute(0), "admin")
    store.head_counts.delete(number, minute(1))
    with pytest.raises(NoSuchHeadCountError):
        store.head_counts.delete(number, minute(1))
    store.head_counts.delete(other, minute(1) + AT_MOST + timedelta(seconds=1))
    with pytest.raises(NoSuchHeadCountError):
        store.head_counts.restore(number)


@pytest.mark.parametrize("people", [-1, 100_001])
def test_what_nobody_can_have_counted_is_refused(store: Store, people: int) -> None:
    """Fewer than none, or more than a stadium holds."""
    with pytest.raises(EstimateError, match="cannot be"):
        store.head_counts.add(people, minute(0), "admin")


def test_an_entry_is_estimated_by_what_was_heard_about_then(store: Store) -> None:
    """The nearest scan within two intervals tells; where there is none, the entry teaches nothing."""
    store.recorder.record(counting_scan(minute(0), counts(8)))
    store.head_counts.add(9, minute(1.9), "admin")
    store.head_counts.add(9, minute(30), "admin")
    later, near = store.people.calibration().head_counts
    assert near.estimated == pytest.approx(likely(8))
    assert later.estimated is None


def test_history_is_made_of_the_minutes(store: Store) -> None:
    """Each bucket has the mean of its estimates, and one in which nothing was heard has none."""
    for number in range(20):
        store.recorder.record(counting_scan(minute(number), counts(number)))
    assert store.people_sums.roll_up(minute(20)) == 20
    assert store.people_sums.roll_up(minute(20)) == 0
    day = store.people.people_history(TimeRange.DAY, minute(20))
    known = [point.likely for point in day.points if point.likely is not None]
    assert known == [
        pytest.approx(sum(likely(number) for number in range(10)) / 10),
        pytest.approx(sum(likely(number) for number in range(10, 20)) / 10),
    ]
    week = store.people.people_history(TimeRange.WEEK, minute(20))
    assert week.points[-1].likely == pytest.approx(sum(likely(number) for number in range(20)) / 20)
    assert {point.likely for point in week.points[:-1]} == {None}


def test_a_scan_that_comes_late_finds_its_way_into_history(store: Store) -> None:
    """Both in an hour of which the minutes are kept, and in one of which only the mean is."""
    for day in (0, 10):
        store.recorder.record(counting_scan(minute(1440 * day), counts(2)))
        store.people_sums.roll_up(minute(1440 * 10))
    for day in (0, 10):
        store.recorder.record(counting_scan(minute(1440 * day + 10), counts(6)))
    store.people_sums.roll_up(minute(1440 * 10 + 10))
    month = store.people.people_history(TimeRange.MONTH, minute(1440 * 10 + 10))
    known = [point.likely for point in month.points if point.likely is not None]
    assert known == [pytest.approx((likely(2) + likely(6)) / 2)] * 2


def test_what_is_usual_is_the_median_of_the_same_hours(store: Store) -> None:
    """Three weeks at least are asked for, and the running one is none of them."""
    for week, devices in enumerate((1, 2, 9, 50)):
        at = minute((week - 3) * 7 * 1440)
        store.recorder.record(counting_scan(at, counts(devices)))
        store.people_sums.roll_up(at)
        usual = store.people.people_now(at).usual
        assert (usual is None) == (week < 3)
    assert usual is not None
    assert usual.people == pytest.approx(likely(2))
    assert usual.weeks == 3
    hours = store.people.people_history(TimeRange.WEEK, minute(0))
    assert hours.usual[-1] == usual.people
    busy = store.people.busy_week(minute(0))
    # The first scan is on a Wednesday at half past nine.
    assert busy.cells[2][9] == pytest.approx((likely(1) + likely(2) + likely(9)) / 3)
    assert busy.cells[2][10] is None
    assert busy.weeks == 3


def test_counts_are_forgotten_with_the_ledger(store: Store) -> None:
    """They are kept for as long as scans are, and fixtures that were not heard for so long with them."""
    store.recorder.record(counting_scan(minute(0), counts(2, fixture("printer"))))
    later_at = minute(0) + timedelta(days=401)
    store.recorder.record(counting_scan(later_at, counts(3)))
    store.recorder.forget_due(later_at)
    assert store.fixtures.rows() == ()
    assert store.people_sums.roll_up(later_at) == 1


def test_what_if_tells_the_past_under_other_settings(store: Store) -> None:
    """Where fewer people can be heard, the same devices are more people; hours that were not heard are absent."""
    for number in range(10):
        store.recorder.record(counting_scan(minute(number), counts(8)))
    told = store.people.what_if(0.4, None, TimeRange.HOUR, minute(10))
    assert told.now == {9: pytest.approx(likely(8))}
    assert told.then == {9: pytest.approx(2 * likely(8))}


def test_what_if_what_is_weaker_counted_too(store: Store) -> None:
    """The same scans, with other signals near enough, are other people; head counts leave settings no say."""
    some = counts(8)
    at_cuts = (8, 8, 8, 5, 5, 2, 2, 2)
    thinning = replace(some.window, devices=at_cuts, carried=at_cuts, addresses=at_cuts, once=at_cuts)
    for number in range(6):
        store.recorder.record(counting_scan(minute(number), replace(some, window=thinning)))
    told = store.people.what_if(None, -85, TimeRange.HOUR, minute(6))
    assert told.then[9] == pytest.approx(8 / 5 * told.now[9])
    for number in range(6):
        store.head_counts.add(30, minute(number), "admin")
    refit(store.connections, SETTINGS, minute(6))
    told = store.people.what_if(0.1, -85, TimeRange.HOUR, minute(6))
    assert told.then == told.now


def test_the_zones_in_force_say_what_is_near_enough(store: Store) -> None:
    """Other thresholds make a fit due, after which more or fewer devices are taken to be at the place."""
    some = counts(8)
    at_cuts = (8, 8, 8, 5, 5, 2, 2, 2)
    thinning = replace(some.window, devices=at_cuts, carried=at_cuts, addresses=at_cuts, once=at_cuts)
    store.recorder.record(counting_scan(minute(0), replace(some, window=thinning)))
    refit(store.connections, SETTINGS, minute(0))
    before = store.people.people_now(minute(0)).estimate
    Overrides(store.connections).set_thresholds(ZoneThresholds(-50, -66), minute(0))
    assert store.people.calibration().is_fitting
    refit(store.connections, SETTINGS, minute(0))
    after = store.people.people_now(minute(0)).estimate
    assert before is not None
    assert after is not None
    assert after.likely == pytest.approx(2 / 5 * before.likely)


def test_stays_of_the_crowd_rest_on_devices_that_keep_their_address(store: Store) -> None:
    """Thirty phones that stay for half an hour each are told as such, and too few tell nothing."""
    assert store.people.stays(TimeRange.DAY, minute(0)) is None
    for number in range(120):
        first = max(0, number // 3 - 10)
        here = [device(str(one), Radio.WIFI) for one in range(first, number // 3 + 1)]
        store.recorder.record(counting_scan(minute(number), counts(len(here)), heard=here))
    store.recorder.record(counting_scan(minute(140), counts(0)))
    while store.people_sums.roll_up(minute(140)):
        pass
    told = store.people.stays(TimeRange.DAY, minute(141))
    assert told is not None
    assert told.mean_minutes == pytest.approx(30, abs=3)
    assert told.rests_on > 20


def test_who_comes_back_is_told_where_names_last(url: str) -> None:
    """Who stayed a while and was heard on an earlier day came back; where each day has new names, none is told to."""
    settings = replace(SETTINGS, recognises=True)
    day = 24 * 60
    visitors = {0: ["a", "b"], day: ["a", "c"], 2 * day: ["c", "d", "e"]}
    with contextlib.closing(open_store(url, settings)) as store:
        for begin, names in visitors.items():
            for number in range(10):
                store.recorder.record(scan(minute(begin + number), [device(name, Radio.WIFI) for name in names]))
            store.recorder.record(scan(minute(begin + 60), [device("passes by", Radio.WIFI)]))
            store.recorder.record(scan(minute(begin + 120)))
        assert store.people.returning(TimeRange.WEEK, minute(3 * day)) == Returning(returning=2, new=3)
        assert store.people.returning(TimeRange.DAY, minute(2 * day + 130)) == Returning(returning=1, new=2)
    with contextlib.closing(open_store(url, SETTINGS)) as store:
        assert store.people.returning(TimeRange.WEEK, minute(3 * day)) is None


def test_an_estimate_of_many_sensors_holds_for_some_seconds(store: Store) -> None:
    """What each of many sensors counts anew is not added up anew at once, and soon is."""
    store.recorder.record_many(counting_scan(minute(0), counts(2), sensor=f"s{number}") for number in range(21))
    before = store.people.people_now(minute(0)).estimate
    store.recorder.record(counting_scan(minute(0.1), counts(50), sensor="s1"))
    assert store.people.people_now(minute(0.1)).estimate == before
    after = store.people.people_now(minute(0.2)).estimate
    assert before is not None
    assert after is not None
    assert after.likely > before.likely
