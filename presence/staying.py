"""Staying: what becomes of a tag's readings at one sensor, from when it came there until it was last heard."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from presence.tags import TagStay, Whereabouts
from presence.zones import Zone

# Shorter than this is none. Somebody who carries a tag past a sensor at 1.4 m/s, 5 m to either side of it, takes 7 s.
_SHORTEST = timedelta(seconds=5)
# Nothing is known of a tag while its sensor is started anew, or has lost its network. For so long it is taken to stay;
# then its stay ended when it was last heard.
UNKNOWN_FOR = timedelta(minutes=5)
"""How long a stay goes on while nothing is known of the tag."""


class Staying:
    """One stay, while it lasts.

    Args:
        sensor: Where.
        from_at: Since when.

    Attributes:
        stay_id: The number it was written under; None while it is not written.
        is_over: Whether the tag has left.
        heard_at: When it was last heard there.
        sighting_count: Advertisements heard there.
    """

    def __init__(self, sensor: str, from_at: datetime) -> None:
        self.stay_id: int | None = None
        self.sensor = sensor
        self.from_at = from_at
        self.heard_at = from_at
        self.is_over = False
        self.sighting_count = 0
        self._rssi_count = 0
        self._rssi_sum = 0.0
        self._zone: Zone | None = None
        self._zone_times: defaultdict[Zone, timedelta] = defaultdict(timedelta)

    def resume(self, stay_id: int, stay: TagStay, sighting_count: int, heard_at: datetime) -> None:
        """Go on from where it was written down."""
        self.stay_id = stay_id
        self.heard_at = max(heard_at, self.from_at)
        self.sighting_count = sighting_count
        if stay.rssi_mean_dbm is not None:
            self._rssi_count, self._rssi_sum = sighting_count, stay.rssi_mean_dbm * sighting_count
        if stay.zone is not None:
            self._zone = stay.zone
            self._zone_times[stay.zone] = self.heard_at - self.from_at

    def hear(self, heard_at: datetime, rssi_dbm: float | None, sighting_count: int, zone: Zone | None) -> None:
        """Take a reading. The time since the one before was spent in the zone that the tag is in now."""
        if zone is not None:
            self._zone = zone
            self._zone_times[zone] += max(heard_at - self.heard_at, timedelta(0))
        self.heard_at = max(heard_at, self.heard_at)
        self.sighting_count += sighting_count
        if rssi_dbm is not None:
            self._rssi_count += sighting_count
            self._rssi_sum += rssi_dbm * sighting_count

    def ends(self, whereabouts: Whereabouts, sensor: str | None, now_at: datetime) -> bool:
        """Whether a tag that is there or not, at a sensor, is no longer on this stay."""
        if whereabouts is Whereabouts.UNKNOWN:
            return now_at - self.heard_at > UNKNOWN_FOR
        return whereabouts is Whereabouts.AWAY or sensor != self.sensor

    @property
    def is_long_enough(self) -> bool:
        """Whether it is one."""
        return self.heard_at - self.from_at >= _SHORTEST

    def told(self, tag_id: int) -> TagStay:
        """The stay as it is now."""
        return TagStay(
            tag_id=tag_id,
            from_at=self.from_at,
            to_at=self.heard_at if self.is_over else None,
            sensor=self.sensor,
            zone=max(self._zone_times, key=self._zone_times.__getitem__, default=self._zone),
            rssi_mean_dbm=self._rssi_sum / self._rssi_count if self._rssi_count else None,
        )
