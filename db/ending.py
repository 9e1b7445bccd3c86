"""Finding the open visits that scans may end, among all that are open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from db import bulk
from db.known import select_followed
from db.schema import DEVICES, PRESENT, RADIO_STATES, PresentColumns
from presence.following import STALE_AFTER
from presence.radio import Radio
from presence.scan import Scan


def find_ending(
    connection: Connection, radio: Radio, scans: Sequence[Scan], visit_gap: timedelta
) -> Sequence[Row[Any]]:
    """The devices whose visits some scans may end, see `presence.following.Follower`: some more than they will.

    Args:
        connection: The database.
        radio: Of which radio.
        scans: The scans, at least one.
        visit_gap: How long a device may be silent on one visit.
    """
    if connection.dialect.name == "sqlite":
        return connection.execute(_select_ending(radio), _bounds(scans, visit_gap)).all()
    return connection.execute(_select_ending_by_sensor(radio), _bounds_by_sensor(scans, visit_gap)).all()


def _bounds(scans: Sequence[Scan], visit_gap: timedelta) -> dict[str, Any]:
    newest_at = max(scan.started_at for scan in scans)
    oldest_at = min(scan.started_at for scan in scans)
    return {
        "sensors": sorted({scan.sensor for scan in scans}),
        "silent_since_at": newest_at - visit_gap,
        "oldest_at": oldest_at,
        "stale_since_at": newest_at - STALE_AFTER,
    }


def _bounds_by_sensor(scans: Sequence[Scan], visit_gap: timedelta) -> dict[str, Any]:
    """As `_bounds`, for each sensor by itself: of several, most of one's visits may lie after another's oldest scan."""
    of_sensor: defaultdict[str, list[datetime]] = defaultdict(list)
    for scan in scans:
        of_sensor[scan.sensor].append(scan.started_at)
    stale_since_at = max(map(max, of_sensor.values())) - STALE_AFTER
    rows = [
        {"sensor": sensor, "silent_since_at": max(times) - visit_gap, "oldest_at": min(times)}
        for sensor, times in of_sensor.items()
    ]
    # A scan of its sensor would have ended a visit that was silent for longer than the gap.
    quiet_since_at = stale_since_at + visit_gap
    return {**bulk.by_column(rows), "stale_since_at": stale_since_at, "quiet_since_at": quiet_since_at}


# Built once, as in `db.followed`.
@cache
def _select_ending(radio: Radio) -> Select[*tuple[Any, ...]]:
    devices, present = DEVICES[radio], PRESENT[radio]
    went_back = _placed_seen_at(present) > bindparam("oldest_at")
    may_be_over = or_(present.c.last_seen_at < bindparam("silent_since_at"), went_back)
    is_here = present.c.sensor.in_(bindparam("sensors", expanding=True))
    return (
        select_followed(radio)
        # Every row has its device. An outer join says which to begin with: a planner without statistics, as SQLite's is
        # here, may else begin with all the devices there are.
        .join_from(present, devices, present.c.device_id == devices.c.id, isouter=True)
        .where(or_(and_(is_here, may_be_over), present.c.last_seen_at < bindparam("stale_since_at")))
    )


@cache
def _select_ending_by_sensor(radio: Radio) -> Select[*tuple[Any, ...]]:
    """The same where present devices are found by their sensor: of a large site's, a commit looks at few.

    What is stale is placed at a sensor that has sent nothing since, or next to nothing.
    """
    devices, present, states = DEVICES[radio], PRESENT[radio], RADIO_STATES.c
    time = present.c.last_seen_at.type
    given = bulk.given_rows([present.c.sensor, Column("silent_since_at", time), Column("oldest_at", time)])
    quiet = select(states.sensor, bindparam("stale_since_at", type_=time), literal(None, time)).where(
        states.radio == radio, states.last_scan_at < bindparam("quiet_since_at")
    )
    wanted = union_all(select(given.c.sensor, given.c.silent_since_at, given.c.oldest_at), quiet).subquery("wanted")
    may_be_over = or_(present.c.last_seen_at < wanted.c.silent_since_at, _placed_seen_at(present) > wanted.c.oldest_at)
    # One look into the index for each sensor, see `db.known`.
    ending = (
        select_followed(radio)
        .join_from(present, devices, present.c.device_id == devices.c.id, isouter=True)
        .where(present.c.sensor == wanted.c.sensor, may_be_over)
        .offset(0)
        .lateral()
    )
    return select(ending).select_from(wanted.join(ending, true()))


def _placed_seen_at(present: Table[PresentColumns]) -> ColumnElement[Any]:
    return func.coalesce(present.c.placed_seen_at, present.c.last_seen_at)
