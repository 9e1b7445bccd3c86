"""Verdicts: what becomes of alerts is written down, and what is to be told put into the queue.

When a sensor's whole shelf of tags leaves at once there are hundreds of verdicts: each statement is made for all of
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select

from db.alert_row import alert_of
from db.alert_schema import ALERTS, RULES, AlertColumns, RuleColumns
from db.notifications import Notice, add_ends, enqueue
from db.rule_codec import rule_row
from db.upsert import Row, update_rows
from presence import alert_words
from presence.alerting import is_due_again
from presence.alerts import AlertRow, Rule, Turn, Verdict

# As many as are looked up at once; a statement takes 32,766 values on SQLite.
_MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Step:
    """A verdict, and what it is on.

    Attributes:
        verdict: The verdict.
        rule: Its rule; None when that was deleted since.
        row: The alert that is open; None when none is.
    """

    verdict: Verdict
    rule: Rule | None
    row: AlertRow | None

    def changes_something(self) -> bool:
        """Whether it was not applied before, by this process or by another."""
        rule, row, turn = self.rule, self.row, self.verdict.turn
        if turn is Turn.OPENED:
            return rule is not None and row is None
        if row is None or rule is None:
            return row is not None and turn is Turn.CLOSED
        if turn is Turn.RELEASED:
            return row.told_at is None
        return turn is Turn.CLOSED or is_due_again(rule, row, self.verdict.at)


def apply_verdicts(connection: Connection, verdicts: Sequence[Verdict]) -> tuple[tuple[Turn, AlertRow], ...]:
    """Write down what becomes of alerts; tells what did change, with the alert as it is now."""
    return tuple(changed for some in _batches(verdicts) for changed in _apply(connection, some))


def _batches(verdicts: Sequence[Verdict]) -> Iterator[list[Verdict]]:
    """The verdicts in their order, in lists in which there is one at most on each alert."""
    some: dict[tuple[int, str], Verdict] = {}
    for one in verdicts:
        key = (one.rule_id, one.subject.key)
        if key in some or len(some) == _MOST_AT_ONCE:
            yield list(some.values())
            some = {}
        some[key] = one
    yield list(some.values())


def _apply(connection: Connection, verdicts: Sequence[Verdict]) -> Iterator[tuple[Turn, AlertRow]]:
    steps = [step for step in _steps(connection, verdicts) if step.changes_something()]
    if not steps:
        return
    alert_ids = _write(connection, steps)
    numbered = list(zip(steps, alert_ids, strict=True))
    add_ends(connection, {number: one.verdict.says for one, number in numbered if one.verdict.turn is Turn.CLOSED})
    enqueue(connection, [notice for one, number in numbered if (notice := _notice(one, number))])
    now = connection.execute(_select_numbered(), {"alert_ids": alert_ids})
    kept = {row.id: alert_of(row) for row in now}
    yield from ((one.verdict.turn, kept[number]) for one, number in numbered)


def _steps(connection: Connection, verdicts: Sequence[Verdict]) -> Iterator[_Step]:
    rule_ids = sorted({one.rule_id for one in verdicts})
    rules = {row.id: rule_row(row).rule for row in connection.execute(_select_rules(), {"rule_ids": rule_ids})}
    wanted = {"rule_ids": rule_ids, "subject_keys": sorted({one.subject.key for one in verdicts})}
    rows = {(row.rule_id, row.subject_key): alert_of(row) for row in connection.execute(_select_open(), wanted)}
    for one in verdicts:
        yield _Step(one, rules.get(one.rule_id), rows.get((one.rule_id, one.subject.key)))


def _write(connection: Connection, steps: Sequence[_Step]) -> list[int]:
    """Write what becomes of the alerts; tells their numbers, in the order of the steps."""
    new = [_new_row(one.verdict, one.rule) for one in steps if one.rule is not None and one.row is None]
    new_ids = iter(connection.execute(_insert(), new).scalars().all() if new else ())
    for turn in (Turn.CLOSED, Turn.RELEASED, Turn.REPEATED):
        changed = [(one.row, one.verdict) for one in steps if one.verdict.turn is turn]
        update_rows(connection, ALERTS, [_changed_row(row, verdict) for row, verdict in changed if row is not None])
    return [next(new_ids) if one.row is None else one.row.alert_id for one in steps]


def _new_row(verdict: Verdict, rule: Rule) -> Row:
    return {
        "rule_id": verdict.rule_id,
        "rule_name": rule.name,
        "kind": rule.kind.value,
        "subject_key": verdict.subject.key,
        "subject_name": verdict.subject.name,
        "says": verdict.says,
        "opened_at": verdict.at,
        "told_at": None if verdict.is_quiet else verdict.at,
        "notified_count": 0,
        "repeat_count": 0,
    }


def _changed_row(row: AlertRow, verdict: Verdict) -> Row:
    match verdict.turn:
        case Turn.CLOSED:
            return {"of_row": row.alert_id, "closed_at": verdict.at}
        case Turn.REPEATED:
            return {"of_row": row.alert_id, "told_at": verdict.at, "repeat_count": row.repeat_count + 1}
        case _:
            return {"of_row": row.alert_id, "told_at": verdict.at}


def _notice(step: _Step, alert_id: int) -> Notice | None:
    """What is told of a step; None for nothing."""
    verdict, rule, row = step.verdict, step.rule, step.row
    if rule is None or verdict.is_quiet or (verdict.turn is Turn.RELEASED and row is not None and row.acknowledged_at):
        return None
    kind, subject = (rule.kind, verdict.subject) if row is None else (row.kind, row.subject)
    title = alert_words.title(kind, subject)
    if verdict.turn is Turn.CLOSED:
        title = alert_words.title_over(kind, subject)
    elif verdict.turn is Turn.REPEATED:
        title = alert_words.title_again(title)
    return Notice(rule.channel_ids, alert_id, title, verdict.says, verdict.at)


# Built once, as in `db.alerts`.
@cache
def _select_rules() -> Select[RuleColumns]:
    return select(RULES).where(RULES.c.id.in_(bindparam("rule_ids", expanding=True)))


@cache
def _select_open() -> Select[AlertColumns]:
    """The open alerts of some rules on some subjects; the oldest of one counts, should there be two."""
    alert = ALERTS.c
    some = (
        alert.rule_id.in_(bindparam("rule_ids", expanding=True)),
        alert.subject_key.in_(bindparam("subject_keys", expanding=True)),
    )
    return select(ALERTS).where(alert.closed_at.is_(None), *some).order_by(alert.id.desc())


@cache
def _select_numbered() -> Select[AlertColumns]:
    return select(ALERTS).where(ALERTS.c.id.in_(bindparam("alert_ids", expanding=True)))


@cache
def _insert() -> Any:  # noqa: ANN401 - SQLAlchemy's type of an insert that returns rows has no short name
    return insert(ALERTS).returning(ALERTS.c.id, sort_by_parameter_order=True)
