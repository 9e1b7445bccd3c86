"""Routes that tell how the place is now: people, radios, sensors."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from links.api.answers import Answer
from links.api.pages import GapAnswer, gap_answer
from links.api.parts import ApiParts
from presence.overview import Overview
from presence.pages import RadioRow, SensorGap
from presence.radio import Radio
from presence.sensors import SensorRow, SensorState
from presence.zones import Zone


class PeopleAnswer(Answer):
    """How many are there now, and how many were in all."""

    as_of_at: datetime
    """When this was read."""
    last_scan_at: datetime | None
    """Start of the latest scan; null before the first."""
    clock_is_right: bool
    """Whether the clock was right then."""
    people_now: int | None
    """Devices of the latest scan; null when no radio was heard in it, or it is too old to say anything of now."""
    people_now_with_ratio: int | None
    """The same, with those who cannot be heard; null like people_now."""
    visible_share: float
    """The share of people who can be heard."""
    present_count: int | None
    """Devices heard within the last minutes: a silent phone has not left. Null like people_now."""
    hold_minutes: float
    """How many minutes those are."""
    zones_now: dict[Zone, int]
    """Devices of the latest scan by zone; empty when people_now is null."""
    wifi_now: int | None
    """Devices heard by Wi-Fi in the latest scan; null when it was not heard."""
    bluetooth_now: int | None
    """The same for Bluetooth."""
    people_total: int
    """Different devices ever heard; one that comes back under a new key is a new one."""
    wifi_total: int
    """Of them by Wi-Fi."""
    bluetooth_total: int
    """Of them by Bluetooth."""
    average_time_spent_minutes: float | None
    """Mean over devices of the minutes they were detected; null when there is none yet."""
    time_spent_since_at: datetime | None
    """Since when time spent is counted; null for ever."""


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
    """The routes /people, /radios and /sensors."""
    router = APIRouter(tags=["Place"])

    @router.get("/people")
    def people() -> PeopleAnswer:
        """How many are there now, and how many were in all: what the cards of the page show."""
        return _people(parts.reader.overview(parts.clock()))

    @router.get("/radios")
    def radios() -> list[RadioAnswer]:
        """Every radio of every sensor: whether it is heard, and if not, since when and why."""
        return [_radio(row) for row in parts.pages.radios()]

    @router.get("/sensors")
    def sensors() -> list[SensorAnswer]:
        """Every sensor of the site, and whether it still speaks."""
        return [_sensor(row) for row in parts.sensors.all(parts.clock())]

    return router


def _people(now: Overview) -> PeopleAnswer:
    return PeopleAnswer(
        as_of_at=now.as_of_at,
        last_scan_at=now.last_scan_at,
        clock_is_right=now.clock_is_right,
        people_now=now.people_now,
        people_now_with_ratio=now.people_now_with_ratio,
        visible_share=now.visible_share,
        present_count=now.present_count,
        hold_minutes=now.hold_minutes,
        zones_now=now.zones_now,
        wifi_now=now.wifi.device_count,
        bluetooth_now=now.bluetooth.device_count,
        people_total=now.people_total,
        wifi_total=now.wifi_total,
        bluetooth_total=now.bluetooth_total,
        average_time_spent_minutes=now.average_time_spent_minutes,
        time_spent_since_at=now.time_spent_since_at,
    )


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
