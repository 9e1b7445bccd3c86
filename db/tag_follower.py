"""Following tags: what sensors report of them becomes where they are, and the log of where they were."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from db.connect import Connections
from db.followed_tag import FollowedTag
from db.late_stays import LateStays
from db.read_tags import TagNow, read_now, read_version
from db.tag_log import stay_of, tags_among, write_figures, write_places, write_stays
from db.tag_schema import TAG_STAYS, TAGS
from presence.alerts import TagState
from presence.listening import Ears
from presence.tags import TagReport
from presence.zones import Zoning

# A tag that was registered, renamed or deleted is, by this process or by another, is noticed within this long.
_REGISTER_LOOKED_UP_EVERY = timedelta(seconds=5)


class TagFollower:
    """Follows the tags of a site. May be used from many threads at once.

    Where tags are is kept in memory, and written when it changes; a tag that lies still costs a few rows an hour. One
    process follows the tags of a site: it must get the reports of all its sensors.

    Args:
        connections: The database.
        zoning: What tells zones.
        started_at: Now. A sensor is given until its first report could be there before it is taken to be silent.

    Raises:
        DatabaseError: The database cannot be read.
    """

    def __init__(self, connections: Connections, zoning: Zoning, started_at: datetime) -> None:
        self._connections = connections
        self._zoning = zoning
        self._following = threading.Lock()
        self._ears = Ears(started_at)
        self._late = LateStays(connections, zoning)
        self._tags: dict[int, FollowedTag] = {}
        # Tags of which something could not be written yet.
        self._waiting: set[int] = set()
        self._version: str | None = None
        self._looked_up_at = started_at
        self._look_up(started_at)

    def take(self, report: TagReport, received_at: datetime) -> tuple[TagState, ...]:
        """Take what a sensor heard, and tell the tags of which something changed by it.

        Args:
            report: What it heard.
            received_at: Now, by the receiver's clock, which all times that are kept are of.

        Raises:
            DatabaseError: What changed could not be written. It is known all the same, and written with a later report.
        """
        with self._following:
            if any(reading.tag_id not in self._tags for reading in report.readings):
                self._look_up_if_due(received_at)
            window = self._ears.take(report, received_at)
            heard = set()
            for reading in report.readings if report.is_listening else ():
                tag = self._tags.get(reading.tag_id)
                if tag is not None:
                    heard_at = tag.hear(reading, report.sensor, window, received_at)
                    self._late.take(report.sensor, reading, heard_at, received_at)
                    heard.add(reading.tag_id)
            unheard = {tag_id for tag_id, tag in self._tags.items() if tag.sensor == report.sensor} - heard
            for tag_id in unheard:
                self._tags[tag_id].settle(received_at, report.sensor)
            return self._finish(heard | unheard, received_at, is_refreshed=False)

    def tick(self, now_at: datetime) -> tuple[TagState, ...]:
        """Take into account that time has passed; to be called every second or few. Tells the tags that changed by it.

        Raises:
            DatabaseError: The register could not be read, or what changed not be written; as with `take`.
        """
        with self._following:
            self._look_up_if_due(now_at)
            for tag in self._tags.values():
                tag.settle(now_at)
            return self._finish(self._tags, now_at, is_refreshed=True)

    def states(self) -> tuple[TagState, ...]:
        """Every tag, as rules look at it."""
        with self._following:
            return tuple(tag.state() for tag in self._tags.values())

    def now(self) -> dict[int, TagNow]:
        """What is known of every tag that was ever heard, be it written or not."""
        with self._following:
            return {tag_id: tag.now() for tag_id, tag in self._tags.items() if tag.sensor is not None}

    def _finish(self, touched: Iterable[int], now_at: datetime, *, is_refreshed: bool) -> tuple[TagState, ...]:
        """Write what is to be written, and tell what changed."""
        touched = set(touched)
        turned = [state for tag_id in sorted(touched) if (state := self._tags[tag_id].turned())]
        self._write(touched | self._waiting, now_at, is_refreshed=is_refreshed)
        self._late.write_due(now_at)
        return tuple(state for state in turned if state.tag_id in self._tags)

    def _write(self, tag_ids: set[int], now_at: datetime, *, is_refreshed: bool) -> None:
        some = {tag_id: self._tags[tag_id].unwritten(now_at, is_refreshed=is_refreshed) for tag_id in tag_ids}
        unwritten = {tag_id: one for tag_id, one in some.items() if one is not None}
        self._waiting = set(unwritten)
        if not unwritten:
            return
        with self._connections.write() as connection:
            registered = tags_among(connection, unwritten)
            kept = {tag_id: one for tag_id, one in unwritten.items() if tag_id in registered}
            stays = [(tag_id, stay) for tag_id, one in kept.items() for stay in one.stays]
            numbers = iter(write_stays(connection, stays))
            write_places(connection, [one.place for one in kept.values() if one.place is not None])
            write_figures(connection, [line for one in kept.values() for line in one.lines])
        for _, stay in stays:
            if stay.stay_id is None:
                stay.stay_id = next(numbers)
        for tag_id, one in kept.items():
            self._tags[tag_id].note_written(one, now_at)
        for tag_id in unwritten.keys() - registered:
            del self._tags[tag_id]
        self._waiting = set()

    def _look_up_if_due(self, now_at: datetime) -> None:
        if abs(now_at - self._looked_up_at) >= _REGISTER_LOOKED_UP_EVERY:
            self._look_up(now_at)

    def _look_up(self, now_at: datetime) -> None:
        """Follow the tags that are registered, and no others."""
        self._looked_up_at = now_at
        with self._connections.read() as connection:
            version = read_version(connection)
            if version == self._version:
                return
            names = dict(connection.execute(select(TAGS.c.id, TAGS.c.name)).all())
            new = names.keys() - self._tags.keys()
            known = read_now(connection) if new else {}
            open_stays = connection.execute(select(TAG_STAYS).where(TAG_STAYS.c.to_at.is_(None))).all() if new else []
        self._tags = {tag_id: tag for tag_id, tag in self._tags.items() if tag_id in names}
        for tag_id in new:
            tag = FollowedTag(tag_id, names[tag_id], self._ears, self._zoning, known.get(tag_id, TagNow()))
            self._tags[tag_id] = tag
        for row in open_stays:
            if row.tag_id in new:
                self._tags[row.tag_id].resume_stay(row.id, stay_of(row), row.sighting_count)
        for tag_id, name in names.items():
            self._tags[tag_id].name = name
        self._waiting &= names.keys()
        self._version = version
