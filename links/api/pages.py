"""Routes that list what was remembered, a page at a time: scans, visits, and times a radio was not heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query

from links.api.answers import Answer
from links.api.cursors import MOST_CURSOR, cursor_after, key_of
from links.api.parameters import MOMENT_WORDS, Moment, SensorFilter, as_utc
from links.api.parts import ApiParts
from presence.faults import Fault, FaultReason, advice_for
from presence.feed import RadioCounts, ScanRow
from presence.pages import PageQuery, SensorGap, VisitRow
from presence.radio import Radio
from presence.zones import Zone

_MOST_ROWS = 1000


class FaultAnswer(Answer):
    """Why a radio was not heard, or what cut its hearing short."""

    reason: FaultReason
    """The kind of fault."""
    advice: str
    """What its owner can do."""
    detail: str
    """What the part itself said; empty when it said nothing."""
    recovery: str
    """What was done about it; empty when nothing was."""


class HearingAnswer(Answer):
    """What one radio counted in one scan."""

    device_count: int | None
    """Devices heard; null when the radio was not heard."""
    by_zone: dict[Zone, int] | None
    """Devices by zone, those without a reading in none; null when the radio was not heard."""
    fault: FaultAnswer | None
    """Why it was not heard, or what cut it short; null when all went well."""


class ScanAnswer(Answer):
    """One minute of one sensor."""

    id: int
    """Its number."""
    sensor: str
    """The sensor."""
    started_at: datetime
    """When it began to listen, by its clock."""
    duration_seconds: float
    """How long it listened."""
    clock_is_right: bool
    """False while its clock was known to be wrong; such a scan belongs to no day."""
    wifi: HearingAnswer
    """What Wi-Fi counted."""
    bluetooth: HearingAnswer
    """What Bluetooth counted."""


class ScansAnswer(Answer):
    """A page of scans, newest first."""

    scans: list[ScanAnswer]
    """The scans."""
    next_cursor: str | None
    """Give this as `cursor` to have the next page; null when this is the last."""


class VisitAnswer(Answer):
    """One device's stay, ended; whose it was is not told."""

    radio: Radio
    """The radio it was heard by."""
    sensor: str
    """The sensor that heard it last."""
    started_at: datetime
    """Start of the scan that first heard it."""
    ended_at: datetime
    """Start of the scan that last heard it."""
    stay_seconds: float
    """How long it stayed."""


class VisitsAnswer(Answer):
    """A page of visits, those that ended last first."""

    visits: list[VisitAnswer]
    """The visits."""
    next_cursor: str | None
    """Give this as `cursor` to have the next page; null when this is the last."""


class GapAnswer(Answer):
    """A time in which a radio was not heard."""

    sensor: str
    """The sensor."""
    radio: Radio
    """The radio."""
    from_at: datetime
    """Start of the first scan without it, or of the first minute without a scan."""
    to_at: datetime | None
    """Start of the first scan with it again; null while it is still not heard."""
    fault: FaultAnswer | None
    """Why; null when there was no scan at all: the sensor was off."""


class FaultsAnswer(Answer):
    """A page of times in which a radio was not heard, newest first."""

    faults: list[GapAnswer]
    """The times."""
    next_cursor: str | None
    """Give this as `cursor` to have the next page; null when this is the last."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which page is asked for."""

    start_time: Annotated[Moment | None, Query(description=f"From here on. {MOMENT_WORDS}")] = None
    end_time: Annotated[Moment | None, Query(description=f"Before this. {MOMENT_WORDS}")] = None
    device_id: SensorFilter = None
    cursor: Annotated[str | None, Query(max_length=MOST_CURSOR, description="next_cursor of a page.")] = None
    limit: Annotated[int, Query(ge=1, le=_MOST_ROWS, description="How many at most.")] = 100

    def query(self, time_zone: ZoneInfo, key_length: int) -> PageQuery:
        """The query that is meant, of a list whose rows are ordered by so many numbers."""
        return PageQuery(
            from_at=None if self.start_time is None else as_utc(self.start_time, time_zone),
            to_at=None if self.end_time is None else as_utc(self.end_time, time_zone),
            sensor=self.device_id,
            after=None if self.cursor is None else key_of(self.cursor, key_length),
            limit=self.limit,
        )


def pages_router(parts: ApiParts) -> APIRouter:
    """The routes /scans, /visits and /faults."""
    router = APIRouter(tags=["Lists"])
    time_zone = parts.settings.time_zone

    @router.get("/scans")
    def scans(asked: Annotated[_Asked, Depends()]) -> ScansAnswer:
        """Scans, newest first: when each sensor listened, and what each radio counted, or why it was not heard."""
        page = parts.pages.scans(asked.query(time_zone, 2))
        return ScansAnswer(scans=[_scan(row) for row in page.rows], next_cursor=cursor_after(page.next_after))

    @router.get("/visits")
    def visits(asked: Annotated[_Asked, Depends()]) -> VisitsAnswer:
        """Visits that have ended, the latest first: how long somebody stayed, and nothing of who."""
        page = parts.pages.visits(asked.query(time_zone, 4))
        return VisitsAnswer(visits=[_visit(row) for row in page.rows], next_cursor=cursor_after(page.next_after))

    @router.get("/faults")
    def faults(asked: Annotated[_Asked, Depends()]) -> FaultsAnswer:
        """Times in which a radio was not heard, the latest first, and why."""
        page = parts.pages.gaps(asked.query(time_zone, 2))
        return FaultsAnswer(faults=[gap_answer(row) for row in page.rows], next_cursor=cursor_after(page.next_after))

    return router


def _scan(row: ScanRow) -> ScanAnswer:
    wifi, bluetooth = row.radios
    return ScanAnswer(
        id=row.scan_id,
        sensor=row.sensor,
        started_at=row.started_at,
        duration_seconds=row.duration_seconds,
        clock_is_right=row.clock_is_right,
        wifi=_hearing(wifi),
        bluetooth=_hearing(bluetooth),
    )


def _hearing(counts: RadioCounts) -> HearingAnswer:
    return HearingAnswer(
        device_count=counts.device_count,
        by_zone=counts.zone_counts,
        fault=fault_answer(counts.radio, counts.fault),
    )


def fault_answer(radio: Radio, fault: Fault | None) -> FaultAnswer | None:
    """A fault of a radio, with what its owner can do."""
    if fault is None:
        return None
    advice = advice_for(radio, fault.reason)
    return FaultAnswer(reason=fault.reason, advice=advice, detail=fault.detail, recovery=fault.recovery)


def _visit(row: VisitRow) -> VisitAnswer:
    return VisitAnswer(
        radio=row.radio,
        sensor=row.sensor,
        started_at=row.started_at,
        ended_at=row.ended_at,
        stay_seconds=row.stay_seconds,
    )


def gap_answer(row: SensorGap) -> GapAnswer:
    """A time in which a radio of a sensor was not heard."""
    gap = row.gap
    return GapAnswer(
        sensor=row.sensor,
        radio=gap.radio,
        from_at=gap.from_at,
        to_at=gap.to_at,
        fault=fault_answer(gap.radio, gap.fault),
    )
