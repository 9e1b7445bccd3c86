"""A sighting: one frame or advertisement as heard. The only holder of a raw address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from presence.radio import Radio
from presence.scan import AddressKind
from scans.families import Family


@dataclass(frozen=True, slots=True)
class Sighting:
    """One frame or advertisement, as heard. It never leaves `scans/`, and its repr hides the addresses.

    Attributes:
        radio: The radio that heard it.
        address: Who sent it: twelve hexadecimal digits in pairs, lower case, joined by colons.
        address_kind: What kind of address that is.
        rssi_dbm: Signal strength, −126 to −1; None when there was no reading.
        heard_at_seconds: When, in seconds since 1970 (UTC), by the clock of whoever captured it.
        ssid: The network it asked for by name, decoded and bounded; None when it named none (Wi-Fi).
        access_point: The access point it was sent to, written like `address`; None when it was sent to none (Wi-Fi).
        company_id: The company identifier of its payload; None when there is none (Bluetooth).
        family: What kind of thing it is, as far as its payload tells (Bluetooth; None otherwise).
        is_probe_request: Whether it asks for networks (Wi-Fi).
        fingerprint: 64 bits that tell its information elements from others (`scans.fingerprints`); None when it has
            none to tell it by (probe requests).
        sequence: Its sequence number, 0 to 4095; None when there was none (probe requests).
    """

    radio: Radio
    address: str = field(repr=False)
    address_kind: AddressKind
    rssi_dbm: int | None
    heard_at_seconds: float
    ssid: str | None = None
    access_point: str | None = field(default=None, repr=False)
    company_id: int | None = None
    family: Family | None = None
    is_probe_request: bool = False
    fingerprint: int | None = field(default=None, repr=False)
    sequence: int | None = field(default=None, repr=False)


HearSighting = Callable[[Sighting], None]
"""Takes each sighting as it is heard; must be quick."""


def usable_rssi(rssi_dbm: int | None) -> int | None:
    """A reading as it can be used: 0, above 0, −127 and below are what drivers say for "no reading"."""
    return rssi_dbm if rssi_dbm is not None and -127 < rssi_dbm < 0 else None
