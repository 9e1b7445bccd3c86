"""A broadcast: one Bluetooth advertisement with all that it says. Like a sighting, it never leaves this room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from presence.scan import AddressKind


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One advertisement, as heard. All in it but the signal strength and the time is what a stranger chose to send.

    BlueZ keeps what a device said before, so data of several kinds may come from several advertisements of it.

    Attributes:
        address: Who sent it: twelve hexadecimal digits in pairs, lower case, joined by colons.
        address_kind: What kind of address that is.
        rssi_dbm: Signal strength, −126 to −1; None when there was no reading.
        heard_at_seconds: When, in seconds since 1970 (UTC), by the clock of whoever heard it.
        local_name: What it calls itself; None when it does not.
        manufacturer_data: Data of makers, by company identifier (Bluetooth Assigned Numbers, section 7).
        service_data: Data of services, by 128-bit UUID as text in lower case.
        service_uuids: The services that it offers, written like those of the data.
        appearance: What it looks like (Bluetooth Assigned Numbers, section 2.6); None when it does not say.
    """

    address: str = field(repr=False)
    address_kind: AddressKind
    rssi_dbm: int | None
    heard_at_seconds: float
    local_name: str | None = field(default=None, repr=False)
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    service_data: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    service_uuids: tuple[str, ...] = ()
    appearance: int | None = None


class BroadcastEar(Protocol):
    """Takes all that a Bluetooth radio hears, and is told when that radio listens. Each must be quick."""

    def hear(self, broadcast: Broadcast) -> None:
        """Take an advertisement in."""
        ...

    def begin_listening(self) -> None:
        """From now on, what is sent is heard."""
        ...

    def end_listening(self, *, was_deaf: bool = False) -> None:
        """From now on, nothing is heard; harmless when nothing was before.

        Args:
            was_deaf: Whether the radio turned out to have failed, nobody knows since when.
        """
        ...


def uuid_of_short(short: int) -> str:
    """The 128-bit text of a 16-bit or 32-bit UUID: 0xFEAA is "0000feaa-0000-1000-8000-00805f9b34fb".

    Source: Bluetooth Core Specification 5.4, volume 3, part B, section 2.5.1.
    """
    return f"{short:08x}-0000-1000-8000-00805f9b34fb"
