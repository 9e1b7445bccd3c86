"""The tables of the people estimate: what scans counted, what stays there, what the owner counted, what came of it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, Date, Float, Index, Integer, LargeBinary, Named, String, Table, TypedColumns

from db.alert_schema import METADATA as METADATA  # noqa: PLC0414 - with these tables in it
from db.codes import Code
from db.schema import SENSOR_NAME
from db.types import DeviceHash, Line, RowId, UtcTime
from presence.radio import Radio


class ScanCountColumns(TypedColumns):
    """What one scan counted, packed as `db.packed_counts` says; NULL for a radio without counts, which is never 0.

    Numbers without identity: they are kept as long as the ledger, so that all of it can be estimated anew.
    """

    scan_id: Named[int] = Column(RowId, primary_key=True, autoincrement=False)
    sensor: Named[str] = Column(SENSOR_NAME)
    started_at: Named[datetime] = Column(UtcTime)
    wifi: Named[bytes | None] = Column(LargeBinary)
    bluetooth: Named[bytes | None] = Column(LargeBinary)


class FixtureColumns(TypedColumns):
    """A thing that stays at the place: `presence.estimate.FixtureRow`. `last_night` is the newest it was heard in."""

    id: Named[int] = Column(RowId, primary_key=True)
    digest: Named[str] = Column(DeviceHash)
    radio: Named[Radio] = Column(Code(Radio))
    manufacturer: Named[str | None] = Column(Line(64))
    first_heard_at: Named[datetime] = Column(UtcTime)
    last_heard_at: Named[datetime] = Column(UtcTime)
    last_night: Named[date | None] = Column(Date)
    days: Named[int] = Column(Integer)
    nights: Named[int] = Column(Integer)
    decision: Named[str] = Column(String(8))


class HeadCountColumns(TypedColumns):
    """What the owner counted: `presence.estimate.HeadCount`."""

    id: Named[int] = Column(RowId, primary_key=True)
    counted_at: Named[datetime] = Column(UtcTime)
    people: Named[int] = Column(Integer)
    made_by: Named[str] = Column(Line(64))
    deleted_at: Named[datetime | None] = Column(UtcTime)


class FitColumns(TypedColumns):
    """What was learned from the head counts there were.

    `change` is the number of the newest change it knows of (`EstimateStateColumns`), `model` the text of a
    `presence.people_model.PeopleModel`, `predictions` what each head count was predicted to be from the others: JSON,
    by its number.
    """

    id: Named[int] = Column(RowId, primary_key=True)
    change: Named[int] = Column(Integer)
    fitted_at: Named[datetime] = Column(UtcTime)
    model: Named[str] = Column(String)
    used: Named[int] = Column(Integer)
    error: Named[float | None] = Column(Float)
    plain_error: Named[float | None] = Column(Float)
    cut_dbm: Named[int | None] = Column(Integer)
    predictions: Named[str] = Column(String)


class EstimateStateColumns(TypedColumns):
    """One row. `change` goes up whenever a fit is due: at a head count, and at a decision on a fixture.

    `done_scan_id` is the newest scan whose estimate the sums hold.
    """

    id: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    change: Named[int] = Column(Integer)
    done_scan_id: Named[int] = Column(RowId)


class PeopleMinuteColumns(TypedColumns):
    """The estimate of one moment of the last day: of one sensor, or of the whole site where `sensor` is ""."""

    sensor: Named[str] = Column(SENSOR_NAME, primary_key=True)
    at: Named[datetime] = Column(UtcTime, primary_key=True)
    low: Named[float] = Column(Float)
    likely: Named[float] = Column(Float)
    high: Named[float] = Column(Float)


class PeopleHourColumns(TypedColumns):
    """The means of the estimates of one hour, and how many those are. `fit_id` is the fit they were made with."""

    sensor: Named[str] = Column(SENSOR_NAME, primary_key=True)
    hour_at: Named[datetime] = Column(UtcTime, primary_key=True)
    fit_id: Named[int] = Column(RowId)
    moments: Named[int] = Column(Integer)
    low: Named[float] = Column(Float)
    likely: Named[float] = Column(Float)
    high: Named[float] = Column(Float)


SCAN_COUNTS = Table("scan_counts", METADATA, ScanCountColumns)
Index(None, SCAN_COUNTS.c.started_at)

# Packed counts name fixtures by number: that of a forgotten one must not be given to another.
FIXTURES = Table("fixtures", METADATA, FixtureColumns, sqlite_autoincrement=True)
Index(None, FIXTURES.c.digest, unique=True)

# An answer that names a head count must not mean another one later.
HEAD_COUNTS = Table("head_counts", METADATA, HeadCountColumns, sqlite_autoincrement=True)
FITS = Table("people_fits", METADATA, FitColumns, sqlite_autoincrement=True)
ESTIMATE_STATE = Table("estimate_state", METADATA, EstimateStateColumns)
PEOPLE_MINUTES = Table("people_minutes", METADATA, PeopleMinuteColumns, sqlite_with_rowid=False)
PEOPLE_HOURS = Table("people_hours", METADATA, PeopleHourColumns, sqlite_with_rowid=False)
