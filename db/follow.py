"""Following devices from scan to scan: who arrived, who stayed, who has left, and the time each has spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from db import upsert
from db.schema import DEVICES, PRESENT, ROUNDS, VISITS
from presence.placement import moves
from presence.radio import Radio
from presence.scan import DeviceObservation, Heard, Scan
from presence.visits import Visit, stay_seconds

# What nobody has heard for so long has left, though the sensor it was placed at has not spoken since.
_STALE = timedelta(days=1)

# Hashes looked up in one statement; far below SQLite's limit of 32,766 values.
_LOOKED_UP_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Moment:
    """What is the same for every device of a scan.

    Attributes:
        scan: The scan.
        credit_seconds: What a detection in it is worth.
        visit_gap: How long a device may be silent on one visit.
        interval: From scan to scan.
        round_id: The current round of time spent.
    """

    scan: Scan
    credit_seconds: float
    visit_gap: timedelta
    interval: timedelta
    round_id: int


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of the devices of a scan.

    Attributes:
        makers: The maker of each device never heard before; None when it could not be told.
        new_in_round: How many are detected for the first time in the current round of time spent.
        time_spent_seconds: What is added to the time spent, over all of them.
        device_ids: The row of every device of the scan, arrived or known, by its hash.
        placed: Those of the scan that are placed at its sensor.
    """

    makers: tuple[str | None, ...]
    new_in_round: int
    time_spent_seconds: float
    device_ids: dict[str, int]
    placed: tuple[DeviceObservation, ...]


def end_visits(connection: Connection, radio: Radio, moment: Moment) -> list[Visit]:
    """End the visits of devices that were silent for too long, and write the devices down as they were last heard."""
    times = {
        "seen_at": moment.scan.started_at,
        "silent_since_at": moment.scan.started_at - moment.visit_gap,
        "stale_since_at": moment.scan.started_at - _STALE,
        "by_sensor": moment.scan.sensor,
    }
    rows = connection.execute(_select_over(radio), times).all()
    if not rows:
        return []
    visits = [_visit(radio, row) for row in rows]
    connection.execute(insert(VISITS), [_visit_row(visit) for visit in visits])
    connection.execute(_delete_over(radio), times)
    # A device heard in one scan only was written down as it arrived: many are, and need not be written twice.
    changed = [_as_last_heard(row) for row in rows if not row.is_written_down]
    if changed:
        connection.execute(_update_device(radio, *changed[0].keys()), changed)
    return visits


def follow(connection: Connection, radio: Radio, heard: Heard, moment: Moment) -> Followed:
    """Take the devices of a scan in. Visits that are over must have been ended before."""
    observations = {observation.device_hash: observation for observation in heard.observations}
    known = _known(connection, radio, moment.scan.key_period, list(observations))
    arrived = [observation for device_hash, observation in observations.items() if device_hash not in known]
    ids = _insert_devices(connection, radio, arrived, moment)
    ids |= {device_hash: device.id for device_hash, device in known.items()}
    steps = [_step(ids[device_hash], known.get(device_hash), one, moment) for device_hash, one in observations.items()]
    upsert.replace_rows(connection, PRESENT[radio], [step.row for step in steps])
    _name_makers(connection, radio, known, observations)
    again = sum(device.round_id != moment.round_id for device in known.values())
    return Followed(
        makers=tuple(observation.manufacturer for observation in arrived),
        new_in_round=len(arrived) + again,
        time_spent_seconds=sum(step.time_spent_seconds for step in steps),
        device_ids=ids,
        placed=tuple(step.observation for step in steps if step.is_placed_here),
    )


def current_round(connection: Connection) -> int:
    """The round of time spent that detections now count towards."""
    return connection.execute(select(ROUNDS.c.id).order_by(ROUNDS.c.id.desc()).limit(1)).scalar_one()


def _is_over(radio: Radio) -> ColumnElement[bool]:
    """`presence.visits.is_same_visit`, denied, in SQL.

    A sensor ends the visits of devices that are placed at it, and no others: while another is out of reach nobody knows
    whether its devices have left, its scans may still come, and the clocks of two sensors never agree exactly. Only
    what nobody has heard for a day is ended by any.
    """
    present = PRESENT[radio].c
    went_back = func.coalesce(present.placed_seen_at, present.last_seen_at) > bindparam("seen_at")
    is_over_here = or_(present.last_seen_at < bindparam("silent_since_at"), went_back)
    is_stale = present.last_seen_at < bindparam("stale_since_at")
    return or_(and_(present.sensor == bindparam("by_sensor"), is_over_here), is_stale)


