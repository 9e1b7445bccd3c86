"""Tags, and alerts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.BigInteger
_NAME = sa.String(64)

_Kind = sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]


def upgrade() -> None:
    """Make the tables."""
    _create_tags()
    _create_log()
    _create_floor_plans()
    _create_alerts()
    _create_notifications()


def _column(name: str, kind: _Kind) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _tag_id(table: str) -> tuple[sa.Column[Any], sa.ForeignKeyConstraint]:
    column = sa.Column("tag_id", _ROW_ID, nullable=False, autoincrement=False)
    name = f"fk_{table}_tag_id"
    return column, sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=name, ondelete="CASCADE")


def _create_tags() -> None:
    op.create_table(
        "tag_register",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        _column("version", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_tag_register"),
    )
    op.create_table(
        "tags",
        _column("id", _ROW_ID),
        _column("name", _NAME),
        _column("kind", sa.String(40)),
        _column("icon", sa.String(16)),
        _column("note", sa.String(500)),
        _column("added_at", _TIME),
        sa.Column("picture", sa.LargeBinary),
        sa.Column("picture_type", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tags_name", "tags", ["name"], unique=True)
    op.create_table(
        "tag_identities",
        _column("id", _ROW_ID),
        *_tag_id("tag_identities"),
        _column("kind", sa.String(24)),
        _column("digest", sa.LargeBinary(32)),
        _column("shape", _NAME),
        sa.Column("sealed", sa.LargeBinary),
        _column("label", sa.String(120)),
        sa.PrimaryKeyConstraint("id", name="pk_tag_identities"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tag_identities_digest", "tag_identities", ["digest"], unique=True)


def _create_log() -> None:
    op.create_table(
        "tag_places",
        *_tag_id("tag_places"),
        _column("whereabouts", sa.String(8)),
        sa.Column("sensor", _NAME),
        sa.Column("zone", sa.SmallInteger),
        sa.Column("rssi_dbm", sa.SmallInteger),
        sa.Column("confidence", sa.Float),
        sa.Column("since_at", _TIME),
        sa.Column("last_heard_at", _TIME),
        sa.Column("moved_at", _TIME),
        sa.PrimaryKeyConstraint("tag_id", name="pk_tag_places"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tag_stays",
        _column("id", _ROW_ID),
        *_tag_id("tag_stays"),
        _column("from_at", _TIME),
        sa.Column("to_at", _TIME),
        _column("sensor", _NAME),
        sa.Column("zone", sa.SmallInteger),
        sa.Column("rssi_mean_dbm", sa.SmallInteger),
        _column("sighting_count", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_tag_stays"),
    )
    op.create_index("ix_tag_stays_tag_id_from_at", "tag_stays", ["tag_id", "from_at"])
    op.create_index("ix_tag_stays_to_at", "tag_stays", ["to_at"])
    op.create_table(
        "tag_measures",
        *_tag_id("tag_measures"),
        _column("kind", sa.String(24)),
        _column("told_at", _TIME),
        _column("value", sa.Float),
        sa.PrimaryKeyConstraint("tag_id", "kind", "told_at", name="pk_tag_measures"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tag_measures_told_at", "tag_measures", ["told_at"])
    op.create_table(
        "tag_figures",
        *_tag_id("tag_figures"),
        _column("kind", sa.String(24)),
        _column("told_at", _TIME),
        _column("value", sa.Float),
        sa.PrimaryKeyConstraint("tag_id", "kind", name="pk_tag_figures"),
        sqlite_with_rowid=False,
    )


def _create_floor_plans() -> None:
    op.create_table(
        "floor_plans",
        _column("id", _ROW_ID),
        _column("name", _NAME),
        _column("picture", sa.LargeBinary),
        _column("picture_type", sa.String(32)),
        _column("added_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_floor_plans"),
    )
    op.create_index("ix_floor_plans_name", "floor_plans", ["name"], unique=True)
    op.create_table(
        "plan_points",
        sa.Column("plan_id", _ROW_ID, nullable=False, autoincrement=False),
        _column("sensor", _NAME),
        _column("x", sa.Float),
        _column("y", sa.Float),
        sa.PrimaryKeyConstraint("plan_id", "sensor", name="pk_plan_points"),
        sa.ForeignKeyConstraint(["plan_id"], ["floor_plans.id"], name="fk_plan_points_plan_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )


def _create_alerts() -> None:
    op.create_table(
        "alert_rules",
        _column("id", _ROW_ID),
        _column("name", _NAME),
        _column("kind", sa.String(24)),
        _column("is_on", sa.Boolean),
        _column("body", sa.String),
        _column("changed_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_alert_rules"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_rules_name", "alert_rules", ["name"], unique=True)
    op.create_table(
        "alerts",
        _column("id", _ROW_ID),
        sa.Column("rule_id", _ROW_ID),
        _column("rule_name", _NAME),
        _column("kind", sa.String(24)),
        _column("subject_key", sa.String(80)),
        _column("subject_name", _NAME),
        _column("says", sa.String(300)),
        _column("opened_at", _TIME),
        sa.Column("notified_at", _TIME),
        _column("notified_count", sa.Integer),
        sa.Column("told_at", _TIME),
        _column("repeat_count", sa.Integer),
        sa.Column("acknowledged_at", _TIME),
        sa.Column("acknowledged_by", _NAME),
        sa.Column("closed_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.ForeignKeyConstraint(["rule_id"], ["alert_rules.id"], name="fk_alerts_rule_id", ondelete="SET NULL"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_closed_at", "alerts", ["closed_at"])
    op.create_index("ix_alerts_rule_id", "alerts", ["rule_id"])


def _create_notifications() -> None:
    op.create_table(
        "alert_channels",
        _column("id", _ROW_ID),
        _column("name", _NAME),
        _column("service", sa.String(32)),
        _column("sealed_url", sa.LargeBinary),
        _column("is_on", sa.Boolean),
        sa.Column("problem", sa.String(200)),
        sa.Column("last_sent_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_alert_channels"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_channels_name", "alert_channels", ["name"], unique=True)
    op.create_table(
        "notifications",
        _column("id", _ROW_ID),
        _column("channel_id", _ROW_ID),
        sa.Column("alert_id", _ROW_ID),
        _column("title", sa.String(120)),
        _column("body", sa.String(500)),
        _column("made_at", _TIME),
        _column("attempts", sa.Integer),
        _column("next_at", _TIME),
        sa.Column("taken_at", _TIME),
        sa.Column("done_at", _TIME),
        _column("is_given_up", sa.Boolean),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["alert_channels.id"], name="fk_notifications_channel_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_notifications_alert_id", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notifications_done_at_next_at", "notifications", ["done_at", "next_at"])
    op.create_index("ix_notifications_alert_id", "notifications", ["alert_id"])
