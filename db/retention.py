"""Forgetting, in steps so small that no scan waits for them and the card hardly notices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, TypedColumns, and_, delete, select, tuple_

from db.alert_schema import ALERTS, NOTIFICATIONS
from db.people_schema import FIXTURES, SCAN_COUNTS
from db.schema import DEVICES, GAPS, PRESENT, SCANS, VISITS
from db.settings import StoreSettings
from db.site_schema import DETECTIONS
from db.tag_schema import TAG_MEASURES, TAG_STAYS

# Rows of each table deleted in one step: a few milliseconds, for which a scan may have to wait.
_STEP = 300
# Steps that follow one another each minute, while there is something to delete. 5,000 sensors add 5,000 scans and as
# many rows of detections a minute, 6,000 of each can go: so they are kept up with, and so is what is due after a pause.
MOST_STEPS = 20


def forget_some(connection: Connection, now_at: datetime, settings: StoreSettings) -> int:
    """Delete the oldest of what has been kept for long enough.

    Some of the visits, devices, scans, gaps, fixtures, alerts, and of the log of tags. Sums and totals are kept for
    ever. Each table is searched along an index, from its oldest row on.

    Returns:
        How many rows were deleted.
    """
    latest = connection.execute(select(SCANS.c.id, SCANS.c.clock_is_right).order_by(SCANS.c.id.desc()).limit(1)).first()
    if latest is None or not latest.clock_is_right:
        return 0  # nobody knows how old anything is
    forget_at = now_at - timedelta(days=settings.keep_days)
    forget_scans_at = now_at - timedelta(days=settings.keep_scans_days)
    count = _delete_visits(connection, forget_at)
    count += _delete(connection, TAG_STAYS, TAG_STAYS.c.to_at, forget_at)
    count += _delete(connection, TAG_MEASURES, TAG_MEASURES.c.told_at, forget_at)
    count += _delete(connection, SCANS, SCANS.c.started_at, forget_scans_at, SCANS.c.id != latest.id)
    count += _delete(connection, SCAN_COUNTS, SCAN_COUNTS.c.started_at, forget_scans_at)
    count += _delete(connection, FIXTURES, FIXTURES.c.last_heard_at, forget_scans_at)
    forget_detections_at = now_at - timedelta(days=settings.keep_detections_days)
    count += _delete(connection, DETECTIONS, DETECTIONS.c.started_at, forget_detections_at)
    count += _delete(connection, NOTIFICATIONS, NOTIFICATIONS.c.done_at, forget_scans_at)
    count += _delete(connection, ALERTS, ALERTS.c.closed_at, forget_scans_at)
    return count + _delete(connection, GAPS, GAPS.c.to_at, forget_scans_at)


def _delete_visits(connection: Connection, before_at: datetime) -> int:
    """Delete the oldest visits, and with them the devices that have not been heard since."""
    oldest = select(VISITS).where(VISITS.c.ended_at < before_at).order_by(*VISITS.primary_key).limit(_STEP)
    visits = connection.execute(oldest).all()
    count = 0
    for radio, devices in DEVICES.items():
        is_due = and_(
            devices.c.id.in_([visit.device_id for visit in visits if visit.radio is radio]),
            devices.c.last_seen_at < before_at,
            devices.c.id.not_in(select(PRESENT[radio].c.device_id)),
        )
        count += connection.execute(delete(devices).where(is_due)).rowcount
    return count + _delete(connection, VISITS, VISITS.c.ended_at, before_at)


def _delete(
    connection: Connection,
    table: Table[TypedColumns],
    dated: ColumnElement[Any],
    before_at: datetime,
    *conditions: ColumnElement[bool],
) -> int:
    key = list(table.primary_key)
    oldest = select(*key).where(dated < before_at, *conditions).order_by(dated, *key).limit(_STEP)
    return connection.execute(delete(table).where(tuple_(*key).in_(oldest))).rowcount
