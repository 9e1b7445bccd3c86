"""A place whose people are estimated, which needs no database."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from layouts.needs_people import Estimating
from presence.estimate import (
    BusyWeek,
    Calibration,
    CrowdStays,
    FixtureDecision,
    FixtureRow,
    HeadCount,
    NoSuchFixtureError,
    NoSuchHeadCountError,
    PeopleEstimate,
    PeopleHistory,
    PeopleNow,
    PeoplePoint,
    Returning,
    Step,
    StepKind,
    Usual,
    WhatIf,
)
from presence.radio import Radio
from presence.ranges import TimeRange
from tests.layouts.fake_place import HOSTILE_NAME, NOW_AT

BLUETOOTH_STEPS = (
    Step(StepKind.HEARD_NOW, Radio.BLUETOOTH, 19),
    Step(StepKind.IN_WINDOW, Radio.BLUETOOTH, 41),
    Step(StepKind.FIXTURES, Radio.BLUETOOTH, 37, change=4),
    Step(StepKind.JOINED, Radio.BLUETOOTH, 33, change=4),
    Step(StepKind.CARRIED, Radio.BLUETOOTH, 29, change=4),
    Step(StepKind.PER_DEVICE, Radio.BLUETOOTH, 21.3, change=0.73),
)

STEPS = (
    Step(StepKind.HEARD_NOW, Radio.WIFI, 14),
    Step(StepKind.IN_WINDOW, Radio.WIFI, 52),
    Step(StepKind.NEAR_ENOUGH, Radio.WIFI, 41, change=-75),
    Step(StepKind.FIXTURES, Radio.WIFI, 36, change=5),
    Step(StepKind.JOINED, Radio.WIFI, 22, change=14),
    Step(StepKind.SILENT, Radio.WIFI, 27.4, change=5.4),
    Step(StepKind.CALIBRATED, Radio.WIFI, 22.6, change=0.82),
    *BLUETOOTH_STEPS,
    Step(StepKind.TOGETHER, None, 22.1),
    Step(StepKind.RANGE, None, 22.1, low=17.8, high=26.3),
)
"""Steps of every kind, by both radios."""

ESTIMATE = PeopleEstimate(17.8, 22.1, 26.3, STEPS, head_counts=4)

PLAIN_ESTIMATE = PeopleEstimate(
    9.0, 21.3, 44.0, (*BLUETOOTH_STEPS, Step(StepKind.RANGE, None, 21.3, low=9.0, high=44.0)), head_counts=0
)
"""By Bluetooth alone, and nobody has counted yet."""


def busy_people() -> PeopleNow:
    """22 people, of 35 that the place is made for, where 17 are usual."""
    return PeopleNow(NOW_AT - timedelta(seconds=34), ESTIMATE, Usual(17.0, 6), 35)


def made_up_people(time_range: TimeRange) -> PeopleHistory:
    """A plausible curve in its range, with a gap, and with what is usual up to a week."""
    count = round(time_range.span / time_range.bucket)
    start = NOW_AT.replace(second=0, microsecond=0) - time_range.bucket * (count - 1)
    points, usual = [], []
    for index in range(count):
        likely = 12 + 10 * math.sin(index / count * math.tau * 2) + index % 3
        is_heard = not 0.55 < index / count < 0.62
        at = start + time_range.bucket * index
        points.append(
            PeoplePoint(at, max(0, likely - 4), max(0, likely), likely + 4.4)
            if is_heard
            else PeoplePoint(at, None, None, None)
        )
        usual.append(11 + 8 * math.sin(index / count * math.tau * 2 + 0.2))
    has_usual = time_range.span <= timedelta(days=7)
    return PeopleHistory(time_range, tuple(points), tuple(usual) if has_usual else ())


def made_up_week() -> BusyWeek:
    """Open from 8 to 20, closed on Sundays; nothing is known of Wednesday's first hours."""
    return BusyWeek(
        tuple(
            tuple(
                None
                if weekday == 2 and hour < 5
                else 0.2
                if weekday == 6 or not 8 <= hour < 20
                else 6 + 20 * math.sin((hour - 7) / 13 * math.pi) * (1 - weekday / 12)
                for hour in range(24)
            )
            for weekday in range(7)
        ),
        6,
    )


def made_up_fixtures() -> list[FixtureRow]:
    """A printer that nobody has decided on, something hostile that is left out, and something that is kept."""
    printer = FixtureRow(
        1,
        Radio.WIFI,
        "Hewlett Packard",
        NOW_AT - timedelta(days=31),
        NOW_AT - timedelta(minutes=2),
        29,
        30,
        FixtureDecision.LEARNED,
    )
    return [
        printer,
        replace(printer, fixture_id=2, manufacturer=HOSTILE_NAME, decision=FixtureDecision.EXCLUDED, days=12),
        replace(
            printer, fixture_id=3, radio=Radio.BLUETOOTH, manufacturer=None, decision=FixtureDecision.KEPT, nights=0
        ),
    ]


