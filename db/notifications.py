"""The queue of notifications: on disk, tried until they are taken, each handed over once."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, Update, bindparam, func, insert, or_, select, update

from db.alert_schema import ALERTS, CHANNELS, NOTIFICATIONS
from db.connect import Connections
from db.upsert import update_rows
from presence import alert_words
from presence.alerts import Notification

# 5 s, 10 s, 20 s … up to a quarter of an hour, each a fifth shorter or longer, so that a server that comes back is not
# called by everybody at once.
_FIRST_WAIT_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 900.0
_JITTER = 0.2
# What nobody took for a day is given up; but not before nine attempts, 21 minutes (5 + 10 + … + 640 s), for a box that
# was off for a week, or whose clock jumped, has not tried at all.
_GIVEN_UP_AFTER = timedelta(days=1)
_LEAST_ATTEMPTS = 9
# Whoever took a notification and did not tell what became of it within this long has died.
_IN_HAND = timedelta(minutes=2)
# Later than any wait: the clock was put back since.
_NEVER_SO_LATE = timedelta(seconds=_LONGEST_WAIT_SECONDS * (1 + _JITTER) + 1)


@dataclass(frozen=True, slots=True)
class QueueState:
    """What waits to be handed over.

    Attributes:
        waiting_count: Notifications that wait.
        oldest_at: When the oldest of them was made; None when none waits.
        given_up_count: Notifications that were given up, of those that are still kept.
    """

    waiting_count: int
    oldest_at: datetime | None
    given_up_count: int


class Notifications:
    """Gives out notifications, and notes what became of them. May be used from many threads at once.

    Args:
        connections: The database.
        rng: For the jitter of the waits.
    """

    def __init__(self, connections: Connections, rng: random.Random) -> None:
        self._connections = connections
        self._rng = rng

    def due(self, now_at: datetime, limit: int) -> tuple[Notification, ...]:
        """Take notifications that are to be handed over now: of each channel the oldest, unless one of it is in hand.

        Whoever takes them must tell what became of each, by `sent` or `failed`, within two minutes; after that they
        are given out again.

        Raises:
            DatabaseError: They could not be read.
        """
        wanted = {
            "now_at": now_at,
            "in_hand_from": now_at - _IN_HAND,
            "in_hand_to": now_at + _IN_HAND,
            "too_late_at": now_at + _NEVER_SO_LATE,
            "most": limit,
        }
        with self._connections.read() as connection:
            if connection.execute(_select_due(), wanted).first() is None:
                return ()
        with self._connections.write() as connection:
            rows = connection.execute(_select_due(), wanted).all()
            taken = [{"which": row.id, "now_at": now_at} for row in rows]
            if taken:
                connection.execute(_take(), taken)
        return tuple(_notification(row) for row in rows)

    def sent(self, notification_id: int, now_at: datetime) -> None:
        """Note that a channel took a notification. If it had not taken others before, those are tried at once.

        Raises:
            DatabaseError: It could not be noted, and will be handed over again.
        """
        with self._connections.write() as connection:
            row = _waiting(connection, notification_id)
            if row is None:
                return
            _note(connection, row, {"done_at": now_at})
            if row.problem is not None:
                rest = (NOTIFICATIONS.c.channel_id == row.channel_id, NOTIFICATIONS.c.done_at.is_(None))
                connection.execute(update(NOTIFICATIONS).where(*rest).values(next_at=now_at))
            channel = update(CHANNELS).where(CHANNELS.c.id == row.channel_id)
            connection.execute(channel.values(problem=None, last_sent_at=now_at))
            told = {
                "notified_at": func.coalesce(ALERTS.c.notified_at, bindparam("at", now_at, ALERTS.c.notified_at.type)),
                "notified_count": ALERTS.c.notified_count + 1,
            }
            connection.execute(update(ALERTS).where(ALERTS.c.id == row.alert_id).values(told))

    def failed(self, notification_id: int, why: str, now_at: datetime) -> None:
        """Note that a channel did not take a notification. It is tried again later, or given up after a day.

        Args:
            notification_id: Its number.
            why: A sentence for the owner, without the channel's address, which is a secret.
            now_at: The time now.

        Raises:
            DatabaseError: It could not be noted; it will be tried again.
        """
        with self._connections.write() as connection:
            row = _waiting(connection, notification_id)
            if row is None:
                return
            problem = why
            if row.attempts >= _LEAST_ATTEMPTS and now_at - row.made_at >= _GIVEN_UP_AFTER:
                problem = f"A notification was given up after a day. {why}"
                _note(connection, row, {"done_at": now_at, "is_given_up": True})
            else:
                _note(connection, row, {"next_at": now_at + self._wait(row.attempts)})
            connection.execute(update(CHANNELS).where(CHANNELS.c.id == row.channel_id).values(problem=problem))

    def state(self) -> QueueState:
        """What waits.

        Raises:
            DatabaseError: It could not be read.
        """
        queued = NOTIFICATIONS.c
        with self._connections.read() as connection:
            waiting = select(func.count(), func.min(queued.made_at)).where(queued.done_at.is_(None))
            count, oldest_at = connection.execute(waiting).one()
            given_up = select(func.count()).where(queued.is_given_up)
            return QueueState(count, oldest_at, connection.execute(given_up).scalar_one())

    def _wait(self, attempts: int) -> timedelta:
        doubled = _FIRST_WAIT_SECONDS * 2.0 ** min(attempts - 1, _LEAST_ATTEMPTS)
        return timedelta(seconds=min(doubled, _LONGEST_WAIT_SECONDS) * self._rng.uniform(1 - _JITTER, 1 + _JITTER))


@dataclass(frozen=True, slots=True)
class Notice:
    """What some channels are to be told.

    Attributes:
        channel_ids: The channels.
        alert_id: The alert it is about; None for a test.
        title: Its title.
        body: What it says.
        made_at: Now.
    """

    channel_ids: Collection[int]
    alert_id: int | None
    title: str
    body: str
    made_at: datetime


def enqueue(connection: Connection, notices: Sequence[Notice]) -> None:
    """Put notifications into the queue of each channel that is on and has none of this alert, or no test, waiting."""
    wanted = sorted({channel_id for one in notices for channel_id in one.channel_ids})
    if not wanted:
        return
    is_on = select(CHANNELS.c.id).where(CHANNELS.c.id.in_(wanted), CHANNELS.c.is_on)
    channel_ids = set(connection.execute(is_on).scalars())
    has_one = _waiting_of(connection, {one.alert_id for one in notices if one.alert_id is not None})
    rows = [
        {
            "channel_id": channel_id,
            "alert_id": one.alert_id,
            "title": one.title,
            "body": one.body,
            "made_at": one.made_at,
            "attempts": 0,
            "next_at": one.made_at,
            "is_given_up": False,
        }
        for one in notices
        for channel_id in sorted(channel_ids.intersection(one.channel_ids))
        if (one.alert_id, channel_id) not in has_one
    ]
    if rows:
        connection.execute(insert(NOTIFICATIONS), rows)


def give_up_waiting(connection: Connection, now_at: datetime) -> None:
    """Hand nothing over any more that waits: in a backup it is of another time, and was told then."""
    waiting = update(NOTIFICATIONS).where(NOTIFICATIONS.c.done_at.is_(None))
    connection.execute(waiting.values(done_at=now_at, is_given_up=True))


def _waiting_of(connection: Connection, alert_ids: Collection[int]) -> set[tuple[int | None, int]]:
    """Of which alerts something waits, and for which channel; of tests (None) as well."""
    queued = NOTIFICATIONS.c
    is_of_one = or_(queued.alert_id.in_(alert_ids), queued.alert_id.is_(None))
    waiting = select(queued.alert_id, queued.channel_id).where(is_of_one, queued.done_at.is_(None))
    return {(row.alert_id, row.channel_id) for row in connection.execute(waiting)}


def add_ends(connection: Connection, ends: Mapping[int, str]) -> None:
    """Let what still waits to be told of alerts say as well that they are over.

    Args:
        connection: The transaction.
        ends: How each alert ended, by its number.
    """
    queued = NOTIFICATIONS.c
    waiting = select(queued.id, queued.alert_id, queued.body).where(queued.alert_id.in_(ends), queued.done_at.is_(None))
    rows = [
        {"of_row": row.id, "body": alert_words.with_end(row.body, ends[row.alert_id])}
        for row in connection.execute(waiting).all()
        if row.alert_id is not None
    ]
    update_rows(connection, NOTIFICATIONS, rows)


def _waiting(connection: Connection, notification_id: int) -> Row[*tuple[Any, ...]] | None:
    """A notification that is not done, with what its channel's problem was; None when it was deleted meanwhile."""
    queued = NOTIFICATIONS.c
    return connection.execute(
        select(NOTIFICATIONS, CHANNELS.c.problem)
        .join_from(NOTIFICATIONS, CHANNELS, queued.channel_id == CHANNELS.c.id)
        .where(queued.id == notification_id, queued.done_at.is_(None))
    ).one_or_none()


