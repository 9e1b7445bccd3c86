"""Advertising data: the bytes of an advertisement, as logs hold them, taken apart as BlueZ would."""

from __future__ import annotations

from collections.abc import Iterator

from presence.scan import AddressKind
from scans.broadcast import Broadcast, uuid_of_short

# Types of elements (Bluetooth Assigned Numbers, section 2.3). Services are listed by 2, 4 or 16 bytes each, and so are
# those that data are for; the company that data are of by 2.
_SERVICES = {0x02: 2, 0x03: 2, 0x04: 4, 0x05: 4, 0x06: 16, 0x07: 16}
_SERVICE_DATA = {0x16: 2, 0x20: 4, 0x21: 16}
_NAMES = (0x08, 0x09)
_APPEARANCE = 0x19
_MANUFACTURER_DATA = 0xFF


def broadcast_of(
    address: str, address_kind: AddressKind, rssi_dbm: int | None, heard_at_seconds: float, payload: bytes
) -> Broadcast:
    """An advertisement from what a log says of it; elements that are cut short are taken as far as they go."""
    name: str | None = None
    appearance: int | None = None
    makers: dict[int, bytes] = {}
    service_data: dict[str, bytes] = {}
    services: list[str] = []
    for kind, content in _elements(payload):
        if kind == _MANUFACTURER_DATA and len(content) >= 2:
            makers[int.from_bytes(content[:2], "little")] = content[2:]
        elif (size := _SERVICE_DATA.get(kind, 0)) and len(content) >= size:
            service_data[_uuid(content[:size])] = content[size:]
        elif size := _SERVICES.get(kind, 0):
            services += [_uuid(content[at : at + size]) for at in range(0, len(content) - size + 1, size)]
        elif kind in _NAMES:
            name = content.decode("utf-8", "replace")
        elif kind == _APPEARANCE and len(content) == 2:
            appearance = int.from_bytes(content, "little")
    return Broadcast(
        address, address_kind, rssi_dbm, heard_at_seconds, name, makers, service_data, tuple(services), appearance
    )


def _elements(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of each element: length, type and content (Core Specification 5.4, volume 3, part C, 11)."""
    at = 0
    while at + 1 < len(payload) and payload[at]:
        yield payload[at + 1], payload[at + 2 : at + 1 + payload[at]]
        at += 1 + payload[at]


def _uuid(little_endian: bytes) -> str:
    if len(little_endian) < 16:
        return uuid_of_short(int.from_bytes(little_endian, "little"))
    digits = little_endian[::-1].hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
