"""Fixtures: things that stay at the place, for review."""

from __future__ import annotations

from sqlalchemy import case, select, update

from db.connect import Connections
from db.head_counts import note_change
from db.people_schema import FIXTURES
from presence.estimate import FixtureDecision, FixtureRow, NoSuchFixtureError


class Fixtures:
    """The fixtures of a site. May be used from many threads at once."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def rows(self) -> tuple[FixtureRow, ...]:
        """All of them: those that nobody has decided on first, then the latest heard first.

        Raises:
            DatabaseError: The database cannot be read.
        """
        fixture = FIXTURES.c
        is_decided = case((fixture.decision == FixtureDecision.LEARNED.value, 0), else_=1)
        with self._connections.read() as connection:
            found = connection.execute(select(FIXTURES).order_by(is_decided, fixture.last_heard_at.desc(), fixture.id))
            return tuple(
                FixtureRow(
                    fixture_id=row.id,
                    radio=row.radio,
                    manufacturer=row.manufacturer,
                    first_heard_at=row.first_heard_at,
                    last_heard_at=row.last_heard_at,
                    days=row.days,
                    nights=row.nights,
                    decision=FixtureDecision(row.decision),
                )
                for row in found
            )

    def decide(self, fixture_id: int, decision: FixtureDecision) -> None:
        """Let it count, or leave the counts; the past is estimated anew.

        Raises:
            NoSuchFixtureError: There is none of this number.
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            decided = update(FIXTURES).where(FIXTURES.c.id == fixture_id).values(decision=decision.value)
            if not connection.execute(decided).rowcount:
                raise NoSuchFixtureError("There is no such thing that stays; it was perhaps not heard for a long time.")
            note_change(connection)

    def digests(self) -> frozenset[str]:
        """What they are known by, for whoever listens.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return frozenset(connection.scalars(select(FIXTURES.c.digest)))
