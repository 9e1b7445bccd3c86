"""Calibrating: learns from head counts how many people the counts of a place stand for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import fmean

from presence.counts import RSSI_CUTS_DBM, SensorCounts
from presence.estimate import StepKind
from presence.estimating import estimate_people
from presence.people_model import UNCALIBRATED, PeopleModel, RadioModel
from presence.radio import Radio

# Fewer entries cannot be told from chance.
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class CountedMoment:
    """A head count, and what the sensors counted at that moment.

    Attributes:
        counted_at: When.
        people: How many were there.
        sensors: What each sensor counted then.
    """

    counted_at: datetime
    people: float
    sensors: tuple[SensorCounts, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What came of calibrating.

    Attributes:
        model: The model.
        predictions: For each moment, in their order, what the others make of it; None when nothing was heard then.
        error: Mean absolute error of the predictions, in people; None below three entries.
        plain_error: The same of the estimate without calibration; None likewise.
        cut_dbm: From which RSSI on devices count; None when all do.
        used: How many moments taught something.
    """

    model: PeopleModel
    predictions: tuple[float | None, ...]
    error: float | None
    plain_error: float | None
    cut_dbm: int | None
    used: int


def calibrate(
    moments: Sequence[CountedMoment],
    excluded: frozenset[str],
    now_at: datetime,
    plain: PeopleModel = UNCALIBRATED,
) -> Fitted:
    """Learn from head counts. It takes long with many of them, so it belongs into a process of its own.

    Args:
        moments: The head counts, in any order.
        excluded: Digests of the fixtures that do not count.
        now_at: Now: the older an entry, the less it weighs.
        plain: The model to use where nothing can be learned.
    """
    del now_at  # all weigh the same so far
    useful = [moment for moment in moments if estimate_people(moment.sensors, excluded, plain) is not None]
    model = _fit(useful, excluded, plain)
    predictions = tuple(
        _likely(moment, excluded, _fit([one for one in useful if one is not moment], excluded, plain))
        for moment in moments
    )
    enough = len(useful) >= _FEWEST
    learned = model.wifi or model.bluetooth
    return Fitted(
        model=model,
        predictions=predictions,
        error=_error(moments, predictions) if enough else None,
        plain_error=_error(moments, [_likely(one, excluded, plain) for one in moments]) if enough else None,
        cut_dbm=RSSI_CUTS_DBM[learned.cut] if learned is not None and learned.cut else None,
        used=len(useful),
    )


def _likely(moment: CountedMoment, excluded: frozenset[str], model: PeopleModel) -> float | None:
    estimate = estimate_people(moment.sensors, excluded, model)
    return None if estimate is None else estimate.likely


def _error(moments: Sequence[CountedMoment], predictions: Sequence[float | None]) -> float:
    return fmean(
        abs(moment.people - likely) for moment, likely in zip(moments, predictions, strict=True) if likely is not None
    )


def _fit(moments: Sequence[CountedMoment], excluded: frozenset[str], plain: PeopleModel) -> PeopleModel:
    if len(moments) < _FEWEST:
        return replace(plain, head_counts=len(moments))
    return replace(
        plain,
        head_counts=len(moments),
        wifi=_fit_radio(moments, excluded, plain, Radio.WIFI),
        bluetooth=_fit_radio(moments, excluded, plain, Radio.BLUETOOTH),
    )


def _fit_radio(
    moments: Sequence[CountedMoment], excluded: frozenset[str], plain: PeopleModel, radio: Radio
) -> RadioModel | None:
    """The best line through devices and people, over all cuts; None when the radio was not heard often enough."""
    fits = []
    for cut in range(len(RSSI_CUTS_DBM)):
        points = [
            (devices, moment.people)
            for moment in moments
            if (devices := _devices(moment, excluded, plain, radio, cut)) is not None
        ]
        if len(points) >= _FEWEST:
            fits.append(_line(points, cut))
    return min(fits, key=lambda fit: fit.error, default=None)


def _devices(
    moment: CountedMoment, excluded: frozenset[str], plain: PeopleModel, radio: Radio, cut: int
) -> float | None:
    probe = replace(plain, wifi=RadioModel(cut, 0, 1, 1), bluetooth=RadioModel(cut, 0, 1, 1))
    estimate = estimate_people(moment.sensors, excluded, probe)
    steps = () if estimate is None else estimate.steps
    return next((step.value for step in steps if step.kind is StepKind.FIXTURES and step.radio is radio), None)


def _line(points: Sequence[tuple[float, float]], cut: int) -> RadioModel:
    """A line, its slope drawn towards nothing as by one more entry."""
    mean_devices = fmean(devices for devices, _ in points)
    mean_people = fmean(people for _, people in points)
    spread = sum((devices - mean_devices) ** 2 for devices, _ in points)
    common = sum((devices - mean_devices) * (people - mean_people) for devices, people in points)
    slope = common / (spread + 1.0 + spread / len(points))
    offset = mean_people - slope * mean_devices
    squares = fmean((people - offset - slope * devices) ** 2 for devices, people in points)
    return RadioModel(cut, offset, slope, math.sqrt(squares * len(points) / (len(points) - 2)) + 0.5)
