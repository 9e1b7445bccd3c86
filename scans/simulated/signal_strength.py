"""Signal strength: how much is lost between a pocket and the shelf with the sensor."""

from __future__ import annotations

import math
from random import Random

# What a phone at one metre reads, 15 dBm sent less 40 dB of free space at 2.4 GHz (ITU-R P.525) and 13 dB for pocket,
# hand and antennas.
WIFI_AT_ONE_METRE_DBM = -38.0
# Bluetooth Low Energy sends at 0 to 4 dBm from the same pocket; 12 dB less.
BLUETOOTH_AT_ONE_METRE_DBM = -50.0

# Indoors, with furniture and people: 27 dB for ten times the distance (ITU-R P.1238: 28 in offices), and 4 dB of
# shadowing that stays with a place in the room.
_DB_PER_DECADE = 27.0
_SHADOWING_DB = 4.0

# From frame to frame: fast fading.
FADING_DB = 3.0

# What a cheap USB adapter still decodes.
WEAKEST_DBM = -94
_STRONGEST_DBM = -20

# Someone sits at one table for a while, then moves.
SECONDS_AT_ONE_PLACE = 1200


def loss_db(rng: Random, distance_metres: float) -> float:
    """Loss beyond the first metre, from one place in the room."""
    return _DB_PER_DECADE * math.log10(max(distance_metres, 1.0)) + rng.gauss(0.0, _SHADOWING_DB)


def reading(rng: Random, mean_dbm: float) -> int | None:
    """One reading about a mean, in whole dBm; None when it was too weak to be heard."""
    rssi = round(mean_dbm + rng.gauss(0.0, FADING_DB))
    return None if rssi < WEAKEST_DBM else min(rssi, _STRONGEST_DBM)
