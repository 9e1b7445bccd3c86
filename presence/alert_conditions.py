"""What each kind of rule waits for: whether it holds at a moment, does not, or cannot be told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TypeAlias

from presence.alert_scene import Scene, TagSeen
from presence.alerts import Boundary, Rule, RuleKind, Subject
from presence.hours import covers
from presence.radio import Radio
from presence.sensors import SensorState
from presence.tags import Whereabouts

Holds: TypeAlias = bool | None
"""None when it cannot be told: that opens nothing and closes nothing."""

SITE = Subject("site", "the site")
DISK = Subject("disk", "the disk")
CLOCK = Subject("clock", "the clock")

# What happens at one moment is shown for a while: long enough to be seen on a page that somebody looks at now and then.
ARRIVED_FOR_SECONDS = 600.0
MOVED_FOR_SECONDS = 300.0
PRESSED_FOR_SECONDS = 60.0

# From 2 people to 6 is three times as many, and still only a family that came in.
_LEAST_DIFFERENCE = 5.0
# The database needs room to work in; 5 % of a card of 16 GB is 800 MB, a week of a busy place. The 2 % between them
# keep a disk that is just being tidied up from being told of again and again.
_DISK_NEARLY_FULL = 0.05
_DISK_HAS_ROOM = 0.07


def conditions(rule: Rule, scene: Scene, open_keys: Collection[str]) -> Iterator[tuple[Subject, Holds]]:
    """Whether a rule holds for each subject that it watches.

    Args:
        rule: The rule.
        scene: The moment.
        open_keys: Of which subjects an alert of this rule is open: they must be well past its threshold to be over.
    """
    watched = is_watched(rule, scene)
    for subject, holds in _of_any_hour(rule, scene, open_keys):
        yield subject, holds if watched else watched


def is_watched(rule: Rule, scene: Scene) -> Holds:
    """Whether this is one of the rule's hours; None while nobody knows what time it is."""
    if rule.hours is None:
        return True
    return covers(rule.hours, scene.local_at) if scene.situation.site.clock_is_right else None


def _of_any_hour(rule: Rule, scene: Scene, open_keys: Collection[str]) -> Iterator[tuple[Subject, Holds]]:
    of_tag = _OF_TAGS.get(rule.kind)
    if of_tag is None:
        yield from _OF_SITE[rule.kind](rule, scene, open_keys)
        return
    for seen in scene.tags:
        if not rule.tag_ids or seen.state.tag_id in rule.tag_ids:
            yield seen.subject, of_tag(rule, seen, seen.subject.key in open_keys)


def _has_left_boundary(rule: Rule, seen: TagSeen, is_open: bool) -> Holds:
    inside = _is_inside(rule, seen, is_open)
    return None if inside is None else not inside


def _is_inside(rule: Rule, seen: TagSeen, _is_open: bool) -> Holds:
    if seen.whereabouts is not Whereabouts.PRESENT:
        return _is_present(seen)
    boundary, place = rule.boundary or Boundary(), seen.state.place
    if boundary.sensors and place.sensor not in boundary.sensors:
        return False
    if boundary.zones:
        return None if place.zone is None else place.zone in boundary.zones
    return True


def _is_present(seen: TagSeen) -> Holds:
    return None if seen.whereabouts is Whereabouts.UNKNOWN else seen.whereabouts is Whereabouts.PRESENT


def _has_left(_rule: Rule, seen: TagSeen, _is_open: bool) -> Holds:
    present = _is_present(seen)
    return None if present is None else not present


def _has_arrived(_rule: Rule, seen: TagSeen, _is_open: bool) -> Holds:
    return _is_present(seen) if seen.history.arrived_seconds < ARRIVED_FOR_SECONDS else False


def _is_unheard(rule: Rule, seen: TagSeen, is_open: bool) -> Holds:
    if seen.whereabouts is Whereabouts.UNKNOWN:
        return None
    if seen.history.heard.seconds >= _threshold(rule) * 60:
        return True
    # After a restart the time is counted anew, and what was not heard before is not heard again by that.
    return None if is_open and seen.whereabouts is Whereabouts.AWAY else False


def _has_low_battery(rule: Rule, seen: TagSeen, is_open: bool) -> Holds:
    percent = seen.state.battery_percent
    return None if percent is None else percent < _threshold(rule) + (rule.hysteresis if is_open else 0.0)


