"""The census: how much a database holds, and which words in it somebody typed or broadcast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Table, func, select, text

from db.connect import Connections
from db.schema import GAPS, METADATA
from db.types import Line, Ssids
from presence.faults import FaultReason
from presence.radio import Radio

# These hold the programme's own words, or names of makers, which are nobody's.
_NOBODYS = ("manufacturer", "fault_detail", "fault_recovery", "service", "version")

# Names of sensors stand in every row of many tables. The ledger of scans names every sensor there was.
_LEDGER = "scans"

# What a database holds of names of networks may be thousands; more than this would take a Pi a minute to look for.
_MOST_WORDS = 20_000


@dataclass(frozen=True, slots=True)
class Census:
    """How much a database holds.

    Attributes:
        revision: The revision of its schema.
        rows: How many rows each table has.
        gaps: How often each radio was not heard since a moment, by reason; None when there was no scan at all.
    """

    revision: str
    rows: dict[str, int]
    gaps: dict[tuple[Radio, FaultReason | None], int]


def take_census(connections: Connections, since: datetime) -> Census:
    """Count what there is.

    Args:
        connections: The database.
        since: Gaps are counted from here on.

    Raises:
        DatabaseError: It cannot be read.
    """
    with connections.read() as connection:
        revision = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
        rows = {
            table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
            for table in METADATA.sorted_tables
        }
        gap = GAPS.c
        some = select(gap.radio, gap.fault_reason).where(gap.from_at >= since)
        gaps = Counter((radio, reason) for radio, reason in connection.execute(some))
    return Census(revision, rows, dict(gaps))


def typed_words(connections: Connections, most: int = _MOST_WORDS) -> frozenset[str] | None:
    """The words in a database that its owner typed or visitors' devices broadcast: names, notes, places, networks.

    None when there are too many to look for.

    Raises:
        DatabaseError: It cannot be read.
    """
    words: set[str] = set()
    with connections.read() as connection:
        for column in (one for table in METADATA.sorted_tables for one in table.columns if _holds_words(table, one)):
            some = select(column).where(column.is_not(None)).distinct().limit(most + 1)
            values = connection.execute(some).scalars().all()
            words.update(_words_in(values))
            if max(len(values), len(words)) > most:
                return None
    return frozenset(words)


def _holds_words(table: Table, column: Column[object]) -> bool:
    is_said_once = column.name != "sensor" or table.name == _LEDGER
    return isinstance(column.type, (Line, Ssids)) and is_said_once and not column.name.endswith(_NOBODYS)


def _words_in(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, tuple):
            yield from value
        else:
            yield str(value)
