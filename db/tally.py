"""Tallies: how many different devices some detections are of, zone by zone."""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from db.detections import code_of_zone, parts_of
from presence.radio import Radio
from presence.zones import Zone

# Stands where a zone would, for all of them and for detections without a reading.
ALL = "all"

# Each device of a tally has a byte, in which every zone that it was heard in sets a bit, and being heard another.
_BITS = {Zone.NEAR: 1, Zone.MEDIUM: 2, Zone.FAR: 4}
_WAS_THERE = 8
# For each bit a table that makes 1 of the bytes that have it, and 0 of the others.
_HAS_BIT = {bit: bytes(bool(byte & bit) for byte in range(256)) for bit in _BITS.values()}
# Marking so many one by one takes 15 to 25 ms; beyond it numpy does it, for 15 MB of memory. A box never has so many:
# the hours of its busiest day have some 10,000 devices. Once numpy is there it is quicker from a few on.
_MANY, _FEW = 100_000, 2_000
# From the codes that zones are packed as to those bits.
_MARK_OF_CODE = bytes.maketrans(
    bytes(code_of_zone(zone) for zone in (None, *_BITS)), bytes(_WAS_THERE | bit for bit in (0, *_BITS.values()))
)
# In the packed devices of an hour each takes four bytes for its row, and one for this.
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
    """What one radio heard, part by part.

    Attributes:
        ids: Rows of devices as 32-bit numbers: those of scans.
        zones: The zone of each, as it was packed.
        rssi: The RSSI of each.
        hour_ids: Rows of the different devices of hours.
        hour_marks: The byte of each.
        is_heard: Whether there was any part.
    """

    ids: list[bytes] = field(default_factory=list)
    zones: list[bytes] = field(default_factory=list)
    rssi: list[bytes] = field(default_factory=list)
    hour_ids: list[bytes] = field(default_factory=list)
    hour_marks: list[bytes] = field(default_factory=list)
    is_heard: bool = False

    def seen(self) -> tuple[int, bytes]:
        """The least row, and from it on the byte of each row: 0 for a device that was not heard.

        Rows are numbered as devices arrive, so this takes a byte for each that arrived from the first of these to the
        last: a megabyte for a million.
        """
        ids = array("I", b"".join((*self.ids, *self.hour_ids)))
        if sys.byteorder == "big":
            ids.byteswap()
        marks = b"".join(self.zones).translate(_MARK_OF_CODE) + b"".join(self.hour_marks)
        if not ids:
            return 0, b""
        return (marked_many if _is_for_numpy(len(ids)) else marked)(ids, marks)

    def sums(self) -> Sequence[tuple[int, int]]:
        """Of each code of a zone, how many detections of scans have it, and their RSSIs added up."""
        zones, rssi = b"".join(self.zones), b"".join(self.rssi)
        return (summed_many if _is_for_numpy(len(zones)) else summed)(zones, rssi)


def _is_for_numpy(count: int) -> bool:
    return count > (_FEW if "numpy" in sys.modules else _MANY)


def summed(zones: bytes, rssi: bytes) -> list[tuple[int, int]]:
    """Of each code of a zone, how often it is there, and what stands beside it, as signed bytes, added up."""
    counts = Counter(zip(zones, array("b", rssi), strict=True))
    detections, added = [0] * (len(_BITS) + 1), [0] * (len(_BITS) + 1)
    for (zone, dbm), count in counts.items():
        detections[zone] += count
        added[zone] += count * dbm
    return list(zip(detections, added, strict=True))


def summed_many(zones: bytes, rssi: bytes) -> list[tuple[int, int]]:
    """As `summed`, by numpy."""
    import numpy as np  # noqa: PLC0415 - a box never needs it

    codes, dbm = np.frombuffer(zones, np.uint8), np.frombuffer(rssi, np.int8)
    counts = [np.count_nonzero(codes == code) for code in range(len(_BITS) + 1)]
    added = [np.sum(dbm[codes == code], dtype=np.int64) for code in range(len(_BITS) + 1)]
    return list(zip(map(int, counts), map(int, added), strict=True))


def marked(ids: array[int], marks: bytes) -> tuple[int, bytes]:
    """The least of some numbers, and from it on a byte for each: all its marks, joined bit by bit."""
    least = min(ids)
    seen = bytearray(max(ids) - least + 1)
    for number, mark in zip(ids, marks, strict=True):
        seen[number - least] |= mark | _WAS_THERE
    return least, bytes(seen)


def marked_many(ids: array[int], marks: bytes) -> tuple[int, bytes]:
    """As `marked`, by numpy: ten times as fast."""
    import numpy as np  # noqa: PLC0415 - a box never needs it

    numbers, bits = np.frombuffer(ids, np.uint32), np.frombuffer(marks, np.uint8)
    least = numbers.min()
    places = numbers - least
    seen = np.zeros(int(places.max()) + 1, np.uint8)
    seen[places] = _WAS_THERE
    for bit in _BITS.values():
        seen[places[bits & bit != 0]] |= bit
    return int(least), seen.tobytes()


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
        self._counted_before: Zoned = {}

    def add_scan(self, packed: Packed) -> None:
        """Add the detections of a scan, packed as `db.detections` does it."""
        for radio, detections in packed.items():
            if detections is not None:
                tally = self._radios[radio]
                tally.is_heard = True
                ids, rssi, zones = parts_of(detections)
                tally.ids.append(ids)
                tally.rssi.append(rssi)
                tally.zones.append(zones)

    def add_hour(self, packed: Packed) -> None:
        """Add the different devices of an hour, as `packed` gives them; its detections are added by `add_sums`."""
        for radio, devices in packed.items():
            if devices is not None:
                tally = self._radios[radio]
                tally.is_heard = True
                count = len(devices) // _BYTES_A_DEVICE
                tally.hour_ids.append(devices[: 4 * count])
                tally.hour_marks.append(devices[4 * count :])

    def add_sums(self, zoned: Zoned) -> None:
        """Add detections that were counted before, of devices that are added by `add_hour`."""
        self._counted_before = added_up(self._counted_before, zoned)

    def packed(self) -> Packed:
        """The different devices, each with its zones, for `add_hour`."""
        result: dict[Radio, bytes | None] = dict.fromkeys(Radio)
        for radio, tally in self._radios.items():
            if tally.is_heard:
                least, seen = tally.seen()
                ids = array("I", [least + place for place, mark in enumerate(seen) if mark])
                if sys.byteorder == "big":
                    ids.byteswap()
                result[radio] = ids.tobytes() + seen.replace(b"\0", b"")
        return result

    def counted(self) -> Zoned:
        """What was counted; empty when no radio was heard."""
        if not any(tally.is_heard for tally in self._radios.values()):
            return {}
        seen = [tally.seen()[1] for tally in self._radios.values()]
        sums = [tally.sums() for tally in self._radios.values()]
        result: dict[str, Counted] = {}
        for zone, bit in _BITS.items():
            of_zone = [some[code_of_zone(zone)] for some in sums]
            devices = sum(one.translate(_HAS_BIT[bit]).count(1) for one in seen)
            result[zone] = Counted(devices, sum(one[0] for one in of_zone), float(sum(one[1] for one in of_zone)))
        detections = sum(count for some in sums for count, _ in some)
        with_reading = sum(counted.rssi_sum_dbm for counted in result.values())
        result[ALL] = Counted(sum(len(one) - one.count(0) for one in seen), detections, with_reading)
        for name, before in self._counted_before.items():
            result[name] += Counted(0, before.detection_count, before.rssi_sum_dbm)
        return result
