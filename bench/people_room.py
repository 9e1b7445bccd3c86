"""How near estimates come to the people of a room: each day is predicted from head counts of other days."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from statistics import StatisticsError, correlation, fmean

from bench.people_captures import Block, NothingToMeasureError, Room
from presence.calibrating import CountedMoment, calibrate
from presence.estimate import PeopleEstimate
from presence.estimating import estimate_people
from presence.people_model import UNCALIBRATED

# Head counts drawn at random, and how often for each day: many draws where chance matters most.
_DRAWS = {1: 10, 2: 10, 3: 10, 5: 10, 10: 10, 20: 5, 30: 5, 50: 3, 100: 2}
_SEED = 20_22_10_18
_EMPTY_PEOPLE = 0.5
_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day: its ten-minute blocks, the people in them on average, mean absolute error, and mean error."""

    blocks: int
    people: float
    mae: float
    bias: float


@dataclass(frozen=True, slots=True)
class RoomFigures:
    """Figures of a room, in people, over blocks of ten minutes.

    Attributes:
        blocks: How many there are.
        mae: Mean absolute error, each day predicted from all blocks of the other days.
        mae_empty: The same over the blocks in which nobody was there; None when there was always somebody.
        correlation: Of estimates and truth.
        coverage_80: Share of the blocks whose truth lies within the range.
        width_80: Mean width of the range.
        mae_10_head_counts: With ten blocks of other days, drawn at random, many times; None where there are no ten.
        mae_30_head_counts: With thirty.
        coverage_10_head_counts: Share of the blocks whose truth lies within the range with ten.
        learning_curve: Mean absolute error by the number of head counts; 0 is uncalibrated.
        uncalibrated_mae: Without head counts.
        uncalibrated_correlation: Likewise.
        uncalibrated_coverage_80: Likewise.
        excluded: Fixtures that the programme found.
        per_day: By day.
    """

    blocks: int
    mae: float
    mae_empty: float | None
    correlation: float | None
    coverage_80: float
    width_80: float
    mae_10_head_counts: float | None
    mae_30_head_counts: float | None
    coverage_10_head_counts: float | None
    learning_curve: dict[int, float]
    uncalibrated_mae: float
    uncalibrated_correlation: float | None
    uncalibrated_coverage_80: float
    excluded: int
    per_day: dict[str, DayFigures] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Told:
    """A block, and what was estimated of it."""

    block: Block
    estimate: PeopleEstimate

    @property
    def error(self) -> float:
        return self.estimate.likely - self.block.moment.people

    @property
    def is_held(self) -> bool:
        return self.estimate.low <= self.block.moment.people <= self.estimate.high


@dataclass(frozen=True, slots=True)
class _Task:
    """Predict the blocks of a day from some moments of others."""

    blocks: tuple[Block, ...]
    learned_from: tuple[CountedMoment, ...]


def room_figures(room: Room, teacher: Room | None) -> RoomFigures:
    """Measure.

    Args:
        room: Whose days are predicted.
        teacher: Where the head counts come from; None for the other days of the same room.

    Raises:
        NothingToMeasureError: There is no other day to learn from.
    """
    if teacher is None and len(room.days) < 2:
        raise NothingToMeasureError("There is but one day: head counts of another are needed. Name them by --train.")
    excluded = room.excluded | (teacher.excluded if teacher is not None else frozenset())
    predict = partial(_predict, excluded)
    with ProcessPoolExecutor(_PROCESSES, get_context("spawn")) as pool:
        tasks = [_Task(_of(room, day), _others(room, teacher, day)) for day in room.days]
        all_days = list(pool.map(predict, tasks))
        drawn = {
            count: [one for some in pool.map(predict, tasks, chunksize=8) for one in some]
            for count, tasks in _drawn(room, teacher)
        }
    plain = _tell(room.blocks, excluded, None)
    everything = [one for some in all_days for one in some]
    empty = [one for one in everything if one.block.moment.people < _EMPTY_PEOPLE]
    return RoomFigures(
        blocks=len(everything),
        mae=_mae(everything),
        mae_empty=_mae(empty) if empty else None,
        correlation=_correlation(everything),
        coverage_80=_coverage(everything),
        width_80=_rounded(fmean(one.estimate.high - one.estimate.low for one in everything)),
        mae_10_head_counts=_mae(drawn[10]) if 10 in drawn else None,
        mae_30_head_counts=_mae(drawn[30]) if 30 in drawn else None,
        coverage_10_head_counts=_coverage(drawn[10]) if 10 in drawn else None,
        learning_curve={0: _mae(plain)} | {count: _mae(some) for count, some in drawn.items()},
        uncalibrated_mae=_mae(plain),
        uncalibrated_correlation=_correlation(plain),
        uncalibrated_coverage_80=_coverage(plain),
        excluded=len(excluded),
        per_day={day: _of_day(some) for day, some in zip(room.days, all_days, strict=True)},
    )


def _others(room: Room, teacher: Room | None, day: str) -> tuple[CountedMoment, ...]:
    if teacher is not None:
        return tuple(block.moment for block in teacher.blocks)
    return tuple(block.moment for block in room.blocks if block.day != day)


def _drawn(room: Room, teacher: Room | None) -> Iterable[tuple[int, list[_Task]]]:
    chance = random.Random(_SEED)  # noqa: S311 - draws that can be repeated
    others = {day: _others(room, teacher, day) for day in room.days}
    fewest = min(map(len, others.values()))
    for count, times in _DRAWS.items():
        if count <= fewest:
            tasks = [
                _Task(_of(room, day), tuple(chance.sample(some, count)))
                for day, some in others.items()
                for _ in range(times)
            ]
            yield count, tasks


def _of(room: Room, day: str) -> tuple[Block, ...]:
    return tuple(block for block in room.blocks if block.day == day)


def _predict(excluded: frozenset[str], task: _Task) -> list[_Told]:
    """What is estimated of each block of a day. Runs in a process of its own."""
    return _tell(task.blocks, excluded, task.learned_from)


def _tell(
    blocks: Sequence[Block], excluded: frozenset[str], learned_from: Sequence[CountedMoment] | None
) -> list[_Told]:
    model = UNCALIBRATED
    if learned_from is not None:
        model = calibrate(learned_from, excluded, blocks[0].moment.counted_at).model
    estimates = [(block, estimate_people(block.moment.sensors, excluded, model)) for block in blocks]
    return [_Told(block, estimate) for block, estimate in estimates if estimate is not None]


def _of_day(told: Sequence[_Told]) -> DayFigures:
    people = fmean(one.block.moment.people for one in told)
    return DayFigures(len(told), _rounded(people), _mae(told), _rounded(fmean(one.error for one in told)))


def _mae(told: Sequence[_Told]) -> float:
    return _rounded(fmean(abs(one.error) for one in told))


def _coverage(told: Sequence[_Told]) -> float:
    return _rounded(fmean(one.is_held for one in told))


def _correlation(told: Sequence[_Told]) -> float | None:
    try:
        truth = [one.block.moment.people for one in told]
        return _rounded(correlation(truth, [one.estimate.likely for one in told]))
    except StatisticsError:  # all alike
        return None


def _rounded(value: float) -> float:
    return round(value, 3)
