"""What every radio is to the rest of the room, real or simulated."""

from __future__ import annotations

from typing import Protocol

from presence.faults import Fault
from presence.radio import Radio
from scans.sighting import HearSighting


class Listener(Protocol):
    """A radio that can listen for a while.

    Each runs on a thread of its own, and may block for the time it listens and 40 s more when everything hangs; the
    caller stops waiting for it after that (`scans.patience`). One thread at a time listens and recovers.
    """

    @property
    def radio(self) -> Radio:
        """Which radio this is."""
        ...

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        """Listen for `seconds`, handing each sighting to `hear` as it comes.

        Returns:
            None when it listened for the whole time. Otherwise why not; what was handed over before still stands.
            It raises nothing that a user can cause: those come back as faults.
        """
        ...

    def recover(self, fault: Fault) -> str:
        """Try to put right what `fault` says, within a few seconds.

        Returns:
            What was done, in a few words for the owner ("re-created the monitor interface"); empty when there is
            nothing to do but try again. Never raises.
        """
        ...

    def close(self) -> None:
        """Put back what was changed (an interface's mode), stop what was started.

        Harmless when called twice, and callable from another thread while this one listens.
        """
        ...
