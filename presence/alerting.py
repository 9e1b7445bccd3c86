"""Alerting: what becomes of the alerts from one moment to the next.

A rule says at each moment whether its condition holds, does not, or cannot be told. An alert opens once it has held for
the rule's minimum, and closes once it has been over for as long; what cannot be told stops both clocks. After an alert
closed, the same rule is calm about the same subject: a new one opens when the condition had been over for the whole of
the cool-down, or when it holds for as long as that without a break. So a tag at the edge of a boundary is one alert.

All time is counted from step to step and not by differences of the clock's times, so that a clock that is put right, by
minutes or by months, neither opens nor closes anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from presence import alert_words
from presence.alert_conditions import CLOCK, Holds, conditions, is_watched
from presence.alert_scene import Scene, SceneMaker
from presence.alerts import AlertRow, Rule, RuleKind, RuleRow, Situation, Subject, Turn, Verdict
from presence.hours import covers

# A step comes each second. Time between two that are farther apart is not counted: a clock may have jumped over it.
_LONGEST_STEP_SECONDS = 60.0
# After a start, or a jump of the clock, every sensor seems to have been silent for long, until it speaks: three scans.
_SETTLE_SECONDS = 180.0
# A Pi without a battery for its clock learns the time some minutes after it started.
_CLOCK_LEAST_SECONDS = 300.0

# Alerts whose end is worth a notification: when the place may let people in again.
_END_IS_TOLD = frozenset({RuleKind.OVER_CAPACITY})


@dataclass(slots=True)
class _Track:
    """How one rule stands with one subject, while there is anything to remember.

    Attributes:
        holds: Whether the condition held at the step before.
        known: The same, when that was last known.
        same_seconds: For how long that has been so; time in which it could not be told does not count.
        is_open: Whether an alert was open at the step before.
        calm_seconds: How long ago an alert closed, or the condition last flickered after that; None for no matter.
        is_calm: Whether the condition came to hold before the cool-down was over.
    """

    holds: Holds = None
    known: Holds = None
    same_seconds: float = 0.0
    is_open: bool = False
    calm_seconds: float | None = None
    is_calm: bool = False

    def go_on(self, holds: Holds, seconds: float, *, is_open: bool, cool_down: float) -> None:
        """Take in how the condition stands, so many seconds after it was looked at last."""
        if self.calm_seconds is not None:
            self.calm_seconds += seconds
        if self.is_open and not is_open:
            self.calm_seconds, self.same_seconds, self.is_calm = 0.0, 0.0, True
        self.is_open = is_open
        if holds is not None and holds is not self.known:
            self._turn(holds, cool_down)
        elif holds is not None and self.holds is not None:
            self.same_seconds += seconds
        self.holds = holds

    def _turn(self, holds: bool, cool_down: float) -> None:
        self.known, self.same_seconds = holds, 0.0
        if holds:
            self.is_calm = self.calm_seconds is not None and self.calm_seconds < cool_down
        elif self.is_calm and not self.is_open:
            self.calm_seconds = 0.0

    def opens(self, rule: Rule, least_seconds: float) -> bool:
        """Whether an alert is due."""
        if self.is_open or not self.holds or self.same_seconds < max(rule.minimum_seconds, least_seconds):
            return False
        return not self.is_calm or self.same_seconds >= rule.cool_down_seconds

    def closes(self, rule: Rule) -> bool:
        """Whether the open alert is over."""
        return self.is_open and self.holds is False and self.same_seconds >= rule.minimum_seconds

    def is_idle(self, cool_down: float) -> bool:
        """Whether nothing would be different if it were forgotten."""
        is_cool = self.calm_seconds is None or self.calm_seconds >= cool_down
        return is_cool and not self.is_open and not self.known


class Watch:
    """Says what becomes of the alerts. To be asked about once a second, by one thread.

    What it remembers between two steps need not survive a restart: time that is being counted begins anew. What must
    is in the alerts themselves. Until a verdict shows in the open alerts it is given again, so none is lost to a
    database that was busy.

    Args:
        time_zone: The clock of the place.
        lately_closed: Alerts that closed within the longest cool-down, a day, before a restart.
    """

    def __init__(self, time_zone: ZoneInfo, lately_closed: Iterable[AlertRow] = ()) -> None:
        self._scenes = SceneMaker(time_zone)
        self._lately_closed = tuple(lately_closed)
        self._tracks: dict[int, dict[str, _Track]] = {}
        self._rules: dict[int, Rule] = {}
        self._stepped_at: datetime | None = None
        self._settled_seconds = 0.0

    def step(
        self, situation: Situation, rules: Sequence[RuleRow], open_alerts: Sequence[AlertRow]
    ) -> tuple[Verdict, ...]:
        """What becomes of the alerts at this moment.

        Args:
            situation: The moment.
            rules: All rules.
            open_alerts: All alerts that are open, as they are kept.
        """
        seconds = self._passed(situation.now_at)
        scene = self._scenes.make(situation, seconds, is_settled=self._settled_seconds >= _SETTLE_SECONDS)
        self._follow_rules(rules, situation.now_at)
        rows: dict[int, dict[str, AlertRow]] = {}
        for row in open_alerts:
            if row.rule_id is not None:
                rows.setdefault(row.rule_id, {})[row.subject.key] = row
        verdicts: list[Verdict] = []
        for one in rules:
            if one.rule.is_on:
                verdicts += self._judged(one, scene, rows.pop(one.rule_id, {}), seconds)
        verdicts += [_withdrawn(row, scene) for left in rows.values() for row in left.values()]
        return tuple(verdicts)

    def _passed(self, now_at: datetime) -> float:
        """Seconds since the step before, as far as they can be believed."""
        elapsed = 0.0 if self._stepped_at is None else (now_at - self._stepped_at).total_seconds()
        self._stepped_at = now_at
        if not 0 <= elapsed <= _LONGEST_STEP_SECONDS:
            self._settled_seconds = 0.0
            return 0.0
        self._settled_seconds += elapsed
        return elapsed

    def _follow_rules(self, rules: Sequence[RuleRow], now_at: datetime) -> None:
        """Forget what was counted for rules that are gone, are off, or watch for something else now."""
        now = {one.rule_id: one.rule for one in rules if one.rule.is_on}
        for rule_id, rule in self._rules.items():
            if rule_id not in now or not watches_the_same(rule, now[rule_id]):
                self._tracks.pop(rule_id, None)
        self._rules = now
        for row in self._lately_closed:
            if row.rule_id in now and row.closed_at is not None:
                track = _Track(calm_seconds=abs((now_at - row.closed_at).total_seconds()))
                self._tracks.setdefault(row.rule_id, {})[row.subject.key] = track
        self._lately_closed = ()

    def _judged(self, one: RuleRow, scene: Scene, rows: Mapping[str, AlertRow], seconds: float) -> Iterator[Verdict]:
        """What becomes of the alerts of one rule."""
        tracks, kept = self._tracks.get(one.rule_id, {}), dict[str, _Track]()
        watched = set()
        for subject, holds in conditions(one.rule, scene, rows.keys()):
            key = subject.key
            watched.add(key)
            track = tracks.get(key)
            if track is None:
                if not holds and key not in rows:
                    continue  # by far the most: nothing is the matter
                track = _Track()
            track.go_on(holds, seconds, is_open=key in rows, cool_down=one.rule.cool_down_seconds)
            if not track.is_idle(one.rule.cool_down_seconds):
                kept[key] = track
            yield from _turns(one, subject, scene, track, rows.get(key))
        self._tracks[one.rule_id] = kept
        yield from (_withdrawn(row, scene) for key, row in rows.items() if key not in watched)


def watches_the_same(rule: Rule, other: Rule) -> bool:
    """Whether two rules differ only in what they are called, and in whom they tell and when."""
    return rule == replace(
        other,
        name=rule.name,
        quiet=rule.quiet,
        repeat_seconds=rule.repeat_seconds,
        repeat_limit=rule.repeat_limit,
        channel_ids=rule.channel_ids,
    )


def is_due_again(rule: Rule, row: AlertRow, now_at: datetime) -> bool:
    """Whether an open alert is to be notified once more; quiet hours aside."""
    if row.told_at is None or row.acknowledged_at is not None or row.closed_at is not None:
        return False
    if rule.repeat_seconds is None or row.repeat_count >= rule.repeat_limit:
        return False
    # By the clock, for this outlasts restarts. One that was put back tells it once too often rather than never again.
    return abs((now_at - row.told_at).total_seconds()) >= rule.repeat_seconds


def _turns(one: RuleRow, subject: Subject, scene: Scene, track: _Track, row: AlertRow | None) -> Iterator[Verdict]:
    rule, now_at = one.rule, scene.situation.now_at
    if row is None:
        least_seconds = _CLOCK_LEAST_SECONDS if subject == CLOCK else 0.0
        if track.opens(rule, least_seconds):
            says = alert_words.opening(rule, subject, scene)
            yield Verdict(one.rule_id, subject, Turn.OPENED, says, now_at, _is_quiet(rule, scene))
    elif track.closes(rule) and not is_watched(rule, scene):
        yield _withdrawn(row, scene)
    elif track.closes(rule):
        # Of what nobody was told that it began, nobody is told that it ended.
        is_quiet = rule.kind not in _END_IS_TOLD or row.told_at is None or _is_quiet(rule, scene)
        says = alert_words.closing(rule.kind, scene.local_at)
        yield Verdict(one.rule_id, row.subject, Turn.CLOSED, says, now_at, is_quiet)
    elif track.holds is False or _is_quiet(rule, scene):
        return  # it is as good as over, or nobody wants to hear of it
    elif row.told_at is None:
        yield Verdict(one.rule_id, row.subject, Turn.RELEASED, row.says, now_at)
    elif is_due_again(rule, row, now_at):
        yield Verdict(one.rule_id, row.subject, Turn.REPEATED, row.says, now_at)


def _is_quiet(rule: Rule, scene: Scene) -> bool:
    """Whether these are quiet hours. While nobody knows what time it is there are none."""
    return rule.quiet is not None and scene.situation.site.clock_is_right and covers(rule.quiet, scene.local_at)


def _withdrawn(row: AlertRow, scene: Scene) -> Verdict:
    """The end of an alert that nobody watches now: its rule is off, its hours are over or its subject is gone."""
    says = alert_words.withdrawal(scene.local_at)
    return Verdict(row.rule_id or 0, row.subject, Turn.CLOSED, says, scene.situation.now_at, is_quiet=True)
