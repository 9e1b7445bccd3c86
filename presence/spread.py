"""The range of an estimate: how far off it was where the truth was known, told so that it holds four times of five."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist, fmean

from presence.people_model import PeopleModel

# Ten errors of a normal distribution whose mean absolute error is 1: what is believed before there are entries, and
# with ten of them half of what is believed.
_MEAN_ERROR = math.sqrt(2 / math.pi)
_BELIEVED = tuple(NormalDist().inv_cdf((number + 0.5) / 10) / _MEAN_ERROR for number in range(10))

# The usual error before there are entries: one person, and one more for each five.
SPREAD, SPREAD_PER_PERSON = 1.0, 0.2
_LEAST_SPREAD = 0.3

# One in ten is below the range, and one in ten above.
_TAIL = 0.1


@dataclass(frozen=True, slots=True)
class Known:
    """An estimate whose truth is known.

    Attributes:
        likely: The estimate, made without knowing.
        apart: How far apart the radios were.
        people: The truth.
        trust: What it weighs.
    """

    likely: float
    apart: float
    people: float
    trust: float


def with_range(model: PeopleModel, known: Sequence[Known]) -> PeopleModel:
    """The model with the range that fits what is known."""
    spread, per_person = _spread(known)
    errors = [
        ((one.people - one.likely) / math.hypot(spread + per_person * one.likely, one.apart), one.trust)
        for one in known
    ]
    errors += [(error, 1.0) for error in _BELIEVED]
    return replace(
        model,
        spread=spread,
        spread_per_person=per_person,
        errors_below=max(0.0, -_quantile(errors, _TAIL)),
        errors_above=max(0.0, _quantile(errors, 1 - _TAIL)),
    )


def _spread(known: Sequence[Known]) -> tuple[float, float]:
    """The line through the absolute errors by estimate: where nobody is, and for each person.

    Least squares, each entry by its expected error; three errors as believed, at nobody, the usual and twice that, keep
    few entries from bending it.
    """
    usual = max(1.0, fmean(one.people for one in known))
    believed = [(level, SPREAD + SPREAD_PER_PERSON * level, 1.0) for level in (0.0, usual, 2 * usual)]
    points = [(one.likely, abs(one.people - one.likely), one.trust) for one in known] + believed
    weights = [trust / (SPREAD + SPREAD_PER_PERSON * level) ** 2 for level, _, trust in points]
    total = sum(weights)
    level = sum(w * x for w, (x, _, _) in zip(weights, points, strict=True)) / total
    error = sum(w * y for w, (_, y, _) in zip(weights, points, strict=True)) / total
    common = sum(w * (x - level) * (y - error) for w, (x, y, _) in zip(weights, points, strict=True))
    squares = sum(w * (x - level) ** 2 for w, (x, _, _) in zip(weights, points, strict=True))
    slope = max(0.0, common / squares)
    return max(_LEAST_SPREAD, error - slope * level), slope


def _quantile(weighed: Sequence[tuple[float, float]], share: float) -> float:
    """The value below which a share of the weight lies, between values by straight lines."""
    ordered = sorted(weighed)
    total = sum(weight for _, weight in ordered)
    below = 0.0
    previous_value, previous_at = ordered[0][0], 0.0
    for value, weight in ordered:
        at = (below + weight / 2) / total
        if at >= share:
            step = (share - previous_at) / (at - previous_at) if at > previous_at else 1.0
            return previous_value + (value - previous_value) * step
        below += weight
        previous_value, previous_at = value, at
    return ordered[-1][0]
