"""The tables. What each row is, and why it lies where it does.

A card wears out by being written to, and SQLite writes whole pages: changing 500 rows that lie scattered among a day's
devices means rewriting up to 500 pages. So what changes at every scan lies close together, in the `…_present` tables:
one short row for each device whose visit is still open. The device tables hold a device as it was when its last visit
ended (on its first visit, when it was first heard); `db.reader` puts the two together. `visits` is only ever added to.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Named,
    SmallInteger,
    Table,
    TypedColumns,
)

from db.codes import Code
from db.types import Decibels, Deviation, DeviceHash, Line, RowId, Seconds, Ssids, UtcTime, sql_first_bytes
from presence.faults import FaultReason
from presence.radio import Radio
from presence.scan import AddressKind
from presence.zones import Zone

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SENSOR_NAME = Line(64)
_MANUFACTURER = Line(64)
_WORDS = Line(200)


class ScanColumns(TypedColumns):
    """The ledger: one row a scan, whatever it heard. Counts are NULL for a radio that was not heard, never 0.

    A fault beside counts is one that cut the hearing short. `…_new_count` counts devices never heard before. The other
    counts leave out devices that are placed at another sensor, so that those of a site may be added up.
    """

    id: Named[int] = Column(RowId, primary_key=True)
    sensor: Named[str] = Column(SENSOR_NAME)
    started_at: Named[datetime] = Column(UtcTime)
    duration_seconds: Named[float] = Column(Seconds)
    elapsed_seconds: Named[float | None] = Column(Seconds)
    key_period: Named[int] = Column(Integer)
    clock_is_right: Named[bool] = Column(Boolean)
    wifi_device_count: Named[int | None] = Column(Integer)
    wifi_new_count: Named[int | None] = Column(Integer)
    wifi_sighting_count: Named[int | None] = Column(Integer)
    wifi_near_count: Named[int | None] = Column(Integer)
    wifi_medium_count: Named[int | None] = Column(Integer)
    wifi_far_count: Named[int | None] = Column(Integer)
    wifi_fault_reason: Named[FaultReason | None] = Column(Code(FaultReason))
    wifi_fault_detail: Named[str | None] = Column(_WORDS)
    wifi_fault_recovery: Named[str | None] = Column(_WORDS)
    bluetooth_device_count: Named[int | None] = Column(Integer)
    bluetooth_new_count: Named[int | None] = Column(Integer)
    bluetooth_sighting_count: Named[int | None] = Column(Integer)
    bluetooth_near_count: Named[int | None] = Column(Integer)
    bluetooth_medium_count: Named[int | None] = Column(Integer)
    bluetooth_far_count: Named[int | None] = Column(Integer)
    bluetooth_fault_reason: Named[FaultReason | None] = Column(Code(FaultReason))
    bluetooth_fault_detail: Named[str | None] = Column(_WORDS)
    bluetooth_fault_recovery: Named[str | None] = Column(_WORDS)


class DeviceColumns(TypedColumns):
    """A device, under the visitor key of one period. `round_id` is the round of time spent its minutes belong to.

    `part` is the part of the index on hashes that it lies in: `db.known`.
    """

    id: Named[int] = Column(RowId, primary_key=True)
    key_period: Named[int] = Column(Integer)
    part: Named[int] = Column(Integer)
    device_hash: Named[str] = Column(DeviceHash)
    sensor: Named[str] = Column(SENSOR_NAME)
    address_kind: Named[AddressKind] = Column(Code(AddressKind))
    manufacturer: Named[str | None] = Column(_MANUFACTURER)
    ssids: Named[tuple[str, ...] | None] = Column(Ssids)
    first_seen_at: Named[datetime] = Column(UtcTime)
    last_seen_at: Named[datetime] = Column(UtcTime)
    rssi_mean_dbm: Named[float | None] = Column(Decibels)
    rssi_std_db: Named[float | None] = Column(Deviation)
    zone: Named[Zone | None] = Column(Code(Zone))
    time_spent_seconds: Named[float] = Column(Seconds)
    round_id: Named[int] = Column(Integer)


class PresentColumns(TypedColumns):
    """A device whose visit is open: what its device row will hold once it has left, and where the visit stands.

    `credit_seconds` is what the scan that last heard it stands for, see `presence.visits.stay_seconds`. `sensor` is
    where the device is placed (`presence.placement`), and the readings are that sensor's. `placed_seen_at` is when it
    last heard the device; NULL when that was at `last_seen_at`, as it always is where there is one sensor.
    """

    device_id: Named[int] = Column(RowId, primary_key=True, autoincrement=False)
    sensor: Named[str] = Column(SENSOR_NAME)
    visit_started_at: Named[datetime] = Column(UtcTime)
    last_seen_at: Named[datetime] = Column(UtcTime)
    placed_seen_at: Named[datetime | None] = Column(UtcTime)
    credit_seconds: Named[float] = Column(Seconds)
    ssids: Named[tuple[str, ...] | None] = Column(Ssids)
    rssi_mean_dbm: Named[float | None] = Column(Decibels)
    rssi_std_db: Named[float | None] = Column(Deviation)
    zone: Named[Zone | None] = Column(Code(Zone))
    time_spent_seconds: Named[float] = Column(Seconds)
    round_id: Named[int] = Column(Integer)


class VisitColumns(TypedColumns):
    """A visit that has ended: `presence.visits.Visit`. The device goes when it is forgotten, some visits a step later.

    A device that is not present has a visit that ended when it was last heard, so those who left last are found here,
    and the device tables need no index by time. `repeat` counts the visits that the device had ended at that very
    moment before, as can be after a clock was put back: 0 nearly always.
    """

    ended_at: Named[datetime] = Column(UtcTime, primary_key=True)
    radio: Named[Radio] = Column(Code(Radio), primary_key=True)
    device_id: Named[int] = Column(RowId, primary_key=True, autoincrement=False)
    repeat: Named[int] = Column(SmallInteger, primary_key=True, autoincrement=False)
    sensor: Named[str] = Column(SENSOR_NAME)
    started_at: Named[datetime] = Column(UtcTime)
    stay_seconds: Named[float] = Column(Seconds)


class GapColumns(TypedColumns):
    """A time in which a radio was not heard: `presence.overview.Gap`. No reason means that there was no scan at all."""

    id: Named[int] = Column(RowId, primary_key=True)
    sensor: Named[str] = Column(SENSOR_NAME)
    radio: Named[Radio] = Column(Code(Radio))
    from_at: Named[datetime] = Column(UtcTime)
    to_at: Named[datetime | None] = Column(UtcTime)
    fault_reason: Named[FaultReason | None] = Column(Code(FaultReason))
    fault_detail: Named[str | None] = Column(_WORDS)
    fault_recovery: Named[str | None] = Column(_WORDS)


class HourlySumColumns(TypedColumns):
    """The scans of one hour, added up. Hours begin when a local clock shows a full hour; `hour_of_day` is that hour."""

    hour_at: Named[datetime] = Column(UtcTime, primary_key=True)
    sensor: Named[str] = Column(SENSOR_NAME, primary_key=True)
    hour_of_day: Named[int] = Column(Integer)
    wifi_scans_heard: Named[int] = Column(Integer)
    wifi_device_sum: Named[int] = Column(Integer)
    bluetooth_scans_heard: Named[int] = Column(Integer)
    bluetooth_device_sum: Named[int] = Column(Integer)
    peak: Named[int | None] = Column(Integer)


class DailySumColumns(TypedColumns):
    """The scans of one local day, the devices first heard on it and the visits that ended on it, added up."""

    day: Named[date] = Column(Date, primary_key=True)
    sensor: Named[str] = Column(SENSOR_NAME, primary_key=True)
    wifi_scans_heard: Named[int] = Column(Integer)
    wifi_scans_unheard: Named[int] = Column(Integer)
    wifi_device_sum: Named[int] = Column(Integer)
    wifi_new_count: Named[int] = Column(Integer)
    bluetooth_scans_heard: Named[int] = Column(Integer)
    bluetooth_scans_unheard: Named[int] = Column(Integer)
    bluetooth_device_sum: Named[int] = Column(Integer)
    bluetooth_new_count: Named[int] = Column(Integer)
    peak: Named[int | None] = Column(Integer)
    visit_count: Named[int] = Column(Integer)
    visit_seconds_sum: Named[float] = Column(Seconds)
    visit_longest_seconds: Named[float | None] = Column(Seconds)


class MonthlyHourSumColumns(TypedColumns):
    """The scans in an hour of the day (0 to 23) on all local days of a month, added up; `month` is its first day."""

    month: Named[date] = Column(Date, primary_key=True)
    sensor: Named[str] = Column(SENSOR_NAME, primary_key=True)
    hour_of_day: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    wifi_scans_heard: Named[int] = Column(Integer)
    wifi_device_sum: Named[int] = Column(Integer)
    bluetooth_scans_heard: Named[int] = Column(Integer)
    bluetooth_device_sum: Named[int] = Column(Integer)


class MakerSumColumns(TypedColumns):
    """Devices first heard on a local day, or in the month that begins on it, by maker; "" for makers not told."""

    day: Named[date] = Column(Date, primary_key=True)
    sensor: Named[str] = Column(SENSOR_NAME, primary_key=True)
    manufacturer: Named[str] = Column(_MANUFACTURER, primary_key=True)
    device_count: Named[int] = Column(Integer)


class RadioStateColumns(TypedColumns):
    """A radio of a sensor: what would otherwise have to be looked for in all of history."""

    sensor: Named[str] = Column(SENSOR_NAME, primary_key=True)
    radio: Named[Radio] = Column(Code(Radio), primary_key=True)
    device_total: Named[int] = Column(Integer)
    last_scan_at: Named[datetime] = Column(UtcTime)
    last_heard_at: Named[datetime | None] = Column(UtcTime)
    open_gap_id: Named[int | None] = Column(RowId, ForeignKey("gaps.id"))


class RoundColumns(TypedColumns):
    """A round of time spent: a reset begins the next. Its mean needs no look at any device.

    `device_count` counts the devices detected in it, `time_spent_seconds` is the sum of their time spent.
    """

    id: Named[int] = Column(RowId, primary_key=True)
    started_at: Named[datetime | None] = Column(UtcTime)
    device_count: Named[int] = Column(Integer)
    time_spent_seconds: Named[float] = Column(Seconds)


class SavedReportColumns(TypedColumns):
    """A report that was saved."""

    id: Named[int] = Column(RowId, primary_key=True)
    saved_at: Named[datetime] = Column(UtcTime)


def _device_table(radio: Radio) -> Table[DeviceColumns]:
    # Detections outlive devices: the number of a forgotten one, be it the greatest, must not be given to another.
    table = Table(f"{radio.value}_devices", METADATA, DeviceColumns, sqlite_autoincrement=True)
    Index(f"ix_{table.name}_device_hash", table.c.key_period, table.c.part, sql_first_bytes(table.c.device_hash))
    return table


def _present_table(radio: Radio, devices: Table[DeviceColumns]) -> Table[PresentColumns]:
    of_device = ForeignKeyConstraint(["device_id"], [devices.c.id])
    table = Table(f"{radio.value}_present", METADATA, PresentColumns, of_device)
    Index(f"ix_{table.name}_sensor", table.c.sensor, info={"dialect": "postgresql"})  # elsewhere there is none
    return table


SCANS = Table("scans", METADATA, ScanColumns)
Index(None, SCANS.c.started_at)

WIFI_DEVICES = _device_table(Radio.WIFI)
BLUETOOTH_DEVICES = _device_table(Radio.BLUETOOTH)
DEVICES: dict[Radio, Table[DeviceColumns]] = {Radio.WIFI: WIFI_DEVICES, Radio.BLUETOOTH: BLUETOOTH_DEVICES}
PRESENT: dict[Radio, Table[PresentColumns]] = {radio: _present_table(radio, table) for radio, table in DEVICES.items()}

GAPS = Table("gaps", METADATA, GapColumns)
Index(None, GAPS.c.to_at)

# These are looked up by their keys only: without a row number of its own, such a table is one tree to write, not two.
VISITS = Table("visits", METADATA, VisitColumns, sqlite_with_rowid=False)
HOURLY_SUMS = Table("hourly_sums", METADATA, HourlySumColumns, sqlite_with_rowid=False)
DAILY_SUMS = Table("daily_sums", METADATA, DailySumColumns, sqlite_with_rowid=False)
MONTHLY_HOUR_SUMS = Table("monthly_hour_sums", METADATA, MonthlyHourSumColumns, sqlite_with_rowid=False)
DAILY_MAKER_SUMS = Table("daily_maker_sums", METADATA, MakerSumColumns, sqlite_with_rowid=False)
MONTHLY_MAKER_SUMS = Table("monthly_maker_sums", METADATA, MakerSumColumns, sqlite_with_rowid=False)
RADIO_STATES = Table("radio_states", METADATA, RadioStateColumns, sqlite_with_rowid=False)

ROUNDS = Table("time_spent_rounds", METADATA, RoundColumns)
SAVED_REPORTS = Table("saved_reports", METADATA, SavedReportColumns)
