"""The rules of alerts, as their owner makes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, delete, insert, select, update

from db.alert_schema import ALERTS, CHANNELS, RULES
from db.connect import Connections
from db.rule_codec import rule_body, rule_row
from db.tag_schema import TAGS
from presence.alerting import watches_the_same
from presence.alerts import AlertError, NoSuchAlertError, Rule, RuleRow
from presence.rule_checks import checked

# More than anybody keeps in mind; a Pi looks at all of them each second.
_MOST_RULES = 200


class AlertRules:
    """Reads and changes the rules. May be used from many threads at once."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def all(self) -> tuple[RuleRow, ...]:
        """Every rule, by name.

        Raises:
            DatabaseError: They could not be read.
        """
        with self._connections.read() as connection:
            return tuple(rule_row(row) for row in connection.execute(select(RULES).order_by(RULES.c.name)))

    def one(self, rule_id: int) -> RuleRow:
        """The rule of a number.

        Raises:
            NoSuchAlertError: There is none.
            DatabaseError: It could not be read.
        """
        with self._connections.read() as connection:
            return _kept(connection, rule_id)

    def add(self, rule: Rule, now_at: datetime) -> int:
        """Make a rule; gives its number.

        Raises:
            AlertError: Something in it does not go together, or its name is taken.
            DatabaseError: It could not be kept.
        """
        new = checked(rule)
        with self._connections.write() as connection:
            if len(connection.execute(select(RULES.c.id)).all()) >= _MOST_RULES:
                raise AlertError(f"There are {_MOST_RULES} rules already. Delete one that is not needed any more.")
            _check_names(connection, new, None)
            statement = insert(RULES).values(_columns(new, now_at)).returning(RULES.c.id)
            return connection.execute(statement).scalar_one()

    def change(self, rule_id: int, rule: Rule, now_at: datetime) -> None:
        """Put another rule in the place of one; if it watches for something else, the alerts of the old one close.

        Raises:
            NoSuchAlertError: There is no such rule.
            AlertError: As for `add`.
            DatabaseError: It could not be kept.
        """
        new = checked(rule)
        with self._connections.write() as connection:
            old = _kept(connection, rule_id).rule
            _check_names(connection, new, rule_id)
            if not new.is_on or not watches_the_same(old, new):
                _close(connection, rule_id, now_at)
            connection.execute(update(RULES).where(RULES.c.id == rule_id).values(_columns(new, now_at)))

    def delete(self, rule_id: int, now_at: datetime) -> None:
        """Delete a rule. Its open alerts close; they stay in the history.

        Raises:
            NoSuchAlertError: There is no such rule.
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            _close(connection, rule_id, now_at)
            if connection.execute(delete(RULES).where(RULES.c.id == rule_id)).rowcount == 0:
                raise _no_such_rule(rule_id)


def _kept(connection: Connection, rule_id: int) -> RuleRow:
    row = connection.execute(select(RULES).where(RULES.c.id == rule_id)).one_or_none()
    if row is None:
        raise _no_such_rule(rule_id)
    return rule_row(row)


def _no_such_rule(rule_id: int) -> NoSuchAlertError:
    return NoSuchAlertError(f"There is no rule {rule_id}. It may have been deleted; look at the list of rules again.")


def _check_names(connection: Connection, rule: Rule, rule_id: int | None) -> None:
    """Refuse a name that another rule has, and tags and channels that are not there."""
    namesake = connection.execute(select(RULES.c.id).where(RULES.c.name == rule.name)).scalar_one_or_none()
    if namesake not in {None, rule_id}:
        raise AlertError(f"There is a rule “{rule.name}” already. Choose another name.")
    for what, column, numbers in (("tag", TAGS.c.id, rule.tag_ids), ("channel", CHANNELS.c.id, rule.channel_ids)):
        missing = _missing(connection, column, numbers)
        if missing:
            raise AlertError(f"There is no {what} {min(missing)}. Take it out of the rule.")


def _missing(connection: Connection, column: Column[int], numbers: Iterable[int]) -> set[int]:
    wanted = set(numbers)
    return wanted - set(connection.execute(select(column).where(column.in_(wanted))).scalars()) if wanted else wanted


def _close(connection: Connection, rule_id: int, now_at: datetime) -> None:
    is_open = ALERTS.c.closed_at.is_(None)
    connection.execute(update(ALERTS).where(ALERTS.c.rule_id == rule_id, is_open).values(closed_at=now_at))


def _columns(rule: Rule, now_at: datetime) -> dict[str, Any]:
    return {
        "name": rule.name,
        "kind": rule.kind.value,
        "is_on": rule.is_on,
        "body": rule_body(rule),
        "changed_at": now_at,
    }
