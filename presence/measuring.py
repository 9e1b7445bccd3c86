"""Measuring: which of the figures that tags tell all the time are worth a line in the log."""

from __future__ import annotations

from datetime import datetime, timedelta

from presence.tags import MeasureKind

# By how much a figure wanders though nothing has changed: the resolution of a cheap sensor, and its scatter. Battery
# levels come in whole per cent and its volts sag with each transmission; small thermometers scatter by some tenths of a
# degree, hygrometers by a per cent or two (Sensirion SHT4x: 0.2 degrees, 1.8 %), barometers by a few tenths of a hPa.
_NOISE: dict[MeasureKind, float] = {
    MeasureKind.BATTERY_PERCENT: 1.0,
    MeasureKind.BATTERY_VOLTS: 0.05,
    MeasureKind.TEMPERATURE_CELSIUS: 0.5,
    MeasureKind.HUMIDITY_PERCENT: 2.0,
    MeasureKind.PRESSURE_HPA: 1.0,
    MeasureKind.ILLUMINANCE_LUX: 10.0,
    MeasureKind.ACCELERATION_G: 0.1,
    MeasureKind.WEIGHT_KG: 0.1,
}
# Light is told over five powers of ten: a fifth more or less is a cloud.
_LIGHT_SHARE = 0.2

# What happens, and is not a level that wanders.
_EVENTS = frozenset({MeasureKind.BUTTON_PRESSES, MeasureKind.OPEN, MeasureKind.MOVING})

_AT_LEAST_EVERY = timedelta(minutes=15)
# A figure that changes with every packet, as a count of movements does while a thing is carried, has a line a minute.
_AT_MOST_EVERY = timedelta(minutes=1)

# A press is advertised for a second or two, and by each sensor that hears it.
_ONE_PRESS = timedelta(seconds=2)


def is_same_press(pressed_at: datetime, before_at: datetime) -> bool:
    """Whether a button's press is the one that was told before."""
    return abs(pressed_at - before_at) <= _ONE_PRESS


def is_worth_logging(kind: MeasureKind, value: float, told_at: datetime, logged: float, logged_at: datetime) -> bool:
    """Whether a figure gets a line in the log.

    Args:
        kind: What it tells.
        value: The figure.
        told_at: When it was told.
        logged: The figure of the line before.
        logged_at: When that was told.
    """
    since = told_at - logged_at
    if kind is MeasureKind.BUTTON_PRESSES or since >= _AT_LEAST_EVERY:
        return True
    if kind not in _EVENTS and since < _AT_MOST_EVERY:
        return False
    noise = _NOISE.get(kind, 0.0)
    if kind is MeasureKind.ILLUMINANCE_LUX:
        noise = max(noise, _LIGHT_SHARE * logged)
    return abs(value - logged) > noise
