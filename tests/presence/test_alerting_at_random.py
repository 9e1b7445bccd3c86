"""Rules against sequences of situations that nobody thought of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from presence.alerts import Boundary, Hours, RuleKind, Situation, TagState, Turn, Verdict
from presence.hours import covers
from presence.sensors import SensorState
from tests.presence.situations import NOON_AT, PRAGUE, SENSORS, Place, place, rule, site, tag

STEP = timedelta(seconds=10)
COOL_DOWN, MINIMUM = 120.0, 20.0
QUIET = Hours(frozenset(range(7)), time(13, 10), time(13, 40))  # by the clock of Prague, where it begins at 13:00
TIMING = {"cool_down_seconds": COOL_DOWN, "minimum_seconds": MINIMUM}
HALL = Boundary(frozenset({"hall"}))
RULES = (
    rule(RuleKind.TAG_LEFT_BOUNDARY, boundary=HALL, quiet=QUIET, **TIMING),
    rule(RuleKind.TAG_ENTERED_BOUNDARY, boundary=HALL, repeat_seconds=60.0, repeat_limit=2, quiet=QUIET, **TIMING),
    rule(RuleKind.TAG_LEFT, **TIMING),
    rule(RuleKind.TAG_ARRIVED, **TIMING),
    rule(RuleKind.TAG_UNHEARD, threshold=2.0, **TIMING),
    rule(RuleKind.OVER_CAPACITY, threshold=50.0, hysteresis=5.0, **TIMING),
    rule(RuleKind.SENSOR_SILENT, **TIMING),
)
LEFT_BOUNDARY, CAPACITY = 1, 6


@dataclass(frozen=True)
class Moment:
    """Some steps with everything as it is."""

    steps: int
    at: str
    away: bool
    silent: frozenset[str]
    people: float | None
    restarts: bool
    jump: timedelta

    @property
    def is_told(self) -> bool:
        """Whether anything can be known of the tag."""
        return self.at not in self.silent

    @property
    def is_outside(self) -> bool:
        return self.away or self.at != "hall"

    def situation(self, there: Place) -> Situation:
        states = {name: SensorState.SILENT if name in self.silent else SensorState.HEARD for name in SENSORS}
        return Situation(there.now_at, (self._tag(there),), replace(site(states), people=self.people))

    def _tag(self, there: Place) -> TagState:
        return tag(place(self.at, away=self.away, heard_at=NOON_AT if self.away else there.now_at))


JUMPS = st.one_of(
    st.just(timedelta(0)),
    st.timedeltas(timedelta(days=-300), timedelta(seconds=-1)),
    st.timedeltas(timedelta(seconds=61), timedelta(days=300)),
)
MOMENTS = st.lists(
    st.builds(
        Moment,
        steps=st.integers(1, 40),
        at=st.sampled_from(SENSORS),
        away=st.booleans(),
        silent=st.frozensets(st.sampled_from(SENSORS), max_size=2),
        people=st.sampled_from([None, 0.0, 44.0, 46.0, 49.0, 51.0, 90.0]),
        restarts=st.booleans(),
        jump=JUMPS,
    ),
    max_size=15,
)


def lived(there: Place, moment: Moment) -> Iterator[tuple[Verdict, ...]]:
    if moment.restarts:
        there.restart()
    for _ in range(moment.steps):
        there.now_at += STEP
        yield there.step(moment.situation(there))


@settings(max_examples=60, deadline=None)
@given(MOMENTS)
def test_no_flood(moments: list[Moment]) -> None:
    """Whatever happens, no two alerts of a rule and a subject are nearer than its cool-down, and each closes once."""
    there = Place(*RULES)
    closed_at = {}
    for verdict in (one for moment in moments for some in lived(there, moment) for one in some):
        key = (verdict.rule_id, verdict.subject.key)
        if verdict.turn is Turn.CLOSED:
            closed_at[key] = verdict.at  # `Place` fails on what closes twice, or opens twice
        elif verdict.turn is Turn.OPENED and key in closed_at:
            assert verdict.at - closed_at[key] >= timedelta(seconds=COOL_DOWN)


@settings(max_examples=60, deadline=None)
@given(MOMENTS)
def test_no_alert_is_lost(moments: list[Moment]) -> None:
    """What holds for as long as the minimum and the cool-down is open then, and what is over for long enough is not."""
    there = Place(*RULES)
    for moment in moments:
        for _ in lived(there, moment):
            pass
        lasted = (moment.steps - 1) * STEP.total_seconds()
        for rule_id, subject, is_known, holds in (
            (LEFT_BOUNDARY, "tag 1", moment.is_told, moment.is_outside),
            (CAPACITY, "site", moment.people is not None, (moment.people or 0.0) > 50),
        ):
            is_open = (rule_id, subject) in there.open
            if is_known and holds and lasted >= COOL_DOWN:
                assert is_open
            if is_known and not holds and lasted >= MINIMUM and moment.people not in {46.0, 49.0}:
                assert not is_open


@settings(max_examples=60, deadline=None)
@given(MOMENTS)
def test_no_alert_on_the_silence_of_a_dead_sensor(moments: list[Moment]) -> None:
    """While the sensor of a tag is silent nothing is said of the tag, and nothing that was said is taken back."""
    there = Place(*RULES[:3], RULES[4])
    for moment in moments:
        for verdicts in lived(there, moment):
            of_tags = [one for one in verdicts if one.subject.key == "tag 1" and one.turn is not Turn.REPEATED]
            assert moment.is_told or not [one for one in of_tags if one.turn is not Turn.RELEASED]


@settings(max_examples=60, deadline=None)
@given(MOMENTS)
def test_quiet_hours_are_kept(moments: list[Moment]) -> None:
    """In quiet hours nobody is told of anything that their rule says."""
    there = Place(*RULES[:2])
    for moment in moments:
        for verdict in (one for some in lived(there, moment) for one in some):
            is_told = verdict.turn in {Turn.REPEATED, Turn.RELEASED} or not verdict.is_quiet
            assert not (is_told and covers(QUIET, verdict.at.astimezone(PRAGUE)))


@settings(max_examples=60, deadline=None)
@given(MOMENTS)
def test_a_clock_that_jumps_changes_nothing(moments: list[Moment]) -> None:
    """With its clock put back and forth a site has the very alerts that it has with one that stands still meanwhile."""
    by_clock = [rule_ for rule_ in RULES if not rule_.quiet and rule_.kind is not RuleKind.SENSOR_SILENT]
    there, other = Place(*by_clock), Place(*by_clock)
    for moment in moments:
        evenly = replace(moment, restarts=False)
        there.step(evenly.situation(there))
        other.now_at += moment.jump
        other.step(evenly.situation(other))
        for some, same in zip(lived(there, evenly), lived(other, evenly), strict=True):
            assert [(one.rule_id, one.turn) for one in some] == [(one.rule_id, one.turn) for one in same]
    assert there.count() == other.count()
