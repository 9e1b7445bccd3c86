"""Keeping: what is remembered is kept safe: daily backups, and what is done about damage."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from db.backup import Backup, list_backups
from db.connect import Connections, file_of
from db.daily_backup import BackupPlan, DailyBackups
from db.damage import DAMAGED, REPLACED, find_damage, find_damage_at_start, list_set_aside, set_aside
from db.errors import DamagedDatabaseError, DatabaseAwayError, DatabaseError
from db.in_use import held_alone
from place import Place
from presence.notices import Notice
from presence.scan import Scan

_log = logging.getLogger(__name__)

# For so long the page tells of a damaged database that was set aside, unless it is moved away before.
_TOLD_FOR = timedelta(days=30)
# Scans that wait in memory while they cannot be recorded: half an hour, some 10 MB with 500 devices in each. The
# oldest of more are lost.
_MOST_WAITING = 30


class Keeping:
    """Keeps what a running programme remembers.

    A scan that cannot be recorded, as the disk is full or the database away, waits in memory, and is recorded before
    the next one. When the database turns out to be damaged, the programme ends what it does, sets the file aside,
    records what waits in a new one, and begins afresh on that.

    Args:
        place: Whose settings count.
        record_all: Records scans that waited in a new database, which nobody has open.
        begin_afresh: Starts the programme again in the place of this one.
    """

    def __init__(
        self, place: Place, record_all: Callable[[Sequence[Scan]], None], begin_afresh: Callable[[], None]
    ) -> None:
        self._place = place
        self._record_all = record_all
        self._begin_afresh = begin_afresh
        self._path = file_of(place.database_url)
        self._connections: Connections | None = None
        self._end: Callable[[], None] = lambda: None
        self._backups: DailyBackups | None = None
        self._waiting: deque[Scan] = deque(maxlen=_MOST_WAITING)
        self._recording: Notice | None = None
        self._damage: str | None = None

    def until_stopped(self, once: Callable[[], None]) -> int:
        """Run the programme, and have it begin afresh when it ended for a damaged database.

        Args:
            once: Opens the database, and returns when the programme is to end.

        Raises:
            DatabaseError: Another programme runs on the database, or a damaged one cannot be set aside.
        """
        with held_alone(self._place.database_url):
            self._settle()
            once()
            if self._damage is not None:
                self._settle()
                self._record_all(tuple(self._waiting))
                self._begin_afresh()
        return 0

    def watch(self, connections: Connections, end: Callable[[], None]) -> None:
        """Look after a database that was opened.

        Args:
            connections: The database.
            end: Ends what the programme does; may be called from any thread.
        """
        self._connections, self._end = connections, end

    def start_backups(self, is_clock_right: Callable[[], bool], undo: contextlib.ExitStack) -> None:
        """Back the database up daily, where the settings say so and it is a file.

        Args:
            is_clock_right: Whether this machine's clock can be believed.
            undo: Ends it.
        """
        place, db = self._place, self._place.config.db
        if self._path is None or place.is_demo or not (db.backups_daily or db.backups_weekly):
            return
        self._backups = DailyBackups(
            place.database_url,
            backup_folder(place),
            BackupPlan(db.backups_daily, db.backups_weekly, db.backup_hour, place.time_zone),
            clock=place.clock.wall,
            is_clock_right=is_clock_right,
            damaged=self._suspect,
        )
        self._backups.start()
        undo.callback(self._backups.stop)

    def remember(self, record: Callable[[Scan], None], recorded: Callable[[Scan], None], scan: Scan) -> None:
        """Record a scan, after those that wait.

        Args:
            record: Records one; raises DatabaseError when it cannot.
            recorded: Called with each that was recorded.
            scan: The scan.

        Raises:
            DatabaseError: It was not recorded now.
        """
        self._waiting.append(scan)
        try:
            self.look()
            while self._waiting:
                self._record_oldest(record)
                recorded(self._waiting.popleft())
        except DatabaseError as error:
            self._note(error)
            raise
        self._recording = None

    def look(self) -> None:
        """Look through the database if somebody came across damage, and let the programme begin anew if it is so.

        Raises:
            DamagedDatabaseError: It is.
        """
        if self._connections is None or not self._connections.looks_damaged or self._path is None:
            return
        self._connections.looks_damaged = False
        self._damage = find_damage(self._path)
        if self._damage is not None:
            self._end()
            raise DamagedDatabaseError(f"The database is damaged ({self._damage}). A new one is begun.")

    def _record_oldest(self, record: Callable[[Scan], None]) -> None:
        try:
            record(self._waiting[0])
        except (DatabaseAwayError, DamagedDatabaseError):
            raise
        except DatabaseError:
            self._waiting.popleft()  # it is the scan itself that is refused, and would be for ever
            raise

    def _settle(self) -> None:
        """Before the database is opened: set aside one that is damaged."""
        damage, self._damage = self._damage, None
        if self._path is None:
            return
        if (damage := damage or find_damage_at_start(self._path)) is None:
            return
        if not self._is_ours():
            raise DatabaseError(
                f"{self._path} is no database of this programme ({damage}). Move it away, or choose another with "
                "`--db`, and start again."
            )
        aside = set_aside(self._path, self._place.clock.wall(), DAMAGED)
        _log.error("%s What was found: %s.", self._of_damage(aside), damage)

    def _suspect(self) -> None:
        if self._connections is not None:
            self._connections.looks_damaged = True

    def _note(self, error: DatabaseError) -> None:
        since_at = self._place.clock.wall() if self._recording is None else self._recording.since_at
        says = f"Scans are not recorded. {error}"
        if self._waiting:
            says += (
                f" Of the last scans {len(self._waiting)} wait in memory, and are recorded as soon as that is possible."
            )
        self._recording = Notice("recording", says, since_at)

    def notices(self) -> tuple[Notice, ...]:
        """What the owner should know of the database and its backups."""
        backup = None if self._backups is None else self._backups.notice()
        return tuple(one for one in (self._notice_of_damage(), self._recording, backup) if one is not None)

    def _notice_of_damage(self) -> Notice | None:
        """Of the last damaged database that was set aside, unless that is long ago or a backup was put back since."""
        if self._path is None or not (damaged := list_set_aside(self._path, DAMAGED)):
            return None
        last = damaged[0]
        replaced = list_set_aside(self._path, REPLACED)
        if (replaced and replaced[0].at >= last.at) or self._place.clock.wall() - last.at >= _TOLD_FOR:
            return None
        return Notice("database", self._of_damage(last.path), last.at)

    def _is_ours(self) -> bool:
        """Whether a file that makes no sense was a database of this programme: a key or a backup belongs to it."""
        key_path = self._place.key_path
        return bool((key_path is not None and key_path.exists()) or self._all_backups())

    def _all_backups(self) -> tuple[Backup, ...]:
        return list_backups(self._place.database_url, backup_folder(self._place))

    def _of_damage(self, aside: Path) -> str:
        backups = self._all_backups()
        said = f"The database was damaged. It was set aside as {aside.name}, and a new one was begun. "
        if not backups:
            return said + "There is no backup."
        made_at = backups[0].made_at.astimezone(self._place.time_zone)
        return said + (
            f"The last backup is of {made_at:%d %B %Y, %H:%M}. To put it back, stop the programme and type "
            f"`./run restore {backups[0].path}`."
        )


def backup_folder(place: Place) -> Path:
    """Where backups lie, unless somebody says otherwise."""
    return place.folder / "backups"
