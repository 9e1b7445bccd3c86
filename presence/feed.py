"""The feed's nouns: a scan as it is told to whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from presence.faults import Fault
from presence.radio import Radio
from presence.zones import Zone


@dataclass(frozen=True, slots=True)
class RadioCounts:
    """What one radio counted in one scan, without any device.

    Attributes:
        radio: Which radio.
        device_count: Devices heard; None when the radio was not heard.
        zone_counts: Devices by zone, those without a reading in none; None when the radio was not heard.
        fault: Why it was not heard, or what cut it short; None when all went well.
    """

    radio: Radio
    device_count: int | None
    zone_counts: dict[Zone, int] | None
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class ScanRow:
    """A scan as the ledger keeps it: counts, and nothing of anyone.

    Attributes:
        scan_id: Its number in the ledger. Numbers rise in the order in which scans become visible to whoever reads.
        sensor: Name of the box that listened.
        started_at: When it began to listen, by its clock.
        duration_seconds: How long it listened.
        clock_is_right: False while the sensor's clock was known to be wrong.
        radios: Both radios, Wi-Fi first.
    """

    scan_id: int
    sensor: str
    started_at: datetime
    duration_seconds: float
    clock_is_right: bool
    radios: tuple[RadioCounts, RadioCounts]
