"""The uplink of tags: a sensor hears by the hub's register, and tells the hub each second what it heard."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol

from links.health import PartHealth
from links.uplink import RefusedError, SendError
from links.wire_tags import MOST_REPORTS, encode_reports
from presence.sealing import SealError
from presence.tags import Measure, MeasureKind, TagReading, TagReport, Watched

_log = logging.getLogger(__name__)

_STEP_SECONDS = 1.0
# "Listening, heard none" is told this often: whoever waits for it gives a sensor 30 s (`presence.listening`).
_AT_LATEST_SECONDS = 10.0
# While the hub cannot be reached, reports are put together to one a minute, and those of the last six hours are kept.
_KEPT_TOGETHER = timedelta(minutes=1)
_MOST_KEPT = 360
# After a failure; a hub that starts again is found within this.
_PAUSE_SECONDS = 5.0


class Ear(Protocol):
    """What hears tags; `scans.tag_ear.TagEar` is one."""

    def report(self) -> TagReport:
        """What was heard since the last report."""
        ...

    def watch(self, watched: Iterable[Watched]) -> None:
        """Listen for these from now on. Raises SealError when the registry key cannot be read."""
        ...


class TagLine(Protocol):
    """The way to the hub; for one thread."""

    def start(self) -> None:
        """Begin to connect."""
        ...

    def stop(self) -> None:
        """Close it."""
        ...

    def send(self, body: bytes) -> None:
        """Send; when it returns the hub, or its broker, has it. Raises SendError, or RefusedError for good."""
        ...

    def register(self) -> tuple[Watched, ...] | None:
        """The register, when it is another than the last time; else None. Raises SendError."""
        ...


class TagUplink:
    """Sends what is heard of tags, from a thread of its own. What could not be sent is kept in memory.

    Args:
        ear: Hears tags.
        line: The way to the hub.
        clock: Tells the time, aware.
        monotonic: Seconds that only ever go forward.
    """

    def __init__(self, ear: Ear, line: TagLine, clock: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._ear = ear
        self._line = line
        self._clock = clock
        self._monotonic = monotonic
        self._fresh: TagReport | None = None
        self._kept: deque[TagReport] = deque(maxlen=_MOST_KEPT)
        self._tried_at = monotonic() - _AT_LATEST_SECONDS
        self._problem: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="tag uplink", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._line.start()
        self._thread.start()

    def stop(self) -> None:
        """End. Harmless when called twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._line.stop()

    def health(self) -> PartHealth:
        """Whether what is heard of tags reaches the hub."""
        problem = self._problem
        says = problem or "What is heard of tags reaches the hub."
        figures = {"waiting": float(len(self._kept))}
        return PartHealth("tag_uplink", is_fine=problem is None, is_needed=False, says=says, figures=figures)

    def _work(self) -> None:
        while not self._stopping.wait(_STEP_SECONDS):
            self.step()

    def step(self) -> None:
        """Take what was heard in, and send it where that is due."""
        self._take(self._ear.report())
        now = self._monotonic()
        if now - self._tried_at < self._pause_seconds():
            return
        self._tried_at = now
        try:
            if (watched := self._line.register()) is not None:
                self._ear.watch(watched)
            self._send()
            self._note(None)
        except (SendError, SealError) as error:
            self._keep()
            self._note(str(error))

    def _pause_seconds(self) -> float:
        if self._problem is not None:
            return _PAUSE_SECONDS
        return 0.0 if self._kept or (self._fresh is not None and self._fresh.readings) else _AT_LATEST_SECONDS

    def _take(self, report: TagReport) -> None:
        together = None if self._fresh is None else merged(self._fresh, report)
        if together is None and self._fresh is not None:
            self._keep()
        self._fresh = together or report

    def _keep(self) -> None:
        """Let what was not sent wait."""
        if self._fresh is None:
            return
        last = self._kept[-1] if self._kept else None
        together = None if last is None else merged(last, self._fresh)
        if together is not None and together.to_at - together.from_at <= _KEPT_TOGETHER:
            self._kept[-1] = together
        else:
            self._kept.append(self._fresh)
        self._fresh = None

    def _send(self) -> None:
        self._keep()
        while self._kept:
            some = list(self._kept)[:MOST_REPORTS]
            try:
                self._line.send(encode_reports(some[0].sensor, self._clock(), some))
            except RefusedError as error:
                _log.error("What was heard of tags is dropped. %s", error)
            for _ in some:
                self._kept.popleft()

    def _note(self, problem: str | None) -> None:
        """Log a failure once when it begins and once when it ends."""
        if problem is not None and self._problem is None:
            _log.warning("The hub does not hear of tags. %s", problem)
        elif problem is None and self._problem is not None:
            _log.info("The hub hears of tags again.")
        self._problem = problem


def merged(earlier: TagReport, later: TagReport) -> TagReport | None:
    """Two reports as one; None where one listened and the other did not.

    It claims no more time than both listened for: it ends when the later one did.
    """
    if earlier.is_listening is not later.is_listening or later.to_at < earlier.to_at:
        return None
    readings = {one.tag_id: one for one in earlier.readings}
    for one in later.readings:
        before = readings.get(one.tag_id)
        readings[one.tag_id] = one if before is None else _merged_reading(before, one)
    length = (earlier.to_at - earlier.from_at) + (later.to_at - later.from_at)
    return TagReport(
        later.sensor,
        later.to_at - length,
        later.to_at,
        later.is_listening,
        tuple(readings[key] for key in sorted(readings)),
    )


def _merged_reading(earlier: TagReading, later: TagReading) -> TagReading:
    measures: dict[MeasureKind, Measure] = {one.kind: one for one in (*earlier.measures, *later.measures)}
    count = earlier.sighting_count + later.sighting_count
    rssi = later.rssi_mean_dbm
    if rssi is None:
        rssi = earlier.rssi_mean_dbm
    elif earlier.rssi_mean_dbm is not None:
        rssi = (earlier.rssi_mean_dbm * earlier.sighting_count + rssi * later.sighting_count) / count
    return TagReading(
        later.tag_id, max(earlier.last_heard_at, later.last_heard_at), rssi, count, tuple(measures.values())
    )
