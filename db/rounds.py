"""Rounds of time spent: a reset begins the next."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Update, bindparam, select, update

from db.schema import ROUNDS
from presence.following import RadioTaken


def current_round(connection: Connection) -> int:
    """The round of time spent that detections now count towards."""
    return connection.execute(select(ROUNDS.c.id).order_by(ROUNDS.c.id.desc()).limit(1)).scalar_one()


def add_to_round(connection: Connection, round_id: int, taken: Sequence[RadioTaken]) -> None:
    """Add what came of some scans to their round."""
    added = {
        "of_round": round_id,
        "new_devices": sum(some.new_in_round for some in taken),
        "new_seconds": sum(some.time_spent_seconds for some in taken),
    }
    connection.execute(_update_round(), added)


# Built once, as in `db.followed`.
@cache
def _update_round() -> Update:
    count, seconds = ROUNDS.c.device_count, ROUNDS.c.time_spent_seconds
    added = {count: count + bindparam("new_devices"), seconds: seconds + bindparam("new_seconds")}
    return update(ROUNDS).where(ROUNDS.c.id == bindparam("of_round")).values(added)
