"""Spots: one simulated site heard from several places in it."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

from scans.simulated.air import Advertisement, ClientFrame
from scans.simulated.dice import fixed_number
from scans.simulated.signal_strength import SECONDS_AT_ONE_PLACE, WEAKEST_DBM

_Heard = TypeVar("_Heard", ClientFrame, Advertisement)

# Two rooms away: walls and ten times the distance. Nobody is nearer to a spot than to where the site is heard from.
_FARTHEST_DB = 30

# The farthest on a walk around the house is half of it away.
_FARTHEST_AWAY = 0.5


class Spot:
    """A place that hears the same senders as others do, each nearer or farther, for as long as it stays at one place.

    Args:
        seed: The site's.
        name: Of the spot; another name is another place.
    """

    def __init__(self, seed: int, name: str) -> None:
        self._seed = seed
        self._name = name
        self._position = fixed_number(1000, seed, "position", name) / 1000
        self._loss_db = lru_cache(maxsize=4096)(self._work_out_loss)

    def heard(self, sent: _Heard) -> _Heard | None:
        """What is heard here of what the site hears; None when it is too weak from here."""
        if isinstance(sent, Advertisement) and sent.position is not None:
            loss = round(_FARTHEST_DB * self.distance_to(sent.position) / _FARTHEST_AWAY)
        else:
            loss = self._loss_db(sent.gadget.name, int(sent.at // SECONDS_AT_ONE_PLACE))
        rssi_dbm = sent.rssi_dbm - loss
        return None if rssi_dbm < WEAKEST_DBM else sent._replace(rssi_dbm=rssi_dbm)

    def distance_to(self, position: float) -> float:
        """How far it is to a position in the house, as a part of the walk around it, the shorter way: 0 to 0.5."""
        ahead = abs(position - self._position)
        return min(ahead, 1 - ahead)

    def _work_out_loss(self, gadget: str, place: int) -> int:
        return fixed_number(_FARTHEST_DB + 1, self._seed, "spot", self._name, gadget, place)
