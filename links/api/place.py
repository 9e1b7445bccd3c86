"""Routes that tell how the place is now: radios and sensors."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from links.api.answers import Answer
from links.api.pages import GapAnswer, gap_answer
from links.api.parts import ApiParts
from presence.pages import RadioRow, SensorGap
from presence.radio import Radio
from presence.sensors import SensorRow, SensorState


class RadioAnswer(Answer):
    """A radio of a sensor."""

    sensor: str
    """The sensor."""
    radio: Radio
    """The radio."""
    last_scan_at: datetime
    """Start of the sensor's latest scan."""
    last_heard_at: datetime | None
    """Start of the latest scan in which the radio was heard; null for never."""
    heard: bool
    """Whether it was heard in the latest scan."""
    not_heard: GapAnswer | None
    """Since when it is not heard, and why; null while it is."""


class SensorAnswer(Answer):
    """A sensor of the site."""

    name: str
    """Its name."""
    place: str | None
    """Where it stands; null when nobody said."""
    version: str | None
    """Version of its programme; null when it does not tell."""
    state: SensorState
    """Whether it still speaks: heard, late or silent."""
    is_active: bool
    """Whether its scans are taken."""
    added_at: datetime
    """When it was first heard from, or registered."""
    last_received_at: datetime | None
    """When something last came from it; null for never."""
    last_scan_at: datetime | None
    """Start of its newest scan, by its own clock; null for never."""
    clock_offset_seconds: float | None
    """How far its clock is ahead; null when it cannot be told."""
    device_count: int | None
    """Devices in its newest scan; null when no radio was heard."""
    waiting_count: int | None
    """Scans it keeps because they could not be sent; null when it does not tell."""
    refusal: str | None
    """Why what it sent last was refused, and what to do; null when it was taken."""


def place_router(parts: ApiParts) -> APIRouter:
    """The routes /radios and /sensors."""
    router = APIRouter(tags=["Place"])

    @router.get("/radios")
    def radios() -> list[RadioAnswer]:
        """Every radio of every sensor: whether it is heard, and if not, since when and why."""
        return [_radio(row) for row in parts.pages.radios()]

    @router.get("/sensors")
    def sensors() -> list[SensorAnswer]:
        """Every sensor of the site, and whether it still speaks."""
        return [_sensor(row) for row in parts.sensors.all(parts.clock())]

    return router


def _radio(row: RadioRow) -> RadioAnswer:
    return RadioAnswer(
        sensor=row.sensor,
        radio=row.radio,
        last_scan_at=row.last_scan_at,
        last_heard_at=row.last_heard_at,
        heard=row.gap is None,
        not_heard=None if row.gap is None else gap_answer(SensorGap(row.sensor, row.gap)),
    )


def _sensor(row: SensorRow) -> SensorAnswer:
    return SensorAnswer(
        name=row.card.name,
        place=row.card.place,
        version=row.card.version,
        state=row.state,
        is_active=row.is_active,
        added_at=row.added_at,
        last_received_at=row.last_received_at,
        last_scan_at=row.last_scan_at,
        clock_offset_seconds=row.clock_offset_seconds,
        device_count=row.device_count,
        waiting_count=row.waiting_count,
        refusal=row.refusal,
    )
