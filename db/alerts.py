"""Alerts: what was opened, told, acknowledged and closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from db.alert_row import alert_of
from db.alert_schema import ALERTS
from db.connect import Connections
from db.verdicts import apply_verdicts
from presence.alerts import AlertRow, NoSuchAlertError, RuleKind, Subject, Turn, Verdict
from presence.pages import Page, PageKey

# As many as somebody can choose from.
MOST_SUBJECTS = 200


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
        return Page(tuple(map(alert_of, shown)), (shown[-1].id,) if len(rows) > query.limit else None)

    def subjects(self) -> tuple[Subject, ...]:
        """Whom the alerts that are kept are about, by name, each as it was called last; of very many the newest.

        Raises:
            DatabaseError: They could not be read.
        """
        newest = select(func.max(ALERTS.c.id).label("id")).group_by(ALERTS.c.subject_key)
        newest = newest.order_by(func.max(ALERTS.c.id).desc()).limit(MOST_SUBJECTS)
        named = select(ALERTS.c.subject_key, ALERTS.c.subject_name).where(ALERTS.c.id.in_(newest))
        with self._connections.read() as connection:
            found = [Subject(row.subject_key, row.subject_name) for row in connection.execute(named)]
        return tuple(sorted(found, key=lambda subject: (subject.name.lower(), subject.key)))

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
            return tuple(map(alert_of, connection.execute(_select_open()).all()))

    def closed_since(self, from_at: datetime) -> tuple[AlertRow, ...]:
        """Alerts that closed at or after a moment, in the order in which they did.

        Raises:
            DatabaseError: They could not be read.
        """
        late = select(ALERTS).where(ALERTS.c.closed_at >= from_at).order_by(ALERTS.c.closed_at, ALERTS.c.id)
        with self._connections.read() as connection:
            return tuple(map(alert_of, connection.execute(late).all()))

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
            return apply_verdicts(connection, verdicts)


def _kept(connection: Connection, alert_id: int) -> AlertRow:
    row = connection.execute(select(ALERTS).where(ALERTS.c.id == alert_id)).one_or_none()
    if row is None:
        raise NoSuchAlertError(f"There is no alert {alert_id}. It may be older than what is kept.")
    return alert_of(row)


# Built once: it is asked each second.
@cache
def _select_open() -> Select[*tuple[Any, ...]]:
    return select(ALERTS).where(ALERTS.c.closed_at.is_(None)).order_by(ALERTS.c.id)
