"""A row of alerts as the alert that it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from presence.alerts import AlertRow, RuleKind, Subject


def alert_of(row: Row[*tuple[Any, ...]]) -> AlertRow:
    """The alert of a row."""
    return AlertRow(
        alert_id=row.id,
        rule_id=row.rule_id,
        rule_name=row.rule_name,
        kind=RuleKind(row.kind),
        subject=Subject(row.subject_key, row.subject_name),
        says=row.says,
        opened_at=row.opened_at,
        notified_at=row.notified_at,
        notified_count=row.notified_count,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        closed_at=row.closed_at,
        told_at=row.told_at,
        repeat_count=row.repeat_count,
    )
