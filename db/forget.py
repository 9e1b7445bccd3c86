"""Forgetting one device: every row that is of it, with what lay there overwritten."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, select, update

from db.connect import Connections
from db.head_counts import note_change
from db.known import find_known
from db.people_schema import FIXTURES
from db.schema import DEVICES, PRESENT, VISITS
from db.site_schema import DETECTIONS, HOUR_DEVICES, OUTBOX
from presence.radio import Radio

# Rows of detections that are looked through at once: a few megabytes at a busy place.
_ROWS_AT_ONCE = 500
# Scans that came late from a sensor may have begun before the one with which a device came, and so did their hours.
_BEFORE = timedelta(days=1)

WithoutDevices = Callable[[bytes, Collection[str]], bytes]
"""Leaves devices of some hashes out of a message that waits to be sent; gives it as it was when none is in it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a device goes by, under the keys that are in force.

    Attributes:
        key_period: The period of the visitor key.
        hashes: Its hash by each radio.
        fixture_digests: What it is known by as a thing that stays.
    """

    key_period: int
    hashes: Mapping[Radio, str]
    fixture_digests: frozenset[str]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed of a device.

    Attributes:
        device_count: Devices: one for each radio that had heard it.
        visit_count: Visits that had ended.
        scan_count: Scans that it was left out of.
        fixture_count: Things that stay.
        unsent_count: Scans waiting to be sent that it was left out of.
    """

    device_count: int
    visit_count: int
    scan_count: int
    fixture_count: int
    unsent_count: int

    @property
    def is_anything(self) -> bool:
        """Whether there was anything."""
        return any((self.device_count, self.fixture_count, self.unsent_count))


def forget_device(connections: Connections, known: Known, without_devices: WithoutDevices) -> Forgotten:
    """Forget a device, in one transaction; what its rows held is overwritten with zeros where the database is a file.

    Sums stay as they are: they tell of nobody.

    Raises:
        DatabaseError: It could not be done; nothing is forgotten.
    """
    with connections.write() as connection:
        devices = visits = scans = 0
        for radio, device_hash in known.hashes.items():
            for row in find_known(connection, radio, known.key_period, [device_hash]).values():
                connection.execute(delete(PRESENT[radio]).where(PRESENT[radio].c.device_id == row.id))
                of_device = (VISITS.c.radio == radio, VISITS.c.device_id == row.id)
                visits += connection.execute(delete(VISITS).where(*of_device)).rowcount
                scans += _leave_out_of_scans(connection, radio, row.id, row.first_seen_at)
                devices += connection.execute(delete(DEVICES[radio]).where(DEVICES[radio].c.id == row.id)).rowcount
        fixtures = connection.execute(delete(FIXTURES).where(FIXTURES.c.digest.in_(known.fixture_digests))).rowcount
        unsent = _leave_out_of_outbox(connection, without_devices, set(known.hashes.values()))
        # A fit is due where a thing that stays went; and other hubs of the site learn by it that what they keep in
        # memory of devices is out of date.
        note_change(connection)
    return Forgotten(devices, visits, scans, fixtures, unsent)


def _leave_out_of_scans(connection: Connection, radio: Radio, device_id: int, first_seen_at: datetime) -> int:
    """Take a device out of the packed detections, of scans and of hours; tells in how many scans it was."""
    scan, hour, column = DETECTIONS.c, HOUR_DEVICES.c, radio.value
    since_at = first_seen_at - _BEFORE
    scans = select(scan.scan_id, scan[column]).where(scan.started_at >= since_at, scan[column].is_not(None))
    hours = select(hour.hour_at, hour.sensor, hour[column]).where(hour.hour_at >= since_at, hour[column].is_not(None))
    _repack(connection, HOUR_DEVICES, column, hours, partial(_without, device_id, bytes_besides=1))
    return _repack(connection, DETECTIONS, column, scans, partial(_without, device_id, bytes_besides=2))


def _repack(
    connection: Connection,
    table: Table[Any],
    column: str,
    rows: Select[*tuple[Any, ...]],
    changed: Callable[[bytes], bytes | None],
) -> int:
    """Write rows anew whose packed devices change; tells how many did."""
    due: list[tuple[list[Any], bytes]] = []
    for some in connection.execute(rows).partitions(_ROWS_AT_ONCE):
        due += [(key, new) for *key, packed in some if (new := changed(packed)) is not None]
    for key, new in due:
        is_row = [of_key == value for of_key, value in zip(table.primary_key, key, strict=True)]
        connection.execute(update(table).where(*is_row).values({column: new}))
    return len(due)


def _without(device_id: int, packed: bytes, *, bytes_besides: int) -> bytes | None:
    """Packed devices without one; None when it is not in them.

    Args:
        device_id: Its row.
        packed: First the rows of all (`db.detections`, `db.tally`), then so many bytes for each, one after the other.
        bytes_besides: How many those are.
    """
    count = len(packed) // (4 + bytes_besides)
    ids = array("I", packed[: 4 * count])
    if sys.byteorder == "big":
        ids.byteswap()
    if device_id not in ids:
        return None
    at = ids.index(device_id)
    kept = [packed[: 4 * at], packed[4 * at + 4 : 4 * count]]
    for number in range(bytes_besides):
        column = packed[(4 + number) * count : (5 + number) * count]
        kept += [column[:at], column[at + 1 :]]
    return b"".join(kept)


def _leave_out_of_outbox(connection: Connection, without_devices: WithoutDevices, hashes: Collection[str]) -> int:
    count = 0
    # One after the other: an outbox may hold more than there is memory.
    for row_id in connection.execute(select(OUTBOX.c.id)).scalars().all():
        is_row = OUTBOX.c.id == row_id
        waiting = connection.execute(select(OUTBOX.c.body).where(is_row)).scalar_one()
        body = without_devices(waiting, hashes)
        if body != waiting:
            connection.execute(update(OUTBOX).where(is_row).values(body=body))
            count += 1
    return count
