"""Figures: numbers out of bytes from strangers, and whether they can be true."""

from __future__ import annotations

import math
import struct

from presence.tags import Measure, MeasureKind

# What a tag can tell and be believed. Beyond, the bytes are damaged, of another format, or meant to mislead.
_PLAUSIBLE = {
    MeasureKind.BATTERY_PERCENT: (0.0, 100.0),
    MeasureKind.BATTERY_VOLTS: (0.5, 60.0),
    MeasureKind.TEMPERATURE_CELSIUS: (-100.0, 300.0),
    MeasureKind.HUMIDITY_PERCENT: (0.0, 100.0),
    MeasureKind.PRESSURE_HPA: (300.0, 1200.0),  # from the top of Mount Everest to the Dead Sea, and some
    MeasureKind.ILLUMINANCE_LUX: (0.0, 200_000.0),  # direct sunlight is 120,000 lx
    MeasureKind.MOVING: (0.0, 1.0),
    MeasureKind.MOVEMENT_COUNT: (0.0, 2.0**32),
    MeasureKind.OPEN: (0.0, 1.0),
    MeasureKind.BUTTON_PRESSES: (0.5, 3.0),
    MeasureKind.ACCELERATION_G: (0.0, 64.0),
    MeasureKind.COUNT: (-(2.0**31), 2.0**32),
    MeasureKind.WEIGHT_KG: (0.0, 100_000.0),
    MeasureKind.KEY_FITS: (0.0, 1.0),
}

# More decimals than any of these formats carries.
_DECIMALS = 4


def unpacked(layout: str, data: bytes, at: int = 0) -> tuple[int, ...] | None:
    """Whole numbers out of data, by `struct`'s layout; None when there are too few bytes."""
    if len(data) < at + struct.calcsize(layout):
        return None
    return struct.unpack_from(layout, data, at)


def measures(**told: float | None) -> tuple[Measure, ...]:
    """Figures by the names of their kinds; those that were not told, or cannot be true, are left out."""
    found = ((MeasureKind(name), value) for name, value in told.items() if value is not None)
    return tuple(Measure(kind, round(value, _DECIMALS)) for kind, value in found if is_plausible(kind, value))


def is_plausible(kind: MeasureKind, value: float) -> bool:
    """Whether a figure can be true."""
    least, most = _PLAUSIBLE[kind]
    return math.isfinite(value) and least <= value <= most


def length_of_vector(*milli_g: int) -> float:
    """The length of a vector of acceleration, from thousandths of g to g."""
    return math.hypot(*milli_g) / 1000
