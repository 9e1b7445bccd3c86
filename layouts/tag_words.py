"""What is said of a tag: where it is, how sure that is, and what it tells of itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo

from layouts.formats import DASH, number_text, plain_words, share_text, short_moment_text
from presence.tags import Measure, MeasureKind, TagPlace, Whereabouts
from presence.zones import Zone

# From which confidence on it is called so; below the last it may as well be at a neighbouring sensor.
_SURE = 0.8
_LIKELY = 0.5

_DISTANCES = {None: "at", Zone.NEAR: "near", Zone.MEDIUM: "not far from", Zone.FAR: "far from"}

MEASURE_NAMES = {
    MeasureKind.BATTERY_PERCENT: ("Battery", " %"),
    MeasureKind.BATTERY_VOLTS: ("Battery", " V"),
    MeasureKind.TEMPERATURE_CELSIUS: ("Temperature", " °C"),
    MeasureKind.HUMIDITY_PERCENT: ("Humidity", " %"),
    MeasureKind.PRESSURE_HPA: ("Pressure", " hPa"),
    MeasureKind.ILLUMINANCE_LUX: ("Light", " lx"),
    MeasureKind.MOVING: ("Moving", ""),
    MeasureKind.MOVEMENT_COUNT: ("Movements", ""),
    MeasureKind.OPEN: ("Open", ""),
    MeasureKind.BUTTON_PRESSES: ("Button presses", ""),
    MeasureKind.ACCELERATION_G: ("Acceleration", " g"),
    MeasureKind.COUNT: ("Count", ""),
    MeasureKind.WEIGHT_KG: ("Weight", " kg"),
    MeasureKind.KEY_FITS: ("Its key fits", ""),
}
"""What each figure is called, and its unit as it stands behind the number."""

_YES_OR_NO = {MeasureKind.MOVING, MeasureKind.OPEN}
_VOLTS_DECIMALS = {MeasureKind.BATTERY_VOLTS, MeasureKind.ACCELERATION_G, MeasureKind.WEIGHT_KG}


def where_words(place: TagPlace) -> str:
    """Where a tag is, to stand beside `state_word`. What is not known is never taken for "away"."""
    sensor = None if place.sensor is None else plain_words(place.sensor)
    if sensor is None:
        return "Not heard yet"
    if place.whereabouts is Whereabouts.PRESENT:
        return f"{_DISTANCES[place.zone].capitalize()} {sensor}"
    if place.whereabouts is Whereabouts.AWAY:
        return f"Last at {sensor}"
    return f"The sensor {sensor} does not listen"


def confidence_words(place: TagPlace) -> str:
    """How sure it is that a tag is there; empty while it is not present."""
    if place.confidence is None or place.whereabouts is not Whereabouts.PRESENT:
        return ""
    words = ((_SURE, "sure"), (_LIKELY, "likely"), (0.0, "uncertain"))
    word = next(word for least, word in words if place.confidence >= least)
    return f"{word} ({share_text(round(place.confidence, 2))})"


def mood(place: TagPlace) -> str:
    """The look of a pill, after assets/3-overview.css."""
    return {Whereabouts.PRESENT: "well", Whereabouts.AWAY: "warning", Whereabouts.UNKNOWN: "waiting"}[place.whereabouts]


def state_word(place: TagPlace) -> str:
    """Whether a tag is there, in a word."""
    return {Whereabouts.PRESENT: "Here", Whereabouts.AWAY: "Away", Whereabouts.UNKNOWN: "Unknown"}[place.whereabouts]


def measure_text(measure: Measure) -> str:
    """A figure with its name and unit: "Battery 82 %"."""
    name, unit = MEASURE_NAMES[measure.kind]
    if measure.kind is MeasureKind.KEY_FITS:
        return name if measure.value else "Its key does not fit"
    if measure.kind in _YES_OR_NO:
        return name if measure.value else f"Not {name.lower()}"
    number = f"{measure.value:.2f}" if measure.kind in _VOLTS_DECIMALS else number_text(measure.value)
    return f"{name} {number}{unit}".replace("-", "−")


def key_fits(measures: Iterable[Measure]) -> bool:
    """Whether no key of a tag is known not to fit."""
    return all(one.value for one in measures if one.kind is MeasureKind.KEY_FITS)


def measures_text(measures: Iterable[Measure]) -> str:
    """All figures of a tag in a line; a dash for none. That its key fits goes without saying."""
    told = (one for one in measures if one.kind is not MeasureKind.KEY_FITS or not one.value)
    return " · ".join(map(measure_text, told)) or DASH


def moment_or_dash(at: datetime | None, now_at: datetime, zone: tzinfo) -> str:
    """A moment as short as it stays clear; a dash for None."""
    return DASH if at is None else short_moment_text(at, now_at, zone)
