"""Reading single detections, newest first, a piece at a time: a million of them take no more memory than a thousand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from db.connect import Connections
from db.detections import code_of_zone, rssi_of_code, unpack, zone_of_code
from db.schema import DEVICES
from db.site_schema import DETECTIONS
from presence.detection import Detection, DetectionQuery
from presence.radio import Radio
from presence.zones import Zone

# A piece ends after the scan that makes it this long: some 5 MB in memory, and a tenth of a second of reading.
_DETECTIONS_AT_ONCE = 20_000
# Scans are fetched for a piece as if each had so many; where they have more, the last ones are fetched again.
_USUAL_DETECTIONS = 100
# Pieces looked at for the newest that match: some thousand scans, or half a second.
_MOST_RECENT_PIECES = 100
# Devices looked up in one statement; far below SQLite's limit of 32,766 values.
_LOOKED_UP_AT_ONCE = 5000

# Each detection has a number: there are 2^17 for each scan, the upper half of them for Bluetooth. No radio hears 65,536
# devices in a scan, and a number stays below 2^53, beyond which JavaScript rounds, for 2^36 scans.
_NUMBERS_A_SCAN = 2**17
_FIRST_NUMBER = {Radio.WIFI: 0, Radio.BLUETOOTH: 2**16}

_DeviceIds = Mapping[Radio, frozenset[int]]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some detections, and the scan they end with: its start and number; None at the end of all."""

    detections: tuple[Detection, ...]
    last: tuple[datetime, int] | None


class DetectionReader:
    """Reads detections. May be used from many threads at once, and while scans are recorded."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def pieces(self, query: DetectionQuery, at_once: int = _DETECTIONS_AT_ONCE) -> Iterator[tuple[Detection, ...]]:
        """All detections that match, newest scan first, in pieces made from some `at_once` each; some may be empty.

        Each piece is read by itself, so a reader who takes hours keeps nothing waiting, and finds what was there when
        he came to it.

        Raises:
            DatabaseError: The database cannot be read.
        """
        device_ids = self._device_ids(query)
        before: tuple[datetime, int] | None = None
        while True:
            with self._connections.read() as connection:
                piece = _read_piece(connection, query, device_ids, before, at_once)
            yield piece.detections
            before = piece.last
            if before is None:
                return

    def recent(self, query: DetectionQuery, limit: int) -> tuple[Detection, ...]:
        """The newest detections that match, `limit` at most; fewer when those that match are rare among the newest.

        Raises:
            DatabaseError: The database cannot be read.
        """
        looked_at = islice(self.pieces(query, at_once=limit), _MOST_RECENT_PIECES)
        every = (detection for piece in looked_at for detection in piece)
        return tuple(islice(every, limit))

    def _device_ids(self, query: DetectionQuery) -> _DeviceIds | None:
        """The rows of the devices that are looked for; None when all are.

        All devices are looked through, half a second for a million: the index on hashes is for one key's devices only.
        """
        if query.device_hashes is None:
            return None
        with self._connections.read() as connection:
            return {
                radio: frozenset(
                    connection.scalars(select(devices.c.id).where(devices.c.device_hash.in_(query.device_hashes)))
                )
                for radio, devices in DEVICES.items()
            }


def _read_piece(
    connection: Connection,
    query: DetectionQuery,
    device_ids: _DeviceIds | None,
    before: tuple[datetime, int] | None,
    at_once: int,
) -> _Piece:
    fetched = _fetch_scans(connection, query, before, at_once // _USUAL_DETECTIONS + 1)
    found: list[tuple[Row[*tuple[Any, ...]], Radio, int, int, int, int]] = []
    last: tuple[datetime, int] | None = None
    for scan in fetched:
        found += _matching(scan, query.zone, device_ids)
        last = (scan.started_at, scan.scan_id)
        if len(found) >= at_once:
            break
    hashes = {radio: _hashes(connection, radio, {one[3] for one in found if one[1] is radio}) for radio in Radio}
    detections = tuple(
        Detection(
            detection_id=scan.scan_id * _NUMBERS_A_SCAN + number,
            radio=radio,
            device_hash=hashes[radio][device_id],
            rssi_dbm=rssi_of_code(rssi),
            zone=zone_of_code(zone),
            at=scan.started_at,
            sensor=scan.sensor,
        )
        for scan, radio, number, device_id, rssi, zone in found
        if device_id in hashes[radio]  # else the device was forgotten
    )
    return _Piece(detections, last)


def _fetch_scans(
    connection: Connection, query: DetectionQuery, before: tuple[datetime, int] | None, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    scan = DETECTIONS.c
    some = select(DETECTIONS).where(scan.started_at >= query.from_at, scan.started_at < query.to_at)
    if before is not None:
        at, scan_id = before
        some = some.where(
            scan.started_at <= at, or_(scan.started_at < at, and_(scan.started_at == at, scan.scan_id < scan_id))
        )
    if query.sensor is not None:
        some = some.where(scan.sensor == query.sensor)
    newest_first = some.order_by(scan.started_at.desc(), scan.scan_id.desc()).limit(limit)
    return connection.execute(newest_first).all()


def _matching(
    scan: Row[*tuple[Any, ...]], zone: Zone | None, device_ids: _DeviceIds | None
) -> Iterator[tuple[Row[*tuple[Any, ...]], Radio, int, int, int, int]]:
    """The detections of a scan that are looked for: scan, radio, number in it, device, RSSI and zone as packed."""
    wanted_zone = None if zone is None else code_of_zone(zone)
    for radio, packed in ((Radio.WIFI, scan.wifi), (Radio.BLUETOOTH, scan.bluetooth)):
        if packed is None:
            continue
        found = unpack(packed)
        wanted_ids = None if device_ids is None else device_ids[radio]
        for number, (device_id, rssi, code) in enumerate(
            zip(found.device_ids, found.rssi_dbm, found.zones, strict=True), _FIRST_NUMBER[radio]
        ):
            if wanted_zone in {None, code} and (wanted_ids is None or device_id in wanted_ids):
                yield scan, radio, number, device_id, rssi, code


def _hashes(connection: Connection, radio: Radio, device_ids: set[int]) -> Mapping[int, str]:
    """The hashes of devices by their rows; those that were forgotten are not in it."""
    device, ordered = DEVICES[radio].c, sorted(device_ids)
    hashes: dict[int, str] = {}
    for start in range(0, len(ordered), _LOOKED_UP_AT_ONCE):
        some = device.id.in_(ordered[start : start + _LOOKED_UP_AT_ONCE])
        hashes |= dict(connection.execute(select(device.id, device.device_hash).where(some)).all())
    return hashes
