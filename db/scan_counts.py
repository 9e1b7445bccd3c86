"""What scans counted, written down beside them, and the things that stay which they heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Insert, Row, Select, func, insert, select

from db import bulk, upsert
from db.buckets import local_day
from db.packed_counts import pack
from db.people_schema import FIXTURES, SCAN_COUNTS
from presence.counts import FixtureHeard, RadioCounts
from presence.estimate import FixtureDecision
from presence.radio import Radio
from presence.scan import Heard, Scan

# When a fixture was last heard is written this seldom, or twenty computers would cost twenty pages at each scan.
_NOTED_EVERY = timedelta(hours=1)
# A house full of them has some dozens. Whoever would fill the table from outside must be heard for nights on end.
_MOST_FIXTURES = 4096
# Local hours of the night, as `docs/privacy.md` tells of fixtures.
_NIGHT = range(1, 5)


def write_counts(connection: Connection, numbered: Sequence[tuple[int, Scan]], time_zone: ZoneInfo) -> None:
    """Write down what some scans counted; their own numbers stand beside them."""
    fixture_ids = _note_fixtures(connection, [scan for _, scan in numbered], time_zone)
    rows: list[upsert.Row] = [
        {
            "scan_id": scan_id,
            "sensor": scan.sensor,
            "started_at": scan.started_at,
            **{
                radio.value: None if (counts := counts_of(scan, radio)) is None else pack(counts, fixture_ids)
                for radio in Radio
            },
        }
        for scan_id, scan in numbered
    ]
    statement = _insert_counts(connection.dialect.name)
    connection.execute(statement, upsert.as_parameters(connection, rows))


def counts_of(scan: Scan, radio: Radio) -> RadioCounts | None:
    """What a radio counted; None when it was not heard, or does not count."""
    hearing = scan.hearing(radio)
    return hearing.counts if isinstance(hearing, Heard) else None


class _Known:
    """A fixture as its row says, and what is to be written of it."""

    def __init__(self, row: Row[*tuple[Any, ...]]) -> None:
        self.of_row: int = row.id
        self.last_heard_at: datetime = row.last_heard_at
        self.last_night: date | None = row.last_night
        self.days: int = row.days
        self.nights: int = row.nights
        self.is_changed = False

    def take(self, heard_at: datetime, time_zone: ZoneInfo) -> None:
        """Take in that it was heard; what is older than what is known changes nothing."""
        day, night = local_day(heard_at, time_zone), _night_of(heard_at, time_zone)
        is_new_day = day > local_day(self.last_heard_at, time_zone)
        is_new_night = night is not None and (self.last_night is None or night > self.last_night)
        if is_new_day or is_new_night or heard_at >= self.last_heard_at + _NOTED_EVERY:
            self.days += is_new_day
            self.nights += is_new_night
            self.last_night = night if is_new_night else self.last_night
            self.last_heard_at = max(heard_at, self.last_heard_at)
            self.is_changed = True

    def row(self) -> upsert.Row:
        """What is to be written."""
        names = ("of_row", "last_heard_at", "last_night", "days", "nights")
        return {name: getattr(self, name) for name in names}


def _note_fixtures(connection: Connection, scans: Sequence[Scan], time_zone: ZoneInfo) -> Mapping[str, int]:
    """Write down which fixtures were heard; tells their rows by digest."""
    heard = [
        (scan.started_at, radio, fixture)
        for scan in scans
        for radio in Radio
        if (counts := counts_of(scan, radio)) is not None
        for fixture in counts.fixtures
    ]
    if not heard:
        return {}
    digests = {fixture.digest for _, _, fixture in heard}
    found = connection.execute(_select_known(connection.dialect.name), {"digests": sorted(digests)})
    known = {row.digest: _Known(row) for row in found}
    new: dict[str, upsert.Row] = {}
    for heard_at, radio, fixture in heard:
        if fixture.digest in known:
            known[fixture.digest].take(heard_at, time_zone)
        else:
            new.setdefault(fixture.digest, _new_row(heard_at, radio, fixture, time_zone))
    changed = [one.row() for one in known.values() if one.is_changed]
    upsert.update_rows(connection, FIXTURES, changed)
    return {digest: one.of_row for digest, one in known.items()} | _add_fixtures(connection, list(new.values()))


def _add_fixtures(connection: Connection, rows: Sequence[upsert.Row]) -> dict[str, int]:
    if not rows:
        return {}
    room = _MOST_FIXTURES - connection.execute(select(func.count()).select_from(FIXTURES)).scalar_one()
    if room <= 0:
        return {}
    added = insert(FIXTURES).returning(FIXTURES.c.digest, FIXTURES.c.id)
    return {row.digest: row.id for row in connection.execute(added, list(rows[:room]))}


def _new_row(heard_at: datetime, radio: Radio, fixture: FixtureHeard, time_zone: ZoneInfo) -> upsert.Row:
    night = _night_of(heard_at, time_zone)
    return {
        "digest": fixture.digest,
        "radio": radio,
        "manufacturer": fixture.manufacturer,
        "first_heard_at": heard_at,
        "last_heard_at": heard_at,
        "last_night": night,
        "days": 1,
        "nights": int(night is not None),
        "decision": FixtureDecision.LEARNED.value,
    }


def _night_of(at: datetime, time_zone: ZoneInfo) -> date | None:
    """The day whose night a moment lies in; None by day."""
    local = at.astimezone(time_zone)
    return local.date() if local.hour in _NIGHT else None


# Built once, as in `db.followed`.
@cache
def _select_known(dialect: str) -> Select[*tuple[Any, ...]]:
    fixture = FIXTURES.c
    columns = (fixture.id, fixture.digest, fixture.last_heard_at, fixture.last_night, fixture.days, fixture.nights)
    return select(*columns).where(bulk.is_among(fixture.digest, "digests", dialect))


@cache
def _insert_counts(dialect: str) -> Insert:
    return upsert.insert_rows(SCAN_COUNTS, dialect)