def _note(connection: Connection, row: Row[*tuple[Any, ...]], values: dict[str, Any]) -> None:
    statement = update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == row.id)
    connection.execute(statement.values(taken_at=None, **values))


# Built once: it is asked each second.
@cache
def _select_due() -> Select[*tuple[Any, ...]]:
    """The oldest notification that is due of each channel of which none is in hand, the oldest first."""
    queued = NOTIFICATIONS.c
    is_waiting = queued.done_at.is_(None)
    in_hand = select(queued.channel_id).where(
        is_waiting, queued.taken_at.between(bindparam("in_hand_from"), bindparam("in_hand_to"))
    )
    is_due = or_(queued.next_at <= bindparam("now_at"), queued.next_at > bindparam("too_late_at"))
    oldest = (
        select(func.min(queued.id))
        .join_from(NOTIFICATIONS, CHANNELS, queued.channel_id == CHANNELS.c.id)
        .where(is_waiting, is_due, CHANNELS.c.is_on, queued.channel_id.not_in(in_hand))
        .group_by(queued.channel_id)
    )
    return select(NOTIFICATIONS).where(queued.id.in_(oldest)).order_by(queued.id).limit(bindparam("most"))


@cache
def _take() -> Update:
    values = {"taken_at": bindparam("now_at"), "attempts": NOTIFICATIONS.c.attempts + 1}
    return update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == bindparam("which")).values(values)


def _notification(row: Row[*tuple[Any, ...]]) -> Notification:
    return Notification(
        row.id, row.channel_id, row.alert_id, row.title, row.body, made_at=row.made_at, attempts=row.attempts
    )
