"""Reading statistics: what was counted in a time, zone by zone, at a cost that does not grow with history.

A time is cut into whole hours, whose sums have been made, and what is left at its ends, which is counted from the
detections themselves. Up to a day is one span within which a device counts once; longer times are cut into local days,
whose counts add up: a device that comes back under the next day's key is another one anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise

from sqlalchemy import Connection, func, select

from db.buckets import day_start, hour_end, hour_start, hours_between, local_day
from db.connect import Connections
from db.settings import StoreSettings
from db.site_schema import DETECTIONS, HOUR_DEVICES, ZONE_DAYS, ZONE_HOURS
from db.slices import Slices, add_detections
from db.tally import ALL, Counted, Packed, Tally, Zoned, added_up
from db.zone_sums import HOUR, SITE, counted_of, kept_since, unsummed_hours
from presence.radio import Radio
from presence.statistics import DayStatistics, DistinctWithin, ZoneFigures, ZoneStatistics
from presence.zones import Zone

# A local day at its longest, where clocks are put back: so long a time is counted as one.
_LONGEST_SPAN = timedelta(hours=25)


class Statistics:
    """Reads statistics. May be used from many threads at once, and while scans are recorded."""

    def __init__(self, connections: Connections, settings: StoreSettings) -> None:
        self._connections = connections
        self._settings = settings
        self._time_zone = settings.time_zone
        self._slices = Slices()

    def between(self, from_at: datetime, to_at: datetime, sensor: str | None = None) -> ZoneStatistics:
        """What was counted from one moment up to another, by one sensor or by all.

        Raises:
            DatabaseError: The database cannot be read.
        """
        return self.blocks((from_at, to_at), sensor)[0]

    def blocks(self, edges: Sequence[datetime], sensor: str | None = None) -> tuple[ZoneStatistics, ...]:
        """What was counted in each block of time between two neighbouring edges.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            counting = _Counting(connection, sensor or SITE, self._settings, self._slices, edges[0], edges[-1])
            return tuple(counting.block(*block) for block in pairwise(edges))

    def hours(self, day: date, now_at: datetime, sensor: str | None = None) -> tuple[ZoneStatistics, ...]:
        """What was counted in each hour of a local day that has begun. The day may have 23 or 25 of them.

        Raises:
            DatabaseError: The database cannot be read.
        """
        edges = [day_start(day, self._time_zone)]
        end_at = min(day_start(day + timedelta(days=1), self._time_zone), now_at)
        while edges[-1] < end_at:
            edges.append(hour_end(edges[-1], self._time_zone))
        return self.blocks(edges, sensor)

    def days(self, first: date, last: date, sensor: str | None = None) -> tuple[DayStatistics, ...]:
        """What was counted on each local day, from the first to the last.

        Raises:
            DatabaseError: The database cannot be read.
        """
        days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
        edges = [day_start(day, self._time_zone) for day in (*days, last + timedelta(days=1))]
        return tuple(map(DayStatistics, days, self.blocks(edges, sensor)))


