"""Fitting: sees to it that the estimate is fitted anew after a head count, aside, while scans go on."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

from db.connect import Connections
from db.errors import DatabaseError
from db.only_one import FITTING_LOCK, OnlyOne
from db.people_basis import read_basis
from db.people_sums import is_stale
from db.read_calibration import is_fit_due
from db.refit import order_for, refit
from db.settings import StoreSettings

_log = logging.getLogger(__name__)

_PROGRAMME_FOLDER = Path(__file__).parents[1]
# numpy, and what else learning takes, is given back when the process ends; and what it does takes no turn from scans.
_COMMAND = (sys.executable, "-m", "db.refit")
# Head counts come from other processes too: a command, another hub. A look takes a millisecond.
_LOOK_SECONDS = 2.0
# That hours wait to be estimated anew without a fit to come is left by a fit that was ended; to see it, all of them are
# looked through. So it is looked for at the start, and then once a minute.
_LOOKS_A_MINUTE = 30
# What failed is tried again so much later.
_REST_SECONDS = 60.0


class Fitting:
    """Fits whenever that is due, from `start` to `stop`. Of several hubs on one database one does.

    Args:
        connections: The database.
        settings: How to remember.
        clock: Tells the time, aware.
        command: What is started to fit.
    """

    def __init__(
        self,
        connections: Connections,
        settings: StoreSettings,
        clock: Callable[[], datetime],
        command: Sequence[str] = _COMMAND,
    ) -> None:
        self._connections = connections
        self._settings = settings
        self._clock = clock
        self._command = command
        self._only_one = OnlyOne(connections, FITTING_LOCK)
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._trouble = ""
        self._thread = threading.Thread(target=self._work, name="fitting", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and with it a fit that is under way: the next start makes it. Harmless when called twice."""
        self._stopping.set()
        if (process := self._process) is not None:
            process.kill()
        if self._thread.is_alive():
            self._thread.join()
        self._only_one.close()

    def _work(self) -> None:
        for look in count():
            if self._stopping.wait(_REST_SECONDS if self._trouble else _LOOK_SECONDS):
                return
            is_thorough = look % _LOOKS_A_MINUTE == 0 or bool(self._trouble)
            try:
                problem = self._fit() if self._only_one.is_this() and self._is_due(is_thorough=is_thorough) else ""
            except DatabaseError as error:
                problem = str(error)
            if not self._stopping.is_set():
                self._note(problem)

    def _is_due(self, *, is_thorough: bool) -> bool:
        with self._connections.read() as connection:
            basis = read_basis(connection, self._settings)
            return is_fit_due(connection, basis) or (is_thorough and is_stale(connection, basis))

    def _fit(self) -> str:
        """Let a process do it, and wait; tells what went wrong."""
        if self._connections.is_in_memory:  # no other process can reach it
            refit(self._connections, self._settings, self._clock())
            return ""
        try:
            self._process = subprocess.Popen(
                self._command,
                cwd=_PROGRAMME_FOLDER,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                # So that Ctrl+C in a terminal reaches it by `stop` alone.
                start_new_session=True,
                text=True,
            )
        except OSError as error:
            return f"The process for it cannot be started ({error.strerror})."
        with self._process as process:
            if self._stopping.is_set():  # `stop` came before there was a process to end
                process.kill()
            _, said = process.communicate(order_for(self._connections, self._settings, self._clock()))
        self._process = None
        return "" if process.returncode == 0 else said.strip().rpartition("\n")[2] or "Its process was ended."

    def _note(self, problem: str) -> None:
        """Log a failure once when it begins and once when it ends."""
        if problem and not self._trouble:
            _log.error("The estimate of people is not fitted anew; it is tried again each minute. %s", problem)
        elif self._trouble and not problem:
            _log.info("The estimate of people is fitted again.")
        self._trouble = problem
