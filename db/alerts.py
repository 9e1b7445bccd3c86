"""Alerts: what was opened, told, acknowledged and closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from db.alert_schema import ALERTS, RULES
from db.connect import Connections
from db.notifications import add_end, enqueue
from db.rule_codec import rule_row
from presence import alert_words
from presence.alerting import is_due_again
from presence.alerts import AlertRow, NoSuchAlertError, Rule, RuleKind, Subject, Turn, Verdict
from presence.pages import Page, PageKey


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """Which alerts to list, newest first.

    Attributes:
        only_open: Only those that are open.
        kind: Of this kind; None for all.
        subject_key: About this subject; None for all.
        after: Where the page before ended; None for the first page.
        limit: Rows at most.
    """

    only_open: bool = False
    kind: RuleKind | None = None
    subject_key: str | None = None
    after: PageKey | None = None
    limit: int = 100


class Alerts:
    """Reads alerts, and writes down what becomes of them. May be used from many threads at once."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def page(self, query: AlertQuery) -> Page[AlertRow]:
        """Alerts by when they opened, the newest first.

        Raises:
            DatabaseError: They could not be read.
        """
        alert = ALERTS.c
        some = select(ALERTS).order_by(alert.id.desc()).limit(query.limit + 1)
        if query.only_open:
            some = some.where(alert.closed_at.is_(None))
        if query.kind is not None:
            some = some.where(alert.kind == query.kind.value)
        if query.subject_key is not None:
            some = some.where(alert.subject_key == query.subject_key)
        if query.after is not None:
            some = some.where(alert.id < query.after[0])
        with self._connections.read() as connection:
            rows = connection.execute(some).all()
        shown = rows[: query.limit]
        return Page(tuple(map(_alert, shown)), (shown[-1].id,) if len(rows) > query.limit else None)

    def one(self, alert_id: int) -> AlertRow:
        """The alert of a number.

        Raises:
            NoSuchAlertError: There is none.
            DatabaseError: It could not be read.
        """
        with self._connections.read() as connection:
            return _kept(connection, alert_id)

    def open(self) -> tuple[AlertRow, ...]:
        """Every alert that is open, the oldest first.

        Raises:
            DatabaseError: They could not be read.
        """
        with self._connections.read() as connection:
            return tuple(map(_alert, connection.execute(_select_open()).all()))

    def closed_since(self, from_at: datetime) -> tuple[AlertRow, ...]:
        """Alerts that closed at or after a moment, in the order in which they did.

        Raises:
            DatabaseError: They could not be read.
        """
        late = select(ALERTS).where(ALERTS.c.closed_at >= from_at).order_by(ALERTS.c.closed_at, ALERTS.c.id)
        with self._connections.read() as connection:
            return tuple(map(_alert, connection.execute(late).all()))

    def acknowledge(self, alert_id: int, by: str, now_at: datetime) -> AlertRow:
        """Note that somebody knows of an alert; gives the alert. Whoever was first stays noted.

        Args:
            alert_id: Its number.
            by: Who: the name of their `Identity`.
            now_at: The time now.

        Raises:
            NoSuchAlertError: There is no such alert.
            DatabaseError: It could not be noted.
        """
        nobody_yet = (ALERTS.c.id == alert_id, ALERTS.c.acknowledged_at.is_(None))
        with self._connections.write() as connection:
            connection.execute(update(ALERTS).where(*nobody_yet).values(acknowledged_at=now_at, acknowledged_by=by))
            return _kept(connection, alert_id)

    def apply(self, verdicts: Sequence[Verdict]) -> tuple[tuple[Turn, AlertRow], ...]:
        """Write down what becomes of alerts, and put what is to be told into the queue: all of it, or nothing.

        A verdict that was applied already, by this process or by another one of the site, changes nothing.

        Returns:
            What did change, with the alert as it is now.

        Raises:
            DatabaseError: It could not be written.
        """
        if not verdicts:
            return ()
        with self._connections.write() as connection:
            changed = [(one.turn, _TURNS[one.turn](connection, one)) for one in verdicts]
            return tuple((turn, _kept(connection, alert_id)) for turn, alert_id in changed if alert_id is not None)


