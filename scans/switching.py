"""Switching between sampled and continuous Bluetooth: continuous while somebody wants to know where tags are."""

from __future__ import annotations

from collections.abc import Callable

from presence.faults import Fault
from presence.radio import Radio
from scans.continuous import ContinuousListener
from scans.listener import Listener
from scans.sighting import HearSighting


class SwitchingListener:
    """One Bluetooth radio that is sampled or continuous, as is wanted (a `scans.listener.Listener`).

    Args:
        sampled: Listens during scans only.
        continuous: Listens all the time, by itself, once it is wanted; never while `sampled` does.
        is_continuous: Which of them a scan is to use.
    """

    def __init__(self, sampled: Listener, continuous: ContinuousListener, is_continuous: Callable[[], bool]) -> None:
        self._sampled = sampled
        self._continuous = continuous
        self._is_continuous = is_continuous
        self._used: Listener = sampled

    @property
    def radio(self) -> Radio:
        """Bluetooth."""
        return Radio.BLUETOOTH

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        """Listen for `seconds`; see `scans.listener.Listener.listen`."""
        if self._is_continuous():
            self._used = self._continuous
            return self._continuous.listen(seconds, hear)
        self._used = self._sampled
        with self._continuous.resting():
            return self._sampled.listen(seconds, hear)

    def recover(self, fault: Fault) -> str:
        """Put right what can be, as whichever listened does it."""
        return self._used.recover(fault)

    def close(self) -> None:
        """Close both."""
        self._continuous.close()
        self._sampled.close()