@dataclass
class _Counting:
    """Counts blocks of one stretch of time, by one sensor or the site, as one state of the database has them."""

    connection: Connection
    sensor: str
    settings: StoreSettings
    slices: Slices
    from_at: datetime
    to_at: datetime

    def __post_init__(self) -> None:
        """Find out what must be counted from detections, and what cannot be any more."""
        self.time_zone = self.settings.time_zone
        self._kept_since_at = kept_since(self.connection, self.settings)
        first_at = hour_start(self.from_at, self.time_zone)
        self._unsummed = unsummed_hours(self.connection, first_at, self.to_at, self._kept_since_at)

    @cached_property
    def _days(self) -> Mapping[datetime, Zoned]:
        """The sums of whole days, by their starts."""
        first, last = local_day(self.from_at, self.time_zone), local_day(self.to_at, self.time_zone)
        due = {local_day(hour_at, self.time_zone) for hour_at in self._unsummed}
        day = ZONE_DAYS.c
        some = select(ZONE_DAYS).where(day.day.between(first, last), day.sensor == self.sensor, day.day.not_in(due))
        sums: dict[datetime, Zoned] = {}
        for row in self.connection.execute(some):
            start_at = day_start(row.day, self.time_zone)
            sums[start_at] = {**sums.get(start_at, {}), row.zone: counted_of(row)}
        return sums

    @cached_property
    def _known(self) -> tuple[datetime, ...]:
        """The first and the last moment of which anything is known; empty when nothing is.

        A year of days before the first scan is then told without a look at any of them.
        """
        detected, hour_at = DETECTIONS.c.started_at, ZONE_HOURS.c.hour_at
        ends = [func.min(detected), func.max(detected), func.min(hour_at), func.max(hour_at)]
        known = [at for end in ends if (at := self.connection.scalar(select(end))) is not None]
        return (min(known), max(known) + HOUR) if known else ()

    def block(self, from_at: datetime, to_at: datetime) -> ZoneStatistics:
        """What was counted from one moment up to another, in whole hours where detections are no longer kept."""
        from_at, to_at = self._widened(from_at, to_at)
        spans = list(self._spans(from_at, to_at))
        within = DistinctWithin.RANGE if len(spans) == 1 else DistinctWithin.DAY
        added: Zoned = {}
        for span in spans:
            zoned, is_exact = self._span(*span)
            within = within if is_exact else DistinctWithin.HOUR
            added = added_up(added, zoned)
        return _statistics(from_at, to_at, added, within)

    def _widened(self, from_at: datetime, to_at: datetime) -> tuple[datetime, datetime]:
        first_at = hour_start(from_at, self.time_zone)
        last_at = hour_start(to_at, self.time_zone)
        from_at = first_at if self._is_forgotten(first_at) else from_at
        is_cut = last_at < to_at and self._is_forgotten(last_at)
        return from_at, hour_end(last_at, self.time_zone) if is_cut else to_at

    def _is_forgotten(self, hour_at: datetime) -> bool:
        is_kept = self._kept_since_at is not None and hour_at >= self._kept_since_at
        return not is_kept and hour_at not in self._unsummed

    def _spans(self, from_at: datetime, to_at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """A time, cut at every midnight if it is longer than a day."""
        if to_at - from_at <= _LONGEST_SPAN:
            yield from_at, to_at
            return
        while from_at < to_at:
            end_at = min(self._next_day(from_at), to_at)
            yield from_at, end_at
            from_at = end_at

    def _next_day(self, at: datetime) -> datetime:
        return day_start(local_day(at, self.time_zone) + timedelta(days=1), self.time_zone)

    def _span(self, from_at: datetime, to_at: datetime) -> tuple[Zoned, bool]:
        """What was counted in a span, and whether no device counts twice."""
        if not self._known or to_at <= self._known[0] or from_at > self._known[1]:
            return {}, True
        if from_at in self._days and to_at == self._next_day(from_at):
            return self._days[from_at], True
        hours, parts = self._cut(from_at, to_at)
        sums = self._hour_sums(hours)
        if len(sums) == 1 and not parts:
            return sums.popitem()[1], True
        tally = Tally()
        for hour_at, packed in self._hour_devices(sums):
            tally.add_hour(packed)
            tally.add_sums(sums.pop(hour_at))
        for part in parts:
            if self.sensor == SITE:
                self.slices.add(self.connection, tally, *part)
            else:
                add_detections(self.connection, tally, *part, self.sensor)
        zoned = tally.counted()
        for without_devices in sums.values():
            zoned = added_up(zoned, without_devices)
        return zoned, not sums

    def _cut(self, from_at: datetime, to_at: datetime) -> tuple[list[datetime], list[tuple[datetime, datetime]]]:
        """The whole hours of a span that have their sums, and the parts that are between and around them."""
        hours: list[datetime] = []
        parts: list[tuple[datetime, datetime]] = []
        for hour_at in hours_between(from_at, to_at, self.time_zone):
            end_at = hour_end(hour_at, self.time_zone)
            part = (max(hour_at, from_at), min(end_at, to_at))
            if part == (hour_at, end_at) and hour_at not in self._unsummed:
                hours.append(hour_at)
            else:
                parts.append(part)
        return hours, parts

    def _hour_sums(self, hours: Sequence[datetime]) -> dict[datetime, Zoned]:
        """The sums of those hours in which a radio was heard."""
        sums: dict[datetime, Zoned] = {}
        if hours:
            hour = ZONE_HOURS.c
            some = select(ZONE_HOURS).where(hour.hour_at.in_(hours), hour.sensor == self.sensor)
            for row in self.connection.execute(some):
                sums[row.hour_at] = {**sums.get(row.hour_at, {}), row.zone: counted_of(row)}
        return sums

    def _hour_devices(self, hours: Iterable[datetime]) -> Iterator[tuple[datetime, Packed]]:
        """The devices of those hours for which they are still kept."""
        hour = HOUR_DEVICES.c
        some = select(hour.hour_at, hour.wifi, hour.bluetooth).where(
            hour.hour_at.in_(list(hours)), hour.sensor == self.sensor
        )
        for hour_at, wifi, bluetooth in self.connection.execute(some):
            yield hour_at, {Radio.WIFI: wifi, Radio.BLUETOOTH: bluetooth}


def _statistics(from_at: datetime, to_at: datetime, zoned: Zoned, within: DistinctWithin) -> ZoneStatistics:
    if not zoned:
        return ZoneStatistics(from_at, to_at, None, None, within)
    with_reading = sum(zoned[zone].detection_count for zone in Zone)
    return ZoneStatistics(
        from_at,
        to_at,
        {zone: _figures(zoned[zone], zoned[zone].detection_count) for zone in Zone},
        _figures(zoned[ALL], with_reading),
        within,
    )


def _figures(counted: Counted, with_reading: int) -> ZoneFigures:
    mean = counted.rssi_sum_dbm / with_reading if with_reading else None
    return ZoneFigures(counted.device_count, counted.detection_count, mean)
