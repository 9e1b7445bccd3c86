"""One tag as it is followed, and what of it is still to be written."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.read_tags import Figure, TagNow
from db.tag_log import WrittenFigure, WrittenPlace
from presence.alerts import TagState
from presence.listening import Ears, Window
from presence.locating import Locator
from presence.measuring import is_same_press, is_worth_logging
from presence.staying import Staying
from presence.tags import Measure, MeasureKind, TagReading, TagStay, Whereabouts
from presence.zones import Zoning

# What has not changed is written again so often: so much of what was known last is lost when the power goes.
_REFRESHED_EVERY = timedelta(minutes=10)
# While a tag moves, when it last did is not written more often than this.
_MOVES_WRITTEN_EVERY = timedelta(minutes=1)
# While the database does not answer, so many stays and figures of a tag wait for it; then the oldest give way.
_MOST_WAITING = 100


@dataclass(frozen=True, slots=True)
class Unwritten:
    """What is to be written of a tag.

    Attributes:
        stays: Stays that are new, over, or have lasted on; None of them is too short to be one.
        place: Where it is; None when that need not be written.
        lines: Lines of the log of figures.
    """

    stays: tuple[Staying, ...]
    place: WrittenPlace | None
    lines: tuple[WrittenFigure, ...]


class FollowedTag:
    """Follows one tag. For one thread at a time.

    Args:
        tag_id: Its number.
        name: What it is called.
        ears: The sensors that listen.
        zoning: What tells zones.
        now: What was last known of it.
    """

    def __init__(self, tag_id: int, name: str, ears: Ears, zoning: Zoning, now: TagNow) -> None:
        self.tag_id = tag_id
        self.name = name
        self._locator = Locator(ears, zoning, place=now.place)
        self._written_place = now.place
        self._moved_at = self._written_moved_at = now.moved_at
        self._figures = dict(now.figures)
        self._logged = dict(now.figures)
        self._stay: Staying | None = None
        self._ended: deque[Staying] = deque(maxlen=_MOST_WAITING)
        self._lines: deque[WrittenFigure] = deque(maxlen=_MOST_WAITING)
        self._refreshed_at: datetime | None = None
        self._looked = self._looks()

    def resume_stay(self, stay_id: int, stay: TagStay, sighting_count: int) -> None:
        """Go on with a stay that was not over when it was written."""
        self._stay = Staying(stay.sensor, stay.from_at)
        self._stay.resume(stay_id, stay, sighting_count, self._written_place.last_heard_at or stay.from_at)

    @property
    def sensor(self) -> str | None:
        """The sensor it is at."""
        return self._locator.sensor

    def hear(self, reading: TagReading, sensor: str, window: Window, now_at: datetime) -> datetime:
        """Take what a sensor heard of it; tells when it was heard, by the receiver's clock."""
        heard_at = window.time_of(reading.last_heard_at)
        is_new = self._locator.hear(sensor, heard_at, reading.rssi_mean_dbm, reading.sighting_count)
        self.settle(now_at, sensor)
        for measure in reading.measures:
            self._measure(measure, heard_at)
        if is_new and self._stay is not None and self._stay.sensor == sensor:
            self._stay.hear(heard_at, reading.rssi_mean_dbm, reading.sighting_count, self._locator.zone)
        return heard_at

    def settle(self, now_at: datetime, by: str | None = None) -> None:
        """Tell anew where it is: by a sensor's report, or with None by time alone."""
        locator = self._locator
        came_from = locator.sensor
        locator.settle(now_at, by)
        if came_from is not None and locator.sensor != came_from:
            self._moved_at = locator.since_at
        if self._stay is not None and self._stay.ends(locator.whereabouts, locator.sensor, now_at):
            self._end_stay(self._stay)
        if self._stay is None and locator.whereabouts is Whereabouts.PRESENT:
            heard_at = locator.heard_there_at
            if locator.sensor is not None and heard_at is not None:
                self._stay = Staying(locator.sensor, heard_at)

    def _end_stay(self, stay: Staying) -> None:
        stay.is_over = True
        if stay.is_long_enough or stay.stay_id is not None:
            self._ended.append(stay)
        self._stay = None

    def _measure(self, measure: Measure, told_at: datetime) -> None:
        kind, value = measure.kind, measure.value
        before = self._figures.get(kind)
        if before is not None and told_at <= before.told_at:
            return
        if kind is MeasureKind.BUTTON_PRESSES and before is not None and is_same_press(told_at, before.told_at):
            return
        is_counted = kind is MeasureKind.MOVEMENT_COUNT and before is not None and value != before.value
        if is_counted or (kind is MeasureKind.MOVING and value > 0):
            self._moved_at = told_at
        figure = self._figures[kind] = Figure(value, told_at)
        logged = self._logged.get(kind)
        if logged is None or is_worth_logging(kind, value, told_at, logged.value, logged.told_at):
            self._logged[kind] = figure
            self._lines.append(WrittenFigure(self.tag_id, kind, figure))

    def turned(self) -> TagState | None:
        """Its state, when something of it that rules look at is another than when this was asked last."""
        before, self._looked = self._looked, self._looks()
        return None if self._looked == before else self.state()

    def _looks(self) -> tuple[object, ...]:
        """What rules look at: how strong and how sure it is, and when it was last heard, change all the time."""
        locator = self._locator
        battery = self._figures.get(MeasureKind.BATTERY_PERCENT)
        pressed = self._figures.get(MeasureKind.BUTTON_PRESSES)
        return (
            locator.whereabouts,
            locator.sensor,
            locator.zone,
            self.name,
            self._moved_at,
            battery and battery.value,
            pressed and pressed.told_at,
        )

    def state(self) -> TagState:
        """What rules look at."""
        battery = self._figures.get(MeasureKind.BATTERY_PERCENT)
        pressed = self._figures.get(MeasureKind.BUTTON_PRESSES)
        return TagState(
            tag_id=self.tag_id,
            name=self.name,
            place=self._locator.place(),
            battery_percent=None if battery is None else battery.value,
            moved_at=self._moved_at,
            pressed_at=None if pressed is None else pressed.told_at,
        )

    def now(self) -> TagNow:
        """What is known of it."""
        return TagNow(self._locator.place(), self._moved_at, dict(self._figures))

    def unwritten(self, now_at: datetime, *, is_refreshed: bool) -> Unwritten | None:
        """What is to be written, also of what lasts on when it is to be refreshed; None for nothing."""
        is_due = is_refreshed and self._is_refresh_due(now_at)
        stay = self._stay
        lasting = (stay,) if stay and (stay.stay_id is None or is_due) and stay.is_long_enough else ()
        has_changed = is_due or self._has_place_changed()
        if not (lasting or has_changed or self._ended or self._lines):
            return None  # by far the most
        stays = (*self._ended, *lasting)
        place = WrittenPlace(self.tag_id, self._locator.place(), self._moved_at) if has_changed else None
        return Unwritten(stays, place, tuple(self._lines))

    def note_written(self, unwritten: Unwritten, now_at: datetime) -> None:
        """Note that this was written, so that it is not written again."""
        self._ended.clear()
        self._lines.clear()
        if unwritten.place is not None:
            self._written_place, self._written_moved_at = unwritten.place.place, unwritten.place.moved_at
            self._refreshed_at = now_at

    def _has_place_changed(self) -> bool:
        locator, written = self._locator, self._written_place
        if (locator.whereabouts, locator.sensor, locator.zone) != (written.whereabouts, written.sensor, written.zone):
            return True
        moved_at, written_at = self._moved_at, self._written_moved_at
        return moved_at is not None and (written_at is None or moved_at - written_at >= _MOVES_WRITTEN_EVERY)

    def _is_refresh_due(self, now_at: datetime) -> bool:
        if self._locator.last_heard_at == self._written_place.last_heard_at:
            return False
        return self._refreshed_at is None or abs(now_at - self._refreshed_at) >= _REFRESHED_EVERY