# These two are told by the tag itself: whoever told it listens, whatever is thought of the sensor.
def _has_moved(_rule: Rule, seen: TagSeen, _is_open: bool) -> Holds:
    return seen.history.moved.seconds < MOVED_FOR_SECONDS


def _was_pressed(_rule: Rule, seen: TagSeen, _is_open: bool) -> Holds:
    return seen.history.pressed.seconds < PRESSED_FOR_SECONDS


def _over_capacity(rule: Rule, scene: Scene, open_keys: Collection[str]) -> Iterator[tuple[Subject, Holds]]:
    people = scene.situation.site.people
    most = _threshold(rule) - (rule.hysteresis if SITE.key in open_keys else 0.0)
    yield SITE, None if people is None else people > most


def _after_hours(_rule: Rule, scene: Scene, _open_keys: Collection[str]) -> Iterator[tuple[Subject, Holds]]:
    people = scene.situation.site.people
    yield SITE, None if people is None else people > 0


def _unusual(rule: Rule, scene: Scene, open_keys: Collection[str]) -> Iterator[tuple[Subject, Holds]]:
    people, usual = scene.situation.site.people, scene.situation.site.usual_people
    if people is None or usual is None:
        yield SITE, None
        return
    times = _threshold(rule) - (rule.hysteresis if SITE.key in open_keys else 0.0)
    is_far = people > usual * times or usual > people * times
    yield SITE, is_far and abs(people - usual) >= _LEAST_DIFFERENCE


def _silent_sensors(_rule: Rule, scene: Scene, _open_keys: Collection[str]) -> Iterator[tuple[Subject, Holds]]:
    for row in scene.situation.site.sensors:
        subject = Subject(f"sensor {row.card.name}", row.card.name)
        if row.state is SensorState.SILENT:
            yield subject, True if scene.is_settled else None
        else:
            yield subject, None if row.state is SensorState.LATE else False


def _unheard_radios(_rule: Rule, scene: Scene, _open_keys: Collection[str]) -> Iterator[tuple[Subject, Holds]]:
    site = scene.situation.site
    unheard = {(sensor, radio) for sensor, radio, _ in site.unheard}
    states = {row.card.name: row.state for row in site.sensors}
    for sensor in sorted({*states, *(sensor for sensor, _ in unheard)}):
        # Of a sensor that is silent nothing is known but that; it has a rule of its own.
        is_known = states.get(sensor, SensorState.HEARD) is SensorState.HEARD
        for radio in Radio:
            subject = Subject(f"radio {sensor} {radio.value}", f"{radio.label} of {sensor}")
            yield subject, (sensor, radio) in unheard if is_known else None


def _machine(_rule: Rule, scene: Scene, open_keys: Collection[str]) -> Iterator[tuple[Subject, Holds]]:
    free, enough = scene.situation.site.disk_free_share, _DISK_NEARLY_FULL
    if DISK.key in open_keys:
        enough = _DISK_HAS_ROOM
    yield DISK, None if free is None else free < enough
    yield CLOCK, not scene.situation.site.clock_is_right


def _threshold(rule: Rule) -> float:
    """The threshold of a rule of a kind that has one; `presence.rule_checks` sees to it that it is there."""
    if rule.threshold is None:
        raise ValueError(f"the rule {rule.name} has no threshold")
    return rule.threshold


_OF_TAGS: dict[RuleKind, Callable[[Rule, TagSeen, bool], Holds]] = {
    RuleKind.TAG_LEFT_BOUNDARY: _has_left_boundary,
    RuleKind.TAG_ENTERED_BOUNDARY: _is_inside,
    RuleKind.TAG_ARRIVED: _has_arrived,
    RuleKind.TAG_LEFT: _has_left,
    RuleKind.TAG_UNHEARD: _is_unheard,
    RuleKind.TAG_BATTERY_LOW: _has_low_battery,
    RuleKind.TAG_MOVED: _has_moved,
    RuleKind.TAG_BUTTON: _was_pressed,
}
_OF_SITE: dict[RuleKind, Callable[[Rule, Scene, Collection[str]], Iterator[tuple[Subject, Holds]]]] = {
    RuleKind.OVER_CAPACITY: _over_capacity,
    RuleKind.AFTER_HOURS: _after_hours,
    RuleKind.UNUSUAL: _unusual,
    RuleKind.SENSOR_SILENT: _silent_sensors,
    RuleKind.RADIO_UNHEARD: _unheard_radios,
    RuleKind.MACHINE_TROUBLE: _machine,
}
