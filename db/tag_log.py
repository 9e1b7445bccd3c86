"""The log of tags: where each was, and what it told of itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, or_, select

from db.connect import Connections
from db.read_tags import Figure
from db.tag_schema import TAG_FIGURES, TAG_MEASURES, TAG_PLACES, TAG_STAYS, TAGS
from db.upsert import Row, replace_rows, update_rows
from presence.staying import Staying
from presence.tags import MeasureKind, TagPlace, TagStay

# A day of a tag that is carried about has some hundreds of stays; nobody reads more at once.
MOST_STAYS = 1000
# A day of a figure that changes every minute.
_MOST_FIGURES = 1440


class TagLog:
    """Reads the log. May be used from many threads at once."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def stays(
        self,
        tag_id: int | None,
        from_at: datetime,
        to_at: datetime,
        limit: int = MOST_STAYS,
        before: tuple[datetime, int] | None = None,
    ) -> tuple[TagStay, ...]:
        """Where one tag was, or all were, at any time between two moments; the newest first.

        Args:
            tag_id: Which tag; None for all.
            from_at: Stays that ended before are left out.
            to_at: Stays that began after are left out.
            limit: How many at most; more than 1,000 are never told.
            before: To go on: beginning and tag of the last stay that was told.

        Raises:
            DatabaseError: The database cannot be read.
        """
        stay = TAG_STAYS.c
        asked = select(TAG_STAYS).where(stay.from_at < to_at, or_(stay.to_at.is_(None), stay.to_at >= from_at))
        if tag_id is not None:
            asked = asked.where(stay.tag_id == tag_id)
        if before is not None:
            began_at, of_tag = before
            asked = asked.where(or_(stay.from_at < began_at, (stay.from_at == began_at) & (stay.tag_id < of_tag)))
        asked = asked.order_by(stay.from_at.desc(), stay.tag_id.desc()).limit(min(limit, MOST_STAYS))
        with self._connections.read() as connection:
            return tuple(stay_of(row) for row in connection.execute(asked))

    def measures(self, tag_id: int, kind: MeasureKind, from_at: datetime, to_at: datetime) -> tuple[Figure, ...]:
        """What a tag told of one kind between two moments, oldest first: the newest 1,440 at most.

        Raises:
            DatabaseError: The database cannot be read.
        """
        told = TAG_MEASURES.c
        asked = (
            select(told.value, told.told_at)
            .where(told.tag_id == tag_id, told.kind == kind.value, told.told_at >= from_at, told.told_at < to_at)
            .order_by(told.told_at.desc())
            .limit(_MOST_FIGURES)
        )
        with self._connections.read() as connection:
            found = [Figure(row.value, row.told_at) for row in connection.execute(asked)]
        return tuple(reversed(found))


def stay_of(row: Any) -> TagStay:  # noqa: ANN401 - a row of the table of stays
    """A row of stays."""
    return TagStay(row.tag_id, row.from_at, row.to_at, row.sensor, row.zone, row.rssi_mean_dbm)


@dataclass(frozen=True, slots=True)
class WrittenPlace:
    """Where a tag is, and when it moved last."""

    tag_id: int
    place: TagPlace
    moved_at: datetime | None


@dataclass(frozen=True, slots=True)
class WrittenFigure:
    """A line of the log of figures."""

    tag_id: int
    kind: MeasureKind
    figure: Figure


def tags_among(connection: Connection, tag_ids: Iterable[int]) -> set[int]:
    """Those of some tags that are still registered."""
    return set(connection.execute(_select_among(), {"tag_ids": list(tag_ids)}).scalars())


def write_stays(connection: Connection, stays: Sequence[tuple[int, Staying]]) -> list[int]:
    """Write stays of tags; returns the numbers of those that had none, in their order."""
    known = [(tag_id, one) for tag_id, one in stays if one.stay_id is not None]
    rows = [{"of_row": one.stay_id, **_stay_values(one.told(tag_id), one.sighting_count)} for tag_id, one in known]
    update_rows(connection, TAG_STAYS, rows)
    new = [(one.told(tag_id), one.sighting_count) for tag_id, one in stays if one.stay_id is None]
    if not new:
        return []
    rows = [
        {"tag_id": stay.tag_id, "from_at": stay.from_at, "sensor": stay.sensor, **_stay_values(stay, sighting_count)}
        for stay, sighting_count in new
    ]
    return list(connection.execute(_insert_stays(), rows).scalars())


def write_places(connection: Connection, places: Iterable[WrittenPlace]) -> None:
    """Write where tags are."""
    replace_rows(connection, TAG_PLACES, [_place_row(one) for one in places])


def write_figures(connection: Connection, figures: Iterable[WrittenFigure]) -> None:
    """Add lines to the log of figures, in the order they were told; the last of each kind is the newest known."""
    lines: dict[tuple[int, MeasureKind, datetime], Row] = {}
    newest: dict[tuple[int, MeasureKind], Row] = {}
    for one in figures:
        row: Row = {"tag_id": one.tag_id, "kind": one.kind.value, "told_at": one.figure.told_at}
        lines[one.tag_id, one.kind, one.figure.told_at] = newest[one.tag_id, one.kind] = {
            **row,
            "value": one.figure.value,
        }
    replace_rows(connection, TAG_MEASURES, list(lines.values()))
    replace_rows(connection, TAG_FIGURES, list(newest.values()))


def _stay_values(stay: TagStay, sighting_count: int) -> Row:
    return {
        "to_at": stay.to_at,
        "zone": stay.zone,
        "rssi_mean_dbm": stay.rssi_mean_dbm,
        "sighting_count": sighting_count,
    }


def _place_row(one: WrittenPlace) -> Row:
    place = one.place
    return {
        "tag_id": one.tag_id,
        "whereabouts": place.whereabouts.value,
        "sensor": place.sensor,
        "zone": place.zone,
        "rssi_dbm": place.rssi_dbm,
        "confidence": place.confidence,
        "since_at": place.since_at,
        "last_heard_at": place.last_heard_at,
        "moved_at": one.moved_at,
    }


# Built once, as in `db.followed`.
@cache
def _select_among() -> Select[int]:
    return select(TAGS.c.id).where(TAGS.c.id.in_(bindparam("tag_ids", expanding=True)))


@cache
def _insert_stays() -> Any:  # noqa: ANN401 - SQLAlchemy's type of an insert that returns rows has no short name
    return insert(TAG_STAYS).returning(TAG_STAYS.c.id, sort_by_parameter_order=True)
