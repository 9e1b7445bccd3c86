"""Gaps: when a radio stopped being heard, and when it was heard again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from db import upsert
from db.schema import GAPS, RADIO_STATES
from presence.overview import Gap
from presence.radio import Radio
from presence.scan import Heard, Scan, Unheard

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


def radios_so_far(connection: Connection, sensor: str) -> dict[Radio, RadioSoFar]:
    """Both radios of a sensor."""
    rows = connection.execute(_select_radios(), {"of_sensor": sensor})
    known = {
        row.radio: RadioSoFar(row.device_total, row.last_scan_at, row.last_heard_at, row.open_gap_id) for row in rows
    }
    return {radio: known.get(radio, RadioSoFar()) for radio in Radio}


# Built once, as in `db.follow`.
@cache
def _select_radios() -> Select[Radio, int, datetime, datetime | None, int | None]:
    state = RADIO_STATES.c
    return select(state.radio, state.device_total, state.last_scan_at, state.last_heard_at, state.open_gap_id).where(
        state.sensor == bindparam("of_sensor")
    )


def go_on(
    connection: Connection,
    scan: Scan,
    so_far: dict[Radio, RadioSoFar],
    new_counts: dict[Radio, int],
    interval_seconds: float,
) -> None:
    """Open, close and leave gaps as a scan says, and keep where each radio stands."""
    rows: list[upsert.Row] = []
    for radio, before in so_far.items():
        hearing = scan.hearing(radio)
        rows.append(
            {
                "sensor": scan.sensor,
                "radio": radio,
                "device_total": before.device_total + new_counts.get(radio, 0),
                "last_scan_at": scan.started_at,
                "last_heard_at": scan.started_at if isinstance(hearing, Heard) else before.last_heard_at,
                "open_gap_id": _open_gap(connection, scan, radio, before, interval_seconds),
            }
        )
    upsert.replace_rows(connection, RADIO_STATES, rows)


def _open_gap(
    connection: Connection, scan: Scan, radio: Radio, before: RadioSoFar, interval_seconds: float
) -> int | None:
    """The gap a radio is in after this scan.

    A radio that was not heard before the box was off, and is not heard after, was not heard all the while: one gap.
    """
    hearing = scan.hearing(radio)
    if before.open_gap_id is not None:
        if isinstance(hearing, Unheard):
            return before.open_gap_id
        _close(connection, before.open_gap_id, scan.started_at)
        return None
    missing_from_at = _missing_from(scan, before.last_scan_at, interval_seconds)
    if missing_from_at is not None:
        _insert(connection, scan.sensor, Gap(radio, missing_from_at, scan.started_at, None))
    if isinstance(hearing, Unheard):
        return _insert(connection, scan.sensor, Gap(radio, scan.started_at, None, hearing.fault))
    return None


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
