"""Visits: when a device's detections are one stay, and when they are two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from presence.radio import Radio


@dataclass(frozen=True, slots=True)
class Visit:
    """One device's stay, ended.

    Attributes:
        radio: The radio it was heard by.
        device_hash: 64 hexadecimal digits.
        key_period: Day number of the visitor key's first day.
        sensor: The box that heard it.
        started_at: Start of the scan that first heard it.
        ended_at: Start of the scan that last heard it.
        stay_seconds: How long it stayed: from first to last scan, and the minute the last one stands for.
    """

    radio: Radio
    device_hash: str
    key_period: int
    sensor: str
    started_at: datetime
    ended_at: datetime
    stay_seconds: float


def is_same_visit(last_seen_at: datetime, seen_at: datetime, gap: timedelta) -> bool:
    """Whether a device seen again is still on the visit it was last seen on.

    A longer absence than `gap` begins a new visit, and so does a clock that went back: what lies between
    the two moments is then unknown.
    """
    return timedelta(0) <= seen_at - last_seen_at <= gap


def stay_seconds(started_at: datetime, last_seen_at: datetime, credit_seconds: float) -> float:
    """Length of a visit: from its first scan to its last, and what the last one stands for."""
    return max((last_seen_at - started_at).total_seconds(), 0.0) + credit_seconds
