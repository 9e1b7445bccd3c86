"""A named pipe that carries what an adapter in monitor mode at the simulated site captures, while it captures it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from scans.simulated.air import SLOT_SECONDS
from scans.simulated.capture import PCAP_HEADER, CapturedFrame, captured_frames
from scans.simulated.site import SimulatedSite

# Where Linux keeps files in memory.
_MEMORY = Path("/dev/shm")  # noqa: S108  # the folder made in it is private

# Named as the folders of tshark are (`scans.tshark`), which clears away those of processes that were killed.
_FOLDER_PREFIX = "tracking-frames-"

# How often to look whether somebody reads the pipe by now.
_LOOK_SECONDS = 0.02


class WifiPipe:
    """Writes frames into a named pipe as they are sent (a `scans.wifi.CaptureSource`).

    Args:
        site: Where it listens.
        wall: The wall clock, by which frames are sent.
    """

    def __init__(self, site: SimulatedSite, wall: Callable[[], datetime]) -> None:
        self._site = site
        self._wall = wall
        self._folder: Path | None = None

    def prepare(self) -> str | Fault:
        """Make a pipe, anew for each capture, since one reader may be gone and its writer not know it yet.

        Returns:
            The path of the pipe; a fault while the site's Wi-Fi is out, or when no pipe can be made.
        """
        fault = self.trouble()
        if fault is not None:
            return fault
        try:
            if self._folder is None:
                parent = _MEMORY if _MEMORY.is_dir() else None
                self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-", dir=parent))
            path = self._path_in(self._folder)
            path.unlink(missing_ok=True)
            os.mkfifo(path, 0o600)
        except OSError as error:
            return Fault(
                FaultReason.UNEXPECTED, detail=f"No pipe can be made for the simulated Wi-Fi: {error.strerror}."
            )
        return str(path)

    def attend(self, stopping: threading.Event) -> None:
        """Write frames until `stopping`, or until the reader goes away, which is how it says that it heard enough."""
        pipe = self._opened(stopping)
        if pipe is None:
            return
        try:
            os.write(pipe, PCAP_HEADER)
            for frame in self._frames(stopping):
                _write_or_drop(pipe, frame.record())
        except BrokenPipeError:
            return
        finally:
            os.close(pipe)

    def trouble(self) -> Fault | None:
        """Why the site's Wi-Fi is out; None while it is not."""
        return self._site.fault(Radio.WIFI, self._wall())

    def recover(self, fault: Fault) -> str:
        """Nothing: the next capture has a new pipe anyway."""
        del fault
        return ""

    def close(self) -> None:
        """Remove the pipe; harmless when called twice."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _opened(self, stopping: threading.Event) -> int | None:
        """The pipe, opened once somebody reads it; None when nobody does before `stopping`, or the pipe is removed."""
        folder = self._folder
        while folder is not None:
            try:
                return os.open(self._path_in(folder), os.O_WRONLY | os.O_NONBLOCK)
            except FileNotFoundError:
                break
            except OSError as error:
                if error.errno != errno.ENXIO:  # ENXIO: nobody reads it yet (fifo(7))
                    raise
            if stopping.wait(_LOOK_SECONDS):
                break
        return None

    def _frames(self, stopping: threading.Event) -> Iterator[CapturedFrame]:
        """The frames from now on, each at its time."""
        from_at = self._wall()
        while True:
            for frame in captured_frames(self._site, from_at, SLOT_SECONDS):
                if stopping.wait(max(0.0, frame.at - self._wall().timestamp())):
                    return
                yield frame
            from_at += timedelta(seconds=SLOT_SECONDS)

    @staticmethod
    def _path_in(folder: Path) -> Path:
        return folder / "wifi"


def _write_or_drop(pipe: int, record: bytes) -> None:
    """Write a frame; drop it when the reader is too slow, as the kernel does.

    Frames are shorter than PIPE_BUF, so each is written whole or not at all (pipe(7)).
    """
    try:
        os.write(pipe, record)
    except BlockingIOError:
        return
