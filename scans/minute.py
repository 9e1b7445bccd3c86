"""The minute: an APScheduler job that keeps to the monotonic clock, whatever the wall clock does.

APScheduler 3 plans by the wall clock. When that is put back, the scheduler sleeps until the clock has caught up; so a
watch beside it compares its plan with the monotonic clock, and re-arms the job. A step forward does no harm: a
trigger that always names one moment ahead of now leaves no missed minutes to list.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from scans.clock import Clock

_JOB = "scan"

# How often the watch looks, and how late a start may be before it steps in. A start is late by milliseconds on a busy
# Pi.
_WATCH_SECONDS = 2.0
_LATE_SECONDS = 2.0

# The least time from one start to the next, as a share of the interval, so that two jittered starts never run into
# each other.
_LEAST_SHARE = 0.5

# The wall clock, by which the scheduler wakes up, runs a little faster or slower than the monotonic one: a start that
# comes this share of an interval too early has come.
_EARLY_SHARE = 0.1


class MonotonicTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 ships no types
    """Fires at every multiple of the interval since its making, by the monotonic clock, shifted by a random jitter.

    The shift keeps a device that sends strictly periodically from being missed for ever.
    """

    def __init__(self, interval_seconds: float, jitter_seconds: float, clock: Clock, rng: random.Random) -> None:
        self._interval = interval_seconds
        self._jitter = jitter_seconds
        self._clock = clock
        self._rng = rng
        self._origin = clock.monotonic()
        self._is_started = False
        self.due_at_seconds = self._origin

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The next start, as the wall clock shows time at this moment; the first is at once.

        The scheduler asks several times for the same start, and is given the same answer until that has come.
        """
        del previous_fire_time  # a moment of the wall clock, which may have been wrong
        monotonic = self._clock.monotonic()
        if not self._is_started:
            self._is_started = True
            self.due_at_seconds = monotonic
        elif monotonic > self.due_at_seconds - _EARLY_SHARE * self._interval:
            slot = (monotonic - self._origin) // self._interval + 1
            planned = self._origin + slot * self._interval + self._rng.uniform(0.0, self._jitter)
            self.due_at_seconds = max(planned, monotonic + _LEAST_SHARE * self._interval)
        return now + timedelta(seconds=self.due_at_seconds - monotonic)


class EveryMinute:
    """Runs a job every interval, one at a time, until stopped."""

    def __init__(
        self, job: Callable[[], None], interval_seconds: float, jitter_seconds: float, clock: Clock, rng: random.Random
    ) -> None:
        self._clock = clock
        self._stopping = threading.Event()
        self._trigger = MonotonicTrigger(interval_seconds, jitter_seconds, clock, rng)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_job(job, self._trigger, id=_JOB)
        self._watch = threading.Thread(target=self._watch_for_late_starts, name="minute-watch", daemon=True)
        # The library speaks of every skipped run; what matters of that is in the ledger of scans.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def start(self) -> None:
        """Run the job now, and then every interval."""
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Start no more jobs, and wait for the one under way."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)
        self._watch.join()

    def seconds_to_next(self) -> float:
        """Seconds until the job is due; 0 when it is due or late."""
        return max(0.0, self._trigger.due_at_seconds - self._clock.monotonic())

    def _watch_for_late_starts(self) -> None:
        while not self._stopping.wait(_WATCH_SECONDS):
            late = self._clock.monotonic() - self._trigger.due_at_seconds
            job = self._scheduler.get_job(_JOB)
            if job is not None and late > _LATE_SECONDS:
                job.modify(next_run_time=self._clock.wall())