# Building a statement costs more than running it: those of every scan are built once for each radio.
@cache
def _select_over(radio: Radio) -> Select[*tuple[Any, ...]]:
    devices, present = DEVICES[radio], PRESENT[radio]
    is_written_down = and_(
        devices.c.last_seen_at == present.c.last_seen_at,
        devices.c.time_spent_seconds == present.c.time_spent_seconds,
        devices.c.round_id == present.c.round_id,
    )
    return (
        select(
            present,
            devices.c.key_period,
            devices.c.device_hash,
            devices.c.first_seen_at,
            is_written_down.label("is_written_down"),
        )
        # Every row has its device. An outer join says which to begin with: a planner without statistics, as SQLite's is
        # here, may else begin with all the devices there are.
        .join_from(present, devices, present.c.device_id == devices.c.id, isouter=True)
        .where(_is_over(radio))
    )


@cache
def _delete_over(radio: Radio) -> Delete:
    return delete(PRESENT[radio]).where(_is_over(radio))


@cache
def _select_known(radio: Radio) -> Select[*tuple[Any, ...]]:
    devices, present = DEVICES[radio], PRESENT[radio]
    return (
        select(
            devices.c.id,
            devices.c.device_hash,
            devices.c.manufacturer,
            present.c.visit_started_at,
            present.c.last_seen_at,
            present.c.placed_seen_at,
            present.c.sensor,
            present.c.ssids,
            present.c.rssi_mean_dbm,
            present.c.rssi_std_db,
            present.c.zone,
            func.coalesce(present.c.time_spent_seconds, devices.c.time_spent_seconds).label("time_spent_seconds"),
            func.coalesce(present.c.round_id, devices.c.round_id).label("round_id"),
        )
        .join_from(devices, present, present.c.device_id == devices.c.id, isouter=True)
        .where(
            devices.c.key_period == bindparam("under_key"),
            devices.c.device_hash.in_(bindparam("hashes", expanding=True)),
        )
    )


@cache
def _update_device(radio: Radio, *columns: str) -> Update:
    """Give columns of the device `of_device` values of the same names."""
    devices = DEVICES[radio]
    values: dict[str, Any] = {column: bindparam(column) for column in columns if column != "of_device"}
    return update(devices).where(devices.c.id == bindparam("of_device")).values(values)


def _visit(radio: Radio, row: Row[Any]) -> Visit:
    return Visit(
        radio=radio,
        device_hash=row.device_hash,
        key_period=row.key_period,
        sensor=row.sensor,
        started_at=row.visit_started_at,
        ended_at=row.last_seen_at,
        stay_seconds=stay_seconds(row.visit_started_at, row.last_seen_at, row.credit_seconds),
    )


def _visit_row(visit: Visit) -> upsert.Row:
    return {name: getattr(visit, name) for name in Visit.__slots__}


def _as_last_heard(row: Row[Any]) -> upsert.Row:
    return {
        "of_device": row.device_id,
        "sensor": row.sensor,
        "ssids": row.ssids,
        "first_seen_at": min(row.first_seen_at, row.visit_started_at),
        "last_seen_at": row.last_seen_at,
        "rssi_mean_dbm": row.rssi_mean_dbm,
        "rssi_std_db": row.rssi_std_db,
        "zone": row.zone,
        "time_spent_seconds": row.time_spent_seconds,
        "round_id": row.round_id,
    }


def _known(connection: Connection, radio: Radio, key_period: int, hashes: Sequence[str]) -> dict[str, Row[Any]]:
    """The devices of these hashes that were heard before, with their open visits (NULL columns for none)."""
    known: dict[str, Row[Any]] = {}
    for start in range(0, len(hashes), _LOOKED_UP_AT_ONCE):
        some = {"under_key": key_period, "hashes": hashes[start : start + _LOOKED_UP_AT_ONCE]}
        known |= {row.device_hash: row for row in connection.execute(_select_known(radio), some)}
    return known


