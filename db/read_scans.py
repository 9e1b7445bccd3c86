"""Reading scans of the ledger in the order they came, for whoever follows them."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from db.read_overview import fault_of
from db.schema import SCANS
from presence.feed import RadioCounts, ScanRow
from presence.radio import Radio
from presence.zones import Zone


def read_scans_after(connection: Connection, scan_id: int, limit: int) -> tuple[ScanRow, ...]:
    """The scans after a number, in the order of their numbers, `limit` at most.

    Whoever has read all up to a number has missed none below it, with several hubs on one PostgreSQL too: a number is
    taken while the lock of `db.connect` is held, which ends after its transaction is visible, or is undone and leaves
    a number that nobody has.
    """
    rows = connection.execute(_select_after(), {"after": scan_id, "most": limit})
    return tuple(scan_row(row) for row in rows)


# Built once, as in `db.followed`: this is asked twice a second.
@cache
def _select_after() -> Select[*tuple[Any, ...]]:
    return select(SCANS).where(SCANS.c.id > bindparam("after")).order_by(SCANS.c.id).limit(bindparam("most"))


def scan_row(row: Row[Any]) -> ScanRow:
    """A row of the ledger, as its followers and its readers see it."""
    return ScanRow(
        scan_id=row.id,
        sensor=row.sensor,
        started_at=row.started_at,
        duration_seconds=row.duration_seconds,
        clock_is_right=row.clock_is_right,
        radios=(_radio_counts(row, Radio.WIFI), _radio_counts(row, Radio.BLUETOOTH)),
    )


def _radio_counts(row: Row[Any], radio: Radio) -> RadioCounts:
    scan = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row by column names
    name = radio.value
    device_count = scan[f"{name}_device_count"]
    zone_counts = None if device_count is None else {zone: scan[f"{name}_{zone.value}_count"] for zone in Zone}
    fault = fault_of(scan[f"{name}_fault_reason"], scan[f"{name}_fault_detail"], scan[f"{name}_fault_recovery"])
    return RadioCounts(radio, device_count, zone_counts, fault)
