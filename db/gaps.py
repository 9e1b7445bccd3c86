"""Gaps: when a radio stopped being heard, and when it was heard again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from db import bulk, upsert
from db.schema import GAPS, RADIO_STATES
from presence.following import Taken
from presence.overview import Gap
from presence.radio import Radio
from presence.scan import Scan, Unheard

# A scan may start late by its jitter and a hung radio; two that are further apart than this many intervals have one
# missing between them. Time spent is credited for up to two (presence.time_spent).
MISSING_AFTER_INTERVALS = 2.5


@dataclass(frozen=True, slots=True)
class RadioSoFar:
    """A radio of a sensor, as the scans before left it: see the table `radio_states`."""

    device_total: int = 0
    last_scan_at: datetime | None = None
    last_heard_at: datetime | None = None
    open_gap_id: int | None = None


class RadiosSoFar:
    """The radios of some sensors, while scans are taken in: read at once before, written at once after."""

    def __init__(self, connection: Connection, sensors: Sequence[str]) -> None:
        self._connection = connection
        self._states = {(sensor, radio): RadioSoFar() for sensor in sensors for radio in Radio}
        for row in connection.execute(_select_radios(connection.dialect.name), {"of_sensors": list(sensors)}):
            self._states[row.sensor, row.radio] = RadioSoFar(
                row.device_total, row.last_scan_at, row.last_heard_at, row.open_gap_id
            )

    def go_on(self, scan: Scan, taken: Taken, interval_seconds: float) -> None:
        """Open, close and leave gaps as a scan says, and note where each radio stands."""
        for radio in Radio:
            before = self._states[scan.sensor, radio]
            new_count = len(taken.radios[radio].arrived) if radio in taken.radios else 0
            self._states[scan.sensor, radio] = RadioSoFar(
                device_total=before.device_total + new_count,
                last_scan_at=scan.started_at,
                last_heard_at=scan.started_at if radio in taken.radios else before.last_heard_at,
                open_gap_id=self._open_gap(scan, radio, before, interval_seconds),
            )

    def write(self) -> None:
        """Write down where each radio stands."""
        rows = [_row(sensor, radio, state) for (sensor, radio), state in self._states.items()]
        upsert.replace_rows(self._connection, RADIO_STATES, rows)

    def _open_gap(self, scan: Scan, radio: Radio, before: RadioSoFar, interval_seconds: float) -> int | None:
        """The gap a radio is in after this scan.

        A radio that was not heard before the box was off, and is not heard after, was not heard all the while: one gap.
        """
        hearing = scan.hearing(radio)
        if before.open_gap_id is not None:
            if isinstance(hearing, Unheard):
                return before.open_gap_id
            _close(self._connection, before.open_gap_id, scan.started_at)
            return None
        missing_from_at = _missing_from(scan, before.last_scan_at, interval_seconds)
        if missing_from_at is not None:
            _insert(self._connection, scan.sensor, Gap(radio, missing_from_at, scan.started_at, None))
        if isinstance(hearing, Unheard):
            return _insert(self._connection, scan.sensor, Gap(radio, scan.started_at, None, hearing.fault))
        return None


def last_scans(connection: Connection, sensors: Collection[str]) -> dict[str, datetime]:
    """When the newest scan of each of some sensors began; one that has none yet is not among them."""
    rows = (
        connection.execute(_select_radios(connection.dialect.name), {"of_sensors": sorted(sensors)}) if sensors else ()
    )
    return {row.sensor: row.last_scan_at for row in rows}


# Built once, as in `db.followed`.
@cache
def _select_radios(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(RADIO_STATES).where(bulk.is_among(RADIO_STATES.c.sensor, "of_sensors", dialect))


def _row(sensor: str, radio: Radio, state: RadioSoFar) -> upsert.Row:
    """Written out, for `dataclasses.asdict` copies in depth: 2 % of a commit of many sensors."""
    return {
        "sensor": sensor,
        "radio": radio,
        "device_total": state.device_total,
        "last_scan_at": state.last_scan_at,
        "last_heard_at": state.last_heard_at,
        "open_gap_id": state.open_gap_id,
    }


def _missing_from(scan: Scan, last_scan_at: datetime | None, interval_seconds: float) -> datetime | None:
    """Start of the first minute without a scan before this one; None when none is missing.

    The monotonic clock decides where it can (not across a start), so a wall clock that was put forward leaves no gap.
    """
    if last_scan_at is None:
        return None
    silent_seconds = (scan.started_at - last_scan_at).total_seconds()
    if scan.elapsed_seconds is not None:
        silent_seconds = min(silent_seconds, scan.elapsed_seconds)
    if silent_seconds <= MISSING_AFTER_INTERVALS * interval_seconds:
        return None
    return last_scan_at + timedelta(seconds=interval_seconds)


def _insert(connection: Connection, sensor: str, gap: Gap) -> int:
    row = {
        "sensor": sensor,
        "radio": gap.radio,
        "from_at": gap.from_at,
        "to_at": gap.to_at,
        "fault_reason": None if gap.fault is None else gap.fault.reason,
        "fault_detail": None if gap.fault is None else gap.fault.detail,
        "fault_recovery": None if gap.fault is None else gap.fault.recovery,
    }
    return connection.execute(insert(GAPS).values(row).returning(GAPS.c.id)).scalar_one()


def _close(connection: Connection, gap_id: int, at: datetime) -> None:
    """End a gap. With a clock that went back meanwhile it ends where it began, never before."""
    from_at = connection.execute(select(GAPS.c.from_at).where(GAPS.c.id == gap_id)).scalar_one()
    connection.execute(update(GAPS).where(GAPS.c.id == gap_id).values(to_at=max(from_at, at)))
