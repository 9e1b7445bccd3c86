"""Devices while scans are taken in: read all at once before, written down all at once after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Insert,
    Row,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from db import bulk, upsert
from db.ending import find_ending
from db.kept import KeptDevice, KeptDevices, OpenState, Stored
from db.known import find_known, part_for_new
from db.schema import DEVICES, PRESENT, VISITS
from presence.following import Devices, FollowedDevice, OpenVisit, Reading
from presence.radio import Radio
from presence.scan import Heard, Scan
from presence.visits import Visit

# Of a device that is not present no reading is needed: its next detection brings another.
_NO_READING = Reading("", (), None, None, None)


class FollowedDevices:
    """The devices that some scans concern: those they name, and those whose visits they may end.

    Attributes:
        devices: As they stand; `presence.following.Follower` changes them.
        kept: Those that need not be read; it is brought up to date when they are written.
    """

    def __init__(self, connection: Connection, scans: Sequence[Scan], visit_gap: timedelta, kept: KeptDevices) -> None:
        self._connection = connection
        self.kept = kept
        self._newest_period = max(scan.key_period for scan in scans)
        self._stored: dict[Radio, dict[str, Stored]] = {radio: {} for radio in Radio}
        self._kept_names: dict[Radio, set[str]] = {radio: set() for radio in Radio}
        self.devices: Devices = {radio: {} for radio in Radio}
        for radio in Radio:
            for key_period, hashes in _hashes(radio, scans).items():
                found = kept.find(radio, key_period, hashes)
                self._take(radio, found)
                names = {one.device.device_hash for one in found}
                self._kept_names[radio] |= names
                if len(names) < len(hashes):
                    self._read(radio, find_known(connection, radio, key_period, hashes - names).values())
            self._read(radio, find_ending(connection, radio, scans, visit_gap))

    def _take(self, radio: Radio, found: Iterable[KeptDevice]) -> None:
        devices, stored = self.devices[radio], self._stored[radio]
        for one in found:
            name = one.device.device_hash
            if name not in devices:
                devices[name], stored[name] = one

    def _read(self, radio: Radio, rows: Iterable[Row[Any]]) -> None:
        devices = self.devices[radio]
        self._take(radio, [_followed(radio, row) for row in rows if row.device_hash not in devices])

    def insert_new(self) -> None:
        """Write down the devices that were never heard before, which gives each its row."""
        for radio in Radio:
            self._insert_new(radio)

    def write(self, ended: Sequence[Visit]) -> None:
        """Write down what else has become of the devices, and the visits that ended; every one has its row."""
        for radio in Radio:
            self._write_visits(radio, [visit for visit in ended if visit.radio is radio])
            self._write_present(radio)
            self._update_changed(radio)
            for name, device in self.devices[radio].items():
                if device.visit is None or name not in self._kept_names[radio]:  # else it is kept as it stands
                    self.kept.note(KeptDevice(device, self._stored[radio][name]))

    def device_id(self, radio: Radio, device_hash: str) -> int:
        """The row of a device, once written."""
        return self._stored[radio][device_hash].device_id

    def _insert_new(self, radio: Radio) -> None:
        """Write new devices down as they are now: one heard in one scan only is then never written again."""
        new = [device for name, device in self.devices[radio].items() if name not in self._stored[radio]]
        if not new:
            return
        parts = {
            key_period: part_for_new(self._connection, radio, key_period)
            for key_period in {device.key_period for device in new}
        }
        rows = [_device_row(device) | _first_row(device) | {"part": parts[device.key_period]} for device in new]
        statement = _insert_device(radio, self._connection.dialect.name, *rows[0])
        for row in self._connection.execute(statement, upsert.as_parameters(self._connection, rows)):
            device = self.devices[radio][row.device_hash]
            self._stored[radio][row.device_hash] = Stored(
                row.id, device.first_seen_at, _totals(device), device.manufacturer, None
            )

    def _write_visits(self, radio: Radio, ended: Sequence[Visit]) -> None:
        """Write visits down; of two that a device ended at one moment, the second is written after the first."""
        rounds: list[dict[tuple[datetime, str], Visit]] = []
        for visit in ended:
            key = visit.ended_at, visit.device_hash
            some = next((some for some in rounds if key not in some), None)
            if some is None:
                rounds.append(some := {})
            some[key] = visit
        statement = _insert_visits(self._connection.dialect.name)
        for some in rounds:
            rows = [_visit_row(visit, self.device_id(radio, visit.device_hash)) for visit in some.values()]
            self._connection.execute(statement, upsert.as_parameters(self._connection, rows))

    def _write_present(self, radio: Radio) -> None:
        all_stored = self._stored[radio]
        changed, heard_again, gone = [], [], []
        for name, device in self.devices[radio].items():
            stored = all_stored[name]
            before = stored.open_state
            if device.visit is None:
                if before is not None:
                    gone.append(stored.device_id)
            elif before != (state := _open_state(device, device.visit)):
                stored.open_state = state
                if before is not None and _is_only_heard_again(before, state):
                    heard_again.append(_heard_again_row(stored.device_id, device))
                else:
                    changed.append(_present_row(stored.device_id, device, device.visit))
        upsert.replace_rows(self._connection, PRESENT[radio], changed)
        upsert.update_rows(self._connection, PRESENT[radio], heard_again)
        if gone:
            self._connection.execute(_delete_present(radio, self._connection.dialect.name), {"gone": gone})

    def _update_changed(self, radio: Radio) -> None:
        """Write down devices that have left since they were written, and what only now could be told of those present.

        That is their maker; or that they were heard earlier, when a clock was put back and the visit that tells so has
        ended, and another begun, in this very transaction.
        """
        left, told, earlier = [], [], []
        for name, device in self.devices[radio].items():
            stored = self._stored[radio][name]
            if device.visit is None and stored.written_down != _totals(device):
                names = {} if device.key_period >= self._newest_period else {"ssids": None}  # see `db.past_names`
                left.append({"of_row": stored.device_id, **_device_row(device), **names})
            elif device.manufacturer != stored.manufacturer:
                told.append({"of_row": stored.device_id, "manufacturer": device.manufacturer})
                stored.manufacturer = device.manufacturer
            is_earlier = device.first_seen_at < stored.first_seen_at
            if is_earlier and device.visit is not None and device.first_seen_at < device.visit.started_at:
                earlier.append({"of_row": stored.device_id, "first_seen_at": device.first_seen_at})
                stored.first_seen_at = device.first_seen_at
        for rows in (left, told, earlier):
            upsert.update_rows(self._connection, DEVICES[radio], rows)


def _hashes(radio: Radio, scans: Sequence[Scan]) -> dict[int, set[str]]:
    """The devices that scans heard, by the key period that their hashes are of."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for scan in scans:
        hearing = scan.hearing(radio)
        if isinstance(hearing, Heard) and hearing.observations:
            found[scan.key_period].update(observation.device_hash for observation in hearing.observations)
    return found


