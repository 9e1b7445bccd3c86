"""Logs: where they go, and what a line looks like.

They go to standard error, never into a file of the programme's own: a service's are kept and rotated by the journal,
and whoever starts the programme in a window reads them there.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import TextIO

from scans.address_text import without_addresses

# Rooms, and modules beside them, that have something to say.
OURS = ("scans", "db", "layouts", "links", "keeping", "reviving", "watching")

# The levels of syslog(3), by which the journal sorts lines that begin so (sd-daemon(3)).
_SYSLOG_LEVELS = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (0, 7))


class LogLine(logging.Formatter):
    """Writes lines that name no hardware address, whoever said what is logged: a library, an error, a traceback.

    Args:
        is_for_journal: Whether each line begins with its level, and the time is left to the journal.
    """

    def __init__(self, *, is_for_journal: bool) -> None:
        super().__init__("%(levelname)s %(message)s" if is_for_journal else "%(asctime)s %(levelname)s %(message)s")
        self._is_for_journal = is_for_journal

    def format(self, record: logging.LogRecord) -> str:
        """The record as it is written."""
        text = without_addresses(super().format(record))
        if not self._is_for_journal:
            return text
        level = next(number for least, number in _SYSLOG_LEVELS if record.levelno >= least)
        return "\n".join(f"<{level}>{line}" for line in text.splitlines())


def set_up_logs(stream: TextIO, environment: Mapping[str, str]) -> None:
    """Send what is logged, and what nobody caught, to a stream; for the length of the process.

    Args:
        stream: Where to; standard error.
        environment: Tells whether that is the journal.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LogLine(is_for_journal=_is_journal(stream, environment)))
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    # Where every thread stands is also said when the process is aborted: a service manager does that to a silent one.
    faulthandler.enable(stream)


def _is_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether a stream is the journal: the service manager names its device and inode (systemd.exec(5))."""
    try:
        told = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream without a file
        return False
    return environment.get("JOURNAL_STREAM") == f"{told.st_dev}:{told.st_ino}"


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    logging.getLogger().critical("The programme ends by an error of its own.", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(uncaught: threading.ExceptHookArgs) -> None:
    if uncaught.exc_value is None or issubclass(uncaught.exc_type, SystemExit):
        return
    name = "" if uncaught.thread is None else uncaught.thread.name
    told = (uncaught.exc_type, uncaught.exc_value, uncaught.exc_traceback)
    logging.getLogger().critical("The thread %r ends by an error of its own.", name, exc_info=told)
