"""Regression by head counts: ridge on counts, at several bends, cuts and strengths, blended by how each fares.

People are modelled as a sum over counts of `weight × log(1 + count / bend)` (see `presence.people_model.BENDS`). Which
bend, from which RSSI on, and how strongly the weights are held down is not chosen once: each choice predicts the
entries of every group (a day, say) from those of the others, and the choices are blended by how well they did, so that
few head counts give a cautious blend and many a sharp one. Among them is the uncalibrated estimate, so that few do no
harm.

This is the only module of this room that uses numpy: it belongs into a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from presence.people_model import BENDS

Array = NDArray[np.float64]

# How strongly weights are held down, as the noise of one head count over the variance that the counts explain.
_STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)

# Times that entries far from what the others say are weighed anew (Huber's regression): a slip of the finger must not
# turn the line. Errors grow with the crowd: 1 person, and 1 more for each 10.
_ROUNDS = 3
_FAR, _FAR_PER_PERSON = 1.0, 0.1

# With fewer entries than this, lines through them are no better than chance.
_FEWEST_GROUPS = 5

# Errors below half a person are luck, and an uncalibrated estimate of 10 people is believed as much as an entry.
_LUCK = 0.5
_AS_ESTIMATED = 10.0

# Where nothing is heard nobody is: believed as much as four entries that say so, until one is of an empty room. Lines
# through full rooms alone told empty blocks of brno/ as 2.0 to 3.5 people, with 5 to 30 entries; so it is 1.0 to 1.4.
_NOBODY = 4.0

# What is believed before there are entries: as likely as not, the counts tell no more than the devices do.
_MULTIPLES_BELIEVED = 0.5

# The lowest cuts to try, by their index: a cut that leaves only what lies beside the sensor tells little of a place.
_CUTS = range(6)


@dataclass(frozen=True, slots=True)
class _Choice:
    """One way to read the counts, and how it fares.

    Attributes:
        bend: Index into `BENDS`; None for a multiple of the uncalibrated estimate.
        cut: Index of the lowest RSSI cut used; None likewise.
        offset: People where all counts are 0.
        weights: One for each kind of count and cut; for a multiple of the uncalibrated estimate, the factor alone.
        held_out: For each entry, what the entries of the other groups make of it.
    """

    bend: int | None
    cut: int | None
    offset: float
    weights: Array
    held_out: Array


@dataclass(frozen=True, slots=True)
class Blend:
    """What the choices come to together.

    Attributes:
        offset: People where all counts are 0.
        plain_factor: What the uncalibrated estimate is multiplied by.
        weights: For each bend, kind of count and cut.
        held_out: For each entry, what the entries of the other groups make of it.
        cut: Index of the lowest RSSI cut of the best choice; None when that is the uncalibrated estimate.
    """

    offset: float
    plain_factor: float
    weights: Array
    held_out: Array
    cut: int | None


def blend(counts: Array, plain: Array, people: Array, groups: Array, trust: Array) -> Blend:
    """Learn from entries, one at least.

    Args:
        counts: By entry, kind of count and cut.
        plain: The uncalibrated estimate of each entry.
        people: What was counted.
        groups: A number for each entry; those of one group err together.
        trust: What each entry weighs, above 0 and at most 1.
    """
    weighed = trust
    for _ in range(_ROUNDS):
        choices = [*_multiples(plain, people, groups, weighed), *_ridges(counts, people, groups, weighed)]
        shares = _shares(choices, people, groups, trust)
        held_out = np.einsum("i,ij->j", shares, np.array([choice.held_out for choice in choices]))
        far = np.abs(people - held_out) / (_FAR + _FAR_PER_PERSON * held_out)
        weighed = trust / np.maximum(1.0, far)
    return _blended(choices, shares, held_out, counts.shape[1:])


def _blended(choices: list[_Choice], shares: Array, held_out: Array, shape: tuple[int, ...]) -> Blend:
    weights = np.zeros((len(BENDS), *shape))
    plain_factor = offset = 0.0
    for choice, share in zip(choices, shares.tolist(), strict=True):
        offset += share * choice.offset
        if choice.bend is None:
            plain_factor += share * float(choice.weights[0])
        else:
            weights[choice.bend] += share * choice.weights
    return Blend(offset, plain_factor, weights, held_out, choices[int(np.argmax(shares))].cut)


def _shares(choices: list[_Choice], people: Array, groups: Array, trust: Array) -> Array:
    """Shares by likelihood, were errors Laplace's: the mean absolute error to the power of minus their number.

    Entries of one group err together, so it is groups that are counted. Of a hundred choices some fit three entries by
    chance, so what is believed beforehand is shared out among them, and not given to each.
    """
    errors = np.array([np.average(np.abs(people - choice.held_out), weights=trust) for choice in choices])
    are_multiples = np.array([choice.bend is None for choice in choices])
    multiples, ridges = are_multiples.sum(), max(1, (~are_multiples).sum())
    believed = np.where(are_multiples, _MULTIPLES_BELIEVED / multiples, (1 - _MULTIPLES_BELIEVED) / ridges)
    likelihood = np.log(believed) - len(np.unique(groups)) * np.log(errors + _LUCK)
    odds = np.exp(likelihood - likelihood.max())
    shares: Array = odds / odds.sum()
    return shares


def _multiples(plain: Array, people: Array, groups: Array, trust: Array) -> Iterator[_Choice]:
    """The uncalibrated estimate as it is, and that times a factor."""
    yield _Choice(None, None, 0.0, np.ones(1), plain)
    everyone = np.ones(len(people), bool)
    held_out = np.empty_like(people)
    for group in np.unique(groups):
        rows = groups == group
        held_out[rows] = plain[rows] * _factor(plain, people, trust, everyone & ~rows)
    yield _Choice(None, None, 0.0, np.array([_factor(plain, people, trust, everyone)]), held_out)


def _factor(plain: Array, people: Array, trust: Array, rows: NDArray[np.bool_]) -> float:
    """People for each that is estimated, as if one more entry said that the estimate is right."""
    counted = np.sum(trust[rows] * people[rows]) + _AS_ESTIMATED
    return float(counted / (np.sum(trust[rows] * plain[rows]) + _AS_ESTIMATED))


def _ridges(counts: Array, people: Array, groups: Array, trust: Array) -> Iterator[_Choice]:
    if len(np.unique(groups)) < _FEWEST_GROUPS:
        return
    known = len(people)
    if people.min() > 0:
        counts, people = np.append(counts, np.zeros((1, *counts.shape[1:])), axis=0), np.append(people, 0.0)
        groups, trust = np.append(groups, groups.max() + 1), np.append(trust, _NOBODY * trust.mean())
    for bend, value in enumerate(BENDS):
        bent = np.log1p(counts / value)
        for cut in _CUTS:
            used = bent[:, :, cut:]
            for offset, found, held_out in _ridge(used.reshape(len(people), -1), people, groups, trust):
                weights = np.zeros(counts.shape[1:])
                weights[:, cut:] = found.reshape(used.shape[1:])
                yield _Choice(bend, cut, offset, weights, held_out[:known])


def _ridge(features: Array, people: Array, groups: Array, trust: Array) -> Iterator[tuple[float, Array, Array]]:
    """Weighted ridge for each strength: offset, weights, and the entries of each group predicted from the others.

    The latter needs no new fit: where the entries G are left out, their residuals are (I − H_GG)⁻¹ r_G, H being the
    matrix that makes fitted values of values (Cook and Weisberg, Residuals and Influence in Regression, 1982, 3.6).
    """
    root = np.sqrt(trust)
    centre = np.average(features, axis=0, weights=trust)
    middle = float(np.average(people, weights=trust))
    centred = features - centre
    scale = float(np.sqrt(np.sum(centred**2) / len(people))) or 1.0
    target = root * (people - middle)
    left, sizes, right = np.linalg.svd(root[:, None] * centred / scale, full_matrices=False)
    along = left.T @ target
    ones = root / np.sqrt(trust.sum())
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    for strength in _STRENGTHS:
        kept = sizes**2 / (sizes**2 + strength)
        residual = target - left @ (kept * along)
        held_out = np.empty_like(people)
        for rows in members:
            hat = (left[rows] * kept) @ left[rows].T + np.outer(ones[rows], ones[rows])
            held_out[rows] = people[rows] - np.linalg.solve(np.eye(len(rows)) - hat, residual[rows]) / root[rows]
        weights = right.T @ (sizes / (sizes**2 + strength) * along) / scale
        yield middle - float(centre @ weights), weights, np.maximum(0.0, held_out)