def _insert_devices(
    connection: Connection, radio: Radio, arrived: Sequence[DeviceObservation], moment: Moment
) -> dict[str, int]:
    """Write new devices down, and tell the row of each by its hash."""
    if not arrived:
        return {}
    devices = DEVICES[radio]
    rows = [
        {
            "key_period": moment.scan.key_period,
            "device_hash": observation.device_hash,
            "address_kind": observation.address_kind,
            "manufacturer": observation.manufacturer,
            "first_seen_at": moment.scan.started_at,
            "last_seen_at": moment.scan.started_at,
            "time_spent_seconds": moment.credit_seconds,
            "round_id": moment.round_id,
            **_readings(observation, moment),
        }
        for observation in arrived
    ]
    inserted = connection.execute(insert(devices).returning(devices.c.device_hash, devices.c.id), rows)
    return {row.device_hash: row.id for row in inserted}


@dataclass(frozen=True, slots=True)
class _Step:
    """One device of a scan, followed: its row, what it adds to the time spent, and whether it is placed here."""

    row: upsert.Row
    observation: DeviceObservation
    time_spent_seconds: float
    is_placed_here: bool


def _step(device_id: int, known: Row[Any] | None, observation: DeviceObservation, moment: Moment) -> _Step:
    seen_at = moment.scan.started_at
    spent_before = known.time_spent_seconds if known is not None and known.round_id == moment.round_id else 0
    row: upsert.Row = {"device_id": device_id, "credit_seconds": moment.credit_seconds, "round_id": moment.round_id}
    if known is None or known.visit_started_at is None:
        row |= {"visit_started_at": seen_at, "last_seen_at": seen_at, "placed_seen_at": None}
        row |= {"time_spent_seconds": moment.credit_seconds + spent_before, **_readings(observation, moment)}
        return _Step(row, observation, moment.credit_seconds, is_placed_here=True)
    spent = _seconds_added(known, moment)
    is_placed_here = known.sensor == moment.scan.sensor or _moves_here(known, observation, moment)
    last_seen_at = max(known.last_seen_at, seen_at)
    row |= {
        "visit_started_at": _visit_start(known.visit_started_at, moment),
        "last_seen_at": last_seen_at,
        "time_spent_seconds": spent + spent_before,
    }
    if is_placed_here:
        row |= {"placed_seen_at": None if last_seen_at == seen_at else seen_at, **_readings(observation, moment)}
    else:
        row |= {"placed_seen_at": known.placed_seen_at or known.last_seen_at}
        row |= {name: getattr(known, name) for name in ("sensor", "ssids", "rssi_mean_dbm", "rssi_std_db", "zone")}
    return _Step(row, observation, spent, is_placed_here)


def _readings(observation: DeviceObservation, moment: Moment) -> upsert.Row:
    """What a sensor tells of a device that is placed at it."""
    return {
        "sensor": moment.scan.sensor,
        "ssids": observation.ssids,
        "rssi_mean_dbm": observation.rssi_mean_dbm,
        "rssi_std_db": observation.rssi_std_db,
        "zone": observation.zone,
    }


def _seconds_added(known: Row[Any], moment: Moment) -> float:
    """What a detection adds to the time spent: where another sensor hears the device too, only the time since then."""
    if known.sensor == moment.scan.sensor and known.placed_seen_at is None:
        return moment.credit_seconds
    since_seconds: float = (moment.scan.started_at - known.last_seen_at).total_seconds()
    return max(0.0, min(moment.credit_seconds, since_seconds))


def _moves_here(known: Row[Any], observation: DeviceObservation, moment: Moment) -> bool:
    return moves(
        placed_rssi_dbm=known.rssi_mean_dbm,
        placed_seen_at=known.placed_seen_at or known.last_seen_at,
        rssi_dbm=observation.rssi_mean_dbm,
        seen_at=moment.scan.started_at,
        interval=moment.interval,
    )


def _visit_start(started_at: datetime, moment: Moment) -> datetime:
    """Start of a visit; a scan that comes late may tell of an earlier one, if that was no visit before."""
    seen_at = moment.scan.started_at
    return seen_at if timedelta(0) < started_at - seen_at <= moment.visit_gap else started_at


def _name_makers(
    connection: Connection, radio: Radio, known: dict[str, Row[Any]], observations: dict[str, DeviceObservation]
) -> None:
    """Write down the makers of known devices that only now could be told, by what they said of themselves."""
    told = [
        {"of_device": device.id, "manufacturer": observations[device_hash].manufacturer}
        for device_hash, device in known.items()
        if device.manufacturer is None and observations[device_hash].manufacturer is not None
    ]
    if told:
        connection.execute(_update_device(radio, "manufacturer"), told)
