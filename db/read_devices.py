"""Reading a page of the device table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)

from db.buckets import bucket_edges
from db.rounds import standing
from db.schema import DEVICES, PRESENT, VISITS
from db.types import Seconds, storable
from presence.overview import DevicePage, DeviceQuery, DeviceRow, DeviceSort
from presence.radio import Radio
from presence.scan import AddressKind
from presence.zones import Zone

# Departed devices of each radio that are looked at, the latest ones. A place of up to so many a day lists a day of them
# in full; beyond, sorting and searching a month of devices would take a Pi a second, and nobody reads so many pages.
MOST_DEPARTED = 2500

_HASH_DIGITS = 64


def read_devices(connection: Connection, query: DeviceQuery, now_at: datetime, time_zone: ZoneInfo) -> DevicePage:
    """A page of the devices last seen in a range of time, and how many match in all.

    Those present are all looked at, and of each radio the `MOST_DEPARTED` that left last.
    """
    from_at = bucket_edges(query.time_range, now_at, time_zone)[0]
    current = standing(connection).round_id
    found = [
        part for radio in Radio for part in (_present(radio, query, current), _departed(radio, query, current, from_at))
    ]
    total: int = connection.execute(select(_sum_of([_count(part) for part in found]))).scalar_one()
    rows = connection.execute(_page(found, query)) if total > query.offset else ()
    return DevicePage(tuple(_device_row(row) for row in rows), total)


def _present(radio: Radio, query: DeviceQuery, current: int) -> Select[Any]:
    """Devices whose visit is open: in every range, and as their open visit has them."""
    devices, present = DEVICES[radio], PRESENT[radio]
    return (
        _columns(radio, devices.c, present.c, current)
        # As in `db.followed`, an outer join for which to begin with.
        .join_from(present, devices, present.c.device_id == devices.c.id, isouter=True)
        .where(_matches(radio, query.search, devices.c, present.c), _is_at(query.sensor, present.c.sensor))
    )


def _departed(radio: Radio, query: DeviceQuery, current: int, from_at: datetime) -> Select[Any]:
    devices, present = DEVICES[radio], PRESENT[radio]
    visit = VISITS.c
    is_last = and_(visit.device_id == devices.c.id, visit.ended_at == devices.c.last_seen_at, visit.repeat == 0)
    latest = (
        select(devices, visit.sensor)
        .join_from(VISITS, devices, is_last)
        .where(visit.ended_at >= from_at, visit.radio == radio, _is_at(query.sensor, visit.sensor))
        .where(~exists().where(present.c.device_id == visit.device_id))
        # By time alone: so the key is followed backwards, and SQLite sorts nothing.
        .order_by(visit.ended_at.desc())
        .limit(MOST_DEPARTED)
        .subquery()
    )
    return _columns(radio, latest.c, latest.c, current).where(_matches(radio, query.search, latest.c, latest.c))


def _is_at(sensor: str | None, column: ColumnElement[str]) -> ColumnElement[bool]:
    return true() if sensor is None else column == sensor


def _columns(radio: Radio, devices: Any, latest: Any, current: int) -> Select[Any]:  # noqa: ANN401 - columns of any table
    """What a row of the table shows; `latest` is where the newest is known. Minutes of an earlier round are over."""
    time_spent = type_coerce(case((latest.round_id == current, latest.time_spent_seconds), else_=0), Seconds)
    return select(
        literal(radio.value, String).label("radio"),
        devices.id,
        devices.device_hash,
        devices.manufacturer,
        devices.address_kind,
        latest.rssi_mean_dbm,
        latest.rssi_std_db,
        latest.zone,
        latest.ssids,
        time_spent.label("time_spent_seconds"),
        devices.first_seen_at,
        latest.last_seen_at,
        latest.sensor,
    )


def _matches(radio: Radio, search: str, devices: Any, latest: Any) -> ColumnElement[bool]:  # noqa: ANN401 - as above
    """Whether a device is one that is looked for. What is looked for is text: `%` and `_` stand for themselves."""
    text = storable(search.strip()).lower()
    if not text or text in radio.label.lower() or text in radio.value:
        return true()
    in_json = json.dumps(text, ensure_ascii=False)[1:-1]
    ssids = type_coerce(latest.ssids, String)
    conditions = [
        func.lower(devices.manufacturer).contains(text, autoescape=True),
        devices.address_kind.in_([kind for kind in AddressKind if text in kind]),
        latest.zone.in_([zone for zone in Zone if text in zone]),
        # Between the brackets, so that a search for "[" finds those who ask for such a network only.
        func.lower(func.substr(ssids, 2, func.length(ssids) - 2)).contains(in_json, autoescape=True),
    ]
    if len(text) <= _HASH_DIGITS and set(text) <= set("0123456789abcdef"):
        first, last = text.ljust(_HASH_DIGITS, "0"), text.ljust(_HASH_DIGITS, "f")
        conditions.append(devices.device_hash.between(first, last))
    return or_(*conditions)


def _count(part: Select[Any]) -> Select[tuple[int]]:
    return part.with_only_columns(func.count(), maintain_column_froms=True)


def _sum_of(counts: list[Select[tuple[int]]]) -> ColumnElement[int]:
    first, *others = [count.scalar_subquery() for count in counts]
    total: ColumnElement[int] = first
    for other in others:
        total = total + other
    return total


def _page(found: list[Select[Any]], query: DeviceQuery) -> Select[Any]:
    """The rows of the page. Ties are broken by when a device was last heard and by its row, so pages never overlap."""
    rows = union_all(*found).subquery()
    wanted = _sort_value(rows.c, query.sort)
    ordered = wanted.desc() if query.descending else wanted.asc()
    order = [ordered] if query.sort in {DeviceSort.LAST_SEEN, DeviceSort.FIRST_SEEN} else [ordered.nulls_last()]
    if query.sort is not DeviceSort.LAST_SEEN:
        order.append(rows.c.last_seen_at.desc())
    order += [rows.c.radio.desc(), rows.c.id.desc()]
    return select(rows).order_by(*order).limit(query.limit).offset(query.offset)


def _sort_value(columns: Any, sort: DeviceSort) -> ColumnElement[Any]:  # noqa: ANN401 - the columns of a subquery
    """What a column is sorted by: names whatever their case, zones by nearness, the nearest greatest."""
    values: dict[DeviceSort, ColumnElement[Any]] = {
        DeviceSort.RADIO: columns.radio,
        DeviceSort.MANUFACTURER: func.lower(columns.manufacturer),
        DeviceSort.ADDRESS_KIND: _place(columns.address_kind, sorted(AddressKind)),
        DeviceSort.RSSI: columns.rssi_mean_dbm,
        DeviceSort.ZONE: _place(columns.zone, (Zone.FAR, Zone.MEDIUM, Zone.NEAR)),
        DeviceSort.TIME_SPENT: columns.time_spent_seconds,
        DeviceSort.FIRST_SEEN: columns.first_seen_at,
        DeviceSort.LAST_SEEN: columns.last_seen_at,
        DeviceSort.SENSOR: func.lower(columns.sensor),
    }
    return values[sort]


def _place(column: ColumnElement[Any], values: Iterable[StrEnum]) -> ColumnElement[int | None]:
    """The place of a value among all in their order; NULL for none."""
    return case(*((column == value, place) for place, value in enumerate(values)), else_=None)


def _device_row(row: Row[Any]) -> DeviceRow:
    return DeviceRow(
        device_hash=row.device_hash,
        radio=Radio(row.radio),
        manufacturer=row.manufacturer,
        address_kind=row.address_kind,
        rssi_mean_dbm=row.rssi_mean_dbm,
        rssi_std_db=row.rssi_std_db,
        zone=row.zone,
        ssids=row.ssids,
        time_spent_minutes=row.time_spent_seconds / 60,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        sensor=row.sensor,
    )
