"""Buckets of a chart, aligned to what a local clock shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from presence.ranges import TimeRange

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)
_MILLISECOND = timedelta(milliseconds=1)  # moments are stored by it


def local_day(at: datetime, time_zone: ZoneInfo) -> date:
    """The date a local calendar shows at a moment."""
    return at.astimezone(time_zone).date()


def month_of(day: date) -> date:
    """The first day of the month of a day."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month after that of a day."""
    return month_of(month_of(day) + timedelta(days=31))


def day_start(day: date, time_zone: ZoneInfo) -> datetime:
    """The moment a local day begins, in UTC; where clocks skip midnight, the moment they do."""
    return datetime(day.year, day.month, day.day, tzinfo=time_zone).astimezone(UTC)


def hour_start(at: datetime, time_zone: ZoneInfo) -> datetime:
    """The moment a local clock last showed a full hour, or was changed within one, in UTC.

    The hour that is lived twice in autumn is two hours. Where clocks change by half an hour (Lord Howe Island), half an
    hour begins with the change.
    """
    local = at.astimezone(time_zone)
    start = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    if start.astimezone(time_zone).utcoffset() == local.utcoffset():
        return start
    # Clocks of the Earth change at quarters of an hour of UTC.
    start = at.astimezone(UTC).replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
    while (start - _QUARTER).astimezone(time_zone).utcoffset() == local.utcoffset():
        start -= _QUARTER
    return start


def hour_end(hour_at: datetime, time_zone: ZoneInfo) -> datetime:
    """The moment the hour ends that begins at one: an hour later, or sooner where clocks change by half an hour.

    Args:
        hour_at: As `hour_start` gives it.
        time_zone: Whose hour it is.
    """
    last_start = hour_start(hour_at + _HOUR - _MILLISECOND, time_zone)
    return hour_at + _HOUR if last_start == hour_at else last_start


def hours_between(from_at: datetime, to_at: datetime, time_zone: ZoneInfo) -> Iterator[datetime]:
    """The starts of the local hours, from the one that a moment lies in up to another moment."""
    hour_at = hour_start(from_at, time_zone)
    while hour_at < to_at:
        yield hour_at
        hour_at = hour_end(hour_at, time_zone)


def bucket_edges(time_range: TimeRange, now_at: datetime, time_zone: ZoneInfo) -> tuple[datetime, ...]:
    """Starts of the buckets of a range, oldest first, and the end of the last one, which holds `now_at`.

    Days have 23 or 25 hours where the clocks change, and the buckets of three hours around it two or four.
    """
    bucket = time_range.bucket
    if bucket >= _DAY:
        today = local_day(now_at, time_zone)
        days = time_range.span // _DAY  # so many before today, which is not over: 366 in all for a year
        return tuple(day_start(today + timedelta(days=step), time_zone) for step in range(-days, 2))
    if bucket >= _HOUR:
        return _hour_edges(time_range.span // bucket, bucket // _HOUR, now_at, time_zone)
    offset = now_at.astimezone(time_zone).utcoffset() or timedelta(0)
    midnight = datetime(now_at.year, now_at.month, now_at.day, tzinfo=UTC) - offset - _DAY
    end_at = midnight + ((now_at - midnight) // bucket + 1) * bucket
    return tuple(end_at - step * bucket for step in range(time_range.span // bucket, -1, -1))


def trend_edges(time_range: TimeRange, now_at: datetime, time_zone: ZoneInfo) -> tuple[datetime, ...]:
    """Starts of the local hours of the last day, or of the local days of a longer range; last the end of the newest."""
    if time_range.span <= _DAY:
        return _hour_edges(24, 1, now_at, time_zone)
    today = local_day(now_at, time_zone)
    return tuple(day_start(today + timedelta(days=step), time_zone) for step in range(1 - time_range.span // _DAY, 2))


def report_start(time_range: TimeRange, now_at: datetime, time_zone: ZoneInfo) -> datetime:
    """Where a report on a range begins: with its chart up to a day, with its first whole local day beyond.

    Longer reports are made from daily sums, and so all their figures are of the same days.
    """
    from_at = bucket_edges(time_range, now_at, time_zone)[0]
    return from_at if time_range.span <= _DAY else day_start(local_day(from_at, time_zone), time_zone)


def _hour_edges(count: int, hours: int, now_at: datetime, time_zone: ZoneInfo) -> tuple[datetime, ...]:
    """The last `count` starts of blocks of so many local hours, and the end of the last."""
    starts = [_block_start(now_at, hours, time_zone)]
    while len(starts) < count:
        starts.append(_block_start(starts[-1] - timedelta(seconds=1), hours, time_zone))
    end_at = starts[0] + _HOUR
    while _block_start(end_at, hours, time_zone) == starts[0]:
        end_at += _HOUR
    return (*reversed(starts), _block_start(end_at, hours, time_zone))


def _block_start(at: datetime, hours: int, time_zone: ZoneInfo) -> datetime:
    if hours == 1:
        return hour_start(at, time_zone)
    local = at.astimezone(time_zone)
    floored = local.replace(hour=local.hour // hours * hours, minute=0, second=0, microsecond=0, fold=0)
    return floored.astimezone(UTC)
