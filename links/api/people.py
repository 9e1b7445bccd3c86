"""Routes about people: now, in the past, as usual, how long they stay, and what other settings would say."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from links.api.answers import Answer
from links.api.parameters import BODY_IS_NO_TEXT, SensorFilter
from links.api.parts import ApiParts
from links.api.people_answers import (
    BusyWeekAnswer,
    CrowdStaysAnswer,
    EstimateAnswer,
    PeopleHistoryAnswer,
    ReturningAnswer,
    UsualAnswer,
    WhatIfAnswer,
    busy_week_answer,
    crowd_stays_answer,
    estimate_answer,
    people_history_answer,
    returning_answer,
    usual_answer,
    what_if_answer,
)
from presence.estimate import PeopleNow
from presence.overview import Overview
from presence.ranges import TimeRange
from presence.zones import Zone

_Range = Annotated[TimeRange, Query(alias="range", description="How far back to look.")]


class PeopleAnswer(Answer):
    """How many are there now, and how many were in all: people, estimated, and the devices that were heard."""

    as_of_at: datetime
    """When this was read."""
    last_scan_at: datetime | None
    """Start of the latest scan; null before the first."""
    clock_is_right: bool
    """Whether the clock was right then."""
    estimate: EstimateAnswer | None
    """People, estimated; null when no radio was heard, or too long ago to say anything of now."""
    usual: UsualAnswer | None
    """What is usual at this hour of this weekday; null while fewer than three weeks are known."""
    capacity: int | None
    """How many the place is made for; null when nobody said."""
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


class WhatIfForm(Answer):
    """Other settings. They tell only where there are too few head counts to tell better."""

    visible_share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    """The share of people who can be heard; null for the one in force."""
    medium_threshold: Annotated[int, Field(ge=-127, le=-1)] | None = None
    """From which signal strength on, in dBm, a device is at the place; null for the one in force."""
    range: TimeRange = TimeRange.WEEK
    """Of which past."""


def people_router(parts: ApiParts) -> APIRouter:
    """The routes below /people that read."""
    router = APIRouter(prefix="/people", tags=["People"])
    reader = parts.estimating.people

    @router.get("")
    def people() -> PeopleAnswer:
        """How many are there now, with every step that led to the estimate, and how many were in all."""
        now_at = parts.clock()
        return _people(parts.reader.overview(now_at), reader.people_now(now_at))

    @router.get("/history")
    def people_history(time_range: _Range = TimeRange.DAY, sensor: SensorFilter = None) -> PeopleHistoryAnswer:
        """A range of time up to now, with what is usual: of the whole site, or of one sensor."""
        return people_history_answer(reader.people_history(time_range, parts.clock(), sensor))

    @router.get("/usual")
    def people_usual() -> BusyWeekAnswer:
        """The hours of the week, as they were in the last two months."""
        return busy_week_answer(reader.busy_week(parts.clock()))

    @router.get("/stays")
    def people_stays(time_range: _Range = TimeRange.WEEK) -> CrowdStaysAnswer | None:
        """How long the crowd stays; null when too few devices keep their address to say."""
        return crowd_stays_answer(reader.stays(time_range, parts.clock()))

    @router.get("/returning")
    def people_returning(time_range: _Range = TimeRange.WEEK) -> ReturningAnswer | None:
        """Who came back on another day; null where the visitor key is replaced every day, so that none can be told."""
        return returning_answer(reader.returning(time_range, parts.clock()))

    return router


def what_if_router(parts: ApiParts) -> APIRouter:
    """The route /people/what-if."""
    router = APIRouter(prefix="/people", tags=["People"])

    @router.post("/what-if", responses=BODY_IS_NO_TEXT)
    def people_what_if(form: WhatIfForm) -> WhatIfAnswer:
        """What other settings would have said of the past. Nothing is changed; it takes a Pi some seconds."""
        told = parts.estimating.people.what_if(form.visible_share, form.medium_threshold, form.range, parts.clock())
        return what_if_answer(told)

    return router


def _people(devices: Overview, now: PeopleNow) -> PeopleAnswer:
    return PeopleAnswer(
        as_of_at=devices.as_of_at,
        last_scan_at=devices.last_scan_at,
        clock_is_right=devices.clock_is_right,
        estimate=estimate_answer(now.estimate),
        usual=usual_answer(now.usual),
        capacity=now.capacity,
        people_now=devices.people_now,
        people_now_with_ratio=devices.people_now_with_ratio,
        visible_share=devices.visible_share,
        present_count=devices.present_count,
        hold_minutes=devices.hold_minutes,
        zones_now=devices.zones_now,
        wifi_now=devices.wifi.device_count,
        bluetooth_now=devices.bluetooth.device_count,
        people_total=devices.people_total,
        wifi_total=devices.wifi_total,
        bluetooth_total=devices.bluetooth_total,
        average_time_spent_minutes=devices.average_time_spent_minutes,
        time_spent_since_at=devices.time_spent_since_at,
    )
