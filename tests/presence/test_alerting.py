from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from presence.alerting import Watch
from presence.alerts import Boundary, Hours, RuleKind, RuleRow, Situation, Turn
from presence.radio import Radio
from presence.sensors import SensorState
from presence.tags import NEVER_HEARD
from presence.zones import Zone
from tests.presence.situations import NOON_AT, PRAGUE, SECOND, Place, place, rule, site, tag, without

OPENED, CLOSED, REPEATED, RELEASED = Turn.OPENED, Turn.CLOSED, Turn.REPEATED, Turn.RELEASED
IN_HALL, IN_YARD = tag(place("hall")), tag(place("yard"))
GONE, LOST = tag(place("hall", away=True)), tag(place("hall", unknown=True))
STAYS_IN_HALL = rule(RuleKind.TAG_LEFT_BOUNDARY, boundary=Boundary(frozenset({"hall"})))
ALL_DAYS = frozenset(range(7))


def test_a_tag_that_leaves_its_boundary_is_one_alert_until_it_is_back() -> None:
    """An alert opens at once when nothing else is asked for, stays while it is outside, and closes when it is back."""
    there = Place(STAYS_IN_HALL)
    assert there.go_on([IN_HALL], seconds=5) == []
    assert there.go_on([IN_YARD], seconds=600) == [OPENED]
    assert there.go_on([IN_HALL], seconds=600) == [CLOSED]


def test_a_tag_that_is_gone_is_outside_and_one_that_is_lost_is_neither() -> None:
    """Away counts as outside; what nobody can tell opens nothing and closes nothing."""
    there = Place(STAYS_IN_HALL)
    assert there.go_on([LOST], seconds=600) == []
    assert there.go_on([GONE], seconds=2) == [OPENED]
    assert there.go_on([LOST], seconds=600) == []
    assert there.go_on([tag(NEVER_HEARD)], seconds=600) == []
    assert there.go_on([IN_HALL]) == [CLOSED]


def test_a_boundary_may_be_made_of_zones() -> None:
    """A tag far from the right sensor is outside a boundary of near ones; without a reading nobody knows."""
    there = Place(rule(RuleKind.TAG_LEFT_BOUNDARY, boundary=Boundary(frozenset({"hall"}), frozenset({Zone.NEAR}))))
    assert there.go_on([tag(place("hall", zone=Zone.NEAR))]) == []
    assert there.go_on([tag(place("hall", zone=None))]) == []
    assert there.go_on([tag(place("hall", zone=Zone.FAR))]) == [OPENED]
    anywhere = Place(rule(RuleKind.TAG_ENTERED_BOUNDARY, boundary=Boundary(zones=frozenset({Zone.NEAR}))))
    assert anywhere.go_on([tag(place("yard", zone=Zone.FAR))]) == []
    assert anywhere.go_on([tag(place("yard", zone=Zone.NEAR))]) == [OPENED]
    assert anywhere.go_on([GONE]) == [CLOSED]


def test_a_boundary_has_hours() -> None:
    """Outside its hours a boundary is not watched: nothing opens, and what is open closes."""
    hours = Hours(ALL_DAYS, time(13, 10), time(13, 20))  # by the clock of Prague, where it is 13:00
    there = Place(replace(STAYS_IN_HALL, hours=hours))
    assert there.go_on([IN_YARD], seconds=10 * 60 - 1) == []
    assert there.go_on([IN_YARD]) == [OPENED]
    assert there.go_on([IN_YARD], seconds=10 * 60) == [CLOSED]


def test_it_must_hold_for_a_while_and_be_over_for_a_while() -> None:
    """With a minimum duration neither a short absence nor a short return counts, nor does time not told."""
    there = Place(replace(STAYS_IN_HALL, minimum_seconds=30.0))
    assert there.go_on([IN_YARD], seconds=30) == []
    assert there.go_on([IN_HALL], seconds=1) == []
    assert there.go_on([IN_YARD], seconds=20) == []
    assert there.go_on([LOST], seconds=600) == []
    assert there.go_on([IN_YARD], seconds=11) == []
    assert there.go_on([IN_YARD]) == [OPENED]
    assert there.go_on([IN_HALL], seconds=30) == []
    assert there.go_on([IN_YARD], seconds=1) == []
    assert there.go_on([IN_HALL], seconds=31) == [CLOSED]


