"""Recording: a scan becomes part of what is remembered, whole or not at all."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Insert

from db import retention, upsert
from db.buckets import hour_start
from db.connect import Connections
from db.detections import detections_row
from db.followed import FollowedDevices
from db.gaps import RadiosSoFar
from db.kept import keep, take_kept
from db.past_names import PastNames
from db.pipeline import pipelined
from db.rounds import add_to_round, standing
from db.scan_counts import write_counts
from db.schema import SCANS
from db.settings import StoreSettings
from db.site_schema import DETECTIONS
from db.sums import Sums
from db.upsert import Row
from db.zone_sums import note_due
from presence.faults import Fault
from presence.following import Follower, RadioTaken, Taken
from presence.radio import Radio
from presence.scan import Heard, Hearing, Scan
from presence.zones import Zone

# Scans of a replay that share a transaction: an hour of them.
_BATCH = 60


class Recorder:
    """Writes scans. One at a time: whoever comes second waits."""

    def __init__(self, connections: Connections, settings: StoreSettings) -> None:
        self._connections = connections
        self._settings = settings
        self._past_names = PastNames(connections)

    def record(self, scan: Scan) -> None:
        """Record a scan; it is committed when this returns.

        Raises:
            DatabaseError: It could not be; nothing of it is kept.
        """
        with self._connections.write() as connection:
            record_scans(connection, [scan], self._settings)

    def record_many(self, scans: Iterable[Scan], batch: int = _BATCH) -> int:
        """Record scans, oldest first, as `record` does, but several in a transaction; returns how many.

        Raises:
            DatabaseError: One could not be; of its batch nothing is kept.
        """
        count = 0
        waiting = iter(scans)
        while some := list(islice(waiting, batch)):
            with self._connections.write() as connection:
                for scan in some:
                    record_scans(connection, [scan], self._settings)
            count += len(some)
        return count

    def forget_due(self, now_at: datetime) -> int:
        """Delete what has been kept for long enough, as much as is due in a minute; tells how many rows that were.

        In steps, between which scans are recorded.

        Raises:
            DatabaseError: It could not be done.
        """
        total = 0
        for _ in range(retention.MOST_STEPS):
            count = self.forget_some(now_at)
            if not count:
                break
            total += count
        return total

    def forget_past_names(self) -> int:
        """Forget the networks that devices of past keys asked for, as much as is due in a minute.

        Returns:
            How many devices were looked at.

        Raises:
            DatabaseError: It could not be done.
        """
        total = 0
        for _ in range(retention.MOST_STEPS):
            count = self._past_names.forget_some()
            if not count:
                break
            total += count
        return total

    def forget_some(self, now_at: datetime) -> int:
        """Delete some of what has been kept for long enough; tells how many rows that were.

        A small step. It does nothing while the clock is known to be wrong.

        Raises:
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            return retention.forget_some(connection, now_at, self._settings)


