"""Estimating: from what the radios counted to people, low, likely and high, with every step on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence

from presence.counts import RSSI_CUTS_DBM, RadioCounts, SensorCounts
from presence.estimate import PeopleEstimate, Step, StepKind
from presence.people_model import PeopleModel, RadioModel
from presence.radio import Radio

# Four times out of five a normal error is smaller than this many standard deviations.
_FOUR_OF_FIVE = 1.2816

# Without head counts nobody knows how many devices a person carries, and which are never heard: between sites, people
# for a device differ twofold either way.
_UNCALIBRATED_FACTOR = 2.0


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
    told = [
        _by_radio(radio, counts, excluded, model)
        for radio in Radio
        if (counts := [one for sensor in sensors if (one := sensor.radio(radio)) is not None])
    ]
    if not told:
        return None
    weights = [1 / (deviation * deviation) for _, deviation, _ in told]
    likely = sum(people * weight for (people, _, _), weight in zip(told, weights, strict=True)) / sum(weights)
    half = _FOUR_OF_FIVE * max(deviation for _, deviation, _ in told)
    low, high = max(0.0, likely - half), likely + half
    steps = [step for _, _, some in told for step in some]
    if len(told) > 1:
        steps.append(Step(StepKind.TOGETHER, None, likely))
    steps.append(Step(StepKind.RANGE, None, likely, low=low, high=high))
    return PeopleEstimate(low, likely, high, tuple(steps), model.head_counts)


def _by_radio(
    radio: Radio, counts: Sequence[RadioCounts], excluded: frozenset[str], model: PeopleModel
) -> tuple[float, float, list[Step]]:
    """People by one radio, the standard deviation of that, and the steps."""
    learned = model.wifi if radio is Radio.WIFI else model.bluetooth
    cut = learned.cut if learned is not None else 0
    now = sum(one.scan.devices[0] for one in counts)
    present = sum(one.window.devices[0] for one in counts)
    near = sum(one.window.devices[cut] for one in counts)
    away = sum(thing.digest in excluded and thing.cut >= cut for one in counts for thing in one.fixtures)
    devices = max(0, near - away)
    steps = [Step(StepKind.HEARD_NOW, radio, now), Step(StepKind.IN_WINDOW, radio, present)]
    if cut:
        steps.append(Step(StepKind.NEAR_ENOUGH, radio, near, change=RSSI_CUTS_DBM[cut]))
    steps.append(Step(StepKind.FIXTURES, radio, devices, change=away))
    people, deviation = _people(devices, learned, model)
    kind = StepKind.PER_DEVICE if learned is None else StepKind.CALIBRATED
    steps.append(Step(kind, radio, people, change=people / devices if devices else None))
    return people, deviation, steps


def _people(devices: int, learned: RadioModel | None, model: PeopleModel) -> tuple[float, float]:
    if learned is None:
        people = devices / model.visible_share
        return people, math.sqrt(1 + (people * (_UNCALIBRATED_FACTOR - 1) / _FOUR_OF_FIVE) ** 2)
    return max(0.0, learned.offset + learned.people_per_device * devices), learned.error
