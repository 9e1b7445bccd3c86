"""The tables of tags: the register, where each tag is, and the log of where it was."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, Named, String, Table, TypedColumns

from db.codes import Code
from db.schema import SENSOR_NAME
from db.site_schema import METADATA as METADATA  # noqa: PLC0414 - with these tables in it
from db.types import Decibels, Line, RowId, UtcTime
from presence.zones import Zone


class TagRegisterColumns(TypedColumns):
    """The state of the register, in one row: a word that is drawn anew with every change. No row before the first."""

    id: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    version: Named[str] = Column(String(32))


class TagColumns(TypedColumns):
    """A tag: `presence.tags.TagCard`. `picture` is an image of it, some 100 kB at most."""

    id: Named[int] = Column(RowId, primary_key=True)
    name: Named[str] = Column(Line(64))
    kind: Named[str] = Column(Line(40))
    icon: Named[str] = Column(String(16))
    note: Named[str] = Column(Line(500))
    added_at: Named[datetime] = Column(UtcTime)
    picture: Named[bytes | None] = Column(LargeBinary)
    picture_type: Named[str | None] = Column(String(32))


class TagIdentityColumns(TypedColumns):
    """By what a tag is known: `presence.tags.IdentityRecord`."""

    id: Named[int] = Column(RowId, primary_key=True)
    tag_id: Named[int] = Column(RowId, ForeignKey("tags.id", ondelete="CASCADE"))
    kind: Named[str] = Column(String(24))
    digest: Named[bytes] = Column(LargeBinary(32))
    shape: Named[str] = Column(Line(64))
    sealed: Named[bytes | None] = Column(LargeBinary)
    label: Named[str] = Column(Line(120))


class TagPlaceColumns(TypedColumns):
    """Where a tag is now: `presence.tags.TagPlace`, and when it moved last. No row before it was ever heard."""

    tag_id: Named[int] = Column(RowId, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    whereabouts: Named[str] = Column(String(8))
    sensor: Named[str | None] = Column(SENSOR_NAME)
    zone: Named[Zone | None] = Column(Code(Zone))
    rssi_dbm: Named[float | None] = Column(Decibels)
    confidence: Named[float | None] = Column(Float)
    since_at: Named[datetime | None] = Column(UtcTime)
    last_heard_at: Named[datetime | None] = Column(UtcTime)
    moved_at: Named[datetime | None] = Column(UtcTime)


class TagStayColumns(TypedColumns):
    """A time that a tag was at one place: `presence.tags.TagStay`. `sighting_count` is what its mean is made of."""

    id: Named[int] = Column(RowId, primary_key=True)
    tag_id: Named[int] = Column(RowId, ForeignKey("tags.id", ondelete="CASCADE"))
    from_at: Named[datetime] = Column(UtcTime)
    to_at: Named[datetime | None] = Column(UtcTime)
    sensor: Named[str] = Column(SENSOR_NAME)
    zone: Named[Zone | None] = Column(Code(Zone))
    rssi_mean_dbm: Named[float | None] = Column(Decibels)
    sighting_count: Named[int] = Column(Integer)


class TagMeasureColumns(TypedColumns):
    """What a tag told of itself: a row when a figure changed, and now and then while it did not."""

    tag_id: Named[int] = Column(RowId, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    kind: Named[str] = Column(String(24), primary_key=True)
    told_at: Named[datetime] = Column(UtcTime, primary_key=True)
    value: Named[float] = Column(Float)


class TagFigureColumns(TypedColumns):
    """The newest figure of each kind that a tag told, so that nobody searches the log for it."""

    tag_id: Named[int] = Column(RowId, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    kind: Named[str] = Column(String(24), primary_key=True)
    told_at: Named[datetime] = Column(UtcTime)
    value: Named[float] = Column(Float)


class FloorPlanColumns(TypedColumns):
    """A picture of the place, seen from above."""

    id: Named[int] = Column(RowId, primary_key=True)
    name: Named[str] = Column(Line(64))
    picture: Named[bytes] = Column(LargeBinary)
    picture_type: Named[str] = Column(String(32))
    added_at: Named[datetime] = Column(UtcTime)


class PlanPointColumns(TypedColumns):
    """Where a sensor stands on a floor plan: shares of its width and height, 0 to 1 from the upper left."""

    plan_id: Named[int] = Column(
        RowId, ForeignKey("floor_plans.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sensor: Named[str] = Column(SENSOR_NAME, primary_key=True)
    x: Named[float] = Column(Float)
    y: Named[float] = Column(Float)


class TagHandoverColumns(TypedColumns):
    """A message with reports of tags that came to a hub that does not follow them, and waits for the one that does."""

    id: Named[int] = Column(RowId, primary_key=True)
    received_at: Named[datetime] = Column(UtcTime)
    body: Named[bytes] = Column(LargeBinary)


TAG_REGISTER = Table("tag_register", METADATA, TagRegisterColumns)
# A number that was a tag's is never given to another: alerts and sensors may still speak of it.
TAGS = Table("tags", METADATA, TagColumns, sqlite_autoincrement=True)
Index(None, TAGS.c.name, unique=True)
TAG_IDENTITIES = Table("tag_identities", METADATA, TagIdentityColumns, sqlite_autoincrement=True)
Index(None, TAG_IDENTITIES.c.digest, unique=True)
TAG_PLACES = Table("tag_places", METADATA, TagPlaceColumns, sqlite_with_rowid=False)
TAG_STAYS = Table("tag_stays", METADATA, TagStayColumns)
Index(None, TAG_STAYS.c.tag_id, TAG_STAYS.c.from_at)
Index(None, TAG_STAYS.c.to_at)
TAG_MEASURES = Table("tag_measures", METADATA, TagMeasureColumns, sqlite_with_rowid=False)
Index(None, TAG_MEASURES.c.told_at)
TAG_FIGURES = Table("tag_figures", METADATA, TagFigureColumns, sqlite_with_rowid=False)
FLOOR_PLANS = Table("floor_plans", METADATA, FloorPlanColumns)
Index(None, FLOOR_PLANS.c.name, unique=True)
PLAN_POINTS = Table("plan_points", METADATA, PlanPointColumns, sqlite_with_rowid=False)
TAG_HANDOVERS = Table("tag_handovers", METADATA, TagHandoverColumns)
