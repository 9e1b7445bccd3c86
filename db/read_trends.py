"""Reading trends: a range of time by zone and by sensor, from the sums of hours and days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, select

from db.buckets import local_day
from db.read_statistics import Statistics
from db.schema import DAILY_SUMS, HOURLY_SUMS
from presence.trends import SensorTrend
from presence.zones import Zone

# As many lines as can be told apart in one small chart.
MOST_SENSORS = 8

_LONGEST_HOURS = timedelta(hours=26)

_Means = dict[str, dict[int, float]]
"""Mean devices of each sensor, by the number of the block; a block in which it was not heard is missing."""


def read_zone_trends(
    statistics: Statistics, edges: Sequence[datetime], now_at: datetime, sensor: str | None
) -> tuple[Mapping[Zone, int] | None, ...]:
    """Different devices by zone in each block; the newest is counted up to now."""
    blocks = statistics.blocks((*edges[:-1], max(now_at, edges[-2])), sensor)
    return tuple(
        None if block.zones is None else {zone: figures.device_count for zone, figures in block.zones.items()}
        for block in blocks
    )


def read_sensor_trends(
    connection: Connection, edges: Sequence[datetime], time_zone: ZoneInfo
) -> tuple[SensorTrend, ...]:
    """Mean devices placed at each sensor in each block, hours or days as the edges are."""
    count = len(edges) - 1
    if edges[-1] - edges[0] <= _LONGEST_HOURS:
        numbers: dict[Any, int] = {at: number for number, at in enumerate(edges[:-1])}
        rows = connection.execute(_hourly(edges))
    else:
        numbers = {local_day(at, time_zone): number for number, at in enumerate(edges[:-1])}
        rows = connection.execute(_daily(min(numbers), max(numbers)))
    means: _Means = {}
    for at, sensor, *sums in rows:
        mean = _mean(*sums)
        if mean is not None and at in numbers:
            means.setdefault(sensor, {})[numbers[at]] = mean
    return _folded(means, count)


def _mean(wifi_scans: int, wifi: int, bluetooth_scans: int, bluetooth: int) -> float | None:
    """Devices at a time over the radios heard; None when neither was."""
    heard = [devices / scans for devices, scans in ((wifi, wifi_scans), (bluetooth, bluetooth_scans)) if scans]
    return sum(heard) if heard else None


def _folded(means: _Means, count: int) -> tuple[SensorTrend, ...]:
    """A trend for each of the sensors with the most devices, and one for all others together."""
    names = sorted(means, key=lambda name: (-sum(means[name].values()), name))
    own = len(names) if len(names) <= MOST_SENSORS else MOST_SENSORS - 1
    groups = [*((name,) for name in names[:own]), *([tuple(names[own:])] if names[own:] else [])]
    return tuple(SensorTrend(group, _added(([means[name] for name in group]), count)) for group in groups)


def _added(means: Iterable[Mapping[int, float]], count: int) -> tuple[float | None, ...]:
    added: dict[int, float] = {}
    for one in means:
        for number, mean in one.items():
            added[number] = added.get(number, 0.0) + mean
    return tuple(added.get(number) for number in range(count))


def _hourly(edges: Sequence[datetime]) -> Select[*tuple[Any, ...]]:
    hour = HOURLY_SUMS.c
    sums = hour.wifi_scans_heard, hour.wifi_device_sum, hour.bluetooth_scans_heard, hour.bluetooth_device_sum
    return select(hour.hour_at, hour.sensor, *sums).where(hour.hour_at >= edges[0], hour.hour_at < edges[-1])


def _daily(first: object, last: object) -> Select[*tuple[Any, ...]]:
    day = DAILY_SUMS.c
    sums = day.wifi_scans_heard, day.wifi_device_sum, day.bluetooth_scans_heard, day.bluetooth_device_sum
    return select(day.day, day.sensor, *sums).where(day.day.between(first, last))
