"""Advertisements: what bleak hands over becomes broadcasts, and those become sightings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from presence.radio import Radio
from presence.scan import AddressKind
from scans.broadcast import Broadcast
from scans.families import family_of
from scans.sighting import Sighting, usable_rssi

# What is about a device's connection to this box, and is never advertised (BlueZ doc/org.bluez.Device.rst).
_NOT_ADVERTISED = ("Connected", "Paired", "Bonded", "Trusted", "Blocked", "ServicesResolved")

# A busy place has 500 devices; a flood of made-up ones only costs what was known of the others.
_MOST_DEVICES = 8192


class Advertisements:
    """Turns what bleak hands over into broadcasts.

    Args:
        hear: Takes each broadcast.
        wall: The wall clock, which dates them.

    Attributes:
        error: The first error in doing so; None when there was none. It must not get into bleak, which would log it for
            each advertisement, with the address, and go on.
    """

    def __init__(self, hear: Callable[[Broadcast], None], wall: Callable[[], datetime]) -> None:
        self._hear = hear
        self._wall = wall
        self.error: Exception | None = None
        self._latest: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {}

    def forget(self) -> None:
        """Begin anew, with every device unknown, as a new discovery does. An error is not forgotten."""
        self._latest = {}

    def take(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        """Take one call of bleak's, which is not always an advertisement."""
        try:
            properties = advertisement.platform_data[1]
            if self._is_advertisement(device.address, advertisement, properties):
                self._hear(self._broadcast(device.address, advertisement, properties))
        except Exception as error:  # noqa: BLE001 - see `error`
            self.error = self.error or error

    def _broadcast(self, address: str, advertisement: AdvertisementData, properties: dict[str, Any]) -> Broadcast:
        return Broadcast(
            address=address.lower(),
            address_kind=address_kind_of(address, properties.get("AddressType", "")),
            rssi_dbm=usable_rssi(properties["RSSI"]),
            heard_at_seconds=self._wall().timestamp(),
            local_name=advertisement.local_name,
            manufacturer_data=advertisement.manufacturer_data,
            service_data=advertisement.service_data,
            service_uuids=tuple(advertisement.service_uuids),
            appearance=properties.get("Appearance"),
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
        if before is None and len(self._latest) >= _MOST_DEVICES:
            self._latest.clear()
        self._latest[address] = (connection, carried)
        if "RSSI" not in properties:
            return False
        return before is None or before[0] == connection or before[1] != carried


def sighting_of(broadcast: Broadcast) -> Sighting:
    """What of an advertisement counts for who is there."""
    return Sighting(
        radio=Radio.BLUETOOTH,
        address=broadcast.address,
        address_kind=broadcast.address_kind,
        rssi_dbm=broadcast.rssi_dbm,
        heard_at_seconds=broadcast.heard_at_seconds,
        company_id=next(iter(broadcast.manufacturer_data), None),
        family=family_of(broadcast),
    )


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
