"""A rule in plain words: what it watches for, when, and whom it tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import time

from layouts.formats import number_text, plain_words
from presence.alerts import Boundary, Hours, Rule, RuleKind
from presence.zones import Zone

KIND_NAMES = {
    RuleKind.TAG_LEFT_BOUNDARY: "A tag leaves its boundary",
    RuleKind.TAG_ENTERED_BOUNDARY: "A tag comes into its boundary",
    RuleKind.TAG_ARRIVED: "A tag arrives",
    RuleKind.TAG_LEFT: "A tag leaves the place",
    RuleKind.TAG_UNHEARD: "A tag is not heard for some time",
    RuleKind.TAG_BATTERY_LOW: "The battery of a tag is low",
    RuleKind.TAG_MOVED: "A tag moves",
    RuleKind.TAG_BUTTON: "The button of a tag is pressed",
    RuleKind.OVER_CAPACITY: "More people than may be here",
    RuleKind.AFTER_HOURS: "Somebody is here after hours",
    RuleKind.UNUSUAL: "Far more or fewer people than usual",
    RuleKind.SENSOR_SILENT: "A sensor is silent",
    RuleKind.RADIO_UNHEARD: "A radio is not heard",
    RuleKind.MACHINE_TROUBLE: "The disk is nearly full, or the clock is wrong",
}
"""What each kind of rule watches for."""

THRESHOLD_NAMES = {
    RuleKind.TAG_UNHEARD: ("Not heard for", "minutes"),
    RuleKind.TAG_BATTERY_LOW: ("Battery below", "per cent"),
    RuleKind.OVER_CAPACITY: ("More than", "people"),
    RuleKind.UNUSUAL: ("More than usual by", "times"),
}
"""What the threshold of a kind is called, and its unit; kinds that are missing have none."""

_EVENTS = {
    RuleKind.TAG_LEFT_BOUNDARY: "leaves {boundary}",
    RuleKind.TAG_ENTERED_BOUNDARY: "comes into {boundary}",
    RuleKind.TAG_ARRIVED: "arrives",
    RuleKind.TAG_LEFT: "leaves the place",
    RuleKind.TAG_UNHEARD: "is not heard for {threshold} minutes",
    RuleKind.TAG_BATTERY_LOW: "has a battery below {threshold} %",
    RuleKind.TAG_MOVED: "moves",
    RuleKind.TAG_BUTTON: "has its button pressed",
    RuleKind.OVER_CAPACITY: "more than {threshold} people are here",
    RuleKind.AFTER_HOURS: "anybody is here",
    RuleKind.UNUSUAL: "{threshold} times as many or as few people are here as is usual",
    RuleKind.SENSOR_SILENT: "a sensor is silent",
    RuleKind.RADIO_UNHEARD: "a radio of a sensor is not heard",
    RuleKind.MACHINE_TROUBLE: "the disk is nearly full or the clock is wrong",
}

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""The days of a week, in the order of their numbers."""

_WEEKDAYS, _WEEKEND, _EVERY_DAY = frozenset(range(5)), frozenset({5, 6}), frozenset(range(7))
# Names that are listed before the rest is only counted.
_MOST_LISTED = 3


def rule_sentence(rule: Rule, tag_names: Mapping[int, str], channel_names: Mapping[int, str]) -> str:
    """What a rule does, in one sentence and, where there is more to say, some short ones.

    Args:
        rule: The rule.
        tag_names: The names of tags, by number.
        channel_names: The names of channels, by number.
    """
    told = _names(rule.channel_ids, channel_names, "no channel")
    begin = f"Tell {told} when" if rule.channel_ids else "Show an alert on this page when"
    event = _EVENTS[rule.kind].format(boundary=_boundary_words(rule.boundary), threshold=number_text(rule.threshold))
    whom = f" {_tag_words(rule, tag_names)}" if rule.kind.is_of_tags else ""
    lasting = f" for {_span(rule.minimum_seconds)}" if rule.minimum_seconds else ""
    hours = f", {hours_words(rule.hours)}" if rule.hours else ""
    return " ".join([f"{begin}{whom} {event}{lasting}{hours}.", *_more(rule)])


def hours_words(hours: Hours) -> str:
    """Hours of the week: "on weekdays from 8:00 to 18:00"."""
    return f"{_days_words(hours.days)} from {_clock(hours.from_time)} to {_clock(hours.to_time)}"


def _clock(at: time) -> str:
    return f"{at.hour}:{at.minute:02}"


def _days_words(days: frozenset[int]) -> str:
    known = {_EVERY_DAY: "every day", _WEEKDAYS: "on weekdays", _WEEKEND: "at weekends"}
    return known.get(days) or f"on {_listed(DAYS[day] for day in sorted(days))}"


def _more(rule: Rule) -> list[str]:
    more = []
    if rule.quiet:
        more.append(f"Nobody is told {hours_words(rule.quiet)}; an alert that is still open then is told at their end.")
    if rule.repeat_seconds:
        times = "once" if rule.repeat_limit == 1 else f"{rule.repeat_limit} times"
        more.append(f"Until somebody acknowledges it, tell again every {_span(rule.repeat_seconds)}, {times} at most.")
    return more


def _span(seconds: float) -> str:
    if seconds >= 60:
        minutes = number_text(seconds / 60)
        return "a minute" if minutes == "1" else f"{minutes} minutes"
    return f"{number_text(seconds)} seconds"


def _tag_words(rule: Rule, tag_names: Mapping[int, str]) -> str:
    if not rule.tag_ids:
        return "any tag"
    return _listed(f"“{plain_words(tag_names.get(tag_id, '?'))}”" for tag_id in sorted(rule.tag_ids)).replace(
        " and ", " or "
    )


def _boundary_words(boundary: Boundary | None) -> str:
    if boundary is None or boundary == Boundary():
        return "its boundary"
    zones = " or ".join(zone.value for zone in Zone if zone in boundary.zones)
    where = _listed(plain_words(name) for name in sorted(boundary.sensors)) or "any sensor"
    return f"what is {zones} at {where}" if zones else where


def _names(numbers: Iterable[int], names: Mapping[int, str], none: str) -> str:
    return _listed(plain_words(names[number]) for number in sorted(numbers) if number in names) or none


def _listed(words: Iterable[str]) -> str:
    some = list(words)
    if len(some) > _MOST_LISTED:
        return f"{', '.join(some[:_MOST_LISTED])} and {len(some) - _MOST_LISTED} more"
    return " and ".join(", ".join(some).rsplit(", ", 1))