@pytest.mark.parametrize("period", [1, 7, 60, 250])
def test_an_hour_at_the_edge_is_one_alert(period: int) -> None:
    """A tag that comes and goes all the time is told of once, not sixty times."""
    there = Place(STAYS_IN_HALL)
    for number in range(3600 // period):
        there.go_on([IN_HALL if number % 2 else IN_YARD], seconds=period)
    assert there.count() == 1


def test_after_the_cool_down_it_is_told_again() -> None:
    """Once the tag was back for the whole cool-down it is told at once; else when it has stayed away for that long."""
    there = Place(STAYS_IN_HALL)
    there.go_on([IN_YARD])
    assert there.go_on([IN_HALL], seconds=302) == [CLOSED]
    assert there.go_on([IN_YARD]) == [OPENED]
    assert there.go_on([IN_HALL], seconds=10) == [CLOSED]
    assert there.go_on([IN_YARD], seconds=300) == []
    assert there.go_on([IN_YARD]) == [OPENED]


def test_the_cool_down_outlasts_a_restart() -> None:
    """Whoever starts again remembers what closed just before."""
    there = Place(STAYS_IN_HALL)
    assert there.go_on([IN_YARD]) == [OPENED]
    assert there.go_on([IN_HALL]) == [CLOSED]
    there.restart()
    assert there.go_on([IN_YARD], seconds=290) == []
    assert there.go_on([IN_YARD], seconds=20) == [OPENED]


def test_an_open_alert_outlasts_a_restart() -> None:
    """After a restart what is open is not opened again, and closes when it is over."""
    there = Place(STAYS_IN_HALL)
    there.go_on([IN_YARD])
    there.restart()
    assert there.go_on([LOST], seconds=10) == []
    assert there.go_on([IN_YARD], seconds=10) == []
    assert there.go_on([IN_HALL]) == [CLOSED]


@pytest.mark.parametrize("kind", [RuleKind.TAG_LEFT, RuleKind.TAG_UNHEARD, RuleKind.TAG_LEFT_BOUNDARY])
@pytest.mark.parametrize("state", [SensorState.SILENT, SensorState.LATE])
def test_a_dead_sensor_is_told_and_not_a_lost_tag(kind: RuleKind, state: SensorState) -> None:
    """While the sensor that heard a tag last says nothing, nothing is said of the tag: the sensor speaks for itself."""
    of_tag = rule(
        kind,
        threshold=1.0 if kind is RuleKind.TAG_UNHEARD else None,
        boundary=Boundary(frozenset({"hall"})) if kind is RuleKind.TAG_LEFT_BOUNDARY else None,
    )
    there = Place(of_tag, rule(RuleKind.SENSOR_SILENT))
    there.go_on([IN_HALL], seconds=10)
    assert there.go_on([GONE], site({"hall": state}), seconds=600) == ([OPENED] if state is SensorState.SILENT else [])
    assert not [one for one in there.verdicts if one.subject.key == "tag 1"]
    there.go_on([GONE], seconds=120)
    assert [one.turn for one in there.verdicts if one.subject.key == "tag 1"] == [OPENED]


def test_a_sensor_whose_bluetooth_is_lost_tells_nothing_of_tags() -> None:
    """Its radio has an alert, the tag has none."""
    there = Place(rule(RuleKind.TAG_LEFT), rule(RuleKind.RADIO_UNHEARD))
    there.go_on([IN_HALL])
    assert there.go_on([GONE], without(site(), "hall", Radio.BLUETOOTH), seconds=600) == [OPENED]
    assert there.verdicts[0].subject.key == "radio hall bluetooth"
    assert there.go_on([GONE], without(site(), "hall", Radio.WIFI)) == [OPENED, OPENED, CLOSED]


def test_a_tag_is_unheard_after_minutes_of_listening() -> None:
    """Only time in which the sensor listened counts, however long ago the clock says it was."""
    there = Place(rule(RuleKind.TAG_UNHEARD, threshold=10.0))
    there.go_on([IN_HALL], seconds=60)
    there.go_on([GONE], seconds=300)
    there.go_on([GONE], site({"hall": SensorState.SILENT}), seconds=3600)
    assert there.go_on([GONE], seconds=10 * 60 - 361) == []
    assert there.go_on([GONE], seconds=2) == [OPENED]
    there.restart()
    assert there.go_on([GONE], seconds=60) == []
    assert there.go_on([tag(place("hall", heard_at=there.now_at))]) == [CLOSED]


def test_a_tag_arrives_once() -> None:
    """Coming back opens an alert that closes by itself after ten minutes, or when the tag has left again."""
    there = Place(rule(RuleKind.TAG_ARRIVED, cool_down_seconds=0.0))
    assert there.go_on([IN_HALL], seconds=60) == []  # it was there before
    assert there.go_on([LOST], seconds=60) == []
    assert there.go_on([IN_HALL], seconds=60) == []
    assert there.go_on([GONE], seconds=60) == []
    assert there.go_on([IN_YARD], seconds=600) == [OPENED]
    assert there.go_on([IN_YARD], seconds=600) == [CLOSED]
    there.go_on([GONE])
    assert there.go_on([IN_YARD], seconds=5) == [OPENED]
    assert there.go_on([GONE]) == [CLOSED]


def test_a_tag_that_was_never_heard_arrives() -> None:
    """The first time it is heard is an arrival."""
    there = Place(rule(RuleKind.TAG_ARRIVED))
    there.go_on([tag(NEVER_HEARD)], seconds=5)
    assert there.go_on([IN_HALL]) == [OPENED]


@pytest.mark.parametrize(("kind", "seconds"), [(RuleKind.TAG_BUTTON, 60), (RuleKind.TAG_MOVED, 300)])
def test_a_moment_is_told_once_and_closes_by_itself(kind: RuleKind, seconds: int) -> None:
    """A press, or a movement, opens an alert for a while; one of long ago opens none."""
    there = Place(rule(kind, cool_down_seconds=0.0))

    def at(moment: datetime | None) -> list[Turn]:
        return there.go_on([replace(IN_HALL, moved_at=moment, pressed_at=moment)])

    assert at(None) == []
    assert at(there.now_at) == [OPENED]
    happened_at = there.now_at - SECOND
    for _ in range(seconds - 1):
        assert at(happened_at) == []
    assert at(happened_at) == [CLOSED]
    assert at(there.now_at) == [OPENED]
    late = Place(rule(kind))
    assert late.go_on([replace(IN_HALL, moved_at=NOON_AT, pressed_at=NOON_AT)], step=3600.0) == []


def test_a_battery_is_low_until_it_is_well_above() -> None:
    """It must rise by the hysteresis; a tag that tells nothing of its battery is no matter."""
    there = Place(rule(RuleKind.TAG_BATTERY_LOW, threshold=20.0, hysteresis=5.0))
    said = [there.go_on([replace(IN_HALL, battery_percent=percent)]) for percent in (None, 20, 19, 24, None, 25)]
    assert said == [[], [], [OPENED], [], [], [CLOSED]]


def test_capacity_is_exceeded_until_it_is_well_below() -> None:
    """It must fall by the hysteresis; a minute that was not heard is no matter; that it is over is told."""
    there = Place(rule(RuleKind.OVER_CAPACITY, threshold=50.0, hysteresis=5.0))
    said = [there.go_on(of_site=replace(site(), people=people)) for people in (50, 51, 46, None, 45)]
    assert said == [[], [OPENED], [], [], [CLOSED]]
    assert not there.verdicts[-1].is_quiet


def test_anyone_after_hours_is_told() -> None:
    """One is enough, in those hours only."""
    hours = Hours(ALL_DAYS, time(13, 0, 10), time(6))
    there = Place(rule(RuleKind.AFTER_HOURS, hours=hours))
    assert there.go_on(seconds=9) == []
    assert there.go_on(of_site=replace(site(), people=0.0)) == []
    assert there.go_on(of_site=replace(site(), people=None)) == []
    assert there.go_on(of_site=replace(site(), people=0.6)) == [OPENED]


@pytest.mark.parametrize(
    ("people", "usual", "is_told"),
    [(30, 10, False), (31, 10, True), (3, 10, True), (4, 10, False), (6, 1, True), (5, 1, False), (0, 4, False)],
)
def test_few_people_are_never_unusual(people: float, usual: float, is_told: bool) -> None:
    """Three times as many, or as few, are told when that makes at least five people."""
    there = Place(rule(RuleKind.UNUSUAL, threshold=3.0))
    of_site = replace(site(), people=people, usual_people=usual)
    assert there.go_on(of_site=of_site) == ([OPENED] if is_told else [])
    assert there.go_on(of_site=replace(of_site, usual_people=None)) == []


def test_a_full_disk_is_told_until_there_is_room() -> None:
    """Below 5 per cent it is told, from 7 per cent on it is over."""
    there = Place(rule(RuleKind.MACHINE_TROUBLE))
    said = [there.go_on(of_site=replace(site(), disk_free_share=share)) for share in (0.05, 0.049, 0.069, None, 0.07)]
    assert said == [[], [OPENED], [], [], [CLOSED]]


def test_a_clock_is_given_time_to_learn_the_time() -> None:
    """A clock is told of when it has been wrong for five minutes, for a Pi needs some to learn the time."""
    there = Place(rule(RuleKind.MACHINE_TROUBLE))
    wrong = replace(site(), clock_is_right=False)
    assert there.go_on(of_site=wrong, seconds=300) == []
    assert there.go_on(of_site=wrong) == [OPENED]
    assert there.go_on() == [CLOSED]


def test_hours_hold_only_by_a_clock_that_is_right() -> None:
    """While nobody knows what time it is, a rule with hours opens nothing and closes nothing, and nothing is quiet."""
    now = Hours(ALL_DAYS, time(12), time(14))
    there = Place(replace(STAYS_IN_HALL, hours=now), replace(STAYS_IN_HALL, quiet=now))
    there.go_on([IN_YARD], replace(site(), clock_is_right=False))
    assert [(one.rule_id, one.is_quiet) for one in there.verdicts] == [(2, False)]


def test_silence_before_a_start_is_not_a_sensors_fault() -> None:
    """After a start, and after a jump of the clock, a sensor has three minutes to speak."""
    there = Place(rule(RuleKind.SENSOR_SILENT))
    silent = site({"yard": SensorState.SILENT})
    assert there.go_on(of_site=silent, seconds=180) == []
    assert there.go_on(of_site=silent) == [OPENED]
    assert there.go_on() == [CLOSED]
    there.go_on(seconds=600)
    assert there.go_on(of_site=silent, step=86400.0 * 200) == []
    assert there.go_on(of_site=silent, seconds=179) == []
    assert there.go_on(of_site=silent) == [OPENED]


def test_quiet_hours_are_quiet_until_they_end() -> None:
    """An alert that opens then is told when they end, if it is still open; nothing is repeated in them."""
    quiet = Hours(ALL_DAYS, time(13), time(13, 5))
    there = Place(replace(STAYS_IN_HALL, quiet=quiet, repeat_seconds=60.0, repeat_limit=1))
    assert there.go_on([IN_YARD], seconds=299) == [OPENED]
    assert there.verdicts[0].is_quiet
    assert there.go_on([IN_YARD], seconds=60) == [RELEASED]
    assert there.go_on([IN_YARD], seconds=600) == [REPEATED]


def test_what_is_over_before_quiet_hours_end_is_never_told() -> None:
    """It shows in the history, and nobody is woken or told later."""
    there = Place(rule(RuleKind.OVER_CAPACITY, threshold=5.0, quiet=Hours(ALL_DAYS, time(13), time(13, 5))))
    assert there.go_on(seconds=60) == [OPENED]
    assert there.go_on(of_site=replace(site(), people=1.0), seconds=600) == [CLOSED]
    assert all(verdict.is_quiet for verdict in there.verdicts)


def test_an_alert_is_repeated_until_somebody_knows() -> None:
    """It is told again after the time that was asked for, so often and no more, and not once it was acknowledged."""
    asked = replace(STAYS_IN_HALL, repeat_seconds=60.0, repeat_limit=3)
    assert Place(asked).go_on([IN_YARD], seconds=3600) == [OPENED, REPEATED, REPEATED, REPEATED]
    there = Place(asked)
    there.go_on([IN_YARD], seconds=90)
    key, row = next(iter(there.open.items()))
    there.open[key] = replace(row, acknowledged_at=there.now_at, acknowledged_by="admin")
    assert there.go_on([IN_YARD], seconds=3600) == []
    assert there.go_on([IN_HALL]) == [CLOSED]


def test_a_verdict_is_given_until_it_is_kept() -> None:
    """What the database did not take is said again at the next step, and nothing is forgotten meanwhile."""
    watch, rules = Watch(PRAGUE), [RuleRow(1, STAYS_IN_HALL)]
    for number in range(3):
        situation = Situation(NOON_AT + number * SECOND, (IN_YARD,), site())
        assert [one.turn for one in watch.step(situation, rules, ())] == [OPENED]


def test_a_rule_that_is_off_or_gone_closes_its_alerts_without_a_word() -> None:
    """Its alerts close, and nobody is told; when it is on again it begins anew."""
    there = Place(STAYS_IN_HALL)
    rules = there.rules
    there.go_on([IN_YARD])
    there.rules = [RuleRow(1, replace(STAYS_IN_HALL, is_on=False))]
    assert there.go_on([IN_YARD], seconds=10) == [CLOSED]
    there.rules = rules
    assert there.go_on([IN_YARD]) == [OPENED]
    there.rules = []
    assert there.go_on([IN_YARD], seconds=10) == [CLOSED]
    assert all(verdict.is_quiet for verdict in there.verdicts if verdict.turn is CLOSED)


def test_a_tag_that_was_deleted_closes_its_alerts() -> None:
    """Of a tag that nobody registered any more nothing stays open."""
    there = Place(STAYS_IN_HALL)
    there.go_on([IN_YARD])
    assert there.go_on([], seconds=10) == [CLOSED]


def test_a_rule_may_watch_some_tags_only() -> None:
    """Tags that it does not name are none of its business."""
    there = Place(replace(STAYS_IN_HALL, tag_ids=frozenset({2})))
    there.go_on([IN_YARD, tag(place("yard"), 2, "Drill")])
    assert [one.subject.name for one in there.verdicts] == ["Drill"]


@pytest.mark.parametrize("jump", [timedelta(days=200), timedelta(hours=-1), timedelta(days=-200)])
def test_a_clock_that_is_put_right_changes_nothing(jump: timedelta) -> None:
    """However far it jumps, nothing opens or closes by it, and what was counted goes on."""
    there = Place(
        replace(STAYS_IN_HALL, minimum_seconds=90.0),
        rule(RuleKind.TAG_UNHEARD, threshold=10.0),
        rule(RuleKind.TAG_MOVED),
        rule(RuleKind.TAG_BUTTON),
        rule(RuleKind.SENSOR_SILENT),
    )
    long_ago = datetime(2027, 1, 1, tzinfo=UTC)
    known = replace(IN_HALL, moved_at=long_ago, pressed_at=long_ago)
    there.go_on([known], seconds=60)
    there.now_at += jump
    assert there.go_on([known], site({"hall": SensorState.SILENT}), seconds=100) == []
    outside = replace(known, place=replace(IN_YARD.place, last_heard_at=there.now_at))
    assert there.go_on([outside], seconds=10) == []
    there.now_at += jump
    assert there.go_on([outside], seconds=20) == []
    assert there.go_on([outside], seconds=90) == [OPENED]


def test_what_was_never_told_has_no_end_to_tell() -> None:
    """An alert that is as good as over when quiet hours end is neither released nor told to be over."""
    there = Place(
        rule(RuleKind.OVER_CAPACITY, threshold=5.0, minimum_seconds=30.0, quiet=Hours(ALL_DAYS, time(13), time(13, 1)))
    )
    assert there.go_on(seconds=50) == [OPENED]
    assert there.go_on(of_site=replace(site(), people=1.0), seconds=60) == [CLOSED]
    assert there.verdicts[-1].is_quiet


def test_a_rule_that_watches_for_something_else_begins_anew() -> None:
    """What was counted for the rule before does not count for the one in its place; a new name changes nothing."""
    slow = replace(STAYS_IN_HALL, minimum_seconds=30.0)
    there = Place(slow)
    there.go_on([IN_YARD], seconds=20)
    there.rules = [RuleRow(1, replace(slow, name="renamed"))]
    assert there.go_on([IN_YARD], seconds=11) == [OPENED]
    other = Place(slow)
    other.go_on([IN_YARD], seconds=20)
    other.rules = [RuleRow(1, replace(slow, boundary=Boundary(frozenset({"stairs"}))))]
    assert other.go_on([IN_YARD], seconds=30) == []
    assert other.go_on([IN_YARD]) == [OPENED]


def test_a_tag_that_is_heard_is_believed_to_be_there() -> None:
    """That a scan is late, or heard no Bluetooth, is no reason to doubt a tag that was heard since."""
    arrives = rule(RuleKind.TAG_ENTERED_BOUNDARY, boundary=Boundary(frozenset({"yard"})))
    assert Place(arrives).go_on([IN_YARD], site({"yard": SensorState.LATE})) == [OPENED]
    assert Place(arrives).go_on([IN_YARD], without(site(), "yard", Radio.BLUETOOTH)) == [OPENED]
    assert Place(arrives).go_on([IN_YARD], site({"yard": SensorState.SILENT})) == []


def test_of_a_silent_sensor_no_radio_is_told() -> None:
    """Its radios open and close nothing until it speaks."""
    there = Place(rule(RuleKind.RADIO_UNHEARD))
    silent = site({"hall": SensorState.SILENT})
    assert there.go_on(of_site=without(silent, "hall", Radio.WIFI), seconds=600) == []
    assert there.go_on(of_site=without(site(), "hall", Radio.WIFI)) == [OPENED]
    assert there.go_on(of_site=silent, seconds=600) == []
    assert there.go_on() == [CLOSED]
