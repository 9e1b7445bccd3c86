"""Head counts: how many people the owner counted, and when. Each change makes a fit due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from db.connect import Connections
from db.people_schema import ESTIMATE_STATE, HEAD_COUNTS
from presence.estimate import MOST_PEOPLE, EstimateError, NoSuchHeadCountError

# An entry that was taken back can be brought back for so long.
RESTORABLE = timedelta(days=1)
# One an hour for four months of opening hours. What is learned from more is no better, and takes the longer.
_MOST_ENTRIES = 2000
# Nothing was heard before, and every calendar holds what lies between.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2099, 12, 31, tzinfo=UTC)


class HeadCounts:
    """The head counts of a site. May be used from many threads at once."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(self, people: int, counted_at: datetime, made_by: str) -> int:
        """Add an entry; returns its number.

        Args:
            people: How many were there, 0 or more.
            counted_at: When.
            made_by: Who says so: the name of a key, or admin.

        Raises:
            EstimateError: Nobody can have counted that, or there are too many entries.
            DatabaseError: It could not be kept.
        """
        return self.add_all([(people, counted_at)], made_by)[0]

    def add_all(self, entries: Sequence[tuple[int, datetime]], made_by: str) -> list[int]:
        """Add entries of people and when they were counted, all or none; returns their numbers.

        Raises:
            EstimateError: One of them cannot be; or there are too many.
            DatabaseError: They could not be kept.
        """
        rows = [
            {"people": _checked(people), "counted_at": _checked_time(counted_at), "made_by": made_by}
            for people, counted_at in entries
        ]
        with self._connections.write() as connection:
            count = connection.execute(select(func.count()).where(HEAD_COUNTS.c.deleted_at.is_(None))).scalar_one()
            if count + len(rows) > _MOST_ENTRIES:
                raise EstimateError(
                    f"There can be {_MOST_ENTRIES} head counts, and there are {count}. Delete some first."
                )
            added = insert(HEAD_COUNTS).returning(HEAD_COUNTS.c.id, sort_by_parameter_order=True)
            numbers = list(connection.execute(added, rows).scalars()) if rows else []
            note_change(connection)
        return numbers

    def edit(self, head_count_id: int, people: int | None, counted_at: datetime | None) -> None:
        """Change an entry; None leaves what it says.

        Raises:
            NoSuchHeadCountError: There is none of this number.
            EstimateError: Nobody can have counted that.
            DatabaseError: It could not be done.
        """
        entry = HEAD_COUNTS.c
        values = {
            entry.people: entry.people if people is None else _checked(people),
            entry.counted_at: entry.counted_at if counted_at is None else _checked_time(counted_at),
        }
        with self._connections.write() as connection:
            changed = update(HEAD_COUNTS).where(entry.id == head_count_id, entry.deleted_at.is_(None)).values(values)
            _check_found(connection.execute(changed).rowcount)
            note_change(connection)

    def delete(self, head_count_id: int, now_at: datetime) -> None:
        """Take an entry back. It can be brought back for a day; then it is forgotten.

        Raises:
            NoSuchHeadCountError: There is none of this number.
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            entry = HEAD_COUNTS.c
            connection.execute(delete(HEAD_COUNTS).where(entry.deleted_at < now_at - RESTORABLE))
            deleted = update(HEAD_COUNTS).where(entry.id == head_count_id, entry.deleted_at.is_(None))
            _check_found(connection.execute(deleted.values(deleted_at=now_at)).rowcount)
            note_change(connection)

    def restore(self, head_count_id: int) -> None:
        """Bring an entry back that was taken back; harmless for one that was not.

        Raises:
            NoSuchHeadCountError: It is gone.
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            restored = update(HEAD_COUNTS).where(HEAD_COUNTS.c.id == head_count_id).values(deleted_at=None)
            _check_found(connection.execute(restored).rowcount)
            note_change(connection)


def note_change(connection: Connection) -> None:
    """Note that a fit is due, as part of the transaction that changes what it is made from."""
    connection.execute(update(ESTIMATE_STATE).values(change=ESTIMATE_STATE.c.change + 1))


def _checked(people: int) -> int:
    if not 0 <= people <= MOST_PEOPLE:
        raise EstimateError(f"{people} people cannot be. Enter a number from 0 to {MOST_PEOPLE}.")
    return people


def _checked_time(counted_at: datetime) -> datetime:
    if not _EARLIEST <= counted_at <= _LATEST:
        raise EstimateError("The time of a head count is to lie between 2000 and 2099.")
    return counted_at


def _check_found(count: int) -> None:
    if not count:
        raise NoSuchHeadCountError("There is no such head count; perhaps it was deleted for good.")
