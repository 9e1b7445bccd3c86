"""The sentences of alerts, as the page shows them and as they are sent: what, where, and since when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from presence.alert_scene import Scene
from presence.alerts import Boundary, Rule, RuleKind, Subject
from presence.tags import TagPlace, Whereabouts
from presence.zones import Zone

MOST_TITLE = 120
MOST_BODY = 500

_DISTANCES = {None: "at", Zone.NEAR: "near", Zone.MEDIUM: "not far from", Zone.FAR: "far from"}
# Names that are listed before the rest is only counted.
_MOST_LISTED = 3
_MOST_NAME = 64
_MOST_ADVICE = 160


def opening(rule: Rule, subject: Subject, scene: Scene) -> str:
    """What happened, when an alert opens; at most 300 characters but for the longest of names."""
    return _OPENINGS[rule.kind](rule, subject, scene)


def closing(kind: RuleKind, local_at: datetime) -> str:
    """That it is over."""
    return f"{_CLOSINGS.get(kind, 'This was over')} at {local_at:%H:%M}."


def withdrawal(local_at: datetime) -> str:
    """That nobody watches for it any more, so that nothing is known of its end."""
    return f"This is no longer watched since {local_at:%H:%M}."


def title(kind: RuleKind, subject: Subject) -> str:
    """A few words for an alert, at most 120 characters."""
    return _TITLES[kind].format(name=plain(subject.name))[:MOST_TITLE]


def title_again(of_alert: str) -> str:
    """The title of an alert that is told again."""
    return f"Still open: {of_alert}"[:MOST_TITLE]


def title_over(kind: RuleKind, subject: Subject) -> str:
    """The title of the news that an alert is over."""
    return f"Over: {title(kind, subject)}"[:MOST_TITLE]


def with_end(body: str, says: str) -> str:
    """What is to be told of an alert that closed before it could be."""
    return body if body.endswith(says) else f"{body[: MOST_BODY - len(says) - 1]} {says}"


def test_words(channel: str) -> tuple[str, str]:
    """The title and body of a test notification."""
    return (
        "A test",
        f"This is a test of the channel “{plain(channel)}”. Whoever reads it will also be told of alerts.",
    )


def plain(text: str, most: int = _MOST_NAME) -> str:
    """A text from outside, on one line, bounded, and free of what would turn the text around it about."""
    return "".join(character if character.isprintable() else " " for character in text[:most]).strip()


def _quoted(subject: Subject) -> str:
    return f"“{plain(subject.name)}”"


def _moment(at: datetime | None, scene: Scene) -> str:
    """When that was, to stand after a verb, with the day when it was another one; nothing when it is not known."""
    if at is None:
        return ""
    local_at = at.astimezone(scene.local_at.tzinfo)
    if local_at.date() == scene.local_at.date():
        return f" at {local_at:%H:%M}"
    return f" on {local_at.day} {local_at:%B} at {local_at:%H:%M}"


def _sensor(name: str | None, scene: Scene) -> str:
    if name is None:
        return "a sensor"
    places = {row.card.name: row.card.place for row in scene.situation.site.sensors}
    place = places.get(name)
    return f"the sensor {plain(name)}" + (f" ({plain(place)})" if place else "")


def _listed(names: Iterable[str]) -> str:
    some = sorted(plain(name) for name in names)
    if len(some) > _MOST_LISTED:
        return f"{', '.join(some[:_MOST_LISTED])} and {len(some) - _MOST_LISTED} more"
    return " and ".join(", ".join(some).rsplit(", ", 1))


def _boundary(boundary: Boundary) -> str:
    zones = " or ".join(zone.value for zone in Zone if zone in boundary.zones)
    if not boundary.sensors:
        return f"its boundary ({zones} at any sensor)"
    return f"its boundary ({_listed(boundary.sensors)}{f', {zones}' if zones else ''})"


def _last_heard(place: TagPlace, scene: Scene) -> str:
    return f"It was last heard at {_sensor(place.sensor, scene)}{_moment(place.last_heard_at, scene)}."


def _where(place: TagPlace, whereabouts: Whereabouts, scene: Scene) -> str:
    if whereabouts is Whereabouts.PRESENT:
        return f"It is {_DISTANCES[place.zone]} {_sensor(place.sensor, scene)}."
    return _last_heard(place, scene)


def _left_boundary(rule: Rule, subject: Subject, scene: Scene) -> str:
    seen = scene.tag(subject)
    place = seen.state.place
    left = f"{_quoted(subject)} left {_boundary(rule.boundary or Boundary())}{_moment(place.since_at, scene)}."
    return f"{left} {_where(place, seen.whereabouts, scene)}"


def _entered_boundary(rule: Rule, subject: Subject, scene: Scene) -> str:
    seen = scene.tag(subject)
    place = seen.state.place
    came = f"{_quoted(subject)} came into {_boundary(rule.boundary or Boundary())}{_moment(place.since_at, scene)}."
    return f"{came} {_where(place, seen.whereabouts, scene)}"


def _arrived(_rule: Rule, subject: Subject, scene: Scene) -> str:
    place = scene.tag(subject).state.place
    return f"{_quoted(subject)} arrived{_moment(place.since_at, scene)}, at {_sensor(place.sensor, scene)}."


def _left(_rule: Rule, subject: Subject, scene: Scene) -> str:
    place = scene.tag(subject).state.place
    return f"{_quoted(subject)} left{_moment(place.since_at, scene)}. {_last_heard(place, scene)}"


def _unheard(rule: Rule, subject: Subject, scene: Scene) -> str:
    minutes = "a minute" if rule.threshold == 1 else f"{_number(rule.threshold)} minutes"
    said = f"{_quoted(subject)} has not been heard for {minutes}, though the sensor there listens."
    return f"{said} {_last_heard(scene.tag(subject).state.place, scene)}"


def _battery(_rule: Rule, subject: Subject, scene: Scene) -> str:
    seen = scene.tag(subject)
    said = f"The battery of {_quoted(subject)} is down to {_number(seen.state.battery_percent)} %."
    return f"{said} Change it soon. {_where(seen.state.place, seen.whereabouts, scene)}"


def _moved(_rule: Rule, subject: Subject, scene: Scene) -> str:
    seen = scene.tag(subject)
    moved = f"{_quoted(subject)} moved{_moment(seen.state.moved_at, scene)}."
    return f"{moved} {_where(seen.state.place, seen.whereabouts, scene)}"


def _pressed(_rule: Rule, subject: Subject, scene: Scene) -> str:
    seen = scene.tag(subject)
    pressed = f"The button of {_quoted(subject)} was pressed{_moment(seen.state.pressed_at, scene)}."
    return f"{pressed} {_where(seen.state.place, seen.whereabouts, scene)}"


def _over_capacity(rule: Rule, _subject: Subject, scene: Scene) -> str:
    people = _people(scene.situation.site.people)
    return f"{people} here at {scene.local_at:%H:%M}, more than the {_number(rule.threshold)} allowed."


def _after_hours(_rule: Rule, _subject: Subject, scene: Scene) -> str:
    people = _people(max(1.0, scene.situation.site.people or 0.0))
    return f"{people} here at {scene.local_at:%H:%M}, when nobody should be."


def _unusual(_rule: Rule, _subject: Subject, scene: Scene) -> str:
    site = scene.situation.site
    usual = f"{round(site.usual_people or 0.0)} are usual for this weekday and hour"
    return f"{_people(site.people)} here at {scene.local_at:%H:%M}; {usual}."


def _sensor_silent(_rule: Rule, subject: Subject, scene: Scene) -> str:
    heard_at = next(
        row.last_received_at for row in scene.situation.site.sensors if f"sensor {row.card.name}" == subject.key
    )
    last = f"sent something last{_moment(heard_at, scene)}" if heard_at else "has never sent anything"
    advice = "Check its power and its network. Until it speaks, nothing is known of the tags there."
    return f"{_sensor(subject.name, scene).capitalize()} is silent: it {last}. {advice}"


def _radio_unheard(_rule: Rule, subject: Subject, scene: Scene) -> str:
    sensor, radio, advice = next(
        one for one in scene.situation.site.unheard if f"radio {one[0]} {one[1].value}" == subject.key
    )
    said = f"{radio.label} of {_sensor(sensor, scene)} is not heard at {scene.local_at:%H:%M}."
    return f"{said} {plain(advice, _MOST_ADVICE)}"


def _machine(_rule: Rule, subject: Subject, scene: Scene) -> str:
    if subject.key == "clock":
        return "The clock of this machine is wrong, so no time can be trusted. Check that it reaches the internet."
    free = (scene.situation.site.disk_free_share or 0.0) * 100
    return f"Only {free:.1f} % of the disk is free. Make some room, or keep less: db.keep_days in config.toml."


def _people(count: float | None) -> str:
    """How many there are, which nobody knows to the last one."""
    people = round(count or 0.0)
    if people == 0:
        return "Nobody is"
    return "Somebody is" if people == 1 else f"About {people} people are"


def _number(value: float | None) -> str:
    """A figure without decimals that say nothing."""
    return "?" if value is None else f"{value:.1f}".removesuffix(".0")


_OPENINGS: dict[RuleKind, Callable[[Rule, Subject, Scene], str]] = {
    RuleKind.TAG_LEFT_BOUNDARY: _left_boundary,
    RuleKind.TAG_ENTERED_BOUNDARY: _entered_boundary,
    RuleKind.TAG_ARRIVED: _arrived,
    RuleKind.TAG_LEFT: _left,
    RuleKind.TAG_UNHEARD: _unheard,
    RuleKind.TAG_BATTERY_LOW: _battery,
    RuleKind.TAG_MOVED: _moved,
    RuleKind.TAG_BUTTON: _pressed,
    RuleKind.OVER_CAPACITY: _over_capacity,
    RuleKind.AFTER_HOURS: _after_hours,
    RuleKind.UNUSUAL: _unusual,
    RuleKind.SENSOR_SILENT: _sensor_silent,
    RuleKind.RADIO_UNHEARD: _radio_unheard,
    RuleKind.MACHINE_TROUBLE: _machine,
}
_CLOSINGS = {
    RuleKind.TAG_LEFT_BOUNDARY: "It was back",
    RuleKind.TAG_ENTERED_BOUNDARY: "It was out again",
    RuleKind.TAG_LEFT: "It was back",
    RuleKind.TAG_UNHEARD: "It was heard again",
    RuleKind.TAG_BATTERY_LOW: "Its battery was good again",
    RuleKind.OVER_CAPACITY: "There were no longer too many people",
    RuleKind.AFTER_HOURS: "Nobody was there any more",
    RuleKind.UNUSUAL: "It was as usual again",
    RuleKind.SENSOR_SILENT: "It spoke again",
    RuleKind.RADIO_UNHEARD: "It was heard again",
}
_TITLES = {
    RuleKind.TAG_LEFT_BOUNDARY: "“{name}” left its boundary",
    RuleKind.TAG_ENTERED_BOUNDARY: "“{name}” came into its boundary",
    RuleKind.TAG_ARRIVED: "“{name}” arrived",
    RuleKind.TAG_LEFT: "“{name}” left",
    RuleKind.TAG_UNHEARD: "“{name}” is not heard",
    RuleKind.TAG_BATTERY_LOW: "The battery of “{name}” is low",
    RuleKind.TAG_MOVED: "“{name}” moved",
    RuleKind.TAG_BUTTON: "The button of “{name}” was pressed",
    RuleKind.OVER_CAPACITY: "Too many people",
    RuleKind.AFTER_HOURS: "Somebody is there after hours",
    RuleKind.UNUSUAL: "Unusually many or few people",
    RuleKind.SENSOR_SILENT: "The sensor {name} is silent",
    RuleKind.RADIO_UNHEARD: "{name} is not heard",
    RuleKind.MACHINE_TROUBLE: "Trouble with {name}",
}
