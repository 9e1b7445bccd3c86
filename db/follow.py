"""Following devices from scan to scan: who arrived, who stayed, who has left, and the time each has spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Delete,
    Insert,
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
from db.known import find_known, part_for_new
from db.schema import DEVICES, PRESENT, ROUNDS, VISITS
from presence.radio import Radio
from presence.scan import DeviceObservation, Heard, Scan
from presence.visits import Visit, stay_seconds


@dataclass(frozen=True, slots=True)
class Moment:
    """What is the same for every device of a scan.

    Attributes:
        scan: The scan.
        credit_seconds: What a detection in it is worth.
        visit_gap: How long a device may be silent on one visit.
        round_id: The current round of time spent.
    """

    scan: Scan
    credit_seconds: float
    visit_gap: timedelta
    round_id: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Devices of a scan that count for the first time.

    Attributes:
        makers: The maker of each device never heard before; None when it could not be told.
        new_in_round: How many are detected for the first time in the current round of time spent.
        device_ids: The row of every device of the scan, arrived or known, by its hash.
    """

    makers: tuple[str | None, ...]
    new_in_round: int
    device_ids: dict[str, int]


def end_visits(connection: Connection, radio: Radio, moment: Moment) -> list[Visit]:
    """End the visits of devices that were silent for too long, and write the devices down as they were last heard."""
    times = {
        "seen_at": moment.scan.started_at,
        "silent_since_at": moment.scan.started_at - moment.visit_gap,
        "by_sensor": moment.scan.sensor,
    }
    rows = connection.execute(_select_over(radio), times).all()
    if not rows:
        return []
    visits = [_visit(radio, row) for row in rows]
    ended = [_visit_row(row.device_id, visit) for row, visit in zip(rows, visits, strict=True)]
    connection.execute(_insert_visit(), ended)
    connection.execute(_delete_over(radio), times)
    # A device heard in one scan only was written down as it arrived: many are, and need not be written twice.
    changed = [_as_last_heard(row) for row in rows if not row.is_written_down]
    if changed:
        connection.execute(_update_device(radio, *changed[0].keys()), changed)
    return visits


def follow(connection: Connection, radio: Radio, heard: Heard, moment: Moment) -> Arrivals:
    """Take the devices of a scan in. Visits that are over must have been ended before."""
    observations = {observation.device_hash: observation for observation in heard.observations}
    known = find_known(connection, radio, moment.scan.key_period, observations)
    arrived = [observation for device_hash, observation in observations.items() if device_hash not in known]
    ids = _insert_devices(connection, radio, arrived, moment)
    rows = [_present_row(ids[observation.device_hash], None, observation, moment) for observation in arrived]
    new_in_round = len(arrived)
    for device_hash, device in known.items():
        rows.append(_present_row(device.id, device, observations[device_hash], moment))
        new_in_round += device.round_id != moment.round_id
    upsert.replace_rows(connection, PRESENT[radio], rows)
    _name_makers(connection, radio, known, observations)
    ids |= {device_hash: device.id for device_hash, device in known.items()}
    return Arrivals(tuple(observation.manufacturer for observation in arrived), new_in_round, ids)


def current_round(connection: Connection) -> int:
    """The round of time spent that detections now count towards."""
    return connection.execute(select(ROUNDS.c.id).order_by(ROUNDS.c.id.desc()).limit(1)).scalar_one()


def _is_over(radio: Radio) -> ColumnElement[bool]:
    """`presence.visits.is_same_visit`, denied, in SQL.

    A clock that went back is told by this sensor's own rows only: the clocks of two sensors never agree exactly.
    """
    present = PRESENT[radio].c
    went_back = and_(present.last_seen_at > bindparam("seen_at"), present.sensor == bindparam("by_sensor"))
    return or_(present.last_seen_at < bindparam("silent_since_at"), went_back)


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
def _insert_visit() -> Insert:
    key: dict[str, BindParameter[Any]] = {
        "ended_at": bindparam("left_at"),
        "radio": bindparam("by_radio"),
        "device_id": bindparam("of_device"),
    }
    ended_then = [VISITS.c[column] == value for column, value in key.items()]
    return insert(VISITS).values(**key, repeat=select(func.count()).where(*ended_then).scalar_subquery())


@cache
def _delete_over(radio: Radio) -> Delete:
    return delete(PRESENT[radio]).where(_is_over(radio))


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


def _visit_row(device_id: int, visit: Visit) -> upsert.Row:
    return {
        "by_radio": visit.radio,
        "of_device": device_id,
        "left_at": visit.ended_at,
        "sensor": visit.sensor,
        "started_at": visit.started_at,
        "stay_seconds": visit.stay_seconds,
    }


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


def _insert_devices(
    connection: Connection, radio: Radio, arrived: Sequence[DeviceObservation], moment: Moment
) -> dict[str, int]:
    """Write new devices down, and tell the row of each by its hash."""
    if not arrived:
        return {}
    devices, key_period = DEVICES[radio], moment.scan.key_period
    part = part_for_new(connection, radio, key_period)
    rows = [
        {
            "key_period": key_period,
            "part": part,
            "device_hash": observation.device_hash,
            "address_kind": observation.address_kind,
            "manufacturer": observation.manufacturer,
            "first_seen_at": moment.scan.started_at,
            **_as_heard(None, observation, moment),
        }
        for observation in arrived
    ]
    inserted = connection.execute(insert(devices).returning(devices.c.device_hash, devices.c.id), rows)
    return {row.device_hash: row.id for row in inserted}


def _present_row(device_id: int, known: Row[Any] | None, observation: DeviceObservation, moment: Moment) -> upsert.Row:
    visit_started_at = None if known is None else known.visit_started_at
    return {
        "device_id": device_id,
        "visit_started_at": visit_started_at or moment.scan.started_at,
        "credit_seconds": moment.credit_seconds,
        **_as_heard(known, observation, moment),
    }


def _as_heard(known: Row[Any] | None, observation: DeviceObservation, moment: Moment) -> upsert.Row:
    """What a detection leaves in a device's row; minutes of an earlier round count no more."""
    counts = known is not None and known.round_id == moment.round_id
    return {
        "sensor": moment.scan.sensor,
        "ssids": observation.ssids,
        "last_seen_at": moment.scan.started_at,
        "rssi_mean_dbm": observation.rssi_mean_dbm,
        "rssi_std_db": observation.rssi_std_db,
        "zone": observation.zone,
        "time_spent_seconds": moment.credit_seconds + (known.time_spent_seconds if known is not None and counts else 0),
        "round_id": moment.round_id,
    }


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
