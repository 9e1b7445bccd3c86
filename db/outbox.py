"""The outbox: scans that wait to be sent, on disk, bounded in size and age; what is dropped unsent is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    Connection,
    Delete,
    Insert,
    Integer,
    Select,
    Update,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from db.connect import Connections
from db.site_schema import OUTBOX, OUTBOX_LOSS

# Scans dropped for their age at each new one. One more than comes, so that the too old do go; no more, for the clock of
# a Pi may jump by months when it learns the time, and what was kept before is then not as old as it seems. The uplink,
# which sends hundreds a second, is quicker than this.
_AGED_AT_ONCE = 2
# Scans looked at at once when room is made: one may need the room of hundreds.
_LOOKED_AT_ONCE = 200
# The only row of outbox_loss.
_LOSS_ID = 1


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """How much may wait; from config.toml.

    Attributes:
        most_bytes: Of messages, all together.
        longest: For how long.
    """

    most_bytes: int
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Waiting:
    """A scan that waits.

    Attributes:
        row_id: Where it is kept; only the outbox knows what to do with it.
        message_id: 32 hexadecimal digits, by which a repeat of it is known.
        kept_at: When it was put into the outbox.
        body: The message.
    """

    row_id: int
    message_id: str
    kept_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class OutboxState:
    """What waits, and what was lost.

    Attributes:
        waiting_count: Scans that wait.
        waiting_bytes: Their bytes.
        oldest_at: When the oldest of them was kept; None when none waits.
        dropped_count: Scans that had to be dropped unsent, since ever.
        dropped_at: When that last happened; None for never.
    """

    waiting_count: int
    waiting_bytes: int
    oldest_at: datetime | None
    dropped_count: int
    dropped_at: datetime | None


class Outbox:
    """The outbox of a sensor. Any thread may use it."""

    def __init__(self, connections: Connections, limits: OutboxLimits) -> None:
        self._connections = connections
        self._limits = limits

    def put(self, message_id: str, kept_at: datetime, body: bytes) -> None:
        """Keep a scan until it is sent. If there is no room, the oldest go, and are counted.

        Args:
            message_id: 32 hexadecimal digits that no other scan has.
            kept_at: The time now.
            body: The message.

        Raises:
            DatabaseError: It could not be kept.
        """
        with self._connections.write() as connection:
            if len(body) > self._limits.most_bytes:
                _count_dropped(connection, 1, kept_at)
                return
            row = {"message_id": bytes.fromhex(message_id), "kept_at": kept_at, "body": body}
            connection.execute(_insert(), row)
            _count_dropped(connection, _drop_aged(connection, kept_at - self._limits.longest), kept_at)
            _count_dropped(connection, _make_room(connection, self._limits.most_bytes), kept_at)

    def oldest(self, most: int, most_bytes: int) -> tuple[Waiting, ...]:
        """The scans that have waited longest, oldest first: as many as fit, and at least one when any waits.

        Raises:
            DatabaseError: They could not be read.
        """
        with self._connections.read() as connection:
            sizes = connection.execute(_oldest_sizes(), {"most": most})
            fitting = _fitting(((row.id, row.size) for row in sizes), most_bytes)
            if not fitting:
                return ()
            rows = connection.execute(_up_to(), {"last": fitting[-1]}).all()
        return tuple(Waiting(row.id, row.message_id.hex(), row.kept_at, row.body) for row in rows)

    def clear(self) -> int:
        """Forget all that waits; tells how many scans that were.

        Raises:
            DatabaseError: It could not be done; they wait on.
        """
        with self._connections.write() as connection:
            return connection.execute(delete(OUTBOX)).rowcount

    def delete(self, waiting: Sequence[Waiting]) -> None:
        """Forget scans that were acknowledged.

        Raises:
            DatabaseError: They could not be deleted, and will be sent again.
        """
        with self._connections.write() as connection:
            _delete_those(connection, waiting)

    def set_aside(self, waiting: Waiting, now_at: datetime) -> None:
        """Drop a scan that nobody will take, and count it.

        Raises:
            DatabaseError: It could not be dropped.
        """
        with self._connections.write() as connection:
            _delete_those(connection, (waiting,))
            _count_dropped(connection, 1, now_at)

    def state(self) -> OutboxState:
        """What waits, and what was lost.

        Raises:
            DatabaseError: It could not be read.
        """
        with self._connections.read() as connection:
            count, size, oldest_at = connection.execute(_sums()).one()
            loss = connection.execute(_loss()).first()
        dropped_count, dropped_at = (0, None) if loss is None else (loss.dropped_count, loss.dropped_at)
        return OutboxState(count, int(size), oldest_at, dropped_count, dropped_at)


def _fitting(sizes: Iterable[tuple[int, int]], most_bytes: int) -> list[int]:
    """The rows, from the first on, that are no more than so many bytes together; the first in any case."""
    taken: list[int] = []
    total = 0
    for row_id, size in sizes:
        total += size
        if taken and total > most_bytes:
            break
        taken.append(row_id)
    return taken


def _drop_aged(connection: Connection, before_at: datetime) -> int:
    aged = connection.execute(_aged(), {"before_at": before_at}).scalars().all()
    return connection.execute(delete(OUTBOX).where(OUTBOX.c.id.in_(aged))).rowcount if aged else 0


def _make_room(connection: Connection, most_bytes: int) -> int:
    """Drop the oldest until the rest is no more than so many bytes; tells how many that were."""
    excess = int(connection.execute(_sums()).one().size) - most_bytes
    count = 0
    while excess > 0:
        for row in connection.execute(_oldest_sizes(), {"most": _LOOKED_AT_ONCE}).all():
            connection.execute(_delete(), {"row_id": row.id, "of_message": row.message_id})
            count, excess = count + 1, excess - row.size
            if excess <= 0:
                break
    return count


def _delete_those(connection: Connection, waiting: Sequence[Waiting]) -> None:
    """Delete by both names of a scan: SQLite gives the number of a row that is gone to another."""
    if waiting:
        connection.execute(
            _delete(), [{"row_id": one.row_id, "of_message": bytes.fromhex(one.message_id)} for one in waiting]
        )


def _count_dropped(connection: Connection, count: int, now_at: datetime) -> None:
    if count == 0:
        return
    if connection.execute(_add_loss(), {"added": count, "now_at": now_at}).rowcount == 0:
        connection.execute(insert(OUTBOX_LOSS), {"id": _LOSS_ID, "dropped_count": count, "dropped_at": now_at})


# Built once, as in `db.followed`.
@cache
def _insert() -> Insert:
    return insert(OUTBOX)


@cache
def _delete() -> Delete:
    return delete(OUTBOX).where(OUTBOX.c.id == bindparam("row_id"), OUTBOX.c.message_id == bindparam("of_message"))


@cache
def _oldest_sizes() -> Select[int, bytes, int]:
    size = func.length(OUTBOX.c.body, type_=Integer).label("size")
    return select(OUTBOX.c.id, OUTBOX.c.message_id, size).order_by(OUTBOX.c.id).limit(bindparam("most"))


@cache
def _up_to() -> Select[int, bytes, datetime, bytes]:
    columns = select(OUTBOX.c.id, OUTBOX.c.message_id, OUTBOX.c.kept_at, OUTBOX.c.body)
    return columns.where(OUTBOX.c.id <= bindparam("last")).order_by(OUTBOX.c.id)


@cache
def _aged() -> Select[int]:
    first = select(OUTBOX.c.id, OUTBOX.c.kept_at).order_by(OUTBOX.c.id).limit(_AGED_AT_ONCE).subquery()
    return select(first.c.id).where(first.c.kept_at < bindparam("before_at"))


@cache
def _sums() -> Select[int, int, datetime | None]:
    oldest_at = select(OUTBOX.c.kept_at).order_by(OUTBOX.c.id).limit(1).scalar_subquery()
    size = func.coalesce(func.sum(func.length(OUTBOX.c.body)), 0, type_=Integer).label("size")
    return select(func.count(), size, oldest_at).select_from(OUTBOX)


@cache
def _loss() -> Select[int, datetime | None]:
    return select(OUTBOX_LOSS.c.dropped_count, OUTBOX_LOSS.c.dropped_at)


@cache
def _add_loss() -> Update:
    added = OUTBOX_LOSS.c.dropped_count + bindparam("added")
    return update(OUTBOX_LOSS).values(
        {OUTBOX_LOSS.c.dropped_count: added, OUTBOX_LOSS.c.dropped_at: bindparam("now_at")}
    )
