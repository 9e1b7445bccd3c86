"""What the live feed tells is looked for here: scans, and changes of state, as the database has them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from db.errors import DatabaseError
from links.feed_events import RadioChange, Standing, part_event, radio_event, scan_event, sensor_event
from links.health import PartHealth, PartHealths
from presence.feed import MOST_MISSING, ScanCursor, ScanRow
from presence.radio import Radio
from presence.sensors import SensorRow, SensorState

_log = logging.getLogger(__name__)

# Scans read in one look: some hundred kilobytes as events.
_MOST_AT_ONCE = 500
# A writer takes its numbers and commits within a second. A number that has not turned up after a minute was given back.
_GIVEN_UP_SECONDS = 60
# A sensor falls silent by itself, minutes after its last word; that one is heard again is seen by its scan.
_SENSORS_SECONDS = 5
# Parts answer from memory, and a change is to be told within a second.
_PARTS_SECONDS = 0.5

_DATABASE_AWAY = PartHealth("database", is_fine=False, is_needed=True, says="The database does not answer.")
_DATABASE_HERE = PartHealth("database", is_fine=True, is_needed=True, says="The database answers.")


class ScanReader(Protocol):
    """What is read; `db.reader.Reader` is one."""

    def latest_scan_id(self) -> int | None:
        """The greatest number of a scan; None before the first."""

    def scans_after(self, cursor: ScanCursor, limit: int) -> tuple[ScanRow, ...]:
        """The scans that a cursor does not include."""


# An event as text, with the number of the scan where it tells of one.
Told = tuple[int | None, str]


@dataclass(frozen=True, slots=True)
class News:
    """What came of one look.

    Attributes:
        events: What is new, in order.
        cursor: Which scans have been told with these.
        standing: What is not well after them.
        is_more: Whether more waits to be read.
    """

    events: tuple[Told, ...]
    cursor: ScanCursor
    standing: Standing
    is_more: bool


class FeedSource:
    """Looks for what is new. Used by one thread at a time.

    Args:
        reader: Reads scans.
        sensors: Reads the sensors of the site; None where there are none to know of.
        parts: Tell how the parts of the programme are.
        monotonic: Tells seconds that only rise.
    """

    def __init__(
        self,
        reader: ScanReader,
        sensors: Callable[[], Sequence[SensorRow]] | None,
        parts: PartHealths,
        monotonic: Callable[[], float],
    ) -> None:
        self._reader = reader
        self._sensors = sensors
        self._parts = parts
        self._monotonic = monotonic
        self._cursor: ScanCursor | None = None
        self._first_missed: dict[int, float] = {}  # missing numbers, and when each was first missed
        self._unheard: dict[tuple[str, Radio], RadioChange] = {}
        self._sensor_rows: dict[str, SensorRow] = {}
        self._part_rows: dict[str, PartHealth] = {}
        self._sensors_at = self._parts_at = -math.inf

    def look(self) -> News | None:
        """What is new since the look before. None while the database has not answered since the start."""
        rows: tuple[ScanRow, ...] = ()
        events: list[Told] = []
        try:
            if self._cursor is None:
                self._begin()
            else:
                rows = self._reader.scans_after(self._cursor, _MOST_AT_ONCE)
                events += self._tell_scans(rows)
                events += self._tell_sensors({row.sensor for row in rows})
        except DatabaseError as error:
            if not self._is_database_away:
                _log.warning("The live feed waits for the database: %s", error)
            events += self._tell_parts([_DATABASE_AWAY])
        else:
            if self._is_database_away:
                _log.info("The live feed goes on.")
            events += self._tell_parts([_DATABASE_HERE])
        if self._cursor is None:
            return None
        events += self._tell_parts(self._parts_now())
        return News(tuple(events), self._cursor, self._standing(), is_more=len(rows) == _MOST_AT_ONCE)

    @property
    def _is_database_away(self) -> bool:
        return self._part_rows.get("database") is _DATABASE_AWAY

    def _begin(self) -> None:
        """Begin with what is there. Of the newest scans it is noted which are missing, since those may yet turn up."""
        cursor = ScanCursor(max(0, (self._reader.latest_scan_id() or 0) - MOST_MISSING))
        rows = self._reader.scans_after(cursor, MOST_MISSING)
        self._tell_sensors(set())
        self._cursor = cursor
        self._tell_scans(rows)

    def _tell_scans(self, rows: Sequence[ScanRow]) -> list[Told]:
        told: list[Told] = []
        cursor = self._told
        for row in rows:
            cursor = cursor.past(row.scan_id)
            told.append((row.scan_id, scan_event(row, cursor)))
            told += [(None, radio_event(change, cursor)) for change in self._radio_changes(row)]
        self._cursor = self._give_up(cursor)
        return told

    def _give_up(self, cursor: ScanCursor) -> ScanCursor:
        """The cursor without the numbers that have been missing for too long."""
        now = self._monotonic()
        self._first_missed = {number: self._first_missed.get(number, now) for number in cursor.missing}
        return cursor.without(number for number, since in self._first_missed.items() if now - since > _GIVEN_UP_SECONDS)

    def _radio_changes(self, row: ScanRow) -> list[RadioChange]:
        changes = []
        for counts in row.radios:
            key = (row.sensor, counts.radio)
            is_heard = counts.device_count is not None
            was_heard = key not in self._unheard
            change = RadioChange(row.sensor, counts.radio, is_heard, counts.fault, row.started_at)
            if is_heard:
                self._unheard.pop(key, None)
            else:
                self._unheard.setdefault(key, change)
            if is_heard is not was_heard:
                changes.append(change)
        return changes

    def _tell_sensors(self, just_heard: set[str]) -> list[Told]:
        """Tell of sensors in another state than before; read now and then, and when one that was quiet is heard."""
        known = self._sensor_rows
        is_back = any(known[name].state is not SensorState.HEARD for name in just_heard & known.keys())
        is_due = self._monotonic() - self._sensors_at >= _SENSORS_SECONDS
        if self._sensors is None or not (is_due or is_back or just_heard - known.keys()):
            return []
        rows = {row.card.name: row for row in self._sensors() if row.is_active}
        changed = [row for name, row in rows.items() if name not in known or known[name].state is not row.state]
        self._sensor_rows, self._sensors_at = rows, self._monotonic()
        return [(None, sensor_event(row, self._told)) for row in changed]

    def _parts_now(self) -> list[PartHealth]:
        if self._monotonic() - self._parts_at < _PARTS_SECONDS:
            return []
        self._parts_at = self._monotonic()
        return [part() for part in self._parts]

    def _tell_parts(self, parts: Sequence[PartHealth]) -> list[Told]:
        """Tell of parts that are fine again or no longer; one never heard of was fine."""
        told: list[Told] = []
        for part in parts:
            before = self._part_rows.get(part.name)
            if part.is_fine is not (before is None or before.is_fine):
                told.append((None, part_event(part, self._told)))
            self._part_rows[part.name] = part
        return told

    @property
    def _told(self) -> ScanCursor:
        return self._cursor or ScanCursor(0)

    def _standing(self) -> Standing:
        return Standing(
            radios=tuple(self._unheard.values()),
            sensors=tuple(row for row in self._sensor_rows.values() if row.state is not SensorState.HEARD),
            parts=tuple(part for part in self._part_rows.values() if not part.is_fine),
        )
