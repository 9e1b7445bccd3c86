"""Bluetooth, sampled: listens for some seconds in each scan, and not in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from presence.faults import Fault
from presence.radio import Radio
from scans.advertisements import Advertisements, sighting_of
from scans.bluetooth_faults import fault_of_error
from scans.broadcast import Broadcast, BroadcastEar
from scans.discovery import Discovery
from scans.sighting import HearSighting


class BluetoothListener:
    """Listens for Bluetooth Low Energy advertisements, scan by scan (a `scans.listener.Listener`).

    Args:
        discovery: How each scan's discovery is run.
        wall: The wall clock.
        ear: Hears all that is advertised during a scan, beside the scan itself; None for nobody.
    """

    def __init__(self, discovery: Discovery, wall: Callable[[], datetime], ear: BroadcastEar | None = None) -> None:
        self._discovery = discovery
        self._wall = wall
        self._ear = ear
        self._faults_in_a_row = 0

    @property
    def radio(self) -> Radio:
        """Bluetooth."""
        return Radio.BLUETOOTH

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        """Listen for `seconds`; see `scans.listener.Listener.listen`. Takes 15 s more when everything hangs."""

        def take(broadcast: Broadcast) -> None:
            hear(sighting_of(broadcast))
            if self._ear is not None:
                self._ear.hear(broadcast)

        advertisements = Advertisements(take, self._wall)
        fault = asyncio.run(self._discovery.run(advertisements.take, lambda: self._wait(seconds)))
        if self._ear is not None:
            self._ear.end_listening(was_deaf=fault is not None)
        if fault is None and advertisements.error is not None:
            fault = fault_of_error(advertisements.error)
        self._faults_in_a_row = 0 if fault is None else self._faults_in_a_row + 1
        return fault

    def recover(self, fault: Fault) -> str:
        """Put right what can be; see `scans.listener.Listener.recover`."""
        return self._discovery.recover(fault, self._faults_in_a_row)

    def close(self) -> None:
        """Nothing outlives a scan, so there is nothing to stop."""

    async def _wait(self, seconds: float) -> None:
        """Let a scan's time pass."""
        if self._ear is not None:
            self._ear.begin_listening()
        await asyncio.sleep(seconds)
        if self._ear is not None:
            self._ear.end_listening()
