"""Checking rules: what goes together, so that whoever judges by a rule finds all it needs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from presence.alert_conditions import ARRIVED_FOR_SECONDS, MOVED_FOR_SECONDS, PRESSED_FOR_SECONDS
from presence.alerts import AlertError, Boundary, Hours, Rule, RuleKind

_MOST_NAME = 64
# A day: whoever starts again looks back so far for what closed (`presence.alerting.Watch`).
MOST_SECONDS = 86_400.0
_MOST_REPEATS = 100
_LEAST_REPEAT_SECONDS = 60.0
# More tags or channels than anybody ticks on a page.
_MOST_LISTED = 1000

# What a threshold may be, and what it counts.
_THRESHOLDS: dict[RuleKind, tuple[float, float, str]] = {
    RuleKind.TAG_UNHEARD: (1, 43_200, "minutes, from 1 to 43200 (30 days)"),
    RuleKind.TAG_BATTERY_LOW: (1, 99, "per cent, from 1 to 99"),
    RuleKind.OVER_CAPACITY: (1, 1_000_000, "people, from 1 to 1000000"),
    RuleKind.UNUSUAL: (1.2, 100, "times, from 1.2 to 100"),
}
_WITH_BOUNDARY = frozenset({RuleKind.TAG_LEFT_BOUNDARY, RuleKind.TAG_ENTERED_BOUNDARY})
_WITH_HYSTERESIS = frozenset({RuleKind.TAG_BATTERY_LOW, RuleKind.OVER_CAPACITY, RuleKind.UNUSUAL})
# What happens at one moment holds no longer than this, so no more can be asked for.
_HOLDS_FOR_SECONDS = {
    RuleKind.TAG_ARRIVED: ARRIVED_FOR_SECONDS,
    RuleKind.TAG_MOVED: MOVED_FOR_SECONDS,
    RuleKind.TAG_BUTTON: PRESSED_FOR_SECONDS,
}


def has_boundary(kind: RuleKind) -> bool:
    """Whether a rule of this kind is about a part of the site."""
    return kind in _WITH_BOUNDARY


def has_hysteresis(kind: RuleKind) -> bool:
    """Whether a rule of this kind closes at another figure than it opens at."""
    return kind in _WITH_HYSTERESIS


def checked(rule: Rule) -> Rule:
    """The rule as it will be kept, its name without spaces around it.

    Raises:
        AlertError: Something in it does not go together, or is out of bounds.
    """
    problem = next(_problems(rule), None)
    if problem is not None:
        raise AlertError(problem)
    return replace(rule, name=rule.name.strip())


def _problems(rule: Rule) -> Iterator[str]:
    name = rule.name.strip()
    if not 1 <= len(name) <= _MOST_NAME or not name.isprintable():
        yield "A rule's name has 1 to 64 characters, all of them visible."
    if rule.tag_ids and not rule.kind.is_of_tags:
        yield f"A rule “{rule.kind}” watches the site, so it takes no tags. Leave them away."
    if max(len(rule.tag_ids), len(rule.channel_ids)) > _MOST_LISTED:
        yield f"A rule names {_MOST_LISTED} tags and channels at most. Name no tags to watch all of them."
    yield from _threshold_problems(rule)
    yield from _boundary_problems(rule)
    yield from _hours_problems(rule)
    yield from _time_problems(rule)
    yield from _repeat_problems(rule)


def _threshold_problems(rule: Rule) -> Iterator[str]:
    bounds = _THRESHOLDS.get(rule.kind)
    if bounds is None:
        if rule.threshold is not None:
            yield f"A rule “{rule.kind}” has no threshold. Leave it away."
    elif rule.threshold is None or not bounds[0] <= rule.threshold <= bounds[1]:
        yield f"A rule “{rule.kind}” needs a threshold in {bounds[2]}."
    else:
        yield from _hysteresis_problems(rule, rule.threshold)
    if rule.hysteresis and rule.kind not in _WITH_HYSTERESIS:
        yield f"A rule “{rule.kind}” has no hysteresis. Set it to 0."


def _hysteresis_problems(rule: Rule, threshold: float) -> Iterator[str]:
    if not (math.isfinite(rule.hysteresis) and rule.hysteresis >= 0):
        yield "The hysteresis is 0 or more."
    elif rule.kind is RuleKind.TAG_BATTERY_LOW:
        if threshold + rule.hysteresis > 100:
            yield "Threshold and hysteresis of a battery are 100 per cent together, at most."
    elif threshold - rule.hysteresis < (1 if rule.kind is RuleKind.UNUSUAL else 0):
        yield "The hysteresis is too large for this threshold: the alert would never close. Make it smaller."


def _boundary_problems(rule: Rule) -> Iterator[str]:
    if rule.kind in _WITH_BOUNDARY:
        if rule.boundary in {None, Boundary()}:
            yield f"A rule “{rule.kind}” needs a boundary. Name at least one sensor or one zone."
        elif rule.boundary is not None and any(not 1 <= len(name) <= _MOST_NAME for name in rule.boundary.sensors):
            yield "The name of a sensor has 1 to 64 characters."
    elif rule.boundary is not None:
        yield f"A rule “{rule.kind}” knows no boundary. Leave it away."


def _hours_problems(rule: Rule) -> Iterator[str]:
    if rule.kind is RuleKind.AFTER_HOURS and rule.hours is None:
        yield "A rule “after hours” needs the hours in which nobody should be there."
    for name, hours in (("The hours", rule.hours), ("The quiet hours", rule.quiet)):
        if hours is not None and not _are_hours(hours):
            yield f"{name} need at least one day of the week, from 0 (Monday) to 6, and times of the place's own clock."


def _are_hours(hours: Hours) -> bool:
    is_local = hours.from_time.tzinfo is None and hours.to_time.tzinfo is None
    return is_local and bool(hours.days) and hours.days <= frozenset(range(7))


def _time_problems(rule: Rule) -> Iterator[str]:
    for name, seconds in (("minimum duration", rule.minimum_seconds), ("cool-down", rule.cool_down_seconds)):
        if not 0 <= seconds <= MOST_SECONDS:
            yield f"The {name} is from 0 to {MOST_SECONDS:.0f} seconds, a day."
    most = _HOLDS_FOR_SECONDS.get(rule.kind)
    if most is not None and rule.minimum_seconds >= most:
        yield f"A rule “{rule.kind}” tells of a moment, so its minimum duration must be below {most:.0f} seconds."


def _repeat_problems(rule: Rule) -> Iterator[str]:
    if rule.repeat_seconds is None:
        if rule.repeat_limit:
            yield "Say after how many seconds the alert is repeated, or set the number of repeats to 0."
        return
    if not _LEAST_REPEAT_SECONDS <= rule.repeat_seconds <= 7 * MOST_SECONDS:
        yield "An alert is repeated after 60 seconds at the earliest, and a week at the latest."
    if not 1 <= rule.repeat_limit <= _MOST_REPEATS:
        yield f"An alert that is repeated needs a number of repeats, from 1 to {_MOST_REPEATS}."
