"""The first tables. Types are spelled out, so that this stays what it was when the programme has moved on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.BigInteger
_SECONDS = sa.BigInteger
_DECIBELS = sa.SmallInteger
_NAME = sa.String(64)
_WORDS = sa.String(200)
_ONE_OF = sa.SmallInteger
_HASH = sa.LargeBinary(32)
_RADIOS = ("wifi", "bluetooth")


def upgrade() -> None:
    """Make the tables, and begin the first round of time spent."""
    _create_scans()
    for radio in _RADIOS:
        _create_devices(radio)
        _create_present(radio)
    _create_visits()
    _create_gaps()
    _create_radio_states()
    _create_hourly_sums()
    _create_daily_sums()
    _create_monthly_hour_sums()
    _create_maker_sums("daily_maker_sums")
    _create_maker_sums("monthly_maker_sums")
    _create_what_users_did()


def _column(name: str, kind: sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _create_scans() -> None:
    op.create_table(
        "scans",
        _column("id", _ROW_ID),
        _column("sensor", _NAME),
        _column("started_at", _TIME),
        _column("duration_seconds", _SECONDS),
        sa.Column("elapsed_seconds", _SECONDS),
        _column("key_period", sa.Integer),
        _column("clock_is_right", sa.Boolean),
        *(column for radio in _RADIOS for column in _scan_columns(radio)),
        sa.PrimaryKeyConstraint("id", name="pk_scans"),
    )
    op.create_index("ix_scans_started_at", "scans", ["started_at"])


def _scan_columns(radio: str) -> list[sa.Column[Any]]:
    counts = ("device_count", "new_count", "sighting_count", "near_count", "medium_count", "far_count")
    return [
        *(sa.Column(f"{radio}_{count}", sa.Integer) for count in counts),
        sa.Column(f"{radio}_fault_reason", _ONE_OF),
        sa.Column(f"{radio}_fault_detail", _WORDS),
        sa.Column(f"{radio}_fault_recovery", _WORDS),
    ]


def _create_devices(radio: str) -> None:
    table = f"{radio}_devices"
    op.create_table(
        table,
        _column("id", _ROW_ID),
        _column("key_period", sa.Integer),
        _column("part", sa.Integer),
        _column("device_hash", _HASH),
        _column("sensor", _NAME),
        _column("address_kind", _ONE_OF),
        sa.Column("manufacturer", _NAME),
        sa.Column("ssids", sa.String),
        _column("first_seen_at", _TIME),
        _column("last_seen_at", _TIME),
        sa.Column("rssi_mean_dbm", _DECIBELS),
        sa.Column("rssi_std_db", _DECIBELS),
        sa.Column("zone", _ONE_OF),
        _column("time_spent_seconds", _SECONDS),
        _column("round_id", sa.Integer),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"ix_{table}_device_hash", table, ["key_period", "part", sa.text("substr(device_hash, 1, 4)")])


def _create_present(radio: str) -> None:
    table = f"{radio}_present"
    op.create_table(
        table,
        sa.Column("device_id", _ROW_ID, nullable=False, autoincrement=False),
        _column("sensor", _NAME),
        _column("visit_started_at", _TIME),
        _column("last_seen_at", _TIME),
        sa.Column("placed_seen_at", _TIME),
        _column("credit_seconds", _SECONDS),
        sa.Column("ssids", sa.String),
        sa.Column("rssi_mean_dbm", _DECIBELS),
        sa.Column("rssi_std_db", _DECIBELS),
        sa.Column("zone", _ONE_OF),
        _column("time_spent_seconds", _SECONDS),
        _column("round_id", sa.Integer),
        sa.PrimaryKeyConstraint("device_id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["device_id"], [f"{radio}_devices.id"], name=f"fk_{table}_device_id"),
    )


def _create_visits() -> None:
    op.create_table(
        "visits",
        _column("ended_at", _TIME),
        _column("radio", _ONE_OF),
        sa.Column("device_id", _ROW_ID, nullable=False, autoincrement=False),
        sa.Column("repeat", sa.SmallInteger, nullable=False, autoincrement=False),
        _column("sensor", _NAME),
        _column("started_at", _TIME),
        _column("stay_seconds", _SECONDS),
        sa.PrimaryKeyConstraint("ended_at", "radio", "device_id", "repeat", name="pk_visits"),
        sqlite_with_rowid=False,
    )


def _create_gaps() -> None:
    op.create_table(
        "gaps",
        _column("id", _ROW_ID),
        _column("sensor", _NAME),
        _column("radio", _ONE_OF),
        _column("from_at", _TIME),
        sa.Column("to_at", _TIME),
        sa.Column("fault_reason", _ONE_OF),
        sa.Column("fault_detail", _WORDS),
        sa.Column("fault_recovery", _WORDS),
        sa.PrimaryKeyConstraint("id", name="pk_gaps"),
    )
    op.create_index("ix_gaps_to_at", "gaps", ["to_at"])


def _create_radio_states() -> None:
    op.create_table(
        "radio_states",
        _column("sensor", _NAME),
        _column("radio", _ONE_OF),
        _column("device_total", sa.Integer),
        _column("last_scan_at", _TIME),
        sa.Column("last_heard_at", _TIME),
        sa.Column("open_gap_id", _ROW_ID),
        sa.PrimaryKeyConstraint("sensor", "radio", name="pk_radio_states"),
        sa.ForeignKeyConstraint(["open_gap_id"], ["gaps.id"], name="fk_radio_states_open_gap_id"),
        sqlite_with_rowid=False,
    )


def _create_hourly_sums() -> None:
    op.create_table(
        "hourly_sums",
        _column("hour_at", _TIME),
        _column("sensor", _NAME),
        _column("hour_of_day", sa.Integer),
        *(_column(f"{radio}_{name}", sa.Integer) for radio in _RADIOS for name in ("scans_heard", "device_sum")),
        sa.Column("peak", sa.Integer),
        sa.PrimaryKeyConstraint("hour_at", "sensor", name="pk_hourly_sums"),
        sqlite_with_rowid=False,
    )


def _create_daily_sums() -> None:
    sums = ("scans_heard", "scans_unheard", "device_sum", "new_count")
    op.create_table(
        "daily_sums",
        _column("day", sa.Date),
        _column("sensor", _NAME),
        *(_column(f"{radio}_{name}", sa.Integer) for radio in _RADIOS for name in sums),
        sa.Column("peak", sa.Integer),
        _column("visit_count", sa.Integer),
        _column("visit_seconds_sum", _SECONDS),
        sa.Column("visit_longest_seconds", _SECONDS),
        sa.PrimaryKeyConstraint("day", "sensor", name="pk_daily_sums"),
        sqlite_with_rowid=False,
    )


def _create_monthly_hour_sums() -> None:
    op.create_table(
        "monthly_hour_sums",
        _column("month", sa.Date),
        _column("sensor", _NAME),
        sa.Column("hour_of_day", sa.Integer, nullable=False, autoincrement=False),
        *(_column(f"{radio}_{name}", sa.Integer) for radio in _RADIOS for name in ("scans_heard", "device_sum")),
        sa.PrimaryKeyConstraint("month", "sensor", "hour_of_day", name="pk_monthly_hour_sums"),
        sqlite_with_rowid=False,
    )


def _create_maker_sums(table: str) -> None:
    op.create_table(
        table,
        _column("day", sa.Date),
        _column("sensor", _NAME),
        _column("manufacturer", _NAME),
        _column("device_count", sa.Integer),
        sa.PrimaryKeyConstraint("day", "sensor", "manufacturer", name=f"pk_{table}"),
        sqlite_with_rowid=False,
    )


def _create_what_users_did() -> None:
    rounds = op.create_table(
        "time_spent_rounds",
        _column("id", _ROW_ID),
        sa.Column("started_at", _TIME),
        _column("device_count", sa.Integer),
        _column("time_spent_seconds", _SECONDS),
        sa.PrimaryKeyConstraint("id", name="pk_time_spent_rounds"),
    )
    op.bulk_insert(rounds, [{"started_at": None, "device_count": 0, "time_spent_seconds": 0}])
    op.create_table(
        "saved_reports",
        _column("id", _ROW_ID),
        _column("saved_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_saved_reports"),
    )
