from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from db.store import Store
from presence.overview import HistoryPoint
from presence.ranges import TimeRange
from presence.scan import Heard, Scan
from tests.db.scanning import HUNG, PRAGUE, minute, scan


def points_at(store: Store, time_range: TimeRange, now_at: datetime) -> dict[datetime, HistoryPoint]:
    """The points of a range by their times."""
    return {point.at: point for point in store.reader.history(time_range, now_at).points}


@pytest.mark.parametrize("time_range", list(TimeRange))
def test_without_scans_every_point_is_a_gap(store: Store, time_range: TimeRange) -> None:
    """Each bucket of the range has a point, and none of them is a zero."""
    points = store.reader.history(time_range, minute(0)).points
    assert len(points) == (366 if time_range is TimeRange.YEAR else time_range.span // time_range.bucket)
    assert {(point.wifi, point.bluetooth, point.peak, point.both) for point in points} == {(None, None, None, None)}


def test_the_last_hour_shows_each_minute_and_its_gaps(store: Store) -> None:
    """A scan is a point; one radio not heard is a gap in its line; a minute without a scan is a gap in both."""
    store.recorder.record(scan(minute(0), ["a", "b"], ["c"]))
    store.recorder.record(scan(minute(1), ["a"], HUNG))
    store.recorder.record(scan(minute(3), [], ["c"], elapsed_seconds=120.0))
    points = points_at(store, TimeRange.HOUR, minute(3.5))
    shown = [(points[minute(number)].wifi, points[minute(number)].bluetooth) for number in range(4)]
    assert shown == [(2, 1), (1, None), (None, None), (0, 1)]
    assert [points[minute(number)].peak for number in range(4)] == [3, 1, None, 1]


@pytest.mark.parametrize("time_range", list(TimeRange))
def test_a_bucket_is_the_mean_of_the_scans_that_heard(store: Store, time_range: TimeRange) -> None:
    """In every range a point is the mean over the scans a radio was heard in, and the peak is that of one scan."""
    store.recorder.record(scan(minute(0), ["a", "b", "c"], ["d"]))
    store.recorder.record(scan(minute(0.4), ["a"], HUNG))
    (point,) = [point for point in store.reader.history(time_range, minute(0.5)).points if point.peak is not None]
    assert (point.wifi, point.bluetooth, point.peak, point.both) == (2, 1, 4, 3)


def test_a_scan_under_a_wrong_clock_is_in_no_chart(store: Store) -> None:
    """It belongs to no time, so it is drawn nowhere, in short ranges and in long ones."""
    store.recorder.record(scan(minute(0), ["a"], clock_is_right=False))
    for time_range in TimeRange:
        assert all(point.peak is None for point in store.reader.history(time_range, minute(0)).points)


def recount(scans: list[Scan], from_at: datetime, to_at: datetime) -> tuple[float | None, float | None, int | None]:
    """A point worked out from the scans themselves."""
    inside = [one for one in scans if from_at <= one.started_at < to_at]
    wifi = [len(one.wifi.observations) for one in inside if isinstance(one.wifi, Heard)]
    bluetooth = [len(one.bluetooth.observations) for one in inside if isinstance(one.bluetooth, Heard)]
    counts = [
        sum(len(hearing.observations) for hearing in (one.wifi, one.bluetooth) if isinstance(hearing, Heard))
        for one in inside
        if isinstance(one.wifi, Heard) or isinstance(one.bluetooth, Heard)
    ]
    return (
        sum(wifi) / len(wifi) if wifi else None,
        sum(bluetooth) / len(bluetooth) if bluetooth else None,
        max(counts, default=None),
    )


@pytest.mark.parametrize("changes_at", [datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC)])
def test_charts_equal_a_recount_over_a_change_of_the_clocks(store: Store, changes_at: datetime) -> None:
    """From the ledger, the hourly or the daily sums: each point is what its scans say, in spring and in autumn."""
    begin_at = changes_at - timedelta(hours=30)
    names = [str(number) for number in range(9)]
    scans = [
        scan(
            begin_at + timedelta(minutes=11 * number),
            HUNG if number % 17 < 4 else names[: number % 7],
            HUNG if number % 5 == 0 else names[: number % 4],
            elapsed_seconds=660.0,
        )
        for number in range(300)
    ]
    store.recorder.record_many(scans)
    now_at = scans[-1].started_at
    for time_range in TimeRange:
        history = store.reader.history(time_range, now_at)
        edges = [*(point.at for point in history.points), history.to_at]
        assert history.from_at == edges[0]
        for point, to_at in zip(history.points, edges[1:], strict=True):
            assert (point.wifi, point.bluetooth, point.peak) == pytest.approx(recount(scans, point.at, to_at))


def test_yearly_points_are_local_days(store: Store) -> None:
    """A scan just after local midnight belongs to the new day, though it is still yesterday in UTC."""
    midnight = datetime(2027, 3, 9, 23, 0, tzinfo=UTC)
    store.recorder.record(scan(midnight - timedelta(minutes=1), ["a"]))
    store.recorder.record(scan(midnight, ["a", "b"]))
    points = store.reader.history(TimeRange.YEAR, midnight).points
    assert points[-1].at == midnight
    assert points[-1].at.astimezone(PRAGUE).hour == 0
    assert [point.wifi for point in points[-2:]] == [1, 2]
