"""What is written of tags: the register, and what was last known of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, func, select

from db.tag_schema import TAG_FIGURES, TAG_IDENTITIES, TAG_PLACES, TAG_REGISTER, TAGS
from presence.tags import (
    NEVER_HEARD,
    IdentityKind,
    IdentityRecord,
    Measure,
    MeasureKind,
    TagCard,
    TagIcon,
    TagPlace,
    TagRow,
    Whereabouts,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """What a tag told of itself, and when, by the receiver's clock."""

    value: float
    told_at: datetime


@dataclass(frozen=True, slots=True)
class TagNow:
    """What was last known of a tag.

    Attributes:
        place: Where it is.
        moved_at: When it last told that it moved, or came to another sensor; None for never.
        figures: The newest of each kind that it told.
    """

    place: TagPlace = NEVER_HEARD
    moved_at: datetime | None = None
    figures: Mapping[MeasureKind, Figure] = field(default_factory=dict)


def read_version(connection: Connection) -> str:
    """The state of the register; empty before its first change."""
    return connection.execute(select(TAG_REGISTER.c.version)).scalar_one_or_none() or ""


def read_tags(connection: Connection, tag_id: int | None, newer: Mapping[int, TagNow]) -> tuple[TagRow, ...]:
    """Every tag by name, or the one of a number; what is newer than what is written goes before it."""
    card = (TAGS.c.id, TAGS.c.name, TAGS.c.kind, TAGS.c.icon, TAGS.c.note, TAGS.c.added_at)
    tags = select(*card, TAGS.c.picture.is_not(None).label("has_picture")).order_by(func.lower(TAGS.c.name), TAGS.c.id)
    rows = connection.execute(_of(tags, TAGS.c.id, tag_id)).all()
    known_by: defaultdict[int, list[tuple[int, IdentityRecord]]] = defaultdict(list)
    identities = select(TAG_IDENTITIES).order_by(TAG_IDENTITIES.c.id)
    for row in connection.execute(_of(identities, TAG_IDENTITIES.c.tag_id, tag_id)):
        known_by[row.tag_id].append((row.id, identity_record(row)))
    now = read_now(connection, tag_id) | dict(newer)
    return tuple(_tag_row(row, tuple(known_by[row.id]), now.get(row.id, TagNow())) for row in rows)


def read_now(connection: Connection, tag_id: int | None = None) -> dict[int, TagNow]:
    """What was last known of every tag that was ever heard, or of one."""
    figures: defaultdict[int, dict[MeasureKind, Figure]] = defaultdict(dict)
    for row in connection.execute(_of(select(TAG_FIGURES), TAG_FIGURES.c.tag_id, tag_id)):
        figures[row.tag_id][MeasureKind(row.kind)] = Figure(row.value, row.told_at)
    places = connection.execute(_of(select(TAG_PLACES), TAG_PLACES.c.tag_id, tag_id)).all()
    return {row.tag_id: TagNow(_place(row), row.moved_at, figures[row.tag_id]) for row in places}


def identity_record(row: Row[Any]) -> IdentityRecord:
    """A row of identities."""
    return IdentityRecord(
        kind=IdentityKind(row.kind),
        digest=bytes(row.digest),
        shape=row.shape,
        sealed=None if row.sealed is None else bytes(row.sealed),
        label=row.label,
    )


def _of(asked: Select[*tuple[Any, ...]], column: Column[int], tag_id: int | None) -> Select[*tuple[Any, ...]]:
    return asked if tag_id is None else asked.where(column == tag_id)


def _place(row: Row[Any]) -> TagPlace:
    return TagPlace(
        whereabouts=Whereabouts(row.whereabouts),
        sensor=row.sensor,
        zone=row.zone,
        rssi_dbm=row.rssi_dbm,
        confidence=row.confidence,
        since_at=row.since_at,
        last_heard_at=row.last_heard_at,
    )


def _tag_row(row: Row[Any], identities: tuple[tuple[int, IdentityRecord], ...], now: TagNow) -> TagRow:
    return TagRow(
        tag_id=row.id,
        card=TagCard(row.name, row.kind, TagIcon(row.icon), row.note),
        identities=identities,
        added_at=row.added_at,
        place=now.place,
        measures=tuple(Measure(kind, now.figures[kind].value) for kind in sorted(now.figures)),
        measured_at=max((figure.told_at for figure in now.figures.values()), default=None),
        has_picture=row.has_picture,
    )
