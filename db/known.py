"""Finding the devices of a scan among all that were ever heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, bindparam, func, select, true

from db import bulk
from db.schema import DEVICES, PRESENT
from db.types import first_bytes, sql_first_bytes
from presence.radio import Radio

# Hashes and parts looked up in one statement. For SQLite that is far below its limit of 32,766 values; PostgreSQL takes
# them as one array, and each statement has its price there.
_LOOKED_UP_AT_ONCE = {"sqlite": 500, "postgresql": 5000}

# Devices of one part of the index on hashes. An entry takes about 19 bytes, so a part is 40 pages of SQLite's: the 30
# that a busy scan adds lie close together, where in one index of a day's 43,000 each would be on a page of its own.
_PART_DEVICES = 1024

# Parts that are searched first: whoever is in a scan has mostly arrived lately.
_LATEST_PARTS = 2

_Item = TypeVar("_Item")


def find_known(connection: Connection, radio: Radio, key_period: int, hashes: Iterable[str]) -> dict[str, Row[Any]]:
    """The devices of these hashes that were heard before, with their open visits (NULL columns for none)."""
    dialect = connection.dialect.name
    at_once = _LOOKED_UP_AT_ONCE[dialect]
    parts = range(_last_part(connection, radio, key_period), -1, -1)
    missing, known = set(hashes), dict[str, Row[Any]]()
    for some_parts in (parts[:_LATEST_PARTS], *_some_at_once(parts[_LATEST_PARTS:], at_once)):
        for some in _some_at_once(list(missing), at_once):
            wanted = {"under_key": key_period, "parts": some_parts, "beginnings": [first_bytes(one) for one in some]}
            rows = connection.execute(_select_known(radio, dialect), wanted).all()  # at once, for there are thousands
            known |= {row.device_hash: row for row in rows if row.device_hash in missing}
        missing -= known.keys()
    return known


def part_for_new(connection: Connection, radio: Radio, key_period: int) -> int:
    """The part of the index for devices that come now: the last one, until it is full."""
    last = _last_part(connection, radio, key_period)
    if connection.dialect.name != "sqlite":
        return last
    count: int = connection.execute(_count_part(radio), {"under_key": key_period, "of_part": last}).scalar_one()
    return last + (count >= _PART_DEVICES)


def _last_part(connection: Connection, radio: Radio, key_period: int) -> int:
    """PostgreSQL writes what changed and not whole pages, so there the first part is all there is."""
    if connection.dialect.name != "sqlite":
        return 0
    return connection.execute(_select_last_part(radio), {"under_key": key_period}).scalar_one()


def _some_at_once(items: Sequence[_Item], count: int) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), count):
        yield items[start : start + count]


def select_followed(radio: Radio) -> Select[*tuple[Any, ...]]:
    """All that is known of devices: their own rows as they were written down, and their open visits (NULL for none)."""
    devices, present = DEVICES[radio].c, PRESENT[radio].c
    return select(
        devices.id,
        devices.device_hash,
        devices.key_period,
        devices.address_kind,
        devices.manufacturer,
        devices.first_seen_at,
        devices.last_seen_at.label("written_at"),
        devices.time_spent_seconds.label("written_seconds"),
        devices.round_id.label("written_round"),
        present.visit_started_at,
        present.last_seen_at,
        present.placed_seen_at,
        present.credit_seconds,
        present.time_spent_seconds,
        present.round_id,
        present.sensor,
        present.ssids,
        present.rssi_mean_dbm,
        present.rssi_std_db,
        present.zone,
    )


# Built once, as in `db.followed`.
@cache
def _select_known(radio: Radio, dialect: str) -> Select[*tuple[Any, ...]]:
    devices, present = DEVICES[radio], PRESENT[radio]
    beginning = sql_first_bytes(devices.c.device_hash)
    of_period = (
        select_followed(radio)
        .join_from(devices, present, present.c.device_id == devices.c.id, isouter=True)
        .where(devices.c.key_period == bindparam("under_key"))
    )
    if dialect == "sqlite":
        return of_period.where(
            devices.c.part.in_(bindparam("parts", expanding=True)),
            beginning.in_(bindparam("beginnings", expanding=True)),
        )
    # One look into the index for each hash: a planner that has not counted the devices yet would rather go through all
    # of the period. That the select inside has an offset keeps it from turning the two round.
    part = bulk.given_values("parts", devices.c.part)
    wanted = bulk.given_values("beginnings", beginning)
    known = of_period.where(devices.c.part == part.c.value, beginning == wanted.c.value).offset(0).lateral()
    return select(known).select_from(part.join(wanted, true()).join(known, true()))


@cache
def _select_last_part(radio: Radio) -> Select[int]:
    devices = DEVICES[radio].c
    return select(func.coalesce(func.max(devices.part), 0)).where(devices.key_period == bindparam("under_key"))


@cache
def _count_part(radio: Radio) -> Select[int]:
    devices = DEVICES[radio].c
    return select(func.count()).where(
        devices.key_period == bindparam("under_key"), devices.part == bindparam("of_part")
    )