# Building a statement costs more than running it: each is built once for each radio.
@cache
def _insert_device(radio: Radio, dialect: str, *columns: str) -> Any:  # noqa: ANN401 - SQLAlchemy's type of an insert that returns rows has no short name
    devices = DEVICES[radio]
    statement = insert(devices) if dialect == "sqlite" else bulk.insert_given(devices, columns)
    return statement.returning(devices.c.device_hash, devices.c.id)


@cache
def _insert_visits(dialect: str) -> Insert:
    columns = [column for column in VISITS.c if column.name != "repeat"]
    names = [column.name for column in columns]
    given: dict[str, ColumnElement[Any]]
    if dialect == "sqlite":
        given = {name: bindparam(name, type_=VISITS.c[name].type) for name in names}
    else:
        given = dict(bulk.given_rows(columns).c)
    same = VISITS.alias()
    ended_then = [same.c[name] == given[name] for name in ("ended_at", "radio", "device_id")]
    repeat = select(func.count()).where(*ended_then).scalar_subquery()
    made = select(*(given[name] for name in names), repeat)
    return insert(VISITS).from_select([*names, "repeat"], made)


@cache
def _delete_present(radio: Radio, dialect: str) -> Delete:
    present = PRESENT[radio]
    return delete(present).where(bulk.is_among(present.c.device_id, "gone", dialect))


def _totals(device: FollowedDevice) -> tuple[datetime, float, int]:
    """What a device's row says that changes with each detection."""
    return device.last_seen_at, device.time_spent_seconds, device.round_id


def _open_state(device: FollowedDevice, visit: OpenVisit) -> OpenState:
    return (
        visit.started_at,
        visit.last_seen_at,
        visit.placed_seen_at,
        visit.credit_seconds,
        device.time_spent_seconds,
        device.round_id,
        device.reading,
    )