@dataclass
class FakePeople:
    """A page's estimates, head counts and fixtures in one, which a test can change while a page is open.

    Attributes:
        now: What is estimated; of one sensor with its own likely number.
        counts: The head counts.
        things: Those that stay.
        week: The busy hours.
        crowd: How long people stay.
        back: Who came back.
        is_fitting: Whether a fit is under way.
        error: What every read raises; None when all is well.
    """

    now: PeopleNow = field(default_factory=busy_people)
    counts: list[HeadCount] = field(default_factory=list)
    things: list[FixtureRow] = field(default_factory=made_up_fixtures)
    week: BusyWeek = field(default_factory=made_up_week)
    crowd: CrowdStays | None = field(
        default_factory=lambda: CrowdStays(
            41.0, 33.0, 52.0, ((5.0, 0.12), (15.0, 0.2), (30.0, 0.21), (60.0, 0.25), (None, 0.22)), 312
        )
    )
    back: Returning | None = None
    is_fitting: bool = False
    error: Exception | None = None

    def estimating(self) -> Estimating:
        """What the views are joined to: this place."""
        return Estimating(self, self, FakeFixtures(self))

    def people_now(self, _now_at: datetime, sensor: str | None = None) -> PeopleNow:
        """As `layouts.needs_people.PeopleReader`."""
        self._begin_read()
        if sensor is not None and self.now.estimate is not None:
            return replace(self.now, estimate=replace(PLAIN_ESTIMATE, likely=5.0), usual=None, capacity=None)
        return self.now

    def people_history(self, time_range: TimeRange, _now_at: datetime, sensor: str | None = None) -> PeopleHistory:
        """As `layouts.needs_people.PeopleReader`."""
        del sensor
        self._begin_read()
        history = made_up_people(time_range)
        if self.now.as_of_at is None:
            nothing = tuple(PeoplePoint(point.at, None, None, None) for point in history.points)
            return PeopleHistory(time_range, nothing)
        return history

    def busy_week(self, _now_at: datetime) -> BusyWeek:
        """As `layouts.needs_people.PeopleReader`."""
        self._begin_read()
        return self.week

    def calibration(self) -> Calibration:
        """As `layouts.needs_people.PeopleReader`."""
        self._begin_read()
        used = sum(not one.is_deleted and one.estimated is not None for one in self.counts)
        return Calibration(
            tuple(sorted(self.counts, key=lambda one: one.counted_at, reverse=True)),
            used,
            1.9 if used > 2 else None,
            5.2 if used > 2 else None,
            -75 if used > 2 else None,
            NOW_AT if used else None,
            self.is_fitting,
        )

    def stays(self, _time_range: TimeRange, _now_at: datetime) -> CrowdStays | None:
        """As `layouts.needs_people.PeopleReader`."""
        self._begin_read()
        return self.crowd

    def returning(self, _time_range: TimeRange, _now_at: datetime) -> Returning | None:
        """As `layouts.needs_people.PeopleReader`."""
        self._begin_read()
        return self.back

    def what_if(
        self, visible_share: float | None, cut_dbm: int | None, time_range: TimeRange, _now_at: datetime
    ) -> WhatIf:
        """As `layouts.needs_people.PeopleReader`."""
        self._begin_read()
        now = {hour: 0.5 if hour < 8 or hour > 19 else 4.0 + hour for hour in range(24) if hour != 3}
        factor = 0.8 / (visible_share or 0.8) * (0.7 if cut_dbm else 1.0)
        return WhatIf(time_range, now, {hour: people * factor for hour, people in now.items()})

    def add(self, people: int, counted_at: datetime, made_by: str) -> int:
        """As `layouts.needs_people.HeadCountCommands`."""
        del made_by
        number = len(self.counts) + 1
        self.counts.append(HeadCount(number, counted_at, people, people + 2.4))
        return number

    def edit(self, head_count_id: int, people: int, counted_at: datetime) -> None:
        """As `layouts.needs_people.HeadCountCommands`."""
        self._change(head_count_id, people=people, counted_at=counted_at)

    def delete(self, head_count_id: int, now_at: datetime) -> None:
        """As `layouts.needs_people.HeadCountCommands`."""
        del now_at
        self._change(head_count_id, is_deleted=True)

    def restore(self, head_count_id: int) -> None:
        """As `layouts.needs_people.HeadCountCommands`."""
        self._change(head_count_id, is_deleted=False)

    def _change(self, head_count_id: int, **changes: object) -> None:
        if head_count_id not in {one.head_count_id for one in self.counts}:
            raise NoSuchHeadCountError("There is no such head count; perhaps it was deleted for good.")
        self.counts = [
            replace(one, **changes) if one.head_count_id == head_count_id else one  # type: ignore[arg-type]  # its fields
            for one in self.counts
        ]

    def _begin_read(self) -> None:
        if self.error is not None:
            raise self.error


class FakeFixtures:
    """As `layouts.needs_people.Fixtures`: the things of a place."""

    def __init__(self, place: FakePeople) -> None:
        self._place = place

    def rows(self) -> tuple[FixtureRow, ...]:
        """All of them."""
        return tuple(self._place.things)

    def decide(self, fixture_id: int, decision: FixtureDecision) -> None:
        """Let it count, or not."""
        if fixture_id not in {one.fixture_id for one in self._place.things}:
            raise NoSuchFixtureError("There is no such thing that stays; it was perhaps not heard for a long time.")
        self._place.things = [
            replace(one, decision=decision) if one.fixture_id == fixture_id else one for one in self._place.things
        ]
