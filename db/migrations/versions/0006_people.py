"""The people estimate: counts of scans, fixtures, head counts, fits, and sums of estimates."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.BigInteger
_NAME = sa.String(64)

_Kind = sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]


def upgrade() -> None:
    """Make the tables."""
    _create_counts()
    _create_head_counts()
    _create_sums()


def _column(name: str, kind: _Kind) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _create_counts() -> None:
    op.create_table(
        "scan_counts",
        sa.Column("scan_id", _ROW_ID, nullable=False, autoincrement=False),
        _column("sensor", _NAME),
        _column("started_at", _TIME),
        sa.Column("wifi", sa.LargeBinary),
        sa.Column("bluetooth", sa.LargeBinary),
        sa.PrimaryKeyConstraint("scan_id", name="pk_scan_counts"),
    )
    op.create_index("ix_scan_counts_started_at", "scan_counts", ["started_at"])
    op.create_table(
        "fixtures",
        _column("id", _ROW_ID),
        _column("digest", sa.LargeBinary(32)),
        _column("radio", sa.SmallInteger),
        sa.Column("manufacturer", _NAME),
        _column("first_heard_at", _TIME),
        _column("last_heard_at", _TIME),
        sa.Column("last_night", sa.Date),
        _column("days", sa.Integer),
        _column("nights", sa.Integer),
        _column("decision", sa.String(8)),
        sa.PrimaryKeyConstraint("id", name="pk_fixtures"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fixtures_digest", "fixtures", ["digest"], unique=True)


def _create_head_counts() -> None:
    op.create_table(
        "head_counts",
        _column("id", _ROW_ID),
        _column("counted_at", _TIME),
        _column("people", sa.Integer),
        _column("made_by", _NAME),
        sa.Column("deleted_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_head_counts"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "people_fits",
        _column("id", _ROW_ID),
        _column("change", sa.Integer),
        _column("fitted_at", _TIME),
        _column("model", sa.String),
        _column("used", sa.Integer),
        sa.Column("error", sa.Float),
        sa.Column("plain_error", sa.Float),
        sa.Column("cut_dbm", sa.Integer),
        _column("predictions", sa.String),
        sa.PrimaryKeyConstraint("id", name="pk_people_fits"),
        sqlite_autoincrement=True,
    )
    state = op.create_table(
        "estimate_state",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        _column("change", sa.Integer),
        _column("done_scan_id", _ROW_ID),
        sa.PrimaryKeyConstraint("id", name="pk_estimate_state"),
    )
    op.bulk_insert(state, [{"id": 1, "change": 0, "done_scan_id": 0}])


def _create_sums() -> None:
    op.create_table(
        "people_minutes",
        _column("sensor", _NAME),
        _column("at", _TIME),
        *(_column(name, sa.Float) for name in ("low", "likely", "high")),
        sa.PrimaryKeyConstraint("sensor", "at", name="pk_people_minutes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "people_hours",
        _column("sensor", _NAME),
        _column("hour_at", _TIME),
        _column("fit_id", _ROW_ID),
        _column("moments", sa.Integer),
        *(_column(name, sa.Float) for name in ("low", "likely", "high")),
        sa.PrimaryKeyConstraint("sensor", "hour_at", name="pk_people_hours"),
        sqlite_with_rowid=False,
    )
