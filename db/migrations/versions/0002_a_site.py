"""Several sensors, and those who talk to them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.BigInteger
_SECONDS = sa.BigInteger
_NAME = sa.String(64)
_MESSAGE_ID = sa.LargeBinary(16)
_HASH = sa.LargeBinary(32)


def upgrade() -> None:
    """Make the tables."""
    _create_sensors()
    _create_received()
    _create_detections()
    _create_outbox()
    _create_access()
    _create_overrides()
    _create_zone_sums("zone_hours", _column("hour_at", _TIME))
    _create_zone_sums("zone_days", _column("day", sa.Date))
    _create_hour_devices()
    op.create_table("due_hours", _column("hour_at", _TIME), sa.PrimaryKeyConstraint("hour_at"), sqlite_with_rowid=False)


def _column(name: str, kind: sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _create_sensors() -> None:
    op.create_table(
        "sensors",
        _column("name", _NAME),
        sa.Column("place", sa.String(200)),
        sa.Column("version", _NAME),
        _column("is_active", sa.Boolean),
        _column("added_at", _TIME),
        sa.Column("last_received_at", _TIME),
        sa.Column("last_scan_at", _TIME),
        sa.Column("clock_offset_seconds", _SECONDS),
        sa.Column("device_count", sa.Integer),
        sa.Column("waiting_count", sa.Integer),
        sa.PrimaryKeyConstraint("name", name="pk_sensors"),
        sqlite_with_rowid=False,
    )


def _create_received() -> None:
    op.create_table(
        "received_messages",
        _column("message_id", _MESSAGE_ID),
        _column("received_at", _TIME),
        sa.PrimaryKeyConstraint("message_id", name="pk_received_messages"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_received_messages_received_at", "received_messages", ["received_at"])


def _create_detections() -> None:
    op.create_table(
        "scan_detections",
        sa.Column("scan_id", _ROW_ID, nullable=False, autoincrement=False),
        _column("sensor", _NAME),
        _column("started_at", _TIME),
        sa.Column("wifi", sa.LargeBinary),
        sa.Column("bluetooth", sa.LargeBinary),
        sa.PrimaryKeyConstraint("scan_id", name="pk_scan_detections"),
    )
    op.create_index("ix_scan_detections_started_at", "scan_detections", ["started_at"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        _column("id", _ROW_ID),
        _column("message_id", _MESSAGE_ID),
        _column("kept_at", _TIME),
        _column("body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_table(
        "outbox_loss",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        _column("dropped_count", sa.Integer),
        sa.Column("dropped_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_loss"),
    )


def _create_access() -> None:
    op.create_table(
        "access_keys",
        _column("id", _ROW_ID),
        _column("name", _NAME),
        _column("role", sa.String(16)),
        _column("key_hash", _HASH),
        _column("made_at", _TIME),
        sa.Column("used_at", _TIME),
        sa.Column("revoked_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_access_keys"),
    )
    op.create_index("ix_access_keys_key_hash", "access_keys", ["key_hash"], unique=True)
    op.create_table(
        "admin_password",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        _column("encoded", sa.String(200)),
        _column("set_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_admin_password"),
    )
    op.create_table(
        "logins",
        _column("token_hash", _HASH),
        _column("begun_at", _TIME),
        _column("ends_at", _TIME),
        sa.PrimaryKeyConstraint("token_hash", name="pk_logins"),
        sqlite_with_rowid=False,
    )


def _create_overrides() -> None:
    op.create_table(
        "setting_overrides",
        _column("name", _NAME),
        _column("value", sa.String),
        _column("set_at", _TIME),
        sa.PrimaryKeyConstraint("name", name="pk_setting_overrides"),
        sqlite_with_rowid=False,
    )


def _create_zone_sums(table: str, period: sa.Column[Any]) -> None:
    op.create_table(
        table,
        period,
        _column("sensor", _NAME),
        _column("zone", sa.String(8)),
        _column("device_count", sa.Integer),
        _column("detection_count", sa.Integer),
        _column("rssi_sum_dbm", sa.Float),
        sa.PrimaryKeyConstraint(period.name, "sensor", "zone", name=f"pk_{table}"),
        sqlite_with_rowid=False,
    )


def _create_hour_devices() -> None:
    op.create_table(
        "hour_devices",
        _column("hour_at", _TIME),
        _column("sensor", _NAME),
        sa.Column("wifi", sa.LargeBinary),
        sa.Column("bluetooth", sa.LargeBinary),
        sa.PrimaryKeyConstraint("hour_at", "sensor", name="pk_hour_devices"),
    )
