"""Sensors: which boxes belong to the site, and what was last heard from each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, Select, and_, case, func, or_, select, update

from db import bulk, upsert
from db.connect import Connections
from db.site_schema import SENSORS
from db.upsert import insert_into
from presence.radio import Radio
from presence.scan import Heard, Scan
from presence.sensors import SensorCard, SensorRow, state_of


@dataclass(frozen=True, slots=True)
class Word:
    """A word from a sensor.

    Attributes:
        card: What it says of itself.
        received_at: When the word came, by the receiver's clock.
        newest: The newest scan that came with it; None when it brought none that was new.
        clock_offset_seconds: How far its clock seems to be ahead of the receiver's; None when it cannot be told. What
            was long under way makes it seem behind, until the next word.
        waiting_count: Scans that it still keeps; None when it does not tell.
    """

    card: SensorCard
    received_at: datetime
    newest: Scan | None
    clock_offset_seconds: float | None
    waiting_count: int | None


class Sensors:
    """The sensors of a site.

    Args:
        connections: The database.
        interval: Planned time between two scans of a sensor, by which late and silent are told.
    """

    def __init__(self, connections: Connections, interval: timedelta) -> None:
        self._connections = connections
        self._interval = interval

    def all(self, now_at: datetime) -> tuple[SensorRow, ...]:
        """Every sensor, by name.

        Raises:
            DatabaseError: They could not be read.
        """
        with self._connections.read() as connection:
            rows = connection.execute(select(SENSORS).order_by(SENSORS.c.name)).all()
        return tuple(self._sensor(row, now_at) for row in rows)

    def one(self, name: str, now_at: datetime) -> SensorRow | None:
        """The sensor of a name; None when there is none.

        Raises:
            DatabaseError: It could not be read.
        """
        with self._connections.read() as connection:
            row = connection.execute(select(SENSORS).where(SENSORS.c.name == name)).first()
        return None if row is None else self._sensor(row, now_at)

    def register(self, card: SensorCard, now_at: datetime) -> bool:
        """Make a sensor known before it is first heard; False, and nothing is changed, when it is known already.

        Raises:
            DatabaseError: It could not be done.
        """
        row = {"name": card.name, "place": card.place, "version": card.version, "is_active": True, "added_at": now_at}
        with self._connections.write() as connection:
            statement = insert_into(SENSORS, connection.dialect.name).on_conflict_do_nothing().returning(SENSORS.c.name)
            return connection.execute(statement, row).first() is not None

    def set_place(self, name: str, place: str | None) -> bool:
        """Say where a sensor stands; False when there is no such sensor.

        A sensor that is told its place itself says it with every word, and so has the last word on it.

        Raises:
            DatabaseError: It could not be done.
        """
        return self._change(name, {"place": place})

    def set_active(self, name: str, *, is_active: bool) -> bool:
        """Take a sensor's scans from now on, or take them no more; False when there is no such sensor.

        Raises:
            DatabaseError: It could not be done.
        """
        return self._change(name, {"is_active": is_active})

    def note(self, word: Word) -> None:
        """Write down a word from a sensor; one that was not known is from now on.

        Raises:
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            note_words(connection, [word])

    def _change(self, name: str, values: dict[str, Any]) -> bool:
        with self._connections.write() as connection:
            return connection.execute(update(SENSORS).where(SENSORS.c.name == name).values(values)).rowcount == 1

    def _sensor(self, row: Row[Any], now_at: datetime) -> SensorRow:
        return SensorRow(
            card=SensorCard(row.name, row.place, row.version),
            state=state_of(row.last_received_at, now_at, self._interval),
            is_active=row.is_active,
            added_at=row.added_at,
            last_received_at=row.last_received_at,
            last_scan_at=row.last_scan_at,
            clock_offset_seconds=row.clock_offset_seconds,
            device_count=row.device_count,
            waiting_count=row.waiting_count,
            refusal=row.refusal,
        )


def note_words(connection: Connection, words: Iterable[Word]) -> None:
    """As `Sensors.note` does with one after the other, as part of a transaction."""
    rounds: list[dict[str, Word]] = []
    for word in words:
        # A statement for many cannot change a row twice: the second word of a sensor is for the next round.
        some = next((some for some in rounds if word.card.name not in some), None)
        if some is None:
            rounds.append(some := {})
        some[word.card.name] = word
    for some in rounds:
        rows = [_row(word) for word in some.values()]
        connection.execute(_note(connection.dialect.name, *rows[0]), upsert.as_parameters(connection, rows))


def _row(word: Word) -> upsert.Row:
    newest = word.newest
    return {
        "name": word.card.name,
        "place": word.card.place,
        "version": word.card.version,
        "is_active": True,
        "added_at": word.received_at,
        "last_received_at": word.received_at,
        "last_scan_at": None if newest is None else newest.started_at,
        "clock_offset_seconds": word.clock_offset_seconds,
        "device_count": None if newest is None else _device_count(newest),
        "waiting_count": word.waiting_count,
    }


def note_refusal(connection: Connection, card: SensorCard, why: str, received_at: datetime) -> None:
    """Write down why what a sensor sent was refused; one that was not known is from now on, so that it is seen.

    That is no word from it: while all that it sends is refused it falls silent.
    """
    row = {"name": card.name, "place": card.place, "version": card.version, "is_active": True, "added_at": received_at}
    statement = insert_into(SENSORS, connection.dialect.name)
    noted = statement.on_conflict_do_update(
        index_elements=[SENSORS.c.name], set_={"refusal": statement.excluded.refusal}
    )
    connection.execute(noted, {**row, "refusal": why})


def inactive_among(connection: Connection, names: Iterable[str]) -> set[str]:
    """Those of some sensors whose scans are not to be taken."""
    return set(connection.execute(_select_inactive(connection.dialect.name), {"names": list(names)}).scalars())


# Built once, as in `db.followed`.
@cache
def _select_inactive(dialect: str) -> Select[str]:
    return select(SENSORS.c.name).where(bulk.is_among(SENSORS.c.name, "names", dialect), SENSORS.c.is_active.is_(False))


@cache
def _note(dialect: str, *columns: str) -> Insert:
    """Insert a sensor, or update it: what it does not say of itself stays, and so does whether it is active."""
    statement = upsert.insert_rows(SENSORS, dialect, *columns)
    new, known = statement.excluded, SENSORS.c
    # Several hubs may take its scans in any order. A scan from the receiver's future is of a clock that was wrong.
    is_newer = and_(
        new.last_scan_at.is_not(None),
        or_(
            known.last_scan_at.is_(None),
            known.last_scan_at <= new.last_scan_at,
            known.last_scan_at > new.last_received_at,
        ),
    )
    return statement.on_conflict_do_update(
        index_elements=[known.name],
        set_={
            "place": func.coalesce(new.place, known.place),
            "version": func.coalesce(new.version, known.version),
            "last_received_at": new.last_received_at,
            "clock_offset_seconds": new.clock_offset_seconds,
            "waiting_count": new.waiting_count,
            "refusal": new.refusal,  # which is none: what came was taken
            **{name: case((is_newer, new[name]), else_=known[name]) for name in ("last_scan_at", "device_count")},
        },
    )


def _device_count(scan: Scan) -> int | None:
    """Devices over the radios heard; None when neither was."""
    hearings = [scan.hearing(radio) for radio in Radio]
    heard = [len(hearing.observations) for hearing in hearings if isinstance(hearing, Heard)]
    return sum(heard) if heard else None