def _open(connection: Connection, verdict: Verdict) -> int | None:
    rule = _rule(connection, verdict.rule_id)
    if rule is None or _open_row(connection, verdict) is not None:
        return None
    told_at = None if verdict.is_quiet else verdict.at
    row = {
        "rule_id": verdict.rule_id,
        "rule_name": rule.name,
        "kind": rule.kind.value,
        "subject_key": verdict.subject.key,
        "subject_name": verdict.subject.name,
        "says": verdict.says,
        "opened_at": verdict.at,
        "told_at": told_at,
        "notified_count": 0,
        "repeat_count": 0,
    }
    alert_id = connection.execute(insert(ALERTS).returning(ALERTS.c.id), row).scalar_one()
    if not verdict.is_quiet:
        _tell(connection, verdict, alert_id, rule, alert_words.title(rule.kind, verdict.subject))
    return alert_id


def _close(connection: Connection, verdict: Verdict) -> int | None:
    row = _open_row(connection, verdict)
    if row is None:
        return None
    connection.execute(update(ALERTS).where(ALERTS.c.id == row.alert_id).values(closed_at=verdict.at))
    add_end(connection, row.alert_id, verdict.says)
    rule = _rule(connection, verdict.rule_id)
    if not verdict.is_quiet and rule is not None:
        _tell(connection, verdict, row.alert_id, rule, alert_words.title_over(row.kind, row.subject))
    return row.alert_id


def _release(connection: Connection, verdict: Verdict) -> int | None:
    row, rule = _open_row(connection, verdict), _rule(connection, verdict.rule_id)
    if row is None or rule is None or row.told_at is not None:
        return None
    connection.execute(update(ALERTS).where(ALERTS.c.id == row.alert_id).values(told_at=verdict.at))
    if row.acknowledged_at is None:
        _tell(connection, verdict, row.alert_id, rule, alert_words.title(row.kind, row.subject))
    return row.alert_id


def _repeat(connection: Connection, verdict: Verdict) -> int | None:
    row, rule = _open_row(connection, verdict), _rule(connection, verdict.rule_id)
    if row is None or rule is None or not is_due_again(rule, row, verdict.at):
        return None
    again = {"told_at": verdict.at, "repeat_count": row.repeat_count + 1}
    connection.execute(update(ALERTS).where(ALERTS.c.id == row.alert_id).values(again))
    title = alert_words.title_again(alert_words.title(row.kind, row.subject))
    _tell(connection, verdict, row.alert_id, rule, title)
    return row.alert_id


def _tell(connection: Connection, verdict: Verdict, alert_id: int, rule: Rule, title: str) -> None:
    enqueue(connection, rule.channel_ids, alert_id, (title, verdict.says), verdict.at)


_TURNS: dict[Turn, Callable[[Connection, Verdict], int | None]] = {
    Turn.OPENED: _open,
    Turn.CLOSED: _close,
    Turn.RELEASED: _release,
    Turn.REPEATED: _repeat,
}


def _rule(connection: Connection, rule_id: int) -> Rule | None:
    """The rule of a number; None when it was deleted since the verdict."""
    row = connection.execute(select(RULES).where(RULES.c.id == rule_id)).one_or_none()
    return None if row is None else rule_row(row).rule


def _open_row(connection: Connection, verdict: Verdict) -> AlertRow | None:
    wanted = {"of_rule": verdict.rule_id, "about": verdict.subject.key}
    row = connection.execute(_select_open_of(), wanted).first()
    return None if row is None else _alert(row)


def _kept(connection: Connection, alert_id: int) -> AlertRow:
    row = connection.execute(select(ALERTS).where(ALERTS.c.id == alert_id)).one_or_none()
    if row is None:
        raise NoSuchAlertError(f"There is no alert {alert_id}. It may be older than what is kept.")
    return _alert(row)


# Built once: they are asked each second.
@cache
def _select_open() -> Select[*tuple[Any, ...]]:
    return select(ALERTS).where(ALERTS.c.closed_at.is_(None)).order_by(ALERTS.c.id)


@cache
def _select_open_of() -> Select[*tuple[Any, ...]]:
    return _select_open().where(ALERTS.c.rule_id == bindparam("of_rule"), ALERTS.c.subject_key == bindparam("about"))


def _alert(row: Row[*tuple[Any, ...]]) -> AlertRow:
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
