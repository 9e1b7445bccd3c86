"""Alerts: the rules their owner makes, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

from presence.radio import Radio
from presence.sensors import SensorRow
from presence.tags import TagPlace
from presence.zones import Zone


class AlertError(Exception):
    """A rule, a channel or an alert cannot be what was asked for; the message says why and what to do."""


class NoSuchAlertError(AlertError):
    """There is no such rule, channel or alert."""


class RuleKind(StrEnum):
    """What a rule watches for. The first eight watch tags, the others the site."""

    TAG_LEFT_BOUNDARY = "tag left boundary"
    TAG_ENTERED_BOUNDARY = "tag entered boundary"
    TAG_ARRIVED = "tag arrived"
    TAG_LEFT = "tag left"
    TAG_UNHEARD = "tag unheard"
    """Not heard for `threshold` minutes, by sensors that listen."""
    TAG_BATTERY_LOW = "tag battery low"
    """Below `threshold` per cent."""
    TAG_MOVED = "tag moved"
    TAG_BUTTON = "tag button"
    OVER_CAPACITY = "over capacity"
    """More than `threshold` people."""
    AFTER_HOURS = "after hours"
    """Anyone at all within `hours`."""
    UNUSUAL = "unusual"
    """More than `threshold` times as many, or as few, as is usual for this weekday and hour."""
    SENSOR_SILENT = "sensor silent"
    RADIO_UNHEARD = "radio unheard"
    MACHINE_TROUBLE = "machine trouble"
    """The disk is nearly full, or the clock is wrong."""

    @property
    def is_of_tags(self) -> bool:
        """Whether it watches tags."""
        return self.value.startswith("tag ")


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of the week, by the clock of the place.

    Attributes:
        days: Days of the week on which they begin, Monday is 0. Never empty.
        from_time: When they begin.
        to_time: When they end; at or before `from_time` means on the next day.
    """

    days: frozenset[int]
    from_time: time
    to_time: time


