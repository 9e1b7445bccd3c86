"""Advertisements for tests, and those of real products that were recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from presence.scan import AddressKind
from scans.broadcast import Broadcast, uuid_of_short

# Beside the checkout where it is prepared; not part of this project.
VECTORS = Path(__file__).resolve().parents[4] / "shared" / "data" / "ble" / "hci_vectors.json"

_NAMES = {0x08, 0x09}
_SERVICE_DATA = 0x16
_MANUFACTURER_DATA = 0xFF


def broadcast(
    *,
    makers: dict[int, bytes] | None = None,
    services: dict[int, bytes] | None = None,
    name: str | None = None,
    address: str = "c4:7c:8d:6a:3e:7a",
) -> Broadcast:
    """One advertisement; services by their 16-bit identifiers."""
    return Broadcast(
        address=address,
        address_kind=AddressKind.GLOBAL,
        rssi_dbm=-60,
        heard_at_seconds=0.0,
        local_name=name,
        manufacturer_data=makers or {},
        service_data={uuid_of_short(number): data for number, data in (services or {}).items()},
    )


def recorded() -> list[tuple[str, Broadcast]]:
    """Each recorded advertisement with its product's name, as BlueZ would hand it over."""
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    return [(vector["product"], of_event(bytes.fromhex(vector["hci_event_hex"]))) for vector in vectors]


def of_event(event: bytes) -> Broadcast:
    """The advertisement in an HCI event: an LE advertising report, or an extended one.

    Source: Bluetooth Core Specification 5.4, volume 4, part E, sections 7.7.65.2 and 7.7.65.13.
    """
    at = 13 if event[3] == 0x02 else 28
    makers: dict[int, bytes] = {}
    services: dict[int, bytes] = {}
    name = None
    for kind, content in _structures(event[at + 1 : at + 1 + event[at]]):
        number = int.from_bytes(content[:2], "little")
        if kind == _MANUFACTURER_DATA:
            makers[number] = content[2:]
        elif kind == _SERVICE_DATA:
            services[number] = content[2:]
        elif kind in _NAMES:
            name = content.decode("utf-8", "replace")
    return broadcast(makers=makers, services=services, name=name)


def _structures(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 1 < len(data) and data[at]:
        yield data[at + 1], data[at + 2 : at + 1 + data[at]]
        at += 1 + data[at]
