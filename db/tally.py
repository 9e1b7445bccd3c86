"""Tallies: how many different devices some detections are of, zone by zone.

Hundreds of thousands of detections are counted at once, so this is done with numpy. It is imported where it is used: it
takes a second on a Pi and 20 MB, which a sensor that only sends, and a command that asks for no count, need not spend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

# Each device of a tally has a byte, in which every zone that it was heard in sets a bit, and being heard another.
_BITS = {Zone.NEAR: 1, Zone.MEDIUM: 2, Zone.FAR: 4}
_WAS_THERE = 8
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

    def seen(self) -> tuple[int, NDArray[uint8]]:
        """The least row, and from it on the byte of each row: 0 for a device that was not heard.

        Rows are numbered as devices arrive, so this takes a byte for each that arrived from the first of these to the
        last: a megabyte for a million.
        """
        import numpy as np  # noqa: PLC0415 - see the top of this file

        ids = np.frombuffer(b"".join((*self.ids, *self.hour_ids)), "<u4")
        marks = np.frombuffer(b"".join(self.zones).translate(_MARK_OF_CODE) + b"".join(self.hour_marks), np.uint8)
        if not ids.size:
            return 0, np.zeros(0, np.uint8)
        least = int(ids.min())
        places = ids - np.uint32(least)
        seen = np.zeros(int(places.max()) + 1, np.uint8)
        seen[places] = _WAS_THERE
        for bit in _BITS.values():
            seen[places[marks & bit != 0]] |= bit
        return least, seen

    def sums(self) -> Sequence[tuple[int, int]]:
        """Of each code of a zone, how many detections of scans have it, and their RSSIs added up."""
        import numpy as np  # noqa: PLC0415 - as above

        zones = np.frombuffer(b"".join(self.zones), np.uint8)
        rssi = np.frombuffer(b"".join(self.rssi), np.int8)
        codes, values = len(_BITS) + 1, np.arange(-128, 128)
        counts = np.bincount(zones * np.intp(256) + rssi + 128, minlength=codes * 256).reshape(codes, 256)
        return [(int(of_code.sum()), int((of_code * values).sum())) for of_code in counts]


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
        seen = [tally.seen()[1] for tally in self._radios.values()]
        sums = [tally.sums() for tally in self._radios.values()]
        result: dict[str, Counted] = {}
        for zone, bit in _BITS.items():
            of_zone = [some[code_of_zone(zone)] for some in sums]
            devices = sum(int(np.count_nonzero(one & bit)) for one in seen)
            result[zone] = Counted(devices, sum(one[0] for one in of_zone), float(sum(one[1] for one in of_zone)))
        detections = sum(count for some in sums for count, _ in some)
        with_reading = sum(counted.rssi_sum_dbm for counted in result.values())
        result[ALL] = Counted(sum(int(np.count_nonzero(one)) for one in seen), detections, with_reading)
        for name, before in self._counted_before.items():
            result[name] += Counted(0, before.detection_count, before.rssi_sum_dbm)
        return result
