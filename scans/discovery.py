"""Discovery: BlueZ is asked to hand over all that devices advertise, through bleak, and does so until it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from bleak import BleakScanner
from bleak.args.bluez import BlueZScannerArgs
from bleak.backends.bluezdbus import manager as bleak_bluez
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from presence.faults import Fault, FaultReason
from scans.bluetooth_faults import fault_of_error

# BlueZ answers a start within a second on a Pi 3, within 5 s after a reset of the adapter, and a stop within 2 s. What
# takes longer hangs.
_START_SECONDS = 6.0
_STOP_SECONDS = 3.0

# bleak remembers every device of a discovery, and one that follows tags lasts for months: a busy place has 500 new
# addresses every quarter of an hour. Each takes some 2 KB.
_MOST_SEEN = 4096

# Faults of reaching the adapter that, once listening has begun, mean that it went away.
_GONE = {FaultReason.NO_DBUS, FaultReason.NO_BLUETOOTH_SERVICE, FaultReason.NO_ADAPTER}

HearAdvertisement = Callable[[BLEDevice, AdvertisementData], None]
"""Takes each advertisement, as bleak hands it over.

`device.address` is its address, in pairs joined by colons. `advertisement.platform_data` is `(path, properties)`, and
`properties` the device as BlueZ knows it at that moment (org.bluez.Device1): "AddressType" is "public" or "random",
"RSSI" is there only while the device is being heard.
"""


class Scanner(Protocol):
    """What the listener needs of bleak's `BleakScanner`. Both may hang, and both may raise what bleak raises."""

    async def start(self) -> None:
        """Begin to hand over advertisements, on the event loop that runs."""
        ...

    async def stop(self) -> None:
        """Hand over no more."""
        ...


class ScannerFactory(Protocol):
    """Makes a scanner; called anew for each scan, inside the event loop that the scan runs on."""

    def __call__(self, hear: HearAdvertisement, adapter: str | None) -> Scanner:
        """Make a scanner that hands over to `hear`, on the named adapter, or on any that is powered (None)."""
        ...


class AdapterCare(Protocol):
    """Knows what state the adapter is in, and puts it right."""

    async def trouble(self, *, while_discovering: bool = False) -> Fault | None:
        """What stands in the way of listening, now; None when nothing does. Takes 3 s at most, and never raises.

        Args:
            while_discovering: Whether an adapter that does not discover is one that was lost.
        """
        ...

    async def adapter_comes(self) -> bool:
        """Wait a moment for an adapter that the kernel has and BlueZ does not know yet: whether it is ready now."""
        ...

    def recover(self, fault: Fault, times_in_a_row: int) -> str:
        """Try to put `fault` right, which is the last of so many in a row; see `scans.listener.Listener.recover`."""
        ...


def bleak_scanner(hear: HearAdvertisement, adapter: str | None) -> Scanner:
    """A scanner on real Bluetooth.

    Active scanning: passive scanning through BlueZ reports each matching device once. DuplicateData and the RSSI filter
    make BlueZ report every advertisement; without them, BlueZ after 5.87 reports RSSI only when it moves by 8 dB (doc/
    org.bluez.Adapter.rst, SetDiscoveryFilter). −127 lets every reading through.
    """
    arguments: BlueZScannerArgs = {"filters": {"RSSI": -127, "DuplicateData": True}}
    if adapter is not None:
        arguments["adapter"] = adapter

    def take(device: BLEDevice, advertisement: AdvertisementData) -> None:
        seen = scanner._backend.seen_devices  # noqa: SLF001 - what is public is a copy
        if len(seen) > _MOST_SEEN:
            seen.clear()
        hear(device, advertisement)

    scanner = BleakScanner(take, bluez=arguments)
    return scanner


