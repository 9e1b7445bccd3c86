"""Rounds of time spent: a reset begins the next."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from sqlalchemy import Connection, Select, Update, bindparam, func, select, update

from db.people_schema import ESTIMATE_STATE
from db.schema import ROUNDS, SCANS
from presence.following import RadioTaken


class Standing(NamedTuple):
    """Where the database stands.

    Attributes:
        round_id: The round of time spent that detections now count towards.
        newest_scan_id: The newest row of the ledger; None for none.
        change: Goes up when a device was forgotten, and now and then besides (`db.people_schema.EstimateStateColumns`).
    """

    round_id: int
    newest_scan_id: int | None
    change: int | None


def standing(connection: Connection) -> Standing:
    """Where the database stands: what whoever takes scans in must know first, in one statement."""
    return Standing(*connection.execute(_select_standing()).one())


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
def _select_standing() -> Select[int, int, int]:
    newest = select(func.max(SCANS.c.id)).scalar_subquery()
    change = select(ESTIMATE_STATE.c.change).scalar_subquery()
    return select(ROUNDS.c.id, newest, change).order_by(ROUNDS.c.id.desc()).limit(1)


@cache
def _update_round() -> Update:
    count, seconds = ROUNDS.c.device_count, ROUNDS.c.time_spent_seconds
    added = {count: count + bindparam("new_devices"), seconds: seconds + bindparam("new_seconds")}
    return update(ROUNDS).where(ROUNDS.c.id == bindparam("of_round")).values(added)
