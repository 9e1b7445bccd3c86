"""Estimating: from what the radios counted to people, low, likely and high, with every step on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from presence.adding_up import AddedUp, add_up
from presence.counts import RSSI_CUTS_DBM, SensorCounts
from presence.detecting import heard_share
from presence.estimate import PeopleEstimate, Step, StepKind
from presence.people_model import BENDS, PeopleModel, RadioModel
from presence.radio import Radio

# Radios are weighed by errors of at least a quarter of a person: none that was lucky decides alone.
_LEAST_ERROR = 0.25


@dataclass(frozen=True, slots=True)
class Reading:
    """What one radio makes of a moment.

    Attributes:
        radio: Which one.
        people: How many, 0 or more.
        error: How far off it usually is, in people; 1 for each radio where nobody counted.
        steps: How it was reached.
    """

    radio: Radio
    people: float
    error: float
    steps: tuple[Step, ...]


def estimate_people(
    sensors: Sequence[SensorCounts], excluded: frozenset[str], model: PeopleModel
) -> PeopleEstimate | None:
    """How many people are there.

    Args:
        sensors: What each sensor counted last, one for each sensor that hears the place.
        excluded: Digests of the fixtures that do not count.
        model: What was learned from head counts, or `UNCALIBRATED`.

    Returns:
        The estimate; None when no radio has counts, which is not the same as nobody being there.
    """
    added = add_up_radios(sensors, excluded)
    if not added:
        return None
    # Where one radio was calibrated and the other was not, only the former knows the place.
    learned = [radio for radio in added if model.radio(radio) is not None]
    readings = [_read(radio, added[radio], model) for radio in learned or added]
    likely, apart = together([(reading.people, reading.error) for reading in readings])
    spread = math.hypot(model.spread + model.spread_per_person * likely, apart)
    low = max(0.0, likely - model.errors_below * spread)
    high = likely + model.errors_above * spread
    steps = [step for reading in readings for step in reading.steps]
    if len(readings) > 1:
        steps.append(Step(StepKind.TOGETHER, None, likely))
    steps.append(Step(StepKind.RANGE, None, likely, low=low, high=high))
    return PeopleEstimate(low, likely, high, tuple(steps), model.head_counts)


def add_up_radios(sensors: Sequence[SensorCounts], excluded: frozenset[str]) -> dict[Radio, AddedUp]:
    """What the sensors counted by each radio that any of them heard by."""
    by_radio = {radio: [one for sensor in sensors if (one := sensor.radio(radio)) is not None] for radio in Radio}
    return {radio: add_up(radio, counts, excluded) for radio, counts in by_radio.items() if counts}


def together(readings: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Join what the radios make of a moment, each with its usual error: people, and how far the radios are apart.

    Each weighs by the square of its error, as the mean of two measurements does; how far they lie apart is the
    standard deviation between them, by the same weights, which widens the range.
    """
    weights = [1 / max(error, _LEAST_ERROR) ** 2 for _, error in readings]
    total = sum(weights)
    likely = sum(weight * people for weight, (people, _) in zip(weights, readings, strict=True)) / total
    squares = sum(weight * (people - likely) ** 2 for weight, (people, _) in zip(weights, readings, strict=True))
    return likely, math.sqrt(squares / total)


def plain_people(radio: Radio, added: AddedUp, model: PeopleModel) -> float:
    """People where nobody counted: devices near enough, those added that are there and were not heard, by the share."""
    return _present(radio, added, model.cut) / model.visible_share


def learned_people(added: AddedUp, plain: float, learned: RadioModel) -> float:
    """People by what was learned; 0 or more."""
    people = learned.offset + learned.plain_factor * plain
    for bend, kinds in zip(BENDS, learned.weights, strict=True):
        for weights, counts in zip(kinds, added.features, strict=True):
            for weight, count in zip(weights, counts, strict=True):
                if count and weight:
                    people += weight * math.log1p(count / bend)
    return max(0.0, people)


def _near_enough(radio: Radio, added: AddedUp, cut: int) -> int:
    """Devices that may be somebody's. By Wi-Fi a global address may be a phone's, by Bluetooth most are of things."""
    return (added.window.carried if radio is Radio.BLUETOOTH else added.window.devices)[cut]


def _present(radio: Radio, added: AddedUp, cut: int) -> float:
    """Devices near enough, and those like them that were silent. What has joined a network is not silent for long."""
    near = _near_enough(radio, added, cut)
    joined = min(near, added.window.stable[cut]) if radio is Radio.WIFI else 0
    return joined + (near - joined) / heard_share(radio, added.window_scans)


def _read(radio: Radio, added: AddedUp, model: PeopleModel) -> Reading:
    learned = model.radio(radio)
    cut = model.cut if learned is None else learned.cut
    steps = _steps_to_devices(radio, added, cut)
    plain = plain_people(radio, added, model)
    if learned is None:
        present = _present(radio, added, cut)
        return Reading(radio, plain, 1.0, (*steps, *_plain_steps(radio, steps[-1].value, present, plain)))
    people, devices = learned_people(added, plain, learned), steps[-1].value
    step = Step(StepKind.CALIBRATED, radio, people, change=people / devices if devices else None)
    return Reading(radio, people, learned.error, (*steps, step))


def _steps_to_devices(radio: Radio, added: AddedUp, cut: int) -> list[Step]:
    """From what was heard now to the devices near enough."""
    window = added.window
    steps = [
        Step(StepKind.HEARD_NOW, radio, added.heard_now),
        Step(StepKind.IN_WINDOW, radio, added.in_window),
        Step(StepKind.FIXTURES, radio, window.addresses[0], change=added.in_window - window.addresses[0]),
    ]
    if cut:
        steps.append(Step(StepKind.NEAR_ENOUGH, radio, window.addresses[cut], change=RSSI_CUTS_DBM[cut]))
    steps.append(Step(StepKind.JOINED, radio, window.devices[cut], change=window.addresses[cut] - window.devices[cut]))
    if radio is Radio.BLUETOOTH:
        steps.append(Step(StepKind.CARRIED, radio, window.carried[cut]))
    return steps


def _plain_steps(radio: Radio, devices: float, present: float, people: float) -> list[Step]:
    """From devices to people, where nobody counted."""
    silent = [Step(StepKind.SILENT, radio, present, change=present - devices)] if present > devices else []
    change = people / present if present else None
    return [*silent, Step(StepKind.PER_DEVICE, radio, people, change=change)]
