"""Handing over: reports of tags that came to one hub of a site, and are for the one that follows the tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import Delete, Select, bindparam, delete, func, insert, select

from db.connect import Connections
from db.errors import DatabaseError
from db.tag_schema import TAG_HANDOVERS

# A hub that begins to follow takes a second or two. In a minute of a thousand sensors that report every second there
# are so many; what they cannot hand over they keep themselves.
_MOST_WAITING = 60_000
# Of 0.3 to 150 kB each: enough at a time to keep up with a thousand sensors, few enough for a Pi's memory.
_MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A message that waits.

    Attributes:
        row_id: Its number, in the order in which messages came.
        received_at: When the other hub took it, by that one's clock.
        body: The message, as it came.
    """

    row_id: int
    received_at: datetime
    body: bytes = field(repr=False)


class TagHandovers:
    """Messages on their way from the hubs of a site to the one that follows its tags. From any thread.

    They go through the database, which all the hubs have in common; a message that was kept is not lost with a hub.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def keep(self, body: bytes, received_at: datetime) -> None:
        """Let a message wait for the hub that follows the tags.

        Raises:
            DatabaseError: It could not be kept, or too many wait already: whoever sent it is to keep it.
        """
        with self._connections.write() as connection:
            if (connection.execute(_select_span()).scalar_one() or 0) >= _MOST_WAITING:
                raise DatabaseError("No hub takes what waits to be followed of tags. Look at the logs of the hubs.")
            connection.execute(insert(TAG_HANDOVERS).values(received_at=received_at, body=body))

    def waiting(self) -> tuple[HandedOver, ...]:
        """Some messages that wait, in the order in which they came; empty when none does.

        Raises:
            DatabaseError: They could not be read.
        """
        with self._connections.read() as connection:
            rows = connection.execute(_select_waiting()).all()
        return tuple(HandedOver(row.id, row.received_at, row.body) for row in rows)

    def forget(self, taken: Sequence[HandedOver]) -> None:
        """Forget messages that were taken.

        Raises:
            DatabaseError: They could not be forgotten, and will be given again.
        """
        with self._connections.write() as connection:
            connection.execute(_delete(), {"taken": [one.row_id for one in taken]})


# Built once: they are asked each second.
@cache
def _select_waiting() -> Select[int, datetime, bytes]:
    waiting = TAG_HANDOVERS.c
    return select(waiting.id, waiting.received_at, waiting.body).order_by(waiting.id).limit(_MOST_AT_ONCE)


@cache
def _select_span() -> Select[int | None]:
    """How many wait at most; counting them would cost a look at each."""
    return select(func.max(TAG_HANDOVERS.c.id) - func.min(TAG_HANDOVERS.c.id) + 1)


@cache
def _delete() -> Delete:
    return delete(TAG_HANDOVERS).where(TAG_HANDOVERS.c.id.in_(bindparam("taken", expanding=True)))