@dataclass(frozen=True, slots=True)
class Discovery:
    """How discoveries are run on one adapter, one after the other.

    Each runs inside an event loop of its own, on a D-Bus connection of its own, so that one that hangs leaves nothing
    to the next.

    Attributes:
        adapter: Name of the adapter, such as "hci0"; None for any that is powered.
        make_scanner: Makes the scanner of each discovery.
        care: Knows and mends the adapter; None where there is none to mend.
        start_seconds: How long a start may take.
        stop_seconds: How long a stop may take.
    """

    adapter: str | None
    make_scanner: ScannerFactory = bleak_scanner
    care: AdapterCare | None = None
    start_seconds: float = _START_SECONDS
    stop_seconds: float = _STOP_SECONDS

    async def run(self, hear: HearAdvertisement, until: Callable[[], Awaitable[Fault | None]]) -> Fault | None:
        """Discover until what `until` gives has ended; what went wrong, if anything did. Never hangs but in `until`.

        Args:
            hear: Takes what is advertised.
            until: Called once it has begun; gives a fault where it found one.
        """
        try:
            scanner, fault = await self._started(hear)
            if fault is not None and fault.reason is FaultReason.NO_ADAPTER and await self._adapter_comes():
                scanner, fault = await self._started(hear)
            if fault is not None:
                return _clearer(fault, await self.trouble())
            # Asked before the stop, which hangs when the bus or the service is gone.
            fault = await until() or await self.trouble()
            if fault is None:
                fault = await _fault_within(self.stop_seconds, scanner.stop(), FaultReason.TIMED_OUT)
            return None if fault is None else _in_mid_scan(fault)
        finally:
            await _hang_up()

    async def trouble(self, *, while_discovering: bool = False) -> Fault | None:
        """What stands in the way of listening, now; see `AdapterCare.trouble`."""
        return None if self.care is None else await self.care.trouble(while_discovering=while_discovering)

    def recover(self, fault: Fault, times_in_a_row: int) -> str:
        """Put right what can be; see `AdapterCare.recover`."""
        return "" if self.care is None else self.care.recover(fault, times_in_a_row)

    async def _started(self, hear: HearAdvertisement) -> tuple[Scanner, Fault | None]:
        scanner = self.make_scanner(hear, self.adapter)
        return scanner, await _fault_within(self.start_seconds, scanner.start(), FaultReason.HUNG)

    async def _adapter_comes(self) -> bool:
        """Where BlueZ was dead, the start itself had D-Bus begin it; see `AdapterCare.adapter_comes`."""
        return self.care is not None and await self.care.adapter_comes()


async def _fault_within(seconds: float, doing: Awaitable[None], too_long: FaultReason) -> Fault | None:
    """Wait so long for a step of the scanner; what went wrong with it, if anything did."""
    try:
        async with asyncio.timeout(seconds) as bound:
            await doing
    except Exception as error:  # noqa: BLE001 - bleak raises what D-Bus, sockets and BlueZ raise: each is a fault
        if bound.expired():
            return Fault(too_long, detail=f"no answer for {seconds:.0f} s")
        return fault_of_error(error)
    return None


def _clearer(fault: Fault, trouble: Fault | None) -> Fault:
    """The state of the adapter tells better than an error why a start failed; what the error said is kept."""
    return fault if trouble is None else replace(fault, reason=trouble.reason)


def _in_mid_scan(fault: Fault) -> Fault:
    """What a fault means once listening has begun.

    What cannot be reached any more is lost, and so is a discovery that BlueZ knows nothing of when it is to stop. A
    stop that is refused as "in progress" comes from a controller that does not answer, and not from another programme:
    bluetoothd says it so, and stays as it is until a power cycle (github.com/bluez/bluez/issues/807).
    """
    if fault.reason in _GONE or "No discovery started" in fault.detail:
        return replace(fault, reason=FaultReason.LOST)
    return replace(fault, reason=FaultReason.HUNG) if fault.reason is FaultReason.BUSY else fault


async def _hang_up() -> None:
    """Close bleak's D-Bus connection, which it keeps for each event loop and frees only in the next scan.

    BlueZ ends what a client began when its connection closes: this is the one stop that can be relied on. bleak's own
    tasks are ended first, since one of them reports a connection that closes as an error.
    """
    for task in asyncio.all_tasks():
        if task is not asyncio.current_task():
            task.cancel()
    manager = bleak_bluez._global_instances.pop(asyncio.get_running_loop(), None)  # noqa: SLF001 - there is no public way
    if manager is not None and manager._bus is not None:  # noqa: SLF001 - likewise
        manager._bus.disconnect()  # noqa: SLF001 - likewise
    for _ in range(3):  # the loop learns of the closed socket, and lets go of it
        await asyncio.sleep(0)
