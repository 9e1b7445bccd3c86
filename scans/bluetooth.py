"""Bluetooth: hears what devices nearby advertise, through bleak and BlueZ."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from bleak import BleakScanner
from bleak.args.bluez import BlueZScannerArgs
from bleak.backends.bluezdbus import manager as bleak_bluez
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from presence.scan import AddressKind
from scans.bluetooth_faults import fault_of_error
from scans.sighting import HearSighting, Sighting, usable_rssi

# BlueZ answers a start within a second on a Pi 3, within 5 s after a reset of the adapter, and a stop within 2 s. What
# takes longer hangs.
_START_SECONDS = 6.0
_STOP_SECONDS = 3.0

# What is about a device's connection to this box, and is never advertised (BlueZ doc/org.bluez.Device.rst).
_NOT_ADVERTISED = ("Connected", "Paired", "Bonded", "Trusted", "Blocked", "ServicesResolved")

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

    async def trouble(self) -> Fault | None:
        """What stands in the way of listening, now; None when nothing does. Takes 3 s at most, and never raises."""
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
    return BleakScanner(hear, bluez=arguments)


class BluetoothListener:
    """Listens for Bluetooth Low Energy advertisements (a `scans.listener.Listener`).

    Each scan has an event loop and a D-Bus connection of its own, so that one that hangs leaves nothing to the next.

    Args:
        adapter: Name of the adapter, such as "hci0"; None for any that is powered.
        wall: The wall clock.
        make_scanner: Makes the scanner of each scan.
        care: Knows and mends the adapter; None where there is none to mend (a simulated radio).
        start_seconds: How long a start may take.
        stop_seconds: How long a stop may take.
    """

    def __init__(
        self,
        adapter: str | None,
        wall: Callable[[], datetime],
        make_scanner: ScannerFactory = bleak_scanner,
        care: AdapterCare | None = None,
        *,
        start_seconds: float = _START_SECONDS,
        stop_seconds: float = _STOP_SECONDS,
    ) -> None:
        self._adapter = adapter
        self._wall = wall
        self._make_scanner = make_scanner
        self._care = care
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._faults_in_a_row = 0

    @property
    def radio(self) -> Radio:
        """Bluetooth."""
        return Radio.BLUETOOTH

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        """Listen for `seconds`; see `scans.listener.Listener.listen`. Takes 12 s more when everything hangs."""
        ear = _Ear(hear, self._wall)
        fault = asyncio.run(self._scan(seconds, ear.take))
        if fault is None and ear.error is not None:
            fault = fault_of_error(ear.error)
        self._faults_in_a_row = 0 if fault is None else self._faults_in_a_row + 1
        return fault

    def recover(self, fault: Fault) -> str:
        """Put right what can be; see `scans.listener.Listener.recover`."""
        return "" if self._care is None else self._care.recover(fault, self._faults_in_a_row)

    def close(self) -> None:
        """Nothing outlives a scan, so there is nothing to stop."""

    async def _scan(self, seconds: float, hear: HearAdvertisement) -> Fault | None:
        try:
            scanner = self._make_scanner(hear, self._adapter)
            fault = await _fault_within(self._start_seconds, scanner.start(), FaultReason.HUNG)
            if fault is not None:
                return _clearer(fault, await self._trouble())
            await asyncio.sleep(seconds)
            # Asked before the stop, which hangs when the bus or the service is gone.
            fault = await self._trouble() or await _fault_within(
                self._stop_seconds, scanner.stop(), FaultReason.TIMED_OUT
            )
            return None if fault is None else _in_mid_scan(fault)
        finally:
            await _hang_up()

    async def _trouble(self) -> Fault | None:
        return None if self._care is None else await self._care.trouble()


class _Ear:
    """Turns what bleak hands over during one scan into sightings.

    Attributes:
        error: The first error in doing so; None when there was none. It must not get into bleak, which would log it for
            each advertisement, with the address, and go on.
    """

    def __init__(self, hear: HearSighting, wall: Callable[[], datetime]) -> None:
        self._hear = hear
        self._wall = wall
        self.error: Exception | None = None
        self._latest: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {}

    def take(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        """Take one call of bleak's, which is not always an advertisement."""
        try:
            properties = advertisement.platform_data[1]
            if self._is_advertisement(device.address, advertisement, properties):
                self._hear(self._sighting(device.address, advertisement, properties))
        except Exception as error:  # noqa: BLE001 - see `error`
            self.error = self.error or error

    def _sighting(self, address: str, advertisement: AdvertisementData, properties: dict[str, Any]) -> Sighting:
        return Sighting(
            radio=Radio.BLUETOOTH,
            address=address.lower(),
            address_kind=address_kind_of(address, properties.get("AddressType", "")),
            rssi_dbm=usable_rssi(properties["RSSI"]),
            heard_at_seconds=self._wall().timestamp(),
            company_id=next(iter(advertisement.manufacturer_data), None),
        )

    def _is_advertisement(self, address: str, advertisement: AdvertisementData, properties: dict[str, Any]) -> bool:
        """Whether a call of bleak's was caused by something heard.

        bleak calls for every change of a device's properties, and does not say which. BlueZ sets RSSI with each
        advertisement it takes, and removes it when it hears the device no longer: without it nothing was heard now. And
        where the device's connection to this box changed, and nothing that an advertisement carries, the connection was
        the cause. A call with nothing changed at all is an advertisement: DuplicateData repeats those.
        """
        carried: tuple[Any, ...] = advertisement[:-1]
        connection = tuple(properties.get(name) for name in _NOT_ADVERTISED)
        before = self._latest.get(address)
        self._latest[address] = (connection, carried)
        if "RSSI" not in properties:
            return False
        return before is None or before[0] == connection or before[1] != carried


def address_kind_of(address: str, address_type: str) -> AddressKind:
    """What kind of address a device advertises from.

    Args:
        address: Twelve hexadecimal digits, in pairs joined by colons.
        address_type: "public" or "random", as BlueZ and HCI say; anything else is unknown.

    Source: Bluetooth Core Specification 5.4, volume 6, part B, section 1.3.2: the two most significant bits of a random
    address are 11 in a static one, 01 in a resolvable private one, 00 in a non-resolvable one; 10 is reserved.
    """
    if address_type == "public":
        return AddressKind.GLOBAL
    if address_type != "random":
        return AddressKind.UNKNOWN
    try:
        top_bits = int(address[:2], 16) >> 6
    except ValueError:
        return AddressKind.UNKNOWN
    kinds = (AddressKind.NON_RESOLVABLE, AddressKind.RESOLVABLE, AddressKind.UNKNOWN, AddressKind.RANDOM_STATIC)
    return kinds[top_bits]


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
