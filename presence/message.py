"""Messages: scans on their way from a sensor to a hub."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from presence.scan import Scan
from presence.sensors import SensorCard


@dataclass(frozen=True, slots=True)
class ScanMessage:
    """A scan, under a name by which a repeat of it is known.

    Attributes:
        message_id: 32 hexadecimal digits, chosen by the sensor once, when it first kept the scan.
        scan: The scan.
    """

    message_id: str
    scan: Scan


@dataclass(frozen=True, slots=True)
class Batch:
    """What travels at once: scans of one sensor, oldest first.

    Attributes:
        sensor: What the sensor says of itself; its name is that of each scan.
        site: 16 hexadecimal digits that name the site whose key the hashes are made with; None for a sender that
            hashes without a key (the older programme), whose hashes were hashed again on the way in.
        sent_at: When it was sent, by the sensor's clock; None for a sender that does not tell.
        waiting_count: Scans that wait at the sensor besides these; None for a sender that does not tell.
        messages: The scans.
    """

    sensor: SensorCard
    site: str | None
    sent_at: datetime | None
    waiting_count: int | None
    messages: tuple[ScanMessage, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch, told after it was committed.

    Attributes:
        stored: Scans that were new.
        repeated: Scans that had come before, and were dropped.
        detections: Devices in the scans that were new, added up.
    """

    stored: int
    repeated: int
    detections: int
