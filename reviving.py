"""Reviving: the service manager is told that the programme lives while its loop gets on; one that hangs begins afresh.

The loop is what listens every minute (on a hub, what keeps house). The web server answers from threads of its own, and
says nothing about it: so the loop itself notes each minute that it got through, and a thread watches these notes.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from links.service_manager import ServiceManager, service_manager
from scans.progress import Progress

_log = logging.getLogger(__name__)

# How often the watch looks. The service manager wants to hear from it at least every `WatchdogSec`, and to be safe
# twice as often (sd_watchdog_enabled(3)); the unit gives two minutes.
LOOK_SECONDS = 10.0

# From the end of one minute to the end of the next pass two intervals at most: one ends early, the next late. Beyond
# that a card may hold up a commit for a minute, and of two hung radios each is given fresh listeners for a while.
_GRACE_SECONDS = 8 * 60.0

# EX_TEMPFAIL of sysexits.h: try again.
_TRY_AGAIN = 75


def longest_silence_seconds(interval_seconds: float) -> float:
    """For how long nothing may be heard from the loop before it is taken to hang; 10 minutes by default."""
    return 2 * interval_seconds + _GRACE_SECONDS


class Reviver:
    """Watches the loop from `start` to `stop`.

    Args:
        progress: Where the loop notes each minute it got through.
        limit_seconds: For how long it may note nothing.
        manager: Is told that the programme lives.
        says: Tells what was done so far, in a few words for the service manager's status line.
        revive: Begins the programme afresh; it does not return.
        look_seconds: How often the watch looks.
    """

    def __init__(
        self,
        *,
        progress: Progress,
        limit_seconds: float,
        manager: ServiceManager,
        says: Callable[[], str],
        revive: Callable[[], None],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._progress = progress
        self._limit_seconds = limit_seconds
        self._manager = manager
        self._says = says
        self._revive = revive
        self._look_seconds = min(look_seconds, (manager.watchdog_seconds or 4 * look_seconds) / 4)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="reviving", daemon=True)

    def start(self) -> None:
        """Begin; the programme is up."""
        self._manager.ready()
        self._thread.start()

    def stop(self) -> None:
        """End; the programme stops as it was asked to."""
        self._manager.stopping()
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            silent = self._progress.seconds_since()
            if silent > self._limit_seconds:
                _log.critical(
                    "Nothing was heard from the scan loop for %.0f minutes: the programme begins afresh. Its threads "
                    "stood here:\n%s",
                    silent / 60,
                    stacks(),
                )
                self._revive()
                return
            self._manager.alive()
            self._manager.status(f"{self._says()}; it got on {silent:.0f} s ago")
            if self._stopping.wait(self._look_seconds):
                return


class SteadyJob:
    """A job of every minute whose failures are logged, once when they begin and once when they end, and tried again.

    Args:
        job: What is to be done.
        troubles: What it raises when it cannot; their messages are for the owner.
        progress: Notes each minute that was got through, whether it failed so or not.
    """

    def __init__(self, job: Callable[[], None], troubles: tuple[type[Exception], ...], progress: Progress) -> None:
        self._job = job
        self._troubles = troubles
        self._progress = progress
        self._is_failing = False

    def attempt(self) -> None:
        """Do the job once."""
        try:
            self._job()
        except self._troubles as error:
            if not self._is_failing:
                _log.error("What is due each minute is not done, and is tried again. %s", error)
            self._is_failing = True
        else:
            if self._is_failing:
                _log.info("What is due each minute is done again.")
            self._is_failing = False
        self._progress.note()


def keep_alive(
    interval_seconds: float, progress: Progress, says: Callable[[], str], undo: contextlib.ExitStack
) -> None:
    """Say that the programme is up, and watch its loop until it stops.

    Args:
        interval_seconds: From the start of one minute of the loop to the start of the next.
        progress: Where the loop notes each that it got through.
        says: Tells what was done so far, for a status line.
        undo: Ends the watch; to be ended before what it watches.
    """
    manager = service_manager(os.environ)
    reviver = Reviver(
        progress=progress,
        limit_seconds=longest_silence_seconds(interval_seconds),
        manager=manager,
        says=says,
        revive=lambda: begin_afresh(manager),
    )
    undo.callback(reviver.stop)
    reviver.start()


def stacks() -> str:
    """Where each thread stands: file, line and function, and no value of anything."""
    with os.fdopen(os.memfd_create("stacks"), "w+b") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        return file.read().decode("utf-8", "replace").rstrip()


def begin_afresh(manager: ServiceManager) -> None:
    """End this process, whatever hangs in it, and have another do its work.

    A service manager starts it again, and ends what else it had started. Without one the process becomes the new
    programme itself; what it had started would go on listening beside that, and is ended first.
    """
    if manager.is_there:
        os._exit(_TRY_AGAIN)
    end_children(os.getpid())
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the command that started this process


def end_children(parent: int, processes: Path = Path("/proc")) -> None:
    """Kill every child of a process, and the whole group of those that lead one (as tshark does, for its dumpcap).

    Args:
        parent: The process.
        processes: Where the kernel lists them (proc(5)).
    """
    for status in processes.glob("[0-9]*/stat"):
        # It may have ended meanwhile; or be root's, started by sudo, and end by itself within seconds.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            # The name stands in brackets and may hold any character; state, parent and group follow it.
            _, its_parent, group = status.read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()[:3]
            child = int(status.parent.name)
            if int(its_parent) == parent:
                (os.killpg if int(group) == child else os.kill)(child, signal.SIGKILL)
