"""A named pipe that carries what an adapter in monitor mode at the simulated site captures, while it captures it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from scans.simulated.air import SLOT_SECONDS
from scans.simulated.capture import PCAP_HEADER, CapturedFrame, captured_frames
from scans.simulated.site import SimulatedSite

# Where Linux keeps files in memory.
_MEMORY = Path("/dev/shm")  # noqa: S108  # the folder made in it is private


class LivePipe:
    """One capture: a pipe in a private folder, and a thread that writes into it until it is closed.

    Args:
        site: Where it listens.
        wall: The wall clock, by which frames are sent.
    """

    def __init__(self, site: SimulatedSite, wall: Callable[[], datetime]) -> None:
        self._site = site
        self._wall = wall
        self._folder = Path(tempfile.mkdtemp(prefix="simulated-", dir=_MEMORY if _MEMORY.is_dir() else None))
        self.path = self._folder / "wifi"
        os.mkfifo(self.path, 0o600)
        self._closing = threading.Event()
        self._writer = threading.Thread(target=self._write, name="simulated-wifi", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """End the capture and remove the pipe. Harmless when called twice."""
        self._closing.set()
        if self._folder.exists():
            # A writer that nobody has read from yet waits in open(2) for a reader: be one.
            reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
            self._writer.join()
            os.close(reader)
            shutil.rmtree(self._folder)

    def _write(self) -> None:
        """Write until closed, or until the reader goes away, which is how a reader says that it has heard enough."""
        with contextlib.suppress(BrokenPipeError), self.path.open("wb", buffering=0) as pipe:
            os.set_blocking(pipe.fileno(), False)
            pipe.write(PCAP_HEADER)
            for frame in self._frames():
                # A write to a full pipe does nothing: like the kernel, drop what the reader is too slow for. Frames are
                # shorter than PIPE_BUF, so each is written whole or not at all (pipe(7)).
                pipe.write(frame.record())

    def _frames(self) -> Iterator[CapturedFrame]:
        """The frames from now on, each at its time, until closed."""
        from_at = self._wall()
        while True:
            for frame in captured_frames(self._site, from_at, SLOT_SECONDS):
                if self._closing.wait(max(0.0, frame.at - self._wall().timestamp())):
                    return
                yield frame
            from_at += timedelta(seconds=SLOT_SECONDS)
