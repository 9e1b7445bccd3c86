"""A Bluetooth scanner at the simulated site: hands over what bleak's would, at the time it would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from presence.scan import AddressKind
from scans.discovery import HearAdvertisement, Scanner, ScannerFactory
from scans.simulated.air import SLOT_SECONDS, Advertisement
from scans.simulated.dice import fixed_bytes
from scans.simulated.site import SimulatedSite

# 16-bit service identifiers stand for these (Bluetooth Core 5.4, volume 3, part B, section 2.5.1).
_SERVICE = "0000{}-0000-1000-8000-00805f9b34fb"


def simulated_scanner(site: SimulatedSite, wall: Callable[[], datetime]) -> ScannerFactory:
    """Makes scanners that hear the site at the time that `wall` tells."""

    def make(hear: HearAdvertisement, adapter: str | None) -> Scanner:
        return SimulatedScanner(site, wall, hear, adapter or "hci0")

    return make


class SimulatedCare:
    """Knows when the site's Bluetooth is out (a `scans.discovery.AdapterCare`)."""

    def __init__(self, site: SimulatedSite, wall: Callable[[], datetime]) -> None:
        self._site = site
        self._wall = wall

    async def trouble(self, *, while_discovering: bool = False) -> Fault | None:
        """The outage of the moment; None when there is none."""
        del while_discovering
        return self._site.fault(Radio.BLUETOOTH, self._wall())

    async def adapter_comes(self) -> bool:
        """Never: an outage of the site lasts its time."""
        return False

    def recover(self, fault: Fault, times_in_a_row: int) -> str:
        """Nothing can be done but wait; tells what an adapter's mender would have done."""
        del times_in_a_row
        return "power-cycled the adapter" if fault.reason is FaultReason.HUNG else ""


class SimulatedScanner:
    """Hands over the advertisements of the site as they are sent (a `scans.discovery.Scanner`)."""

    def __init__(
        self, site: SimulatedSite, wall: Callable[[], datetime], hear: HearAdvertisement, adapter: str
    ) -> None:
        self._site = site
        self._wall = wall
        self._hear = hear
        self._adapter = adapter
        self._hearing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; while the site's Bluetooth is out, hang, as an adapter does whose firmware has stopped."""
        if self._site.fault(Radio.BLUETOOTH, self._wall()) is not None:
            await asyncio.Event().wait()
        self._hearing = asyncio.create_task(self._hand_over())

    async def stop(self) -> None:
        """Hand over no more."""
        if self._hearing is not None:
            self._hearing.cancel()
            await asyncio.wait([self._hearing])
            if not self._hearing.cancelled():
                self._hearing.result()  # raises what ended it

    def _sent_from(self, from_at: datetime) -> Iterable[Advertisement]:
        """What is heard in a slot; nothing in an outage, as of an adapter whose firmware has stopped."""
        if self._site.fault(Radio.BLUETOOTH, from_at) is not None:
            return ()
        return self._site.advertisements(from_at, SLOT_SECONDS)

    async def _hand_over(self) -> None:
        from_at = self._wall()
        while True:
            for advertisement in self._sent_from(from_at):
                await asyncio.sleep(max(0.0, advertisement.at - self._wall().timestamp()))
                self._hear(*as_bleak_hands_over(self._site.seed, advertisement, self._adapter))
            from_at += timedelta(seconds=SLOT_SECONDS)
            await asyncio.sleep(max(0.0, (from_at - self._wall()).total_seconds()))


def as_bleak_hands_over(seed: int, advertisement: Advertisement, adapter: str) -> tuple[BLEDevice, AdvertisementData]:
    """An advertisement as bleak makes it of a device of BlueZ (doc/org.bluez.Device.rst)."""
    model = advertisement.gadget.model
    address = advertisement.sender.upper()
    path = f"/org/bluez/{adapter}/dev_{address.replace(':', '_')}"
    names = (seed, advertisement.gadget.name, advertisement.epoch)
    service = None if model.service is None else _SERVICE.format(model.service)
    properties: dict[str, Any] = {
        "Adapter": f"/org/bluez/{adapter}",
        "Address": address,
        "AddressType": "public" if model.address_kind is AddressKind.GLOBAL else "random",
        "Alias": model.name or address.replace(":", "-"),
        "Blocked": False,
        "Bonded": False,
        "Connected": False,
        "Paired": False,
        "RSSI": advertisement.rssi_dbm,
        "ServicesResolved": False,
        "Trusted": False,
        "UUIDs": [] if service is None else [service],
    }
    if model.name is not None:
        properties["Name"] = model.name
    if model.company_id is not None:
        properties["ManufacturerData"] = {model.company_id: _filled(model.manufacturer_data, *names, "maker")}
    if service is not None:
        properties["ServiceData"] = {service: _filled(model.service_data, *names, "service")}
    heard = AdvertisementData(
        local_name=model.name,
        manufacturer_data=properties.get("ManufacturerData", {}),
        service_data=properties.get("ServiceData", {}),
        service_uuids=properties["UUIDs"],
        tx_power=None,
        rssi=advertisement.rssi_dbm,
        platform_data=(path, properties),
    )
    return BLEDevice(address, model.name, {"path": path, "props": properties}), heard


def _filled(payload: str, *names: int | str) -> bytes:
    """A payload with the bytes filled in that differ from device to device."""
    open_bytes = iter(fixed_bytes(64, "payload", *names))
    pairs = (payload[at : at + 2] for at in range(0, len(payload), 2))
    return bytes(next(open_bytes) if pair == "??" else int(pair, 16) for pair in pairs)
