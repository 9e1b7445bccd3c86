"""Slices: ten minutes of detections, counted once and kept in memory for whoever asks about them again.

A hub of a hundred sensors has six thousand scans an hour. A page, and every program that asks about the last hour,
would have all of them unpacked each time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from db.site_schema import DETECTIONS
from db.tally import Packed, Tally, Zoned
from presence.radio import Radio

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = timedelta(minutes=10)
# Slices kept, those longest unused first out: the running hour, and the ends of what is usually asked for. With a
# hundred sensors each takes some 60 KB: 12,000 different devices of five bytes.
_MOST_KEPT = 48


@dataclass(frozen=True, slots=True)
class _Slice:
    """What was counted in ten minutes, and the mark that their detections had then."""

    mark: tuple[int, int | None]
    devices: Packed
    zoned: Zoned


class Slices:
    """Counts detections of the whole site. May be used from many threads at once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[datetime, _Slice] = OrderedDict()
        self._keeping = threading.Lock()

    def add(self, connection: Connection, tally: Tally, from_at: datetime, to_at: datetime) -> None:
        """Add the detections from one moment up to another to a tally."""
        for start_at, end_at in _cut(from_at, to_at):
            if end_at - start_at == _LENGTH:
                found = self._slice(connection, start_at)
                tally.add_hour(found.devices)
                tally.add_sums(found.zoned)
            else:
                add_detections(connection, tally, start_at, end_at)

    def _slice(self, connection: Connection, start_at: datetime) -> _Slice:
        mark = mark_of(connection, start_at, start_at + _LENGTH)
        with self._keeping:
            kept = self._kept.pop(start_at, None)
        if kept is None or kept.mark != mark:
            tally = Tally()
            add_detections(connection, tally, start_at, start_at + _LENGTH)
            kept = _Slice(mark, tally.packed(), tally.counted())
        with self._keeping:
            self._kept[start_at] = kept
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return kept


def _cut(from_at: datetime, to_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """A time, cut where slices begin."""
    while from_at < to_at:
        end_at = min(_EPOCH + ((from_at - _EPOCH) // _LENGTH + 1) * _LENGTH, to_at)
        yield from_at, end_at
        from_at = end_at


def add_detections(
    connection: Connection, tally: Tally, from_at: datetime, to_at: datetime, sensor: str | None = None
) -> None:
    """Add the detections from one moment up to another, by one sensor or by all, to a tally."""
    times = {"from_at": from_at, "to_at": to_at, "of_sensor": sensor}
    for wifi, bluetooth in connection.execute(_select_detections(of_all=sensor is None), times):
        tally.add_scan({Radio.WIFI: wifi, Radio.BLUETOOTH: bluetooth})


def mark_of(connection: Connection, from_at: datetime, to_at: datetime) -> tuple[int, int | None]:
    """Changes whenever the detections from one moment up to another do."""
    count, newest = connection.execute(_select_mark(), {"from_at": from_at, "to_at": to_at}).one()
    return count, newest


# Built once, as in `db.follow`.
@cache
def _select_detections(*, of_all: bool) -> Select[*tuple[Any, ...]]:
    found = DETECTIONS.c
    some = select(found.wifi, found.bluetooth).where(
        found.started_at >= bindparam("from_at"), found.started_at < bindparam("to_at")
    )
    return some if of_all else some.where(found.sensor == bindparam("of_sensor"))


@cache
def _select_mark() -> Select[*tuple[Any, ...]]:
    found = DETECTIONS.c
    return select(func.count(), func.max(found.scan_id)).where(
        found.started_at >= bindparam("from_at"), found.started_at < bindparam("to_at")
    )