def _is_only_heard_again(before: OpenState, now: OpenState) -> bool:
    """Whether of a row of those present nothing changes but what `_heard_again_row` writes, as of nearly all."""
    began, seen, placed, credit, _, round_id, reading = before
    now_began, now_seen, now_placed, now_credit, _, now_round_id, now_reading = now
    return (
        reading.sensor == now_reading.sensor
        and placed == seen
        and now_placed == now_seen
        and credit == now_credit
        and began == now_began
        and round_id == now_round_id
        and reading.ssids == now_reading.ssids
    )


def _followed(radio: Radio, row: Row[Any]) -> KeptDevice:
    """A device as a row of `db.known.select_followed` tells; taken apart at once, for there are thousands."""
    (
        device_id,
        device_hash,
        key_period,
        address_kind,
        manufacturer,
        first_seen_at,
        last_seen_at,
        time_spent_seconds,
        round_id,
        visit_started_at,
        present_seen_at,
        placed_seen_at,
        credit_seconds,
        present_spent_seconds,
        present_round_id,
        *reading,
    ) = tuple[Any, ...](row)
    written_down = (last_seen_at, time_spent_seconds, round_id)
    visit, row_first_seen_at = None, first_seen_at
    if visit_started_at is not None:
        last_seen_at, time_spent_seconds, round_id = present_seen_at, present_spent_seconds, present_round_id
        visit = OpenVisit(visit_started_at, last_seen_at, placed_seen_at or last_seen_at, credit_seconds)
        # A clock that was put back may have begun the visit before the device was first heard.
        first_seen_at = min(first_seen_at, visit_started_at)
    device = FollowedDevice(
        radio,
        device_hash,
        key_period,
        address_kind,
        manufacturer,
        first_seen_at,
        last_seen_at,
        _NO_READING if visit is None else Reading(*reading),
        time_spent_seconds,
        round_id,
        visit,
    )
    state = None if visit is None else _open_state(device, visit)
    return KeptDevice(device, Stored(device_id, row_first_seen_at, written_down, manufacturer, state))


def _visit_row(visit: Visit, device_id: int) -> upsert.Row:
    return {
        "ended_at": visit.ended_at,
        "radio": visit.radio,
        "device_id": device_id,
        "sensor": visit.sensor,
        "started_at": visit.started_at,
        "stay_seconds": visit.stay_seconds,
    }


def _first_row(device: FollowedDevice) -> upsert.Row:
    """What never changes once a device is written down, or nearly so."""
    return {
        "key_period": device.key_period,
        "device_hash": device.device_hash,
        "address_kind": device.address_kind,
        "manufacturer": device.manufacturer,
    }


def _device_row(device: FollowedDevice) -> upsert.Row:
    return {
        "first_seen_at": device.first_seen_at,
        "last_seen_at": device.last_seen_at,
        "time_spent_seconds": device.time_spent_seconds,
        "round_id": device.round_id,
        **_reading_columns(device.reading),
    }


def _present_row(device_id: int, device: FollowedDevice, visit: OpenVisit) -> upsert.Row:
    return {
        "device_id": device_id,
        "visit_started_at": visit.started_at,
        "last_seen_at": visit.last_seen_at,
        "placed_seen_at": None if visit.placed_seen_at == visit.last_seen_at else visit.placed_seen_at,
        "credit_seconds": visit.credit_seconds,
        "time_spent_seconds": device.time_spent_seconds,
        "round_id": device.round_id,
        **_reading_columns(device.reading),
    }


def _heard_again_row(device_id: int, device: FollowedDevice) -> upsert.Row:
    """Half as much as a whole row, which costs PostgreSQL half as much."""
    reading = device.reading
    return {
        "of_row": device_id,
        "last_seen_at": device.last_seen_at,
        "time_spent_seconds": device.time_spent_seconds,
        "rssi_mean_dbm": reading.rssi_mean_dbm,
        "rssi_std_db": reading.rssi_std_db,
        "zone": reading.zone,
    }


def _reading_columns(reading: Reading) -> upsert.Row:
    return {
        "sensor": reading.sensor,
        "ssids": reading.ssids,
        "rssi_mean_dbm": reading.rssi_mean_dbm,
        "rssi_std_db": reading.rssi_std_db,
        "zone": reading.zone,
    }
