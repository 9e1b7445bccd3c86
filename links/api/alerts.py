"""Routes about alerts, and the rules that open them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query

from db.alerts import AlertQuery
from links.api.answers import Answer
from links.api.cursors import MOST_CURSOR, cursor_after, key_of
from links.api.parameters import BODY_IS_NO_TEXT
from links.api.parts import ApiParts
from links.api.rule_forms import RuleAnswer, RuleForm, rule_answer
from links.guard import current_identity
from presence.alerts import AlertRow, RuleKind

_MOST_ROWS = 1000
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is none of this number."}}

_Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="Its number.")]


class SubjectAnswer(Answer):
    """Whom an alert is about."""

    key: str
    """What it is known by, for example `tag 12`, `sensor stairs`, `site`."""
    name: str
    """What it is called."""


class AlertAnswer(Answer):
    """An alert, with its history."""

    id: int
    """Its number."""
    rule_id: int | None
    """The rule that opened it; null when that was deleted since."""
    rule_name: str
    """Its name then."""
    kind: RuleKind
    """What it watched for."""
    subject: SubjectAnswer
    """Whom it is about."""
    says: str
    """What happened, in one sentence."""
    opened_at: datetime
    """When it opened."""
    notified_at: datetime | None
    """When a channel first took the notification; null for not yet, or nobody to notify."""
    notified_count: int
    """How often it was handed over, over all channels."""
    acknowledged_at: datetime | None
    """When somebody said that they know; null for nobody yet."""
    acknowledged_by: str | None
    """Who did: the name of their key, or admin."""
    closed_at: datetime | None
    """When it was over; null while it is open."""


class AlertsAnswer(Answer):
    """A page of alerts, the newest first."""

    alerts: list[AlertAnswer]
    """The alerts."""
    next_cursor: str | None
    """Give this as `cursor` to have the next page; null when this is the last."""


def alerts_router(parts: ApiParts) -> APIRouter:
    """The routes below /alerts and /rules."""
    router = APIRouter(tags=["Alerts"])
    _add_alerts(router, parts)
    _add_rules(router, parts)
    return router


def _add_alerts(router: APIRouter, parts: ApiParts) -> None:
    kept = parts.alerting.alerts

    @router.get("/alerts")
    def alerts(
        *,
        only_open: Annotated[bool, Query(description="Only those that are open.")] = False,
        kind: Annotated[RuleKind | None, Query(description="Only of this kind.")] = None,
        subject: Annotated[
            str | None,
            Query(
                max_length=80,
                pattern=r"^[^\x00]*$",  # PostgreSQL takes no text with such a byte
                description="Only about this one: the key of a subject, such as tag 12.",
            ),
        ] = None,
        cursor: Annotated[str | None, Query(max_length=MOST_CURSOR, description="next_cursor of a page.")] = None,
        limit: Annotated[int, Query(ge=1, le=_MOST_ROWS, description="How many at most.")] = 100,
    ) -> AlertsAnswer:
        """Alerts, the newest first: what happened, who was told, who knows, and when it was over."""
        after = None if cursor is None else key_of(cursor, 1)
        page = kept.page(AlertQuery(only_open, kind, subject, after, limit))
        return AlertsAnswer(alerts=[_answer(row) for row in page.rows], next_cursor=cursor_after(page.next_after))

    @router.get("/alerts/{alert_id}", responses=_UNKNOWN)
    def alert(alert_id: _Number) -> AlertAnswer:
        """One alert."""
        return _answer(kept.one(alert_id))

    @router.post(
        "/alerts/{alert_id}/acknowledge",
        responses=_UNKNOWN | {401: {"description": "Nobody knows who asks. Log in, or send a key."}},
    )
    def alert_acknowledge(alert_id: _Number) -> AlertAnswer:
        """Say that you know of an alert, so that it is not told again. Whoever was first stays noted."""
        identity = current_identity()
        if identity is None:
            raise HTTPException(401, "Log in, or send a key: it is noted who knows of an alert.")
        row = kept.acknowledge(alert_id, identity.name, parts.clock())
        parts.changed()
        return _answer(row)


def _add_rules(router: APIRouter, parts: ApiParts) -> None:
    kept = parts.alerting.rules

    @router.get("/rules")
    def rules() -> list[RuleAnswer]:
        """Every rule, by name."""
        return [rule_answer(row) for row in kept.all()]

    @router.post("/rules", status_code=201, responses=BODY_IS_NO_TEXT)
    def rule_add(form: RuleForm) -> RuleAnswer:
        """Make a rule. It is watched within two seconds."""
        return rule_answer(kept.one(kept.add(form.rule(), parts.clock())))

    @router.get("/rules/{rule_id}", responses=_UNKNOWN)
    def rule(rule_id: _Number) -> RuleAnswer:
        """One rule."""
        return rule_answer(kept.one(rule_id))

    @router.put("/rules/{rule_id}", responses=_UNKNOWN | BODY_IS_NO_TEXT)
    def rule_change(rule_id: _Number, form: RuleForm) -> RuleAnswer:
        """Put another rule in the place of one. Watches it for something else, the open alerts of the old one close."""
        kept.change(rule_id, form.rule(), parts.clock())
        parts.changed()
        return rule_answer(kept.one(rule_id))

    @router.delete("/rules/{rule_id}", status_code=204, responses=_UNKNOWN)
    def rule_delete(rule_id: _Number) -> None:
        """Delete a rule. Its open alerts close; they stay in the history."""
        kept.delete(rule_id, parts.clock())
        parts.changed()


def _answer(row: AlertRow) -> AlertAnswer:
    return AlertAnswer(
        id=row.alert_id,
        rule_id=row.rule_id,
        rule_name=row.rule_name,
        kind=row.kind,
        subject=SubjectAnswer(key=row.subject.key, name=row.subject.name),
        says=row.says,
        opened_at=row.opened_at,
        notified_at=row.notified_at,
        notified_count=row.notified_count,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        closed_at=row.closed_at,
    )
