"""What the live feed tells is looked for here: scans, and changes of state, as the database has them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from db.errors import DatabaseError
from links.feed_events import (
    RadioChange,
    Standing,
    owned_events,
    part_event,
    people_event,
    radio_event,
    scan_event,
    sensor_event,
)
from links.health import PartHealth, PartHealths
from links.owned_source import OwnedSource
from presence.estimate import PeopleNow
from presence.feed import ScanRow
from presence.radio import Radio
from presence.sensors import SensorRow, SensorState

_log = logging.getLogger(__name__)

# Scans read in one look: some hundred kilobytes as events.
_MOST_AT_ONCE = 500
# Scans that are looked at when the feed begins, for radios that are not heard: the last of each of a thousand sensors.
_LOOKED_BACK = 1000
# A sensor falls silent by itself, minutes after its last word; that one is heard again is seen by its scan.
_SENSORS_SECONDS = 5
# An estimate changes with a scan, and with what was learned aside. Where many sensors send, one a second is enough.
_PEOPLE_SECONDS = 5
_PEOPLE_REST_SECONDS = 1
# Parts answer from memory, and a change is to be told within a second.
_PARTS_SECONDS = 0.5
# Tags and alerts change seldom, where many sensors send: four looks a second tell them in time.
_OWNED_SECONDS = 0.25

_DATABASE_AWAY = PartHealth("database", is_fine=False, is_needed=True, says="The database does not answer.")
_DATABASE_HERE = PartHealth("database", is_fine=True, is_needed=True, says="The database answers.")


class ScanReader(Protocol):
    """What is read; `db.reader.Reader` is one."""

    def latest_scan_id(self) -> int | None:
        """The greatest number of a scan; None before the first."""

    def scans_after(self, scan_id: int, limit: int) -> tuple[ScanRow, ...]:
        """The scans after a number, in order; none turns up below it later."""


# An event as text, with the number of the scan where it tells of one.
Told = tuple[int | None, str]


@dataclass(frozen=True, slots=True)
class News:
    """What came of one look.

    Attributes:
        events: What is new, in order.
        last_id: The number of the newest scan that has been told with these; 0 before the first.
        standing: What is not well after them.
        is_more: Whether more waits to be read.
        owned: Events of tags and alerts, for those who may see them.
    """

    events: tuple[Told, ...]
    last_id: int
    standing: Standing
    is_more: bool
    owned: tuple[str, ...] = ()


class FeedSource:
    """Looks for what is new. Used by one thread at a time.

    Args:
        reader: Reads scans.
        sensors: Reads the sensors of the site; None where there are none to know of.
        parts: Tell how the parts of the programme are.
        monotonic: Tells seconds that only rise.
        owned: Looks for what changed of tags and alerts; None where there are none to know of.
        people: Reads the people now; None where nobody estimates them.
    """

    def __init__(
        self,
        reader: ScanReader,
        sensors: Callable[[], Sequence[SensorRow]] | None,
        parts: PartHealths,
        monotonic: Callable[[], float],
        owned: OwnedSource | None = None,
        *,
        people: Callable[[], PeopleNow] | None = None,
    ) -> None:
        self._reader = reader
        self._sensors = sensors
        self._parts = parts
        self._monotonic = monotonic
        self._owned = owned
        self._people = people
        self._people_now: PeopleNow | None = None
        self._last_id: int | None = None
        self._unheard: dict[tuple[str, Radio], RadioChange] = {}
        self._sensor_rows: dict[str, SensorRow] = {}
        self._part_rows: dict[str, PartHealth] = {}
        self._sensors_at = self._parts_at = self._people_at = self._owned_at = -math.inf

    def look(self) -> News | None:
        """What is new since the look before. None while the database has not answered since the start."""
        rows: tuple[ScanRow, ...] = ()
        events: list[Told] = []
        owned: list[str] = []
        try:
            if self._last_id is None:
                self._begin()
            else:
                rows = self._reader.scans_after(self._last_id, _MOST_AT_ONCE)
                events += self._tell_scans(rows)
                events += self._tell_sensors({row.sensor for row in rows})
            events += self._tell_people(is_new=bool(rows))
            owned = self._tell_owned()
        except DatabaseError as error:
            if not self._is_database_away:
                _log.warning("The live feed waits for the database: %s", error)
            events += self._tell_parts([_DATABASE_AWAY])
        else:
            if self._is_database_away:
                _log.info("The live feed goes on.")
            events += self._tell_parts([_DATABASE_HERE])
        if self._last_id is None:
            return None
        events += self._tell_parts(self._parts_now())
        return News(tuple(events), self._last_id, self._standing(), len(rows) == _MOST_AT_ONCE, tuple(owned))

    @property
    def _is_database_away(self) -> bool:
        return self._part_rows.get("database") is _DATABASE_AWAY

    def _begin(self) -> None:
        """Begin with what is there, which is told to nobody, but says which radios are not heard."""
        first_id = max(0, (self._reader.latest_scan_id() or 0) - _LOOKED_BACK)
        rows = self._reader.scans_after(first_id, _LOOKED_BACK)
        self._tell_sensors(set())
        self._last_id = first_id
        self._tell_scans(rows)

    def _tell_scans(self, rows: Sequence[ScanRow]) -> list[Told]:
        told: list[Told] = []
        for row in rows:
            told.append((row.scan_id, scan_event(row)))
            told += [(None, radio_event(change, row.scan_id)) for change in self._radio_changes(row)]
            self._last_id = row.scan_id
        return told

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
        return [(None, sensor_event(row, self._told_id)) for row in changed]

    def _tell_people(self, *, is_new: bool) -> list[Told]:
        """Tell of the people, where the estimate is another than before."""
        since = self._monotonic() - self._people_at
        if self._people is None or since < (_PEOPLE_REST_SECONDS if is_new else _PEOPLE_SECONDS):
            return []
        now, before = self._people(), self._people_now
        self._people_now, self._people_at = now, self._monotonic()
        return [] if now == before else [(None, people_event(now, self._told_id))]

    def _tell_owned(self) -> list[str]:
        if self._owned is None or self._monotonic() - self._owned_at < _OWNED_SECONDS:
            return []
        events = owned_events(self._owned.look(), self._told_id)
        self._owned_at = self._monotonic()  # afterwards: a look that failed is made again at once
        return events

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
                told.append((None, part_event(part, self._told_id)))
            self._part_rows[part.name] = part
        return told

    @property
    def _told_id(self) -> int:
        return self._last_id or 0

    def _standing(self) -> Standing:
        return Standing(
            radios=tuple(self._unheard.values()),
            sensors=tuple(row for row in self._sensor_rows.values() if row.state is not SensorState.HEARD),
            parts=tuple(part for part in self._part_rows.values() if not part.is_fine),
            owned=None if self._owned is None else self._owned.standing,
            people=self._people_now,
        )
