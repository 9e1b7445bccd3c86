"""Nouns of the people estimate: how many are there, how sure that is, and the steps that led there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from presence.radio import Radio
from presence.ranges import TimeRange

MOST_PEOPLE = 100_000
"""The largest head count: a full stadium. More is a slip of the finger."""


class EstimateError(Exception):
    """What is asked of the estimate cannot be done; the message says why."""


class NoSuchHeadCountError(EstimateError):
    """There is no head count of this number, or it can no longer be brought back."""


class NoSuchFixtureError(EstimateError):
    """There is no thing that stays of this number."""


class StepKind(StrEnum):
    """What a step of an estimate does; values are sent to programs, so they never change."""

    HEARD_NOW = "heard_now"
    IN_WINDOW = "in_window"
    FIXTURES = "fixtures"
    NEAR_ENOUGH = "near_enough"
    JOINED = "joined"
    CARRIED = "carried"
    SILENT = "silent"
    PER_DEVICE = "per_device"
    CALIBRATED = "calibrated"
    TOGETHER = "together"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Step:
    """One step from what was heard to people.

    Attributes:
        kind: What it does.
        radio: By which radio; None for a step that takes both together.
        value: The number after this step.
        change: What the step went by: devices taken off, people a device stands for, the RSSI cut in dBm; None where
            the value says all.
        low: The lower end, for `StepKind.RANGE` alone.
        high: The upper end, likewise.
    """

    kind: StepKind
    radio: Radio | None
    value: float
    change: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class PeopleEstimate:
    """How many people are there. The range holds the truth four times out of five.

    Attributes:
        low: The lower end, 0 or more.
        likely: The best single number.
        high: The upper end.
        steps: How it was reached, in order.
        head_counts: How many head counts it was calibrated by; 0 for none.
    """

    low: float
    likely: float
    high: float
    steps: tuple[Step, ...]
    head_counts: int


@dataclass(frozen=True, slots=True)
class HeadCount:
    """What the owner counted: so many people were there.

    Attributes:
        head_count_id: Its number.
        counted_at: When.
        people: How many, 0 or more.
        estimated: What the estimate makes of that moment without this entry; None when nothing was heard then, so that
            the entry teaches nothing.
        is_deleted: Whether it was taken back; it can be brought back for a day.
    """

    head_count_id: int
    counted_at: datetime
    people: int
    estimated: float | None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the estimate was fitted to the place.

    Attributes:
        head_counts: The entries, the latest first.
        used: How many of them taught something.
        error: Mean absolute error in people, each entry predicted from the others; None below three entries.
        plain_error: The same for the estimate without calibration; None likewise.
        cut_dbm: From which RSSI on devices count; None when all do.
        fitted_at: When it was last fitted; None when never.
        is_fitting: Whether a fit is under way.
    """

    head_counts: tuple[HeadCount, ...]
    used: int
    error: float | None
    plain_error: float | None
    cut_dbm: int | None
    fitted_at: datetime | None
    is_fitting: bool


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual at this hour of this weekday.

    Attributes:
        people: The median of the last weeks.
        weeks: How many weeks that rests on, three at least.
    """

    people: float
    weeks: int


@dataclass(frozen=True, slots=True)
class PeopleNow:
    """The people now.

    Attributes:
        as_of_at: Start of the scan that it rests on; None before the first.
        estimate: None when no radio was heard, or too long ago to say anything about now.
        usual: None while fewer than three weeks are known.
        capacity: How many the place is made for; None when the owner did not say.
    """

    as_of_at: datetime | None
    estimate: PeopleEstimate | None
    usual: Usual | None
    capacity: int | None


@dataclass(frozen=True, slots=True)
class PeoplePoint:
    """One point of a line: the means over a bucket of time; all None when nothing was heard in it."""

    at: datetime
    low: float | None
    likely: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class PeopleHistory:
    """A range of time, one point for every bucket, gaps included, oldest first.

    Attributes:
        time_range: How far back it looks.
        points: The estimate.
        usual: What is usual at each of them; None where that is not known. Empty for ranges longer than a week.
    """

    time_range: TimeRange
    points: tuple[PeoplePoint, ...]
    usual: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class BusyWeek:
    """Mean people by weekday (0 is Monday) and hour (0 to 23, local time).

    Attributes:
        cells: 7 rows of 24; None where nothing is known.
        weeks: How many weeks it rests on.
    """

    cells: tuple[tuple[float | None, ...], ...]
    weeks: int


class FixtureDecision(StrEnum):
    """What the owner says of a thing that stays."""

    LEARNED = "learned"  # not asked yet: it leaves the counts
    EXCLUDED = "excluded"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class FixtureRow:
    """A thing that stays at the place, for review.

    Attributes:
        fixture_id: Its number.
        radio: By which radio it is heard.
        manufacturer: Its maker; None when nothing tells.
        first_heard_at: Since when it is known.
        last_heard_at: When it was last heard.
        days: On how many days it was heard.
        nights: In how many nights.
        decision: Whether it counts.
    """

    fixture_id: int
    radio: Radio
    manufacturer: str | None
    first_heard_at: datetime
    last_heard_at: datetime
    days: int
    nights: int
    decision: FixtureDecision

    @property
    def counts(self) -> bool:
        """Whether it is counted as a visitor's device."""
        return self.decision is FixtureDecision.KEPT


@dataclass(frozen=True, slots=True)
class CrowdStays:
    """How long the crowd stays, told without following anybody: addresses rotate.

    Attributes:
        mean_minutes: Mean stay: people present over time, divided by arrivals.
        low_minutes: Lower end of its 80 % range.
        high_minutes: Upper end.
        shares: Share of stays by length: upper edge of each class in minutes (None for no end), and share.
        rests_on: Devices that it rests on.
    """

    mean_minutes: float
    low_minutes: float
    high_minutes: float
    shares: tuple[tuple[float | None, float], ...]
    rests_on: int


@dataclass(frozen=True, slots=True)
class Returning:
    """Devices that came back, of those whose visit can be told from a passing by and whose address was kept meanwhile.

    Attributes:
        returning: How many had been heard on an earlier day than that of their latest visit.
        new: How many had not, as far as is remembered: a key that was replaced meanwhile makes all new.
    """

    returning: int
    new: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What other settings would have said of the past, before they are saved.

    Attributes:
        time_range: Of which past.
        now: Mean likely people an hour of the day (0 to 23) under the settings in force; hours not heard are absent.
        then: The same under those asked about.
    """

    time_range: TimeRange
    now: Mapping[int, float]
    then: Mapping[int, float]
