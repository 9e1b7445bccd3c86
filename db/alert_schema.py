"""The tables of alerts: rules, channels, what was opened and closed, and what waits to be told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Named, String, Table, TypedColumns

from db.tag_schema import METADATA as METADATA  # noqa: PLC0414 - with these tables in it
from db.types import Line, RowId, UtcTime


class RuleColumns(TypedColumns):
    """A rule: `presence.alerts.Rule`. `body` is all of it that is not a column, as JSON text."""

    id: Named[int] = Column(RowId, primary_key=True)
    name: Named[str] = Column(Line(64))
    kind: Named[str] = Column(String(24))
    is_on: Named[bool] = Column(Boolean)
    body: Named[str] = Column(String)
    changed_at: Named[datetime] = Column(UtcTime)


class ChannelColumns(TypedColumns):
    """A channel: `presence.alerts.Channel`, its address sealed."""

    id: Named[int] = Column(RowId, primary_key=True)
    name: Named[str] = Column(Line(64))
    service: Named[str] = Column(Line(32))
    sealed_url: Named[bytes] = Column(LargeBinary)
    is_on: Named[bool] = Column(Boolean)
    problem: Named[str | None] = Column(Line(200))
    last_sent_at: Named[datetime | None] = Column(UtcTime)


class AlertColumns(TypedColumns):
    """An alert: `presence.alerts.AlertRow`."""

    id: Named[int] = Column(RowId, primary_key=True)
    rule_id: Named[int | None] = Column(RowId, ForeignKey("alert_rules.id", ondelete="SET NULL"))
    rule_name: Named[str] = Column(Line(64))
    kind: Named[str] = Column(String(24))
    subject_key: Named[str] = Column(Line(80))
    subject_name: Named[str] = Column(Line(64))
    says: Named[str] = Column(Line(300))
    opened_at: Named[datetime] = Column(UtcTime)
    notified_at: Named[datetime | None] = Column(UtcTime)
    notified_count: Named[int] = Column(Integer)
    told_at: Named[datetime | None] = Column(UtcTime)
    repeat_count: Named[int] = Column(Integer)
    acknowledged_at: Named[datetime | None] = Column(UtcTime)
    acknowledged_by: Named[str | None] = Column(Line(64))
    closed_at: Named[datetime | None] = Column(UtcTime)


class NotificationColumns(TypedColumns):
    """The queue: what is, or was, to be handed over to one channel.

    `taken_at` while somebody is handing it over; `done_at` when it was, or when it was given up.
    """

    id: Named[int] = Column(RowId, primary_key=True)
    channel_id: Named[int] = Column(RowId, ForeignKey("alert_channels.id", ondelete="CASCADE"))
    alert_id: Named[int | None] = Column(RowId, ForeignKey("alerts.id", ondelete="CASCADE"))
    title: Named[str] = Column(Line(120))
    body: Named[str] = Column(Line(500))
    made_at: Named[datetime] = Column(UtcTime)
    attempts: Named[int] = Column(Integer)
    next_at: Named[datetime] = Column(UtcTime)
    taken_at: Named[datetime | None] = Column(UtcTime)
    done_at: Named[datetime | None] = Column(UtcTime)
    is_given_up: Named[bool] = Column(Boolean)


# A number is never given to another: rules name channels by theirs, lists go on after that of an alert, and whoever
# hands a notification over may tell of it after it was deleted.
RULES = Table("alert_rules", METADATA, RuleColumns, sqlite_autoincrement=True)
Index(None, RULES.c.name, unique=True)
CHANNELS = Table("alert_channels", METADATA, ChannelColumns, sqlite_autoincrement=True)
Index(None, CHANNELS.c.name, unique=True)
ALERTS = Table("alerts", METADATA, AlertColumns, sqlite_autoincrement=True)
Index(None, ALERTS.c.closed_at)
Index(None, ALERTS.c.rule_id)
NOTIFICATIONS = Table("notifications", METADATA, NotificationColumns, sqlite_autoincrement=True)
Index(None, NOTIFICATIONS.c.done_at, NOTIFICATIONS.c.next_at)
Index(None, NOTIFICATIONS.c.alert_id)
