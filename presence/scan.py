"""What one minute of one sensor is: a scan, and for each radio what was heard or why nothing was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from presence.counts import RadioCounts
from presence.faults import Fault
from presence.radio import Radio
from presence.zones import Zone


class AddressKind(StrEnum):
    """What kind of address a device sent from; it tells how long the address can be followed.

    Wi-Fi knows GLOBAL and RANDOMISED (IEEE 802, the locally administered bit). Bluetooth knows GLOBAL
    ("public") and three random kinds (Bluetooth Core 5.4, volume 6, part B, section 1.3.2).
    """

    GLOBAL = "global"
    RANDOMISED = "randomised"
    RANDOM_STATIC = "random static"
    RESOLVABLE = "resolvable private"
    NON_RESOLVABLE = "non-resolvable private"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DeviceObservation:
    """One device in one scan.

    Attributes:
        device_hash: 64 hexadecimal digits, HMAC-SHA-256 of the address under the visitor key.
        radio: The radio it was heard by.
        address_kind: What kind of address it sent from.
        manufacturer: Its maker's name; None when neither the address nor the payload tells.
        ssids: Networks it asked for by name, in the order first heard (Wi-Fi; empty otherwise).
        rssi_mean_dbm: Mean of its readings; None when no sighting carried one.
        rssi_std_db: Sample standard deviation of its readings; None with fewer than two.
        sighting_count: Frames or advertisements heard from it.
        first_heard_at: Time of the first of them.
        last_heard_at: Time of the last of them.
        zone: Where its mean RSSI puts it; None when there is no reading.
    """

    device_hash: str
    radio: Radio
    address_kind: AddressKind
    manufacturer: str | None
    ssids: tuple[str, ...]
    rssi_mean_dbm: float | None
    rssi_std_db: float | None
    sighting_count: int
    first_heard_at: datetime
    last_heard_at: datetime
    zone: Zone | None


@dataclass(frozen=True, slots=True)
class Heard:
    """A radio listened. No observations means that nobody was there.

    Attributes:
        observations: One for each device heard.
        cut_short: Why the radio stopped before its time, or did not stop cleanly; None when all went well.
        counts: What was counted, for the estimate of people; None from a sensor that does not count.
    """

    observations: tuple[DeviceObservation, ...]
    cut_short: Fault | None = None
    counts: RadioCounts | None = None


@dataclass(frozen=True, slots=True)
class Unheard:
    """A radio could not listen, so nothing is known of its minute: this is never a zero."""

    fault: Fault


Hearing = Heard | Unheard


@dataclass(frozen=True, slots=True)
class Scan:
    """One sensor's minute.

    Attributes:
        sensor: Name of the box that listened.
        started_at: When it began to listen, by its wall clock.
        duration_seconds: How long it listened, by the monotonic clock.
        elapsed_seconds: Seconds since the scan before it began, by the monotonic clock; None for the first
            scan after a start.
        key_period: Day number of the visitor key's first day; hashes of two periods cannot be matched.
        clock_is_right: False while the wall clock is known to be wrong (a Pi before it has the time);
            such a scan belongs to no day.
        wifi: What the Wi-Fi radio heard, or why not.
        bluetooth: What the Bluetooth radio heard, or why not.
    """

    sensor: str
    started_at: datetime
    duration_seconds: float
    elapsed_seconds: float | None
    key_period: int
    clock_is_right: bool
    wifi: Hearing
    bluetooth: Hearing

    def hearing(self, radio: Radio) -> Hearing:
        """What the given radio heard, or why not."""
        return self.wifi if radio is Radio.WIFI else self.bluetooth
