"""The tables of a site with several sensors and of those who talk to it: who sent what, what waits, who may do what."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    Named,
    String,
    Table,
    TypedColumns,
)

from db.schema import METADATA as METADATA  # noqa: PLC0414 - with these tables in it
from db.schema import SENSOR_NAME
from db.types import Line, RowId, Seconds, UtcTime

_MESSAGE_ID = LargeBinary(16)


class SensorColumns(TypedColumns):
    """A sensor, as `presence.sensors.SensorRow` tells."""

    name: Named[str] = Column(SENSOR_NAME, primary_key=True)
    place: Named[str | None] = Column(Line(200))
    version: Named[str | None] = Column(Line(64))
    is_active: Named[bool] = Column(Boolean)
    added_at: Named[datetime] = Column(UtcTime)
    last_received_at: Named[datetime | None] = Column(UtcTime)
    last_scan_at: Named[datetime | None] = Column(UtcTime)
    clock_offset_seconds: Named[float | None] = Column(Seconds)
    device_count: Named[int | None] = Column(Integer)
    waiting_count: Named[int | None] = Column(Integer)
    refusal: Named[str | None] = Column(Line(400))


class ReceivedColumns(TypedColumns):
    """A message that was taken in, so that a repeat of it is known."""

    message_id: Named[bytes] = Column(_MESSAGE_ID, primary_key=True)
    received_at: Named[datetime] = Column(UtcTime)


class DetectionColumns(TypedColumns):
    """Every device of one scan, packed as `db.detections` says; NULL for a radio that was not heard.

    One row a scan, not one a device: a hundredth of the rows, a tenth of the bytes, and cheap to drop when old.
    """

    scan_id: Named[int] = Column(RowId, primary_key=True, autoincrement=False)
    sensor: Named[str] = Column(SENSOR_NAME)
    started_at: Named[datetime] = Column(UtcTime)
    wifi: Named[bytes | None] = Column(LargeBinary)
    bluetooth: Named[bytes | None] = Column(LargeBinary)


class OutboxColumns(TypedColumns):
    """A scan that waits to be sent, as the bytes of its message."""

    id: Named[int] = Column(RowId, primary_key=True)
    message_id: Named[bytes] = Column(_MESSAGE_ID)
    kept_at: Named[datetime] = Column(UtcTime)
    body: Named[bytes] = Column(LargeBinary)


class OutboxLossColumns(TypedColumns):
    """One row: scans that the outbox had to drop unsent, since ever, and when it last did."""

    id: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    dropped_count: Named[int] = Column(Integer)
    dropped_at: Named[datetime | None] = Column(UtcTime)


class AccessKeyColumns(TypedColumns):
    """A key for a program; only a hash of it is kept."""

    id: Named[int] = Column(RowId, primary_key=True)
    name: Named[str] = Column(Line(64))
    role: Named[str] = Column(String(16))
    key_hash: Named[bytes] = Column(LargeBinary(32))
    made_at: Named[datetime] = Column(UtcTime)
    used_at: Named[datetime | None] = Column(UtcTime)
    revoked_at: Named[datetime | None] = Column(UtcTime)


class PasswordColumns(TypedColumns):
    """One row: the admin password, as argon2 keeps it."""

    id: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    encoded: Named[str] = Column(String(200))
    set_at: Named[datetime] = Column(UtcTime)


class LoginColumns(TypedColumns):
    """A browser that has logged in; only a hash of its cookie is kept."""

    token_hash: Named[bytes] = Column(LargeBinary(32), primary_key=True)
    begun_at: Named[datetime] = Column(UtcTime)
    ends_at: Named[datetime] = Column(UtcTime)


class OverrideColumns(TypedColumns):
    """A setting that was changed by the page or a program; it goes before config.toml."""

    name: Named[str] = Column(String(64), primary_key=True)
    value: Named[str] = Column(String)
    set_at: Named[datetime] = Column(UtcTime)


class ZoneHourColumns(TypedColumns):
    """The detections of one hour in one zone: of one sensor, or of the whole site where `sensor` is ""."""

    hour_at: Named[datetime] = Column(UtcTime, primary_key=True)
    sensor: Named[str] = Column(SENSOR_NAME, primary_key=True)
    zone: Named[str] = Column(String(8), primary_key=True)
    device_count: Named[int] = Column(Integer)
    detection_count: Named[int] = Column(Integer)
    rssi_sum_dbm: Named[float] = Column(Float)


class ZoneDayColumns(TypedColumns):
    """The same for one local day."""

    day: Named[date] = Column(Date, primary_key=True)
    sensor: Named[str] = Column(SENSOR_NAME, primary_key=True)
    zone: Named[str] = Column(String(8), primary_key=True)
    device_count: Named[int] = Column(Integer)
    detection_count: Named[int] = Column(Integer)
    rssi_sum_dbm: Named[float] = Column(Float)


class HourDeviceColumns(TypedColumns):
    """The different devices of one hour, packed as `db.tally` says: of one sensor, or of the whole site.

    NULL for a radio that was not heard. Counts of several hours do not add up, these do. They stay about as long as
    the detections they are made from.
    """

    hour_at: Named[datetime] = Column(UtcTime, primary_key=True)
    sensor: Named[str] = Column(SENSOR_NAME, primary_key=True)
    wifi: Named[bytes | None] = Column(LargeBinary)
    bluetooth: Named[bytes | None] = Column(LargeBinary)


class DueHourColumns(TypedColumns):
    """An hour with scans that the sums by zone do not hold yet."""

    hour_at: Named[datetime] = Column(UtcTime, primary_key=True)


SENSORS = Table("sensors", METADATA, SensorColumns, sqlite_with_rowid=False)

RECEIVED = Table("received_messages", METADATA, ReceivedColumns, sqlite_with_rowid=False)
Index(None, RECEIVED.c.received_at)

DETECTIONS = Table("scan_detections", METADATA, DetectionColumns)
Index(None, DETECTIONS.c.started_at)

OUTBOX = Table("outbox", METADATA, OutboxColumns)
OUTBOX_LOSS = Table("outbox_loss", METADATA, OutboxLossColumns)

ACCESS_KEYS = Table("access_keys", METADATA, AccessKeyColumns)
Index(None, ACCESS_KEYS.c.key_hash, unique=True)

PASSWORD = Table("admin_password", METADATA, PasswordColumns)
LOGINS = Table("logins", METADATA, LoginColumns, sqlite_with_rowid=False)
OVERRIDES = Table("setting_overrides", METADATA, OverrideColumns, sqlite_with_rowid=False)

ZONE_HOURS = Table("zone_hours", METADATA, ZoneHourColumns, sqlite_with_rowid=False)
ZONE_DAYS = Table("zone_days", METADATA, ZoneDayColumns, sqlite_with_rowid=False)
HOUR_DEVICES = Table("hour_devices", METADATA, HourDeviceColumns)
DUE_HOURS = Table("due_hours", METADATA, DueHourColumns, sqlite_with_rowid=False)
