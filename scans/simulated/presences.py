"""Presences: a device while it is in reach, and how it is received."""

from __future__ import annotations

from dataclasses import dataclass

from scans.simulated.people import Role
from scans.simulated.signal_strength import SECONDS_AT_ONE_PLACE


@dataclass(frozen=True, slots=True)
class Presence:
    """A device while it is in reach.

    Attributes:
        role: What its owner is to the place.
        from_seconds: Since when, in seconds since 1970.
        to_seconds: Until when.
        losses_db: Loss of signal at each place where it is in turn.
        joins_seconds: When it joins the network here, if it does so at all.
        positions: Where in the house it is at each of those places (`scans.simulated.tags`); empty where only chance
            says from which spot it is heard better.
    """

    role: Role
    from_seconds: float
    to_seconds: float
    losses_db: tuple[float, ...]
    joins_seconds: float
    positions: tuple[float, ...] = ()

    def loss_at(self, at: float) -> float:
        """Its loss of signal at a moment."""
        return self.losses_db[self._place_at(at)]

    def position_at(self, at: float) -> float | None:
        """Where in the house it is at a moment; None where only chance says."""
        return self.positions[self._place_at(at)] if self.positions else None

    def _place_at(self, at: float) -> int:
        place = int((at - self.from_seconds) // SECONDS_AT_ONE_PLACE)
        return max(0, min(place, len(self.losses_db) - 1))
