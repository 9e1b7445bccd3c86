"""Sensors: the boxes of one site, and whether they still speak."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# A scan may be late by its jitter, by a radio that hung and by the way to the hub.
_LATE_AFTER_INTERVALS = 2.5
# And after this many intervals without a word there is more to it than that.
_SILENT_AFTER_INTERVALS = 5


class SensorState(StrEnum):
    """Whether a sensor still speaks."""

    HEARD = "heard"
    LATE = "late"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class SensorCard:
    """What a sensor says of itself.

    Attributes:
        name: Its name, one of a kind at its site.
        place: Where it stands, in its owner's words; None when nobody said.
        version: The version of its programme; None for a programme that does not tell.
    """

    name: str
    place: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class SensorRow:
    """A sensor as the site knows it.

    Attributes:
        card: What it says of itself.
        state: Whether it still speaks; told by when it was last heard from, so one that falls silent turns by itself.
        is_active: Whether its scans are taken; one that is switched off keeps its history.
        added_at: When it was first heard from, or registered.
        last_received_at: When something last came from it, by the clock of whoever received it; None for never.
        last_scan_at: Start of its newest scan, by its own clock; None for never.
        clock_offset_seconds: How far its clock is ahead of the receiver's; None when it cannot be told.
        device_count: Devices in its newest scan, over the radios heard; None when none was heard.
        waiting_count: Scans that it still keeps because they could not be sent; None when it does not tell.
        refusal: Why what it sent last was refused, and what to do; None when it was taken, or nothing came yet.
    """

    card: SensorCard
    state: SensorState
    is_active: bool
    added_at: datetime
    last_received_at: datetime | None
    last_scan_at: datetime | None
    clock_offset_seconds: float | None
    device_count: int | None
    waiting_count: int | None
    refusal: str | None = None


def state_of(last_received_at: datetime | None, now_at: datetime, interval: timedelta) -> SensorState:
    """Whether a sensor that was last heard from at a moment still speaks; one never heard from is silent."""
    if last_received_at is None:
        return SensorState.SILENT
    quiet = abs(now_at - last_received_at)  # a receiver's clock that was put back tells nothing of how long
    if quiet > interval * _SILENT_AFTER_INTERVALS:
        return SensorState.SILENT
    return SensorState.LATE if quiet > interval * _LATE_AFTER_INTERVALS else SensorState.HEARD
