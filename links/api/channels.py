"""Routes about channels: who is notified of alerts. Their addresses are secrets, and are told to nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path
from pydantic import Field

from links.api.answers import Answer
from links.api.parameters import BODY_IS_NO_TEXT
from links.api.parts import ApiParts
from presence.alerts import Channel, ChannelRow

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such channel."}}

_ChannelId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The number of a channel.")]
_Name = Annotated[str, Field(min_length=1, max_length=64)]
_MOST_URL = 2100


class ChannelForm(Answer):
    """A way to notify somebody."""

    name: _Name
    """One of a kind among the channels."""
    url: Annotated[str, Field(min_length=1, max_length=_MOST_URL)] = Field(repr=False)
    """Where to, as apprise writes it, for example ntfys://ntfy.example/topic. It is never told again."""
    is_on: bool = True
    """Whether it is used."""


class ChannelChange(Answer):
    """What a channel is to be."""

    name: _Name
    """One of a kind among the channels."""
    url: Annotated[str, Field(max_length=_MOST_URL)] = Field(default="", repr=False)
    """Where to; empty leaves it as it is."""
    is_on: bool = True
    """Whether it is used. What waits for one that is switched off is dropped."""


class ChannelAnswer(Answer):
    """A channel, without its address."""

    id: int
    """Its number."""
    name: str
    """Its name."""
    service: str
    """The part of its address before "://"."""
    is_on: bool
    """Whether it is used."""
    waiting_count: int
    """Notifications that wait to be handed over."""
    problem: str | None
    """Why the last one could not be; null when it could, or none was tried."""
    last_sent_at: datetime | None
    """When one was last handed over; null for never."""


def channels_router(parts: ApiParts) -> APIRouter:
    """The routes below /channels."""
    router = APIRouter(prefix="/channels", tags=["Alerts"])
    kept = parts.alerting.channels

    @router.get("")
    def channels() -> list[ChannelAnswer]:
        """Every channel, by name, without its address; whether it takes what it is given, and if not why."""
        return [_answer(row) for row in kept.rows()]

    @router.post("", status_code=201, responses=BODY_IS_NO_TEXT)
    def channel_add(form: ChannelForm) -> ChannelAnswer:
        """Make a channel."""
        return _one(parts, kept.add(Channel(form.name, form.url, form.is_on)))

    @router.put("/{channel_id}", responses=_UNKNOWN | BODY_IS_NO_TEXT)
    def channel_change(channel_id: _ChannelId, form: ChannelChange) -> ChannelAnswer:
        """Change a channel."""
        kept.change(channel_id, Channel(form.name, form.url, form.is_on))
        return _one(parts, channel_id)

    @router.delete("/{channel_id}", status_code=204, responses=_UNKNOWN)
    def channel_delete(channel_id: _ChannelId) -> None:
        """Delete a channel, and all that waits for it."""
        kept.delete(channel_id)

    @router.post("/{channel_id}/test", status_code=202, responses=_UNKNOWN)
    def channel_test(channel_id: _ChannelId) -> ChannelAnswer:
        """Send a test by a channel. It is handed over within seconds; then the list of channels says how it went."""
        kept.test(channel_id, parts.clock())
        parts.changed()
        return _one(parts, channel_id)

    return router


def _one(parts: ApiParts, channel_id: int) -> ChannelAnswer:
    for row in parts.alerting.channels.rows():
        if row.channel_id == channel_id:
            return _answer(row)
    raise HTTPException(404, "This channel was deleted just now.")


def _answer(row: ChannelRow) -> ChannelAnswer:
    return ChannelAnswer(
        id=row.channel_id,
        name=row.name,
        service=row.service,
        is_on=row.is_on,
        waiting_count=row.waiting_count,
        problem=row.problem,
        last_sent_at=row.last_sent_at,
    )
