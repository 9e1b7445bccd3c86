"""A detection: one device in one scan, as it is remembered, and what to look for among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from presence.radio import Radio
from presence.zones import Zone


@dataclass(frozen=True, slots=True)
class Detection:
    """One device in one scan.

    Attributes:
        detection_id: A number of its own, which stays.
        radio: The radio it was heard by.
        device_hash: 64 hexadecimal digits.
        rssi_dbm: Mean of its readings in that scan, in whole dBm; None when there was none.
        zone: Where that put it then; None when there was no reading.
        at: Start of the scan.
        sensor: The box that heard it.
    """

    detection_id: int
    radio: Radio
    device_hash: str
    rssi_dbm: int | None
    zone: Zone | None
    at: datetime
    sensor: str


@dataclass(frozen=True, slots=True)
class DetectionQuery:
    """Which detections to list.

    Attributes:
        from_at: From this moment on.
        to_at: Before this moment.
        zone: In this zone; None for all, and those without a reading.
        sensor: By this sensor; None for all.
        device_hashes: Of devices with one of these hashes; None for all.
    """

    from_at: datetime
    to_at: datetime
    zone: Zone | None = None
    sensor: str | None = None
    device_hashes: frozenset[str] | None = None
