"""Recording: a scan becomes part of what is remembered, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from itertools import islice

from sqlalchemy import Connection, Update, bindparam, insert, update

from db import gaps, retention, sums
from db.connect import Connections
from db.detections import write_detections
from db.follow import Arrivals, Moment, current_round, end_visits, follow
from db.schema import ROUNDS, SCANS
from db.settings import StoreSettings
from db.upsert import Row
from presence.faults import Fault
from presence.radio import Radio
from presence.scan import Heard, Hearing, Scan
from presence.time_spent import credited_seconds
from presence.zones import Zone

# Scans of a replay that share a transaction: an hour of them.
_BATCH = 60


class Recorder:
    """Writes scans. One at a time: whoever comes second waits."""

    def __init__(self, connections: Connections, settings: StoreSettings) -> None:
        self._connections = connections
        self._settings = settings

    def record(self, scan: Scan) -> None:
        """Record a scan; it is committed when this returns.

        Raises:
            DatabaseError: It could not be; nothing of it is kept.
        """
        with self._connections.write() as connection:
            record_scan(connection, scan, self._settings)

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
                    record_scan(connection, scan, self._settings)
            count += len(some)
        return count

    def forget_some(self, now_at: datetime) -> int:
        """Delete some of what has been kept for long enough; tells how many rows that were.

        A small step, to be called each minute. It does nothing while the clock is known to be wrong.

        Raises:
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            return retention.forget_some(connection, now_at, self._settings)


def record_scan(connection: Connection, scan: Scan, settings: StoreSettings) -> None:
    """Record a scan as part of a transaction: the road of every scan, of whatever sensor."""
    arrivals = _take_in(connection, scan, settings) if scan.clock_is_right else {}
    row: Row = {
        "sensor": scan.sensor,
        "started_at": scan.started_at,
        "duration_seconds": scan.duration_seconds,
        "elapsed_seconds": scan.elapsed_seconds,
        "key_period": scan.key_period,
        "clock_is_right": scan.clock_is_right,
    }
    for radio in Radio:
        new_count = len(arrivals[radio].makers) if radio in arrivals else 0
        row |= _ledger_columns(radio, scan.hearing(radio), new_count)
    scan_id: int = connection.execute(insert(SCANS).returning(SCANS.c.id), row).scalar_one()
    if arrivals:
        write_detections(connection, scan_id, scan, {radio: some.device_ids for radio, some in arrivals.items()})


def _take_in(connection: Connection, scan: Scan, settings: StoreSettings) -> dict[Radio, Arrivals]:
    """Let devices, visits, sums and gaps follow a scan; tells who arrived, for each radio that was heard."""
    so_far = gaps.radios_so_far(connection, scan.sensor)
    moment = Moment(
        scan=scan,
        credit_seconds=round(
            credited_seconds(scan.elapsed_seconds, settings.interval_seconds), 3
        ),  # as it is stored: in ms
        visit_gap=settings.visit_gap,
        round_id=current_round(connection),
    )
    visits = [visit for radio in Radio for visit in end_visits(connection, radio, moment)]
    arrivals = {
        radio: follow(connection, radio, hearing, moment)
        for radio in Radio
        if isinstance(hearing := scan.hearing(radio), Heard)
    }
    new_counts = {radio: len(some.makers) for radio, some in arrivals.items()}
    counts = {radio: _device_count(scan.hearing(radio)) for radio in Radio}
    _count_time_spent(connection, list(arrivals.values()), sums.peak_of(counts) or 0, moment)
    sums.add_hour(connection, scan, counts, settings.time_zone)
    sums.add_day(connection, scan, counts, new_counts=new_counts, visits=visits, time_zone=settings.time_zone)
    makers = [maker for some in arrivals.values() for maker in some.makers]
    sums.add_makers(connection, scan, makers, settings.time_zone)
    gaps.go_on(connection, scan, so_far, new_counts, settings.interval_seconds)
    return arrivals


def _count_time_spent(connection: Connection, arrivals: list[Arrivals], detected: int, moment: Moment) -> None:
    added = {
        "of_round": moment.round_id,
        "new_devices": sum(some.new_in_round for some in arrivals),
        "new_seconds": moment.credit_seconds * detected,
    }
    connection.execute(_add_to_round(), added)


# Built once, as in `db.follow`.
@cache
def _add_to_round() -> Update:
    count, seconds = ROUNDS.c.device_count, ROUNDS.c.time_spent_seconds
    added = {count: count + bindparam("new_devices"), seconds: seconds + bindparam("new_seconds")}
    return update(ROUNDS).where(ROUNDS.c.id == bindparam("of_round")).values(added)


def _device_count(hearing: Hearing) -> int | None:
    return len(hearing.observations) if isinstance(hearing, Heard) else None


def _ledger_columns(radio: Radio, hearing: Hearing, new_count: int) -> Row:
    if isinstance(hearing, Heard):
        zones = [observation.zone for observation in hearing.observations]
        columns: Row = {
            "device_count": len(zones),
            "new_count": new_count,
            "sighting_count": sum(observation.sighting_count for observation in hearing.observations),
            "near_count": zones.count(Zone.NEAR),
            "medium_count": zones.count(Zone.MEDIUM),
            "far_count": zones.count(Zone.FAR),
            **_fault_columns(hearing.cut_short),
        }
    else:
        counted = ("device_count", "new_count", "sighting_count", "near_count", "medium_count", "far_count")
        columns = {**dict.fromkeys(counted), **_fault_columns(hearing.fault)}
    return {f"{radio.value}_{name}": value for name, value in columns.items()}


def _fault_columns(fault: Fault | None) -> Row:
    if fault is None:
        return {"fault_reason": None, "fault_detail": None, "fault_recovery": None}
    return {"fault_reason": fault.reason, "fault_detail": fault.detail, "fault_recovery": fault.recovery}
