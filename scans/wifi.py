"""Wi-Fi: which frames are those of clients, and what a sighting of one is."""

from __future__ import annotations

import threading
from typing import Protocol

from presence.faults import Fault


class CaptureSource(Protocol):
    """Where frames come from: a Wi-Fi interface in monitor mode, or a named pipe into which a site is simulated."""

    def prepare(self) -> str | Fault:
        """Make ready to be captured from.

        Returns:
            What tshark's option -i takes (the name of an interface, or the path of a named pipe); a fault when there is
            nothing to capture from.
        """
        ...

    def attend(self, stopping: threading.Event) -> None:
        """Do what must be done while the capture goes on, until `stopping` is set: hop channels, or write frames.

        Runs on a thread of its own, begins just before the capture does, and returns within a second of `stopping`.
        """
        ...

    def recover(self, fault: Fault) -> str:
        """Try to put right what `fault` says; gives what was done, in a few words, or nothing. Never raises."""
        ...

    def close(self) -> None:
        """Put back what was changed. Harmless when called twice, and callable from another thread in mid-capture."""
        ...
