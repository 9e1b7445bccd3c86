"""Late staying: stays out of what sensors tell long after they heard it, since nobody could be reached before.

It comes a reading a minute, and one sensor after the other. So it is put in order first, and a tag is placed as devices
are that are heard once a minute (`presence.placement`). The log is only filled where it has gaps: what was known at
the time stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from presence.placement import LOST_AFTER_INTERVALS, moves
from presence.staying import UNKNOWN_FOR, Staying
from presence.tags import TagStay
from presence.zones import Zoning

# Reports that wait are put together to one a minute (`links.tag_uplink`).
_INTERVAL = timedelta(minutes=1)
# Not heard by anybody for so long the tag had left.
_LEFT_AFTER = LOST_AFTER_INTERVALS * _INTERVAL


@dataclass(frozen=True, slots=True)
class LateReading:
    """One tag as one sensor heard it, some time ago.

    Attributes:
        sensor: Who heard it.
        heard_at: When, by the receiver's clock.
        rssi_dbm: How strong; None when nothing told it.
        sighting_count: Advertisements heard.
    """

    sensor: str
    heard_at: datetime
    rssi_dbm: float | None
    sighting_count: int


@dataclass(frozen=True, slots=True)
class KnownStay:
    """A stay that is in the log.

    Attributes:
        stay_id: Its number.
        stay: The stay.
        sighting_count: What its mean is made of.
    """

    stay_id: int
    stay: TagStay
    sighting_count: int

    def covers(self, at: datetime) -> bool:
        """Whether the tag was there at a moment."""
        return self.stay.from_at <= at and (self.stay.to_at is None or at <= self.stay.to_at)

    def lies_between(self, from_at: datetime, to_at: datetime) -> bool:
        """Whether it began after one moment and before another."""
        return from_at < self.stay.from_at <= to_at


def late_stays(readings: Iterable[LateReading], known: Sequence[KnownStay], zoning: Zoning) -> tuple[Staying, ...]:
    """The stays of one tag that follow from late readings: new ones, and those of the log that lasted longer.

    Args:
        readings: The readings, in any order.
        known: What the log has of the tag in that time, and shortly before.
        zoning: What tells zones.
    """
    found: list[Staying] = []
    last: LateReading | None = None
    for one in sorted(readings, key=lambda one: (one.heard_at, one.sensor)):
        if any(each.covers(one.heard_at) for each in known):
            continue
        if last is None or _has_left(last, one, known):
            found.append(_begun(last, one, known))
        elif one.sensor != last.sensor:
            if not _moves(last, one):
                continue
            found.append(_begun(last, one, known))
        found[-1].hear(one.heard_at, one.rssi_dbm, one.sighting_count, zoning.zone_of(one.rssi_dbm))
        last = one
    for stay in found:
        stay.is_over = True
    return tuple(stay for stay in found if stay.is_long_enough)


def _has_left(last: LateReading, one: LateReading, known: Sequence[KnownStay]) -> bool:
    """Whether the tag was away, or elsewhere, between two readings."""
    if one.heard_at - last.heard_at > _LEFT_AFTER:
        return True
    return any(each.lies_between(last.heard_at, one.heard_at) for each in known)


def _moves(last: LateReading, one: LateReading) -> bool:
    return moves(
        placed_rssi_dbm=last.rssi_dbm,
        placed_seen_at=last.heard_at,
        rssi_dbm=one.rssi_dbm,
        seen_at=one.heard_at,
        interval=_INTERVAL,
    )


def _begun(last: LateReading | None, one: LateReading, known: Sequence[KnownStay]) -> Staying:
    """A stay that begins with a reading: that of the log which ended there shortly before, or a new one."""
    for each in known:
        ended_at = each.stay.to_at
        if ended_at is None or each.stay.sensor != one.sensor or not _went_on(last, ended_at, one):
            continue
        if not any(other.lies_between(ended_at, one.heard_at) for other in known):
            stay = Staying(one.sensor, each.stay.from_at)
            stay.resume(each.stay_id, each.stay, each.sighting_count, ended_at)
            return stay
    return Staying(one.sensor, one.heard_at)


def _went_on(last: LateReading | None, ended_at: datetime, one: LateReading) -> bool:
    """Whether a stay that ended may have gone on until a reading: nothing else was heard in between."""
    return ended_at < one.heard_at <= ended_at + UNKNOWN_FOR and (last is None or last.heard_at < ended_at)
