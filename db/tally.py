"""Tallies: how many different devices some detections are of, zone by zone.

Hundreds of thousands of detections are counted at once, so this is done with numpy; it is imported where it is used,
since it takes 20 MB that a box which nobody asks for statistics need not spend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from db.detections import code_of_zone, parts_of
from presence.radio import Radio
from presence.zones import Zone

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

# Stands where a zone would, for all of them and for detections without a reading.
ALL = "all"

# Each device of a tally has a byte, in which each zone that it was heard in sets a bit.
_BITS = {Zone.NEAR: 1, Zone.MEDIUM: 2, Zone.FAR: 4}
_WAS_THERE = 8
# From the codes that zones are packed as to those bits.
_BIT_OF_CODE = bytes.maketrans(bytes(code_of_zone(zone) for zone in _BITS), bytes(_BITS.values()))
# In the packed devices of an hour each takes four bytes for its row, and one for its zones.
_BYTES_A_DEVICE = 5


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted in one zone, or in all: a row of the tables of sums by zone.

    Attributes:
        device_count: Different devices.
        detection_count: Detections.
        rssi_sum_dbm: Sum over detections that had a reading; in whole dBm, so it is exact.
    """

    device_count: int
    detection_count: int
    rssi_sum_dbm: float

    def __add__(self, other: Counted) -> Counted:
        """Both together, as if they had no device in common."""
        return Counted(
            self.device_count + other.device_count,
            self.detection_count + other.detection_count,
            self.rssi_sum_dbm + other.rssi_sum_dbm,
        )


Zoned = Mapping[str, Counted]
"""What was counted, by zone and over `ALL` of them; empty when no radio was heard."""

Packed = Mapping[Radio, bytes | None]
"""Devices heard by each radio, packed; None for a radio that was not heard."""


@dataclass(slots=True)
class _RadioTally:
    """The devices one radio heard: rows as 32-bit numbers, and the bits of their zones, in the same order."""

    ids: list[bytes] = field(default_factory=list)
    bits: list[bytes] = field(default_factory=list)
    is_heard: bool = False

    def seen(self) -> tuple[int, NDArray[uint8]]:
        """The least row, and from it on a byte for each row: 0 for a device that was not heard.

        Rows are numbered as devices arrive, so this takes a byte for each that arrived from the first of these to the
        last: a megabyte for a million.
        """
        import numpy as np  # noqa: PLC0415 - see the top of this file

        ids = np.frombuffer(b"".join(self.ids), "<u4")
        bits = np.frombuffer(b"".join(self.bits), np.uint8)
        if not ids.size:
            return 0, np.zeros(0, np.uint8)
        least = int(ids.min())
        places = ids - np.uint32(least)
        seen = np.zeros(int(places.max()) + 1, np.uint8)
        seen[places] = _WAS_THERE
        for bit in _BITS.values():
            seen[places[bits & bit != 0]] |= bit
        return least, seen


def added_up(one: Zoned, other: Zoned) -> Zoned:
    """What was counted in two times together, a device that is in both counting twice."""
    return {
        zone: one[zone] + other[zone] if zone in one and zone in other else (one.get(zone) or other[zone])
        for zone in {**one, **other}
    }


class Tally:
    """Counts each device once, whatever zones, scans and sensors it is in."""

    def __init__(self) -> None:
        self._radios = {radio: _RadioTally() for radio in Radio}
        self._rssi: list[bytes] = []
        self._zones: list[bytes] = []
        self._counted_before: Zoned = {}

    def add_scan(self, packed: Packed) -> None:
        """Add the detections of a scan, packed as `db.detections` does it."""
        for radio, detections in packed.items():
            if detections is None:
                continue
            ids, rssi, zones = parts_of(detections)
            self._add_devices(radio, ids, zones.translate(_BIT_OF_CODE))
            self._rssi.append(rssi)
            self._zones.append(zones)

    def add_hour(self, packed: Packed) -> None:
        """Add the different devices of an hour, as `packed` gives them; its detections are added by `add_sums`."""
        for radio, devices in packed.items():
            if devices is not None:
                count = len(devices) // _BYTES_A_DEVICE
                self._add_devices(radio, devices[: 4 * count], devices[4 * count :])

    def add_sums(self, zoned: Zoned) -> None:
        """Add detections that were counted before, of devices that are added by `add_hour`."""
        self._counted_before = added_up(self._counted_before, zoned)

    def _add_devices(self, radio: Radio, ids: bytes, bits: bytes) -> None:
        tally = self._radios[radio]
        tally.is_heard = True
        tally.ids.append(ids)
        tally.bits.append(bits)

    def packed(self) -> Packed:
        """The different devices, each with its zones, for `add_hour`."""
        import numpy as np  # noqa: PLC0415 - as above

        result: dict[Radio, bytes | None] = dict.fromkeys(Radio)
        for radio, tally in self._radios.items():
            if tally.is_heard:
                least, seen = tally.seen()
                places = np.flatnonzero(seen)
                result[radio] = (places + least).astype("<u4").tobytes() + seen[places].tobytes()
        return result

    def counted(self) -> Zoned:
        """What was counted; empty when no radio was heard."""
        import numpy as np  # noqa: PLC0415 - as above

        if not any(tally.is_heard for tally in self._radios.values()):
            return {}
        zones = np.frombuffer(b"".join(self._zones), np.uint8)
        counts = np.bincount(zones, minlength=len(_BITS) + 1)
        sums = np.bincount(zones, np.frombuffer(b"".join(self._rssi), np.int8), minlength=len(_BITS) + 1)
        seen = [tally.seen()[1] for tally in self._radios.values()]
        result: dict[str, Counted] = {}
        for zone, bit in _BITS.items():
            devices, code = sum(int(np.count_nonzero(one & bit)) for one in seen), code_of_zone(zone)
            result[zone] = Counted(devices, int(counts[code]), float(sums[code]))
        with_reading = sum(counted.rssi_sum_dbm for counted in result.values())
        devices = sum(int(np.count_nonzero(one)) for one in seen)
        result[ALL] = Counted(devices, zones.size, with_reading)
        for name, before in self._counted_before.items():
            result[name] += Counted(0, before.detection_count, before.rssi_sum_dbm)
        return result
