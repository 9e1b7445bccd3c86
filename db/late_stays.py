"""Late stays: what sensors tell of tags long after they heard it fills the gaps of the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Connection, Select, bindparam, or_, select

from db.connect import Connections
from db.tag_log import stay_of, tags_among, write_stays
from db.tag_schema import TAG_STAYS, TagStayColumns
from presence.late_staying import KnownStay, LateReading, late_stays
from presence.staying import UNKNOWN_FOR
from presence.tags import TagReading
from presence.zones import Zoning

# A report that ended so long ago was held up. Shorter cuts end no stay, so nothing is left to be filled.
_LATE = timedelta(minutes=1)
# After a cut all sensors find the hub again within seconds, and tell what they kept one after the other. So long after
# the last of it everything is there that is to be compared.
_ALL_IS_TOLD = timedelta(minutes=1)
# A reading takes 0.3 kB: 3 MB on a Pi. Six hours of 28 tags, a reading a minute.
_MOST_KEPT = 10_000


class LateStays:
    """Gathers late readings, and writes the stays that follow from them. For one thread at a time.

    Args:
        connections: The database.
        zoning: What tells zones.
    """

    def __init__(self, connections: Connections, zoning: Zoning) -> None:
        self._connections = connections
        self._zoning = zoning
        # Each once, though a message that was not acknowledged comes twice.
        self._readings: dict[tuple[int, str, datetime], LateReading] = {}
        self._told_at: datetime | None = None

    def take(self, sensor: str, reading: TagReading, heard_at: datetime, received_at: datetime) -> None:
        """Take a reading, if it is late. Others are known where they were heard.

        Args:
            sensor: Who heard it.
            reading: What was heard.
            heard_at: When, by the receiver's clock.
            received_at: Now.
        """
        if received_at - heard_at < _LATE:
            return
        late = LateReading(sensor, heard_at, reading.rssi_mean_dbm, reading.sighting_count)
        self._readings[reading.tag_id, sensor, heard_at] = late
        self._told_at = received_at

    def write_due(self, now_at: datetime) -> None:
        """Write the stays, once all is told.

        Raises:
            DatabaseError: They could not be written; a later call tries again.
        """
        if self._told_at is None:
            return
        if abs(now_at - self._told_at) < _ALL_IS_TOLD and len(self._readings) < _MOST_KEPT:
            return
        by_tag: defaultdict[int, list[LateReading]] = defaultdict(list)
        for (tag_id, _, _), reading in self._readings.items():
            by_tag[tag_id].append(reading)
        with self._connections.write() as connection:
            tag_ids = tags_among(connection, by_tag)
            known = _known(connection, tag_ids, self._readings.values())
            stays = [
                (tag_id, stay)
                for tag_id in sorted(tag_ids)
                for stay in late_stays(by_tag[tag_id], known[tag_id], self._zoning)
            ]
            write_stays(connection, stays)
        self._readings.clear()
        self._told_at = None


def _known(
    connection: Connection, tag_ids: set[int], readings: Iterable[LateReading]
) -> defaultdict[int, list[KnownStay]]:
    """What the log has of some tags in the time of the readings, and shortly before."""
    times = [reading.heard_at for reading in readings]
    wanted = {"tag_ids": list(tag_ids), "from_at": min(times) - UNKNOWN_FOR, "to_at": max(times)}
    known: defaultdict[int, list[KnownStay]] = defaultdict(list)
    for row in connection.execute(_select_known(), wanted):
        known[row.tag_id].append(KnownStay(row.id, stay_of(row), row.sighting_count))
    return known


@cache
def _select_known() -> Select[TagStayColumns]:
    stay = TAG_STAYS.c
    return select(TAG_STAYS).where(
        stay.tag_id.in_(bindparam("tag_ids", expanding=True)),
        stay.from_at <= bindparam("to_at"),
        or_(stay.to_at.is_(None), stay.to_at >= bindparam("from_at")),
    )
