"""Locating: at which sensor a tag is, in which zone there, and whether it is there at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from presence.listening import Ears
from presence.tags import NEVER_HEARD, TagPlace, Whereabouts
from presence.zones import Zoning

# Readings of a beacon that lies still scatter by about 5 dB: its three channels fade apart, people walk by. Of one that
# sends five times a second, a mean that forgets in 2 s has a share of 1 - e^(-0.2/2) = 0.1 in each new reading and
# scatters by 5 * sqrt(0.1 / (2 - 0.1)) = 1.1 dB; of one that sends every second, 2.5 dB. In that time somebody who
# walks has gone 3 m.
_FORGETS_SECONDS = 2.0
# A beacon that sends still more seldom is smoothed over a few of its readings, or there would be nothing to smooth.
_FORGETS_INTERVALS = 1.5

# By how much another sensor must be better before a tag moves, in dB, and for how many seconds; for as many intervals
# of a beacon that sends more seldom than every second, since it is readings that count. As with devices
# (`presence.placement`) 6 dB are more than the wandering of somebody who sits still; but tags are compared all the time
# and not once a minute, so that it must last. Twice that is believed at the second reading, or a tag that is carried
# would be followed too late; half of it when it stays so, or one that was put down in between would stay where it was
# for ever. By simulation (5 dB of fading, 2 of shadowing that lasts 10 s, one in ten lost): a beacon of five a second
# that changes sensors by 20 dB has moved after 3 s (95 %: 5 s), and not once in an hour halfway between two.
_LEADS = ((12.0, 1.0), (6.0, 20.0), (3.0, 120.0))
_NO_LEADS = (None,) * len(_LEADS)
# A tag that was not there, and comes, is first heard by whoever happens to: for so long the best needs no patience.
_ARRIVING = timedelta(seconds=2)
# The leads for zones, past the threshold: one sensor scatters less than the difference of two.
_ZONE_LEADS = ((9.0, 1.0), (3.0, 20.0))
_NO_ZONE_LEADS = (None,) * len(_ZONE_LEADS)

# A tag that its sensor no longer hears grows weaker there: for each interval that it was missed after the second, since
# one in five advertisements is lost by chance where many send. So it has moved to another that hears it as well after
# four.
_MISSED_BY_CHANCE = 2.0
_MISSED_DB = 6.0
# Advertisements that come faster are lost together, by the same body in the way.
_SHORTEST_INTERVAL = 0.75

# Unheard for twenty intervals as they are heard there, those lost by chance counted in, is away: e^-20 = 2e-9 for each
# if they came quite by chance. Nothing is away sooner than a body in the way can hide it, or later than its owner would
# want to be told.
_AWAY_INTERVALS = 20.0
_AWAY_LEAST_SECONDS = 10.0
_AWAY_MOST_SECONDS = 900.0
# The share of a new interval in the mean of them: that one hour away was no interval is forgotten after ten more.
_NEW_INTERVAL_SHARE = 0.2

# The weakest that receivers of Bluetooth hear is about -100 dBm (the Core specification, volume 6 part A 4.1, asks for
# -70 at least). A tag that nobody else hears is there weaker than this.
_FLOOR_DBM = -100.0
# Shadowing indoors scatters by 4 dB from place to place (see `presence.placement`), the difference of two by 5.7.
_SHADOWING_DB = 5.7

# Levels at other sensors are forgotten when nothing was heard for so long.
_LEVEL_LASTS = timedelta(minutes=15)
# A time by the receiver's clock that lies so far ahead was told before that clock was put back.
_PUT_BACK = timedelta(minutes=1)


@dataclass(slots=True)
class _Level:
    """How one sensor hears the tag."""

    heard_at: datetime
    mark: float
    rssi_dbm: float | None
    interval: float | None = None
    leads_since: list[datetime | None] = field(default_factory=lambda: list(_NO_LEADS))


class Locator:
    """Tells where one tag is. For one thread at a time.

    Args:
        ears: The sensors that listen, shared by all tags.
        zoning: What tells zones.
        away_after: Unheard for so long a tag is away while its interval is not known, in seconds listened.
        place: Where it was when it was last followed.
    """

    def __init__(self, ears: Ears, zoning: Zoning, away_after: float = 30.0, place: TagPlace = NEVER_HEARD) -> None:
        self._ears = ears
        self._zoning = zoning
        self._away_after = away_after
        self._levels: dict[str, _Level] = {}
        self.zone = place.zone
        self._zone_since: list[datetime | None] = list(_NO_ZONE_LEADS)
        self._is_heard_since = False
        self._arrived_at: datetime | None = None
        self.whereabouts = place.whereabouts
        self.sensor = place.sensor
        self.since_at = place.since_at
        self.last_heard_at = place.last_heard_at
        if place.sensor is not None and place.last_heard_at is not None:
            self._levels[place.sensor] = _Level(place.last_heard_at, 0.0, place.rssi_dbm)

    def hear(self, sensor: str, heard_at: datetime, rssi_dbm: float | None, sighting_count: int) -> bool:
        """Take what a sensor heard; `settle` then tells what it means.

        Args:
            sensor: Who heard it.
            heard_at: When, by the receiver's clock; the sensor's report was taken by the ears before.
            rssi_dbm: The mean strength; None when nothing told it.
            sighting_count: Advertisements heard since the report before, at least 1.

        Returns:
            False when something newer of this sensor is known already; nothing is changed then.
        """
        mark = self._ears.mark(sensor, heard_at)
        level = self._levels.get(sensor)
        if level is None or level.heard_at - heard_at > _PUT_BACK:
            self._levels[sensor] = level = _Level(heard_at, mark, rssi_dbm)
        elif heard_at <= level.heard_at:
            return False
        else:
            _go_on(level, heard_at, mark, rssi_dbm, sighting_count)
        if (
            self.last_heard_at is None
            or abs(self.last_heard_at - heard_at) > _PUT_BACK
            or heard_at > self.last_heard_at
        ):
            self.last_heard_at = heard_at
        if self.sensor is None:
            self._be_at(sensor, level)
        elif sensor == self.sensor:
            self._is_heard_since = True
        return True

    def settle(self, now_at: datetime, by: str | None = None) -> None:
        """Tell anew where the tag is, by all that was heard and by what time has passed.

        Args:
            now_at: Now, by the receiver's clock.
            by: Whose report came; None when only time has passed, by which no sensor becomes better than another.
        """
        if self.sensor is None:
            return
        if by == self.sensor:
            self._compare([name for name in self._levels if name != by], now_at)
        elif by in self._levels:
            self._compare([by], now_at)
            if by != self.sensor:
                return  # it says no more of the sensor that the tag is at; what time tells is asked each second
        level = self._levels[self.sensor]
        if not self._ears.listens(self.sensor, now_at):
            self._turn(Whereabouts.UNKNOWN, now_at)
        elif self._ears.unheard_since_resumed(self.sensor, level.mark) >= self._patience(level):
            self._turn(Whereabouts.AWAY, now_at)
        elif self._is_heard_since:
            self._turn(Whereabouts.PRESENT, level.heard_at)
        if self.zone is None or self._has_left_zone(level):
            self._enter_zone(level)

    def place(self) -> TagPlace:
        """Where the tag is, as it was settled last."""
        if self.sensor is None:
            return NEVER_HEARD
        rssi_dbm = self._levels[self.sensor].rssi_dbm
        return TagPlace(
            whereabouts=self.whereabouts,
            sensor=self.sensor,
            zone=self.zone,
            rssi_dbm=None if rssi_dbm is None else round(rssi_dbm, 2),
            confidence=self._confidence() if self.whereabouts is Whereabouts.PRESENT else None,
            since_at=self.since_at,
            last_heard_at=self.last_heard_at,
        )

    @property
    def heard_there_at(self) -> datetime | None:
        """When it was last heard at the sensor it is at; None when it was never heard."""
        return None if self.sensor is None else self._levels[self.sensor].heard_at

    def _be_at(self, sensor: str, level: _Level) -> None:
        if self.whereabouts is not Whereabouts.PRESENT:
            self._arrived_at = level.heard_at
        self.sensor = sensor
        self.whereabouts = Whereabouts.PRESENT
        self.since_at = level.heard_at
        self.zone = self._zoning.zone_of(level.rssi_dbm)
        for other in self._levels.values():
            other.leads_since[:] = _NO_LEADS
        self._zone_since[:] = _NO_ZONE_LEADS

    def _turn(self, whereabouts: Whereabouts, at: datetime) -> None:
        if self.whereabouts is not whereabouts:
            self.whereabouts, self.since_at = whereabouts, at
            self._is_heard_since = False

    def _compare(self, others: Sequence[str], now_at: datetime) -> None:
        """Move to the best of some other sensors, if that has been better by enough for long enough."""
        if not others:
            return
        sensor = str(self.sensor)
        here = self._levels[sensor]
        missed = self._missed(sensor, here)
        here_dbm = _weakened(here, missed)
        if self._arrived_at is not None and abs(now_at - self._arrived_at) <= _ARRIVING:
            at_once = len(_LEADS)
        else:
            at_once = 1 if missed > _MISSED_BY_CHANCE else 0
        oldest_at = now_at - _LEVEL_LASTS
        best: tuple[float, str] | None = None
        for name in others:
            level = self._levels[name]
            if level.heard_at < oldest_at:
                del self._levels[name]
                continue
            if _weakened(level, 0.0) - here_dbm <= _LEADS[-1][0]:
                # By far the most: no better, whatever it has missed. A site of fifty sensors compares them all.
                level.leads_since[:] = _NO_LEADS
                continue
            strength = self._strength(name, level)
            # Who does not listen any more says nothing of where it is now.
            listens = self._ears.listens(name, now_at)
            is_by = [listens and strength - here_dbm > lead_db for lead_db, _ in _LEADS]
            if _holds(level, level.leads_since, is_by, _LEADS, at_once=at_once):
                best = max((strength, name), best or (strength, name))
        if best is not None:
            self._be_at(best[1], self._levels[best[1]])

    def _strength(self, sensor: str, level: _Level) -> float:
        """How strong the tag is at a sensor, taking into account that it is no longer heard there."""
        return _weakened(level, self._missed(sensor, level))

    def _missed(self, sensor: str, level: _Level) -> float:
        """For how many of its intervals a sensor has listened and not heard it."""
        interval = max(level.interval or 0.0, _SHORTEST_INTERVAL)
        return self._ears.unheard_seconds(sensor, level.mark) / interval

    def _patience(self, level: _Level) -> float:
        if level.interval is None:
            return self._away_after
        return min(max(_AWAY_INTERVALS * level.interval, _AWAY_LEAST_SECONDS), _AWAY_MOST_SECONDS)

    def _has_left_zone(self, level: _Level) -> bool:
        if level.rssi_dbm is None:
            return False
        rssi_dbm, zone_of = level.rssi_dbm, self._zoning.zone_of
        if zone_of(rssi_dbm) is self.zone:
            self._zone_since[:] = _NO_ZONE_LEADS
            return False
        is_by = [
            zone_of(rssi_dbm - past_db) is not self.zone and zone_of(rssi_dbm + past_db) is not self.zone
            for past_db, _ in _ZONE_LEADS
        ]
        return _holds(level, self._zone_since, is_by, _ZONE_LEADS)

    def _enter_zone(self, level: _Level) -> None:
        zone = self._zoning.zone_of(level.rssi_dbm)
        if zone is not self.zone:
            self.zone, self.since_at = zone, level.heard_at
            self._zone_since[:] = _NO_ZONE_LEADS

    def _confidence(self) -> float:
        """By how much it is stronger here than elsewhere, measured by how signals scatter; less while unheard."""
        sensor = str(self.sensor)
        here = self._strength(sensor, self._levels[sensor])
        others = [self._strength(name, level) for name, level in self._levels.items() if name != sensor]
        margin = here - max(others, default=_FLOOR_DBM)
        return round(0.5 * (1.0 + math.erf(margin / (_SHADOWING_DB * math.sqrt(2.0)))), 2)


def _weakened(level: _Level, missed: float) -> float:
    """How strong a tag is that was missed for so many of its intervals."""
    rssi_dbm = _FLOOR_DBM if level.rssi_dbm is None else level.rssi_dbm
    return rssi_dbm - _MISSED_DB * max(0.0, missed - _MISSED_BY_CHANCE)


def _go_on(level: _Level, heard_at: datetime, mark: float, rssi_dbm: float | None, sighting_count: int) -> None:
    """Take a reading into the means of a level."""
    gap = min((mark - level.mark) / sighting_count, _AWAY_MOST_SECONDS / _AWAY_INTERVALS)
    if level.interval is None:
        level.interval = gap
    else:
        level.interval += (gap - level.interval) * _NEW_INTERVAL_SHARE
    if rssi_dbm is not None:
        level.rssi_dbm = rssi_dbm if level.rssi_dbm is None else _smoothed(level, heard_at, rssi_dbm)
    level.heard_at, level.mark = heard_at, mark


def _smoothed(level: _Level, heard_at: datetime, rssi_dbm: float) -> float:
    forgets = max(_FORGETS_SECONDS, _FORGETS_INTERVALS * (level.interval or 0.0))
    kept = math.exp(-(heard_at - level.heard_at).total_seconds() / forgets)
    return rssi_dbm + ((level.rssi_dbm or 0.0) - rssi_dbm) * kept


def _holds(
    level: _Level,
    since: list[datetime | None],
    is_by: Sequence[bool],
    leads: Sequence[tuple[float, float]],
    *,
    at_once: int = 0,
) -> bool:
    """Whether a lead by any of some amounts has lasted for as long as that amount asks for.

    Args:
        level: What leads.
        since: Since when it has, for each amount; brought up to date.
        is_by: Whether it leads by that amount now.
        leads: The amounts, and how many seconds or intervals each must last.
        at_once: So many of the amounts, from the greatest on, need not last.
    """
    at, unit = level.heard_at, max(1.0, level.interval or 0.0)
    holds = False
    for index, (_, length) in enumerate(leads):
        if not is_by[index]:
            since[index] = None
            continue
        begun = since[index] = since[index] or at
        holds = holds or (at - begun).total_seconds() >= length * unit or index < at_once
    return holds
