"""Listening: which sensors listen for tags, how long they have, and when that was by one clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from presence.tags import TagReport

# A sensor that has said nothing for so long no longer listens, for all anyone knows. Those that listen all the time
# report every second or few; those that listen now and then are given two and a half times their own pace, as a scan
# may be late by its jitter, by a radio that hung and by the way to the hub.
_SILENT_SECONDS = 30.0
_SILENT_PACES = 2.5
# The pace of one that listens in each scan only, which any is given until its own is known.
_SLOWEST_PACE_SECONDS = 60.0

# The time between a sensor's clock and the receiver's is the least by which its reports lately came after they ended:
# the others were held up on their way. "Lately", because clocks are set: what a clock was set by is believed by and by,
# two thirds of it within this many seconds of reports.
_SETTLES_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which a sensor listened, by the receiver's clock.

    Attributes:
        from_at: When it began.
        to_at: When it ended; not after it was received.
        ahead_by: What is added to a time of the sensor's clock to make it one of the receiver's.
    """

    from_at: datetime
    to_at: datetime
    ahead_by: timedelta

    def time_of(self, at: datetime) -> datetime:
        """A time by the sensor's clock, as one by the receiver's; never outside the window."""
        return min(max(at + self.ahead_by, self.from_at), self.to_at)


class _Ear:
    """One sensor."""

    def __init__(self, report: TagReport, received_at: datetime) -> None:
        self._received_at = received_at
        self._newest_at = report.to_at
        self._ahead_by = received_at - report.to_at
        self._paces = (_SLOWEST_PACE_SECONDS, _SLOWEST_PACE_SECONDS)
        self.until_at = received_at - _length(report)
        self.window_seconds = 0.0
        self.listened_seconds = 0.0
        self.resumed_seconds = 0.0
        self.is_listening = False

    def take(self, report: TagReport, received_at: datetime) -> Window:
        """Go on by a report."""
        passed = (report.to_at - self._newest_at).total_seconds()
        self._set_clock(report, received_at, passed)
        to_at = report.to_at + self._ahead_by
        window = Window(to_at - _length(report), to_at, self._ahead_by)
        # Besides what is newer, what comes after a clock was put back: the receiver's, or the sensor's.
        if to_at > self.until_at or self.until_at > received_at or passed < -_SILENT_SECONDS:
            self._go_on(report, window, passed)
        return window

    def _set_clock(self, report: TagReport, received_at: datetime, passed: float) -> None:
        came_after = received_at - report.to_at
        if came_after <= self._ahead_by:
            self._ahead_by = came_after
        else:
            # What comes faster than it was heard was waiting somewhere, and tells nothing of the clock.
            pace = max(0.0, min(passed, (received_at - self._received_at).total_seconds()))
            self._ahead_by += (came_after - self._ahead_by) * min(1.0, pace / _SETTLES_SECONDS)
        self._received_at = received_at

    def _go_on(self, report: TagReport, window: Window, passed: float) -> None:
        gap = (window.to_at - self.until_at).total_seconds()
        length = min(_length(report).total_seconds(), max(gap, 0.0))
        if report.is_listening and (not self.is_listening or gap - length > self.silent_after_seconds):
            self.resumed_seconds = self.listened_seconds
        if report.is_listening:
            self.listened_seconds += length
            self.window_seconds = length
        self.is_listening = report.is_listening
        self.until_at = window.to_at
        self._newest_at = report.to_at
        if passed > 0:
            self._paces = (self._paces[1], passed)

    @property
    def silent_after_seconds(self) -> float:
        # The lesser of two, for after a pause one of them is the pause.
        return max(_SILENT_SECONDS, _SILENT_PACES * min(self._paces))


class Ears:
    """The sensors of a site, as those who listen for tags. For one thread at a time.

    Listening is counted in seconds listened and not in time passed, so that a sensor that listens for ten seconds of a
    minute, or whose reports were lost, is not thought to have listened in between.

    Args:
        started_at: When the receiver began to take reports. Until a sensor could have reported it is taken to listen.
    """

    def __init__(self, started_at: datetime) -> None:
        self._started_at = started_at
        self._ears: dict[str, _Ear] = {}

    def take(self, report: TagReport, received_at: datetime) -> Window:
        """Take a report, in whatever order reports come, and tell when it was by the receiver's clock."""
        ear = self._ears.get(report.sensor)
        if ear is None:
            ear = self._ears[report.sensor] = _Ear(report, received_at)
        return ear.take(report, received_at)

    def listens(self, sensor: str, now_at: datetime) -> bool:
        """Whether a sensor listens, for all anyone knows."""
        ear = self._ears.get(sensor)
        if ear is None:
            return abs(now_at - self._started_at).total_seconds() <= _SILENT_SECONDS
        return ear.is_listening and abs(now_at - ear.until_at).total_seconds() <= ear.silent_after_seconds

    def mark(self, sensor: str, heard_at: datetime) -> float:
        """How many seconds a sensor had listened in all when it heard something; to ask `unheard_seconds` with."""
        ear = self._ears[sensor]
        since = (ear.until_at - heard_at).total_seconds()
        # Before its newest window it may not have listened all the time. Too few seconds are safer than too many.
        return ear.listened_seconds - min(max(since, 0.0), ear.window_seconds)

    def unheard_seconds(self, sensor: str, mark: float) -> float:
        """How many seconds a sensor has listened since a mark."""
        ear = self._ears.get(sensor)
        return 0.0 if ear is None else max(0.0, ear.listened_seconds - mark)

    def unheard_since_resumed(self, sensor: str, mark: float) -> float:
        """The same, but from when it began to listen again, where it had stopped since."""
        ear = self._ears.get(sensor)
        return 0.0 if ear is None else max(0.0, ear.listened_seconds - max(mark, ear.resumed_seconds))


def _length(report: TagReport) -> timedelta:
    """How long a report says that it listened; a clock that was put back meanwhile tells nothing."""
    return max(report.to_at - report.from_at, timedelta(0))
