"""Backing up daily: made in the background at a quiet hour, a few kept, the oldest deleted."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from db.backup import Backup, back_up, list_backups
from db.buckets import local_day
from db.errors import DamagedDatabaseError, DatabaseError
from presence.notices import Notice

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 60.0
# What was missed while the power was off is made up for, but not while everything else starts.
_SETTLING_SECONDS = 600.0
# After each MiB, so that a scan that is recorded meanwhile finds the card free: 100 MB take 5 s longer for it.
_REST_SECONDS = 0.05
# What failed is tried again so much later: somebody may have made room.
_NEXT_TRY = timedelta(hours=1)
# Room that a backup leaves on the disk, for two years of scans (100 MB each): it must never be what fills it.
_SPARE_BYTES = 200_000_000
# So much later than now no backup was made: the clock was wrong then.
_FUTURE = timedelta(days=1)
# Of the thread that copies; 19 is the last in the queue (setpriority(2)).
_NICE = 10


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """When backups are made, and which are kept; from config.toml.

    Attributes:
        daily: How many of the last days are kept; 0 and 0 weeks makes none.
        weekly: Of how many of the last weeks one is kept.
        hour: Hour of the day, by the clock of the place, at which one is due.
        time_zone: The place's.
    """

    daily: int
    weekly: int
    hour: int
    time_zone: ZoneInfo

    def due_since(self, now_at: datetime) -> datetime:
        """The last moment at which a backup was due."""
        local = now_at.astimezone(self.time_zone)
        today = local.replace(hour=self.hour, minute=0, second=0, microsecond=0, fold=0)
        last = today if today <= local else today - timedelta(days=1)
        return last.astimezone(now_at.tzinfo)

    def outdated(self, backups: Sequence[Backup]) -> list[Backup]:
        """Those of the daily backups that need not be kept: neither the last of a day nor of a week that counts."""
        days: dict[date, Backup] = {}
        weeks: dict[tuple[int, int], Backup] = {}
        for backup in sorted(backups, key=lambda one: one.made_at, reverse=True):
            day = local_day(backup.made_at, self.time_zone)
            week = day.isocalendar()[:2]
            if len(days) < self.daily:
                days.setdefault(day, backup)
            if len(weeks) < self.weekly:
                weeks.setdefault(week, backup)
        kept = {backup.path for backup in (*days.values(), *weeks.values())}
        return [backup for backup in backups if backup.path not in kept]


class _StoppedError(Exception):
    """Copying was to end; the next start makes up for it."""


class DailyBackups:
    """Makes backups, from `start` to `stop`.

    Args:
        url: The database, a file.
        folder: Where the copies lie.
        plan: When, and which are kept.
        clock: Tells the time, aware.
        is_clock_right: Whether it can be believed; may raise DatabaseError. A backup is named by it.
        damaged: Called when the database is found to be damaged.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        plan: BackupPlan,
        *,
        clock: Callable[[], datetime],
        is_clock_right: Callable[[], bool],
        damaged: Callable[[], None],
    ) -> None:
        self._url = url
        self._folder = folder
        self._plan = plan
        self._clock = clock
        self._is_clock_right = is_clock_right
        self._damaged = damaged
        self._failed_at: datetime | None = None
        self._notice: Notice | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="backups", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and with it the copying that is under way. Harmless when called twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def notice(self) -> Notice | None:
        """Why the last one was not made; None when all is well."""
        return self._notice

    def step(self, now_at: datetime) -> bool:
        """Make a backup if one is due, and delete what need not be kept; whether one was due and all went well."""
        try:
            if self._waits(now_at) or not self._is_clock_right():
                return False
            if is_due := self._is_due(now_at):
                made = back_up(
                    self._url, self._folder, now_at, is_daily=True, spare_bytes=_SPARE_BYTES, rest=self._rest
                )
                _log.info("A backup was made: %s", made.name)
            self._delete_outdated(now_at)
        except _StoppedError:
            return False
        except OSError as error:
            self._fail(f"The folder {self._folder} cannot be read ({error.strerror}).", now_at)
            return False
        except DatabaseError as error:
            self._fail(str(error), now_at)
            if isinstance(error, DamagedDatabaseError):
                self._damaged()
            return False
        self._failed_at = self._notice = None
        return is_due

    def _work(self) -> None:
        # Of this thread alone: on Linux priorities are a thread's. Where that is not allowed, it works as any other.
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        if self._stopping.wait(_SETTLING_SECONDS):
            return
        while not self._stopping.wait(_LOOK_SECONDS):
            self.step(self._clock())

    def _waits(self, now_at: datetime) -> bool:
        return self._failed_at is not None and abs(now_at - self._failed_at) < _NEXT_TRY

    def _is_due(self, now_at: datetime) -> bool:
        made = [backup.made_at for backup in self._made(now_at)]
        return not made or max(made) < self._plan.due_since(now_at)

    def _rest(self) -> None:
        if self._stopping.wait(_REST_SECONDS):
            raise _StoppedError("The programme was stopped meanwhile.")

    def _made(self, now_at: datetime) -> list[Backup]:
        """The backups that count: a name that tells the future was given under a wrong clock."""
        backups = list_backups(self._url, self._folder)
        return [backup for backup in backups if backup.is_daily and backup.made_at <= now_at + _FUTURE]

    def _delete_outdated(self, now_at: datetime) -> None:
        for backup in self._plan.outdated(self._made(now_at)):
            try:
                backup.path.unlink()
            except OSError as error:
                raise DatabaseError(
                    f"The old backup {backup.path} cannot be deleted ({error.strerror}). Delete it."
                ) from error

    def _fail(self, why: str, now_at: datetime) -> None:
        """Log a failure once when it begins."""
        if self._notice is None or self._notice.says != why:
            _log.error("Daily backups failed, and are tried again in an hour. %s", why)
        since_at = now_at if self._notice is None else self._notice.since_at
        self._failed_at = now_at
        self._notice = Notice("backup", why, since_at)
