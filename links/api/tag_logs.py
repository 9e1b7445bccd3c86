"""Routes about what was logged of tags: where they were, and what they told of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query

from links.api.cursors import MOST_CURSOR, cursor_after, key_of
from links.api.parameters import MOMENT_WORDS, Moment, as_utc, refusal
from links.api.parts import ApiParts
from links.api.tag_answers import FigureAnswer, StaysAnswer, stay_answer
from links.api.tags import TagId
from presence.pages import PageKey
from presence.tags import MeasureKind

_MOST_STAYS = 1000
_A_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such tag."}}


@dataclass(frozen=True, slots=True)
class _Span:
    """Which time is asked for; the last day where nothing is said."""

    start_time: Annotated[Moment | None, Query(description=f"From here on. {MOMENT_WORDS}")] = None
    end_time: Annotated[Moment | None, Query(description=f"Before this. {MOMENT_WORDS}")] = None

    def span(self, now_at: datetime, time_zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From when to when."""
        to_at = now_at if self.end_time is None else as_utc(self.end_time, time_zone)
        from_at = to_at - _A_DAY if self.start_time is None else as_utc(self.start_time, time_zone)
        if from_at >= to_at:
            raise refusal("end_time", "it must be after start_time")
        return from_at, to_at


_Cursor = Annotated[str | None, Query(max_length=MOST_CURSOR, description="next_cursor of a page.")]
_Limit = Annotated[int, Query(ge=1, le=_MOST_STAYS, description="How many at most.")]


def tag_logs_router(parts: ApiParts) -> APIRouter:
    """The routes /tags/stays, /tags/{tag_id}/stays and /tags/{tag_id}/measures; before those of single tags."""
    router = APIRouter(tags=["Tags"])
    tagged, time_zone = parts.tagged, parts.settings.time_zone

    def stays_of(tag_id: int | None, asked: _Span, cursor: str | None, limit: int) -> StaysAnswer:
        from_at, to_at = asked.span(parts.clock(), time_zone)
        before = None if cursor is None else _before(key_of(cursor, 2))
        stays = tagged.log.stays(tag_id, from_at, to_at, limit, before)
        last = stays[-1] if len(stays) == limit else None
        key = None if last is None else ((last.from_at - _EPOCH) // _MICROSECOND, last.tag_id)
        return StaysAnswer(stays=[stay_answer(one) for one in stays], next_cursor=cursor_after(key))

    @router.get("/tags/stays")
    def tags_stays(asked: Annotated[_Span, Depends()], cursor: _Cursor = None, limit: _Limit = 100) -> StaysAnswer:
        """Where all tags were, the newest first: each time that one was at one place; the last day, or as asked."""
        return stays_of(None, asked, cursor, limit)

    @router.get("/tags/{tag_id}/stays", responses=_UNKNOWN)
    def tag_stays(
        tag_id: TagId, asked: Annotated[_Span, Depends()], cursor: _Cursor = None, limit: _Limit = 100
    ) -> StaysAnswer:
        """Where a tag was, the newest first."""
        tagged.tags.one(tag_id)
        return stays_of(tag_id, asked, cursor, limit)

    @router.get("/tags/{tag_id}/measures", responses=_UNKNOWN)
    def tag_measures(
        tag_id: TagId,
        kind: Annotated[MeasureKind, Query(description="What is asked for; its unit is in its name.")],
        asked: Annotated[_Span, Depends()],
    ) -> list[FigureAnswer]:
        """What a tag told of itself, oldest first: the newest 1,440 of that time, a line where it changed."""
        tagged.tags.one(tag_id)
        figures = tagged.log.measures(tag_id, kind, *asked.span(parts.clock(), time_zone))
        return [FigureAnswer(at=one.told_at, value=one.value) for one in figures]

    return router


def _before(key: PageKey) -> tuple[datetime, int]:
    began, tag_id = key
    try:
        return _EPOCH + timedelta(microseconds=began), tag_id
    except OverflowError as error:
        raise refusal("cursor", "this is no cursor; take next_cursor of a page as it is") from error
