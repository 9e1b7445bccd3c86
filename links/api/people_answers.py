"""Answers about people, estimated."""

from __future__ import annotations

from datetime import datetime

from links.api.answers import Answer
from presence.estimate import (
    BusyWeek,
    CrowdStays,
    PeopleEstimate,
    PeopleHistory,
    PeoplePoint,
    Returning,
    Step,
    StepKind,
    Usual,
    WhatIf,
)
from presence.radio import Radio
from presence.ranges import TimeRange


class StepAnswer(Answer):
    """A step from what was heard to people."""

    kind: StepKind
    """What it does; docs/api.md says each in words."""
    radio: Radio | None
    """By which radio; null for a step that takes both together."""
    value: float
    """The number after this step."""
    change: float | None
    """What it went by: devices taken off, people a device stands for, an RSSI in dBm; null where the value says all."""


class EstimateAnswer(Answer):
    """How many people are there."""

    low: float
    """Lower end of the range, which holds the truth four times out of five."""
    likely: float
    """The best single number."""
    high: float
    """Upper end."""
    head_counts: int
    """How many head counts it was learned from; 0 for none."""
    steps: list[StepAnswer]
    """How it was reached, in order."""


class UsualAnswer(Answer):
    """What is usual at this hour of this weekday."""

    people: float
    """The median of the last weeks."""
    weeks: int
    """How many weeks that rests on, three at least."""


class PointAnswer(Answer):
    """A bucket of time."""

    at: datetime
    """Its start."""
    low: float | None
    """Mean lower end; null when nothing was heard in it."""
    likely: float | None
    """Mean of the best numbers; null likewise."""
    high: float | None
    """Mean upper end; null likewise."""
    usual: float | None
    """What is usual then; null where it is not known, and in ranges longer than a week."""


class PeopleHistoryAnswer(Answer):
    """A range of time up to now."""

    range: TimeRange
    """How far back it looks."""
    points: list[PointAnswer]
    """One for each bucket, gaps included, the oldest first."""


class BusyWeekAnswer(Answer):
    """The hours of the week, as they were in the last two months."""

    weeks: int
    """How many weeks it rests on."""
    people: list[list[float | None]]
    """Mean people: seven rows from Monday on, of 24 hours by the place's clock; null where nothing is known."""


class StayShareAnswer(Answer):
    """A class of stays."""

    up_to_minutes: float | None
    """Its upper edge; null for the last, which has none."""
    share: float
    """Its share of all stays."""


class CrowdStaysAnswer(Answer):
    """How long the crowd stays; nobody is followed for it."""

    mean_minutes: float
    """Mean stay."""
    low_minutes: float
    """Lower end of its range, which holds the truth four times out of five."""
    high_minutes: float
    """Upper end."""
    shares: list[StayShareAnswer]
    """How stays are spread."""
    rests_on: int
    """Devices that it rests on: those that keep their address."""


class ReturningAnswer(Answer):
    """Devices that came back, of those that keep their address and whose visit ended in the range."""

    returning: int
    """How many had been heard on an earlier day than that of their latest visit."""
    new: int
    """How many had not, as far as is remembered."""


class HourAnswer(Answer):
    """An hour of the day."""

    hour: int
    """The hour the place's clock shows, 0 to 23."""
    now: float
    """Mean people under the settings in force."""
    then: float
    """The same under those asked about."""


class WhatIfAnswer(Answer):
    """What other settings would have said of the past."""

    range: TimeRange
    """Of which past."""
    hours: list[HourAnswer]
    """Every hour of the day that was heard."""


def estimate_answer(estimate: PeopleEstimate | None) -> EstimateAnswer | None:
    """An estimate; null for none."""
    if estimate is None:
        return None
    return EstimateAnswer(
        low=estimate.low,
        likely=estimate.likely,
        high=estimate.high,
        head_counts=estimate.head_counts,
        steps=[_step(step) for step in estimate.steps],
    )


def usual_answer(usual: Usual | None) -> UsualAnswer | None:
    """What is usual; null while it is not known."""
    return None if usual is None else UsualAnswer(people=usual.people, weeks=usual.weeks)


def people_history_answer(history: PeopleHistory) -> PeopleHistoryAnswer:
    """A range of time."""
    usual = history.usual or (None,) * len(history.points)
    points = [_point(point, one) for point, one in zip(history.points, usual, strict=True)]
    return PeopleHistoryAnswer(range=history.time_range, points=points)


def busy_week_answer(week: BusyWeek) -> BusyWeekAnswer:
    """The hours of the week."""
    return BusyWeekAnswer(weeks=week.weeks, people=[list(row) for row in week.cells])


def returning_answer(returning: Returning | None) -> ReturningAnswer | None:
    """Who came back; null for nobody can be told to."""
    return None if returning is None else ReturningAnswer(returning=returning.returning, new=returning.new)


def crowd_stays_answer(stays: CrowdStays | None) -> CrowdStaysAnswer | None:
    """How long the crowd stays; null when too little was heard to say."""
    if stays is None:
        return None
    return CrowdStaysAnswer(
        mean_minutes=stays.mean_minutes,
        low_minutes=stays.low_minutes,
        high_minutes=stays.high_minutes,
        shares=[StayShareAnswer(up_to_minutes=edge, share=share) for edge, share in stays.shares],
        rests_on=stays.rests_on,
    )


def what_if_answer(what_if: WhatIf) -> WhatIfAnswer:
    """What other settings would have said."""
    hours = [HourAnswer(hour=hour, now=people, then=what_if.then[hour]) for hour, people in what_if.now.items()]
    return WhatIfAnswer(range=what_if.time_range, hours=hours)


def _step(step: Step) -> StepAnswer:
    return StepAnswer(kind=step.kind, radio=step.radio, value=step.value, change=step.change)


def _point(point: PeoplePoint, usual: float | None) -> PointAnswer:
    return PointAnswer(at=point.at, low=point.low, likely=point.likely, high=point.high, usual=usual)
