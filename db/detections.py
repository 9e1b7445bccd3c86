"""Detections: every device of a scan, packed into a few bytes each, and unpacked again."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from presence.radio import Radio
from presence.scan import DeviceObservation, Heard, Scan
from presence.zones import Zone

# What a zone is packed as; 0 stands for none.
_ZONES: tuple[Zone | None, ...] = (None, Zone.NEAR, Zone.MEDIUM, Zone.FAR)
_CODES = {zone: code for code, zone in enumerate(_ZONES)}
# What is packed where there is no reading: no radio hears so strong a signal.
_NO_RSSI = 127
# A device takes four bytes for its row, one for its RSSI and one for its zone.
_BYTES_A_DEVICE = 6


@dataclass(frozen=True, slots=True)
class Detections:
    """The devices of one scan by one radio: three sequences of equal length, in no particular order.

    Attributes:
        device_ids: Rows in the table of devices of that radio.
        rssi_dbm: Mean RSSI of each in whole dBm; 127 where there was no reading.
        zones: The zone of each as it was told then, as `zone_of_code` reads it.
    """

    device_ids: array[int]
    rssi_dbm: array[int]
    zones: bytes


def zone_of_code(code: int) -> Zone | None:
    """The zone that a byte of `Detections.zones` stands for; None where there was no reading."""
    return _ZONES[code]


def code_of_zone(zone: Zone | None) -> int:
    """The byte that stands for a zone in `Detections.zones`."""
    return _CODES[zone]


def rssi_of_code(code: int) -> int | None:
    """The RSSI that a number of `Detections.rssi_dbm` stands for, in dBm; None where there was no reading."""
    return None if code == _NO_RSSI else code


def detections_row(scan_id: int, scan: Scan, device_id: Callable[[Radio, str], int]) -> dict[str, object]:
    """The row that says which devices a scan heard; their own rows are told by radio and hash."""
    row: dict[str, object] = {"scan_id": scan_id, "sensor": scan.sensor, "started_at": scan.started_at}
    for radio in Radio:
        hearing = scan.hearing(radio)
        row[radio.value] = None
        if isinstance(hearing, Heard):
            hashes = (observation.device_hash for observation in hearing.observations)
            row[radio.value] = pack(hearing.observations, {name: device_id(radio, name) for name in hashes})
    return row


def pack(observations: tuple[DeviceObservation, ...], device_ids: Mapping[str, int]) -> bytes:
    """Devices as bytes: first all rows (little-endian, 32 bits), then all RSSIs (signed), then all zones."""
    last = {observation.device_hash: observation for observation in observations}
    ids = array("I", [device_ids[device_hash] for device_hash in last])
    rssi = array("b", [_rssi_code(observation.rssi_mean_dbm) for observation in last.values()])
    return _little_endian(ids).tobytes() + rssi.tobytes() + bytes(_CODES[one.zone] for one in last.values())


def unpack(packed: bytes) -> Detections:
    """What `pack` made bytes of."""
    packed_ids, packed_rssi, zones = parts_of(packed)
    ids, rssi = array("I"), array("b")
    ids.frombytes(packed_ids)
    rssi.frombytes(packed_rssi)
    return Detections(_little_endian(ids), rssi, zones)


def parts_of(packed: bytes) -> tuple[bytes, bytes, bytes]:
    """What `pack` made, still as bytes: rows (little-endian, 32 bits), RSSIs (signed) and zones."""
    count = len(packed) // _BYTES_A_DEVICE
    return packed[: 4 * count], packed[4 * count : 5 * count], packed[5 * count :]


def _rssi_code(rssi_dbm: float | None) -> int:
    return _NO_RSSI if rssi_dbm is None else max(-128, min(_NO_RSSI - 1, round(rssi_dbm)))


def _little_endian(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