def record_scans(connection: Connection, scans: Sequence[Scan], settings: StoreSettings) -> None:
    """Record scans as part of a transaction, those of each sensor oldest first: the road of every scan.

    What they concern is read once, they are taken in one after the other in memory, and what has become of it is
    written once: of what several scans change, the database sees the last state only.
    """
    with _uncollected():
        _record(connection, scans, settings)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cyclic garbage, which goes through all there is every few hundred rows that are read.

    There are no cycles in what is read and written here, so it would find nothing; it takes a quarter of the time.
    """
    is_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_on:
            gc.enable()


def _record(connection: Connection, scans: Sequence[Scan], settings: StoreSettings) -> None:
    right = [scan for scan in scans if scan.clock_is_right]
    taken = _take_in(connection, right, settings) if right else _TakenIn([], None)
    came = iter(taken.of_each)
    rows = [_ledger_row(scan, next(came) if scan.clock_is_right else None) for scan in scans]
    statement = _insert_scans(connection.dialect.name, *rows[0])
    # Both databases number rows in the order in which they are given.
    ids = sorted(connection.execute(statement, upsert.as_parameters(connection, rows)).scalars())
    if taken.devices is not None:
        keep(connection, taken.devices.kept, ids[-1])
        device_id = taken.devices.device_id
        numbered = [(scan_id, scan) for scan_id, scan in zip(ids, scans, strict=True) if scan.clock_is_right]
        write_counts(connection, numbered, settings.time_zone)
        packed = [detections_row(one, scan, device_id) for one, scan in numbered]
        statement = _insert_detections(connection.dialect.name, *packed[0])
        with pipelined(connection):
            connection.execute(statement, upsert.as_parameters(connection, packed))
            for hour_at in sorted({hour_start(scan.started_at, settings.time_zone) for scan in right}):
                note_due(connection, hour_at, settings.time_zone)


@dataclass(frozen=True, slots=True)
class _TakenIn:
    """What came of each scan, and the devices; None when nothing was taken in."""

    of_each: list[Taken]
    devices: FollowedDevices | None


def _take_in(connection: Connection, scans: Sequence[Scan], settings: StoreSettings) -> _TakenIn:
    """Let devices, visits, sums and gaps follow the scans."""
    stand = standing(connection)
    round_id = stand.round_id
    kept = take_kept(connection, stand)
    followed = FollowedDevices(connection, scans, settings.visit_gap, kept)
    interval = timedelta(seconds=settings.interval_seconds)
    follower = Follower(followed.devices, round_id=round_id, visit_gap=settings.visit_gap, interval=interval)
    radios = RadiosSoFar(connection, sorted({scan.sensor for scan in scans}))
    sums = Sums(settings.time_zone)
    of_each = []
    for scan in scans:
        taken = follower.take(scan)
        sums.add(scan, taken)
        radios.go_on(scan, taken, settings.interval_seconds)
        of_each.append(taken)
    followed.insert_new()
    with pipelined(connection):
        followed.write([visit for taken in of_each for visit in taken.ended])
        sums.write(connection)
        radios.write()
        add_to_round(connection, round_id, [some for taken in of_each for some in taken.radios.values()])
    return _TakenIn(of_each, followed)


# Built once, as in `db.followed`.
@cache
def _insert_scans(dialect: str, *columns: str) -> Any:  # noqa: ANN401 - SQLAlchemy's type of an insert that returns rows has no short name
    return upsert.insert_rows(SCANS, dialect, *columns).returning(SCANS.c.id)


@cache
def _insert_detections(dialect: str, *columns: str) -> Insert:
    return upsert.insert_rows(DETECTIONS, dialect, *columns)


def _ledger_row(scan: Scan, taken: Taken | None) -> Row:
    row: Row = {
        "sensor": scan.sensor,
        "started_at": scan.started_at,
        "duration_seconds": scan.duration_seconds,
        "elapsed_seconds": scan.elapsed_seconds,
        "key_period": scan.key_period,
        "clock_is_right": scan.clock_is_right,
    }
    for radio in Radio:
        row |= _ledger_columns(radio, scan.hearing(radio), None if taken is None else taken.radios.get(radio))
    return row


def _ledger_columns(radio: Radio, hearing: Hearing, taken: RadioTaken | None) -> Row:
    """What the ledger keeps of a hearing. Under a wrong clock nothing is taken in, and all that was heard counts."""
    if isinstance(hearing, Heard):
        counted = hearing.observations if taken is None else taken.placed
        zones = [observation.zone for observation in counted]
        columns: Row = {
            "device_count": len(zones),
            "new_count": 0 if taken is None else len(taken.arrived),
            "sighting_count": sum(observation.sighting_count for observation in counted),
            "near_count": zones.count(Zone.NEAR),
            "medium_count": zones.count(Zone.MEDIUM),
            "far_count": zones.count(Zone.FAR),
            **_fault_columns(hearing.cut_short),
        }
    else:
        names = ("device_count", "new_count", "sighting_count", "near_count", "medium_count", "far_count")
        columns = {**dict.fromkeys(names), **_fault_columns(hearing.fault)}
    return {f"{radio.value}_{name}": value for name, value in columns.items()}


def _fault_columns(fault: Fault | None) -> Row:
    if fault is None:
        return {"fault_reason": None, "fault_detail": None, "fault_recovery": None}
    return {"fault_reason": fault.reason, "fault_detail": fault.detail, "fault_recovery": fault.recovery}