@dataclass(frozen=True, slots=True)
class Boundary:
    """A part of the site: some sensors, and some of their zones.

    Attributes:
        sensors: Names of sensors; empty means all.
        zones: Zones of those; empty means all.
    """

    sensors: frozenset[str] = frozenset()
    zones: frozenset[Zone] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """What to watch for, and when to speak.

    Attributes:
        name: One of a kind among the rules, 1 to 64 characters.
        kind: What it watches for.
        is_on: Whether it is watched.
        tag_ids: The tags it watches; empty means all. Empty for a rule on the site.
        boundary: Of which part; None for a kind that knows no boundary.
        threshold: Minutes, per cent, people or times, as the kind says; None for a kind without one.
        hysteresis: How far back below the threshold (in its unit) it must be before the alert closes.
        hours: When it is watched; None means always.
        quiet: When nobody is notified: an alert that opens then is notified when they end, if it is still open.
        minimum_seconds: How long it must hold before an alert opens, and be over before it closes.
        cool_down_seconds: How long after an alert closed none opens for the same rule and subject.
        repeat_seconds: After how long an open alert that nobody acknowledged is notified again; None for never.
        repeat_limit: How often it is, at most.
        channel_ids: Who is notified; empty means that it only shows.
    """

    name: str
    kind: RuleKind
    is_on: bool = True
    tag_ids: frozenset[int] = frozenset()
    boundary: Boundary | None = None
    threshold: float | None = None
    hysteresis: float = 0.0
    hours: Hours | None = None
    quiet: Hours | None = None
    minimum_seconds: float = 0.0
    cool_down_seconds: float = 300.0
    repeat_seconds: float | None = None
    repeat_limit: int = 0
    channel_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule, under its number."""

    rule_id: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an alert is about.

    Attributes:
        key: What it is known by: "tag 12", "sensor stairs", "radio stairs wifi", "site", "disk" or "clock".
        name: What it is called.
    """

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert, with its history.

    Attributes:
        alert_id: Its number.
        rule_id: The rule that opened it; None when that was deleted since.
        rule_name: Its name then.
        kind: What it watched for.
        subject: Whom it is about.
        says: What happened, in one sentence.
        opened_at: When it opened.
        notified_at: When a channel first took the notification; None for not yet, or nobody to notify.
        notified_count: How often it was handed over, over all channels.
        acknowledged_at: When somebody said they know; None for nobody yet.
        acknowledged_by: Who did.
        closed_at: When it was over; None while it is open.
        told_at: When notifications of it were last made; None while it waits for the end of quiet hours.
        repeat_count: How often it was told again since.
    """

    alert_id: int
    rule_id: int | None
    rule_name: str
    kind: RuleKind
    subject: Subject
    says: str
    opened_at: datetime
    notified_at: datetime | None
    notified_count: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    closed_at: datetime | None
    told_at: datetime | None = None
    repeat_count: int = 0


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to notify somebody.

    Attributes:
        name: One of a kind among the channels, 1 to 64 characters.
        url: Where to, as apprise writes it, for example ntfys://ntfy.example/topic or mailto://…; a secret.
        is_on: Whether it is used.
    """

    name: str
    url: str = field(repr=False)
    is_on: bool = True


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel as a list shows it: without its address.

    Attributes:
        channel_id: Its number.
        name: Its name.
        service: The part of its address before "://", which tells what it is.
        is_on: Whether it is used.
        waiting_count: Notifications that wait to be handed over.
        problem: Why the last one could not be; None when it could, or none was tried.
        last_sent_at: When one was last handed over; None for never.
    """

    channel_id: int
    name: str
    service: str
    is_on: bool
    waiting_count: int
    problem: str | None
    last_sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Notification:
    """What is handed over to one channel.

    Attributes:
        notification_id: Its number; a channel is handed each one once.
        channel_id: Which channel.
        alert_id: About which alert; None for a test.
        title: A few words.
        body: One sentence or two.
        made_at: When it was put into the queue.
        attempts: How often it was tried.
    """

    notification_id: int
    channel_id: int
    alert_id: int | None
    title: str
    body: str
    made_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class TagState:
    """A tag, as the rules look at it.

    Attributes:
        tag_id: Its number.
        name: Its name.
        place: Where it is.
        battery_percent: What it last told of its battery; None when it never did.
        moved_at: When it last told that it moved, or was seen to change its place; None for never.
        pressed_at: When its button was last pressed; None for never.
    """

    tag_id: int
    name: str
    place: TagPlace
    battery_percent: float | None
    moved_at: datetime | None
    pressed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SiteState:
    """The site, as the rules look at it.

    Attributes:
        people: How many are there now, as estimated; where no sensor counts for that, devices. None when nothing is
            known of this minute.
        usual_people: How many of the same are usual for this weekday and hour; None while too little is known.
        sensors: The sensors of the site that are switched on.
        unheard: Radios that are not heard now, with the name of their sensor and a sentence of advice.
        disk_free_share: What is free of the disk, 0 to 1; None when that cannot be told.
        clock_is_right: False while the clock of this machine is known to be wrong.
    """

    people: float | None
    usual_people: float | None
    sensors: tuple[SensorRow, ...]
    unheard: tuple[tuple[str, Radio, str], ...]
    disk_free_share: float | None
    clock_is_right: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the rules look at, at one moment.

    Attributes:
        now_at: The moment.
        tags: Every tag.
        site: The site.
    """

    now_at: datetime
    tags: tuple[TagState, ...]
    site: SiteState


class Turn(StrEnum):
    """What becomes of an alert."""

    OPENED = "opened"
    CLOSED = "closed"
    REPEATED = "repeated"
    """It is still open, nobody acknowledged it, and it is to be notified again."""
    RELEASED = "released"
    """Quiet hours are over and it is still open: now it is notified."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say at one moment.

    Attributes:
        rule_id: Which rule.
        subject: Whom it is about.
        turn: What becomes of the alert.
        says: What happened, in one sentence.
        at: When.
        is_quiet: With OPENED: it opens in quiet hours, so that nobody is notified yet. With CLOSED: nobody is told.
    """

    rule_id: int
    subject: Subject
    turn: Turn
    says: str
    at: datetime
    is_quiet: bool = False
