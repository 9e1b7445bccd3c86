"""The rules of alerts as other programs write and read them."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Self

from pydantic import Field

from links.api.answers import Answer
from presence.alerts import Boundary, Hours, Rule, RuleKind, RuleRow
from presence.zones import Zone

# More than anybody ticks on a page; `presence.rule_checks` says the same.
_MOST_LISTED = 1000

_Number = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
_RowNumber = Annotated[int, Field(ge=1, le=2**63 - 1)]


class HoursForm(Answer):
    """Hours of the week, by the clock of the place."""

    days: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=1, max_length=7)]
    """Days of the week on which they begin; Monday is 0."""
    from_time: time
    """When they begin."""
    to_time: time
    """When they end; at or before `from_time` means on the next day."""

    def hours(self) -> Hours:
        """The hours that are meant."""
        return Hours(frozenset(self.days), self.from_time.replace(tzinfo=None), self.to_time.replace(tzinfo=None))

    @classmethod
    def of(cls, hours: Hours | None) -> Self | None:
        """Hours as they are told."""
        if hours is None:
            return None
        return cls(days=tuple(sorted(hours.days)), from_time=hours.from_time, to_time=hours.to_time)


class BoundaryForm(Answer):
    """A part of the site."""

    sensors: Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(max_length=_MOST_LISTED)] = ()
    """Names of sensors; none means all."""
    zones: Annotated[tuple[Zone, ...], Field(max_length=3)] = ()
    """Zones of those; none means all."""


class RuleForm(Answer):
    """What to watch for, and when to speak."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    """One of a kind among the rules."""
    kind: RuleKind
    """What it watches for."""
    is_on: bool = True
    """Whether it is watched."""
    tag_ids: Annotated[tuple[_RowNumber, ...], Field(max_length=_MOST_LISTED)] = ()
    """The tags it watches; none means all. None for a rule on the site."""
    boundary: BoundaryForm | None = None
    """Of which part of the site; null for a kind that knows no boundary."""
    threshold: _Number | None = None
    """Minutes, per cent, people or times, as the kind says; null for a kind without one."""
    hysteresis: _Number = 0.0
    """How far back beyond the threshold it must be before the alert closes."""
    hours: HoursForm | None = None
    """When it is watched; null means always."""
    quiet: HoursForm | None = None
    """When nobody is notified."""
    minimum_seconds: _Number = 0.0
    """How long it must hold before an alert opens, and be over before it closes."""
    cool_down_seconds: _Number = 300.0
    """How long after an alert closed none opens for the same rule and subject."""
    repeat_seconds: _Number | None = None
    """After how long an open alert that nobody acknowledged is notified again; null for never."""
    repeat_limit: Annotated[int, Field(ge=0, le=1000)] = 0
    """How often it is, at most."""
    channel_ids: Annotated[tuple[_RowNumber, ...], Field(max_length=_MOST_LISTED)] = ()
    """Who is notified; none means that it only shows."""

    def rule(self) -> Rule:
        """The rule that is meant."""
        boundary = self.boundary
        return Rule(
            name=self.name,
            kind=self.kind,
            is_on=self.is_on,
            tag_ids=frozenset(self.tag_ids),
            boundary=None if boundary is None else Boundary(frozenset(boundary.sensors), frozenset(boundary.zones)),
            threshold=self.threshold,
            hysteresis=self.hysteresis,
            hours=None if self.hours is None else self.hours.hours(),
            quiet=None if self.quiet is None else self.quiet.hours(),
            minimum_seconds=self.minimum_seconds,
            cool_down_seconds=self.cool_down_seconds,
            repeat_seconds=self.repeat_seconds,
            repeat_limit=self.repeat_limit,
            channel_ids=frozenset(self.channel_ids),
        )


class RuleAnswer(RuleForm):
    """A rule."""

    id: int
    """Its number."""


def rule_answer(row: RuleRow) -> RuleAnswer:
    """A rule as it is told."""
    rule, boundary = row.rule, row.rule.boundary
    told = None
    if boundary is not None:
        told = BoundaryForm(sensors=tuple(sorted(boundary.sensors)), zones=tuple(sorted(boundary.zones)))
    return RuleAnswer(
        id=row.rule_id,
        name=rule.name,
        kind=rule.kind,
        is_on=rule.is_on,
        tag_ids=tuple(sorted(rule.tag_ids)),
        boundary=told,
        threshold=rule.threshold,
        hysteresis=rule.hysteresis,
        hours=HoursForm.of(rule.hours),
        quiet=HoursForm.of(rule.quiet),
        minimum_seconds=rule.minimum_seconds,
        cool_down_seconds=rule.cool_down_seconds,
        repeat_seconds=rule.repeat_seconds,
        repeat_limit=rule.repeat_limit,
        channel_ids=tuple(sorted(rule.channel_ids)),
    )
