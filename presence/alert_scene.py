"""What the rules look at, made ready for all of them: how long ago things were, and what can be believed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from presence.alerts import Situation, Subject, TagState
from presence.radio import Radio
from presence.sensors import SensorState
from presence.tags import TagPlace, Whereabouts


@dataclass(slots=True)
class Lapse:
    """How long ago something happened, counted from step to step: a clock that is put right does it no harm.

    Attributes:
        happened_at: When it last happened, by whichever clock; only that it changes matters.
        seconds: How long ago that was; infinite when it never happened.
    """

    happened_at: datetime | None
    seconds: float

    def go_on(self, happened_at: datetime | None, seconds: float) -> None:
        """Take in that so many seconds passed, and when it last happened."""
        if happened_at is None:
            self.seconds = math.inf
        elif happened_at != self.happened_at:
            self.seconds = 0.0
        else:
            self.seconds += seconds
        self.happened_at = happened_at


@dataclass(slots=True)
class TagHistory:
    """What must be remembered of a tag from step to step.

    Attributes:
        heard: When it was heard; counted only while whoever would hear it listens.
        moved: When it moved.
        pressed: When its button was pressed.
        arrived_seconds: How long ago it came back, or came for the first time; infinite when it did not.
        was_away: Whether it was away when something was last known of it.
    """

    heard: Lapse
    moved: Lapse
    pressed: Lapse
    arrived_seconds: float
    was_away: bool

    @classmethod
    def begin(cls, tag: TagState, now_at: datetime) -> TagHistory:
        """The history of a tag that was not looked at before. What happened just now still counts, after a restart."""
        return cls(
            heard=Lapse(tag.place.last_heard_at, 0.0),
            moved=Lapse(tag.moved_at, _seconds_since(tag.moved_at, now_at)),
            pressed=Lapse(tag.pressed_at, _seconds_since(tag.pressed_at, now_at)),
            arrived_seconds=math.inf,
            was_away=_was_away(tag.place),
        )

    def go_on(self, tag: TagState, whereabouts: Whereabouts, seconds: float) -> None:
        """Take in how a tag is now, so many seconds after it was looked at last."""
        # Time in which nobody listened tells nothing about the tag.
        self.heard.go_on(tag.place.last_heard_at, 0.0 if whereabouts is Whereabouts.UNKNOWN else seconds)
        self.moved.go_on(tag.moved_at, seconds)
        self.pressed.go_on(tag.pressed_at, seconds)
        self.arrived_seconds += seconds
        if whereabouts is Whereabouts.PRESENT:
            if self.was_away:
                self.arrived_seconds = 0.0
            self.was_away = False
        elif whereabouts is Whereabouts.AWAY:
            self.was_away = True


@dataclass(frozen=True, slots=True)
class TagSeen:
    """A tag, as far as it can be believed.

    Attributes:
        subject: What alerts call it.
        state: What is told of it.
        whereabouts: As told, but unknown while the sensor that it is told to be at, or to have left, does not work.
        history: What was before.
    """

    subject: Subject
    state: TagState
    whereabouts: Whereabouts
    history: TagHistory


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything at one moment.

    Attributes:
        situation: As it was told.
        local_at: The moment by the clock of the place.
        is_settled: Whether the clock has run evenly for long enough that a sensor's silence is its own.
        tags: Every tag.
    """

    situation: Situation
    local_at: datetime
    is_settled: bool
    tags: tuple[TagSeen, ...]

    def tag(self, subject: Subject) -> TagSeen:
        """The tag of that key.

        Raises:
            StopIteration: There is none.
        """
        return next(one for one in self.tags if one.subject.key == subject.key)


@dataclass(slots=True)
class SceneMaker:
    """Makes each moment ready, and remembers what the next one needs.

    Attributes:
        time_zone: The clock of the place.
    """

    time_zone: ZoneInfo
    _histories: dict[int, TagHistory] = field(default_factory=dict)

    def make(self, situation: Situation, seconds: float, *, is_settled: bool) -> Scene:
        """The scene of a situation, so many seconds after the one before."""
        silent, deaf = _silent_and_deaf(situation)
        known, self._histories = self._histories, {}
        seen = []
        for tag in situation.tags:
            whereabouts = _believed(tag.place, silent, deaf)
            history = known.get(tag.tag_id) or TagHistory.begin(tag, situation.now_at)
            history.go_on(tag, whereabouts, seconds)
            self._histories[tag.tag_id] = history
            seen.append(TagSeen(Subject(f"tag {tag.tag_id}", tag.name), tag, whereabouts, history))
        return Scene(situation, situation.now_at.astimezone(self.time_zone), is_settled, tuple(seen))


def _silent_and_deaf(situation: Situation) -> tuple[frozenset[str], frozenset[str]]:
    """Sensors that say nothing; and those, besides, whose Bluetooth may have missed a tag."""
    states = {row.card.name: row.state for row in situation.site.sensors}
    silent = frozenset(name for name, state in states.items() if state is SensorState.SILENT)
    late = {name for name, state in states.items() if state is SensorState.LATE}
    return silent, silent | late | _without_bluetooth(situation.site.unheard)


def _without_bluetooth(unheard: Iterable[tuple[str, Radio, str]]) -> set[str]:
    return {sensor for sensor, radio, _ in unheard if radio is Radio.BLUETOOTH}


def _believed(place: TagPlace, silent: frozenset[str], deaf: frozenset[str]) -> Whereabouts:
    """That a tag is heard proves that somebody listens; that it is not heard proves nothing if nobody does."""
    doubted = silent if place.whereabouts is Whereabouts.PRESENT else deaf
    return Whereabouts.UNKNOWN if place.sensor in doubted else place.whereabouts


def _was_away(place: TagPlace) -> bool:
    return place.whereabouts is Whereabouts.AWAY or place.last_heard_at is None


def _seconds_since(happened_at: datetime | None, now_at: datetime) -> float:
    return math.inf if happened_at is None else abs((now_at - happened_at).total_seconds())
