"""Routes about the sensors, under the name the older BLE agent's backend had for them: devices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from zlib import crc32

from fastapi import APIRouter, HTTPException, Query
from pydantic import Field

from links.api.answers import Answer
from links.api.parameters import BODY_IS_NO_TEXT, SensorName
from links.api.parts import ApiParts
from presence.sensors import SensorCard, SensorRow, SensorState

# A year of minutes.
_MOST_MINUTES = 366 * 24 * 60

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no sensor of this name."}}

_Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w .-]+$")]
_Words = Annotated[str, Field(max_length=100)]


class DeviceForm(Answer):
    """A sensor to be made known."""

    device_id: _Name
    """Its name: letters, digits, spaces, dots and hyphens."""
    name: _Words | None = None
    """Another name it goes by; becomes part of the place."""
    location: _Words | None = None
    """Where it stands."""


class DeviceChange(Answer):
    """What is to be changed of a sensor; what is not named stays."""

    name: _Words | None = None
    """Another name it goes by; becomes part of the place."""
    location: _Words | None = None
    """Where it stands."""


class DeviceAnswer(Answer):
    """A sensor."""

    id: int
    """A number made from its name."""
    device_id: str
    """Its name."""
    name: str
    """The same."""
    location: str | None
    """Where it stands; null when nobody said."""
    is_active: bool
    """Whether its scans are taken."""
    last_seen: datetime | None
    """When something last came from it; null for never."""
    created_at: datetime
    """When it was first heard from, or registered."""
    updated_at: datetime
    """When something last came from it, or `created_at`."""
    state: SensorState
    """Whether it still speaks."""


class DeviceStats(Answer):
    """A sensor, and what it detected."""

    device_id: str
    """Its name."""
    name: str
    """The same."""
    location: str | None
    """Where it stands; null when nobody said."""
    is_active: bool
    """Whether its scans are taken."""
    registered_at: datetime
    """When it was first heard from, or registered."""
    last_seen: datetime | None
    """When something last came from it; null for never."""
    total_detections: int | None
    """Detections by it that are still kept one by one; null when it heard nothing in that time."""
    first_detection: datetime | None
    """When it was first heard from; null for never."""
    last_detection: datetime | None
    """Start of its newest scan; null for never."""


def devices_router(parts: ApiParts) -> APIRouter:
    """The routes below /devices."""
    router = APIRouter(prefix="/devices", tags=["Sensors"])
    _add_reads(router, parts)
    _add_changes(router, parts)
    return router


def _add_reads(router: APIRouter, parts: ApiParts) -> None:
    @router.get("", include_in_schema=False)
    @router.get("/")
    def devices(
        *, active_only: Annotated[bool, Query(description="Only those whose scans are taken.")] = False
    ) -> list[DeviceAnswer]:
        """Every sensor of the site."""
        every = parts.sensors.all(parts.clock())
        return [_answer(one) for one in every if one.is_active or not active_only]

    @router.get("/active")
    def devices_active(
        threshold_minutes: Annotated[int, Query(ge=1, le=_MOST_MINUTES, description="How far to look back.")] = 60,
    ) -> list[DeviceAnswer]:
        """The sensors that were heard from in the last minutes, the latest first."""
        now = parts.clock()
        since_at = now - timedelta(minutes=threshold_minutes)
        heard = [(one.last_received_at, one) for one in parts.sensors.all(now) if one.last_received_at is not None]
        latest_first = sorted(heard, key=lambda pair: pair[0], reverse=True)
        return [_answer(one) for at, one in latest_first if at >= since_at]

    @router.get("/{device_id}", responses=_UNKNOWN)
    def device(device_id: SensorName) -> DeviceAnswer:
        """One sensor."""
        return _answer(_sensor(parts, device_id))

    @router.get("/{device_id}/stats", responses=_UNKNOWN)
    def device_stats(device_id: SensorName) -> DeviceStats:
        """One sensor, and how much it detected."""
        sensor, now = _sensor(parts, device_id), parts.clock()
        kept_since_at = now - timedelta(days=max(parts.settings.keep_detections_days, 1))
        total = parts.statistics.between(kept_since_at, now, device_id).total
        return DeviceStats(
            device_id=sensor.card.name,
            name=sensor.card.name,
            location=sensor.card.place,
            is_active=sensor.is_active,
            registered_at=sensor.added_at,
            last_seen=sensor.last_received_at,
            total_detections=None if total is None else total.detection_count,
            first_detection=None if sensor.last_scan_at is None else sensor.added_at,
            last_detection=sensor.last_scan_at,
        )


def _add_changes(router: APIRouter, parts: ApiParts) -> None:
    @router.post("/register", responses=BODY_IS_NO_TEXT)
    def device_register(form: DeviceForm) -> DeviceAnswer:
        """Make a sensor known before it is first heard. One that is known already stays as it is."""
        place = _place(form.device_id, form.name, form.location)
        parts.sensors.register(SensorCard(form.device_id, place, None), parts.clock())
        return _answer(_sensor(parts, form.device_id))

    @router.put("/{device_id}", responses=_UNKNOWN | BODY_IS_NO_TEXT)
    def device_update(device_id: SensorName, form: DeviceChange) -> DeviceAnswer:
        """Say where a sensor stands. One that tells its place itself says it again with its next scan."""
        place = _place(device_id, form.name, form.location)
        if place is not None:
            parts.sensors.set_place(device_id, place)
        return _answer(_sensor(parts, device_id))

    @router.post("/{device_id}/deactivate", responses=_UNKNOWN)
    def device_deactivate(device_id: SensorName) -> DeviceAnswer:
        """Take no more scans from a sensor. What it sent before stays."""
        parts.sensors.set_active(device_id, is_active=False)
        return _answer(_sensor(parts, device_id))

    @router.post("/{device_id}/activate", responses=_UNKNOWN)
    def device_activate(device_id: SensorName) -> DeviceAnswer:
        """Take scans from a sensor again."""
        parts.sensors.set_active(device_id, is_active=True)
        return _answer(_sensor(parts, device_id))


def _sensor(parts: ApiParts, name: str) -> SensorRow:
    found = parts.sensors.one(name, parts.clock())
    if found is None:
        raise HTTPException(404, detail="There is no sensor of this name.")
    return found


def _place(device_id: str, name: str | None, location: str | None) -> str | None:
    """Where a sensor stands, in all the words there are, as what its payloads say is taken."""
    return ", ".join(words for words in (name, location) if words and words != device_id) or None


def _answer(sensor: SensorRow) -> DeviceAnswer:
    return DeviceAnswer(
        id=crc32(sensor.card.name.encode()),
        device_id=sensor.card.name,
        name=sensor.card.name,
        location=sensor.card.place,
        is_active=sensor.is_active,
        last_seen=sensor.last_received_at,
        created_at=sensor.added_at,
        updated_at=sensor.last_received_at or sensor.added_at,
        state=sensor.state,
    )
