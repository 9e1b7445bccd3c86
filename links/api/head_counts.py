"""Routes about head counts: how many people were counted, and what the estimate makes of that."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from links.api.answers import Answer
from links.api.parameters import BODY_IS_NO_TEXT, MOMENT_WORDS, Moment, as_utc
from links.api.parts import ApiParts
from links.api.pictures import BODY_REFUSED, Sent, body_of
from links.guard import current_identity
from presence.estimate import MOST_PEOPLE, HeadCount
from presence.head_count_table import COLUMNS, read_head_counts

# 2,000 lines of 40 bytes, and room for other columns.
_MOST_CSV_BYTES = 500_000
_CSV_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
_CSV_ANSWER: dict[int | str, dict[str, Any]] = {200: {"description": "The head counts.", "content": {"text/csv": {}}}}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is none of this number."}}

_Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="Its number.")]
_People = Annotated[int, Field(ge=0, le=MOST_PEOPLE)]
_CountedAt = Annotated[Moment, Field(description=f"When they were counted. {MOMENT_WORDS}")]


class HeadCountForm(Answer):
    """What was counted."""

    people: _People
    """How many were there."""
    counted_at: _CountedAt | None = None
    """When; null for now."""


class HeadCountChange(Answer):
    """What is to be another in a head count; null leaves it as it is."""

    people: _People | None = None
    """How many were there."""
    counted_at: _CountedAt | None = None
    """When they were counted."""


class HeadCountAnswer(Answer):
    """A head count."""

    id: int
    """Its number."""
    counted_at: datetime
    """When."""
    people: int
    """How many were there."""
    estimated: float | None
    """What the estimate makes of that moment without this entry; null when nothing was heard then."""
    is_deleted: bool
    """Whether it was taken back; it can be brought back for a day."""


class CalibrationAnswer(Answer):
    """How the estimate was fitted to the place."""

    used: int
    """How many head counts taught something."""
    error: float | None
    """Mean absolute error in people, each head count predicted from the others; null below three."""
    plain_error: float | None
    """The same of the estimate without head counts; null likewise."""
    cut_dbm: int | None
    """From which RSSI on devices count; null when all do."""
    fitted_at: datetime | None
    """When it was last fitted; null when never."""
    is_fitting: bool
    """Whether a fit is under way, or about to begin."""
    head_counts: list[HeadCountAnswer]
    """The entries, the latest first."""


def head_counts_router(parts: ApiParts) -> APIRouter:
    """The routes below /head-counts."""
    router = APIRouter(tags=["People"])
    _add_entries(router, parts)
    _add_csv(router, parts)
    return router


def _add_entries(router: APIRouter, parts: ApiParts) -> None:
    kept = parts.estimating.head_counts

    @router.get("/head-counts")
    def head_counts() -> CalibrationAnswer:
        """How many people were counted, what the estimate makes of each, and how far off it is."""
        return _calibration(parts)

    @router.post("/head-counts", status_code=201, responses=BODY_IS_NO_TEXT)
    def head_count_add(form: HeadCountForm) -> HeadCountAnswer:
        """Say how many people are there, or were. The estimate learns from it, aside, within a minute."""
        counted_at = parts.clock() if form.counted_at is None else as_utc(form.counted_at, parts.settings.time_zone)
        number = kept.add(form.people, counted_at, _who())
        parts.changed()
        return _one(parts, number)

    @router.patch("/head-counts/{head_count_id}", responses=_UNKNOWN | BODY_IS_NO_TEXT)
    def head_count_change(head_count_id: _Number, form: HeadCountChange) -> HeadCountAnswer:
        """Change a head count."""
        counted_at = None if form.counted_at is None else as_utc(form.counted_at, parts.settings.time_zone)
        kept.edit(head_count_id, form.people, counted_at)
        parts.changed()
        return _one(parts, head_count_id)

    @router.delete("/head-counts/{head_count_id}", status_code=204, responses=_UNKNOWN)
    def head_count_delete(head_count_id: _Number) -> None:
        """Take a head count back. It can be brought back for a day."""
        kept.delete(head_count_id, parts.clock())
        parts.changed()

    @router.post("/head-counts/{head_count_id}/restore", responses=_UNKNOWN)
    def head_count_restore(head_count_id: _Number) -> HeadCountAnswer:
        """Bring a head count back that was taken back."""
        kept.restore(head_count_id)
        parts.changed()
        return _one(parts, head_count_id)


def _add_csv(router: APIRouter, parts: ApiParts) -> None:
    @router.get("/head-counts.csv", responses=_CSV_ANSWER, response_class=Response)
    def head_counts_export() -> Response:
        """Every head count as a table for spreadsheets, with what the estimate makes of it; times are UTC."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([*COLUMNS, "estimated"])
        for one in _calibration(parts).head_counts:
            if not one.is_deleted:
                estimated = "" if one.estimated is None else round(one.estimated, 1)
                writer.writerow([one.counted_at.isoformat(), one.people, estimated])
        headers = {"Content-Disposition": 'attachment; filename="head-counts.csv"'}
        return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)

    @router.post("/head-counts.csv", status_code=201, responses=BODY_REFUSED, openapi_extra=_CSV_BODY)
    def head_counts_import(sent: Annotated[Sent, Depends(body_of(_MOST_CSV_BYTES))]) -> list[int]:
        """Add the head counts of a table with the columns counted_at and people, all or none; tells their numbers."""
        entries = read_head_counts(sent.content, parts.settings.time_zone)
        numbers = parts.estimating.head_counts.add_all(entries, _who())
        parts.changed()
        return numbers


def _who() -> str:
    identity = current_identity()
    return "" if identity is None else identity.name


def _calibration(parts: ApiParts) -> CalibrationAnswer:
    told = parts.estimating.people.calibration()
    return CalibrationAnswer(
        used=told.used,
        error=told.error,
        plain_error=told.plain_error,
        cut_dbm=told.cut_dbm,
        fitted_at=told.fitted_at,
        is_fitting=told.is_fitting,
        head_counts=[_head_count(one) for one in told.head_counts],
    )


def _one(parts: ApiParts, head_count_id: int) -> HeadCountAnswer:
    return _head_count(parts.estimating.people.head_count(head_count_id))


def _head_count(entry: HeadCount) -> HeadCountAnswer:
    return HeadCountAnswer(
        id=entry.head_count_id,
        counted_at=entry.counted_at,
        people=entry.people,
        estimated=entry.estimated,
        is_deleted=entry.is_deleted,
    )
