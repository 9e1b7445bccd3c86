"""Beacons: what iBeacon, AltBeacon and Eddystone frames say of themselves. All of it is what strangers send."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from scans.broadcast import uuid_of_short

# Apple's company identifier (Bluetooth Assigned Numbers, section 7), and what its iBeacons begin with: type 02, then 21
# for as many bytes (Apple, "Proximity Beacon Specification", release R1, table 3).
APPLE = 0x004C
_IBEACON = b"\x02\x15"
_IBEACON_BYTES = 23

# AltBeacon protocol specification 1.0 (github.com/AltBeacon/spec): code BE AC, 20 bytes of identity, the strength at
# one metre, a byte for the maker; under any company identifier.
_ALTBEACON = b"\xbe\xac"
_ALTBEACON_ID_BYTES = 20
_ALTBEACON_BYTES = 24

# Eddystone (github.com/google/eddystone, protocol-specification.md): the first byte of its service's data is the type.
EDDYSTONE_SERVICE = uuid_of_short(0xFEAA)
_UID, _EID = 0x00, 0x30
_UID_ID_BYTES = 16
_UID_BYTES = 18  # two reserved bytes follow, which some beacons leave out
_EID_BYTES = 10


@dataclass(frozen=True, slots=True)
class IBeacon:
    """The identity in an iBeacon's frame."""

    uuid: UUID
    major: int
    minor: int


def ibeacon_in(company_id: int, data: bytes) -> IBeacon | None:
    """The iBeacon in a maker's data; None when there is none."""
    if company_id != APPLE or not data.startswith(_IBEACON) or len(data) < _IBEACON_BYTES:
        return None
    return IBeacon(UUID(bytes=data[2:18]), int.from_bytes(data[18:20]), int.from_bytes(data[20:22]))


def altbeacon_in(data: bytes) -> bytes | None:
    """The 20 bytes of an AltBeacon in a maker's data; None when there is none."""
    if not data.startswith(_ALTBEACON) or len(data) < _ALTBEACON_BYTES:
        return None
    return data[2 : 2 + _ALTBEACON_ID_BYTES]


def eddystone_uid_in(service: str, data: bytes) -> bytes | None:
    """The ten bytes of namespace and six of instance of an Eddystone UID in a service's data; None without one."""
    if service != EDDYSTONE_SERVICE or len(data) < _UID_BYTES or data[0] != _UID:
        return None
    return data[2 : 2 + _UID_ID_BYTES]


def eddystone_eid_in(service: str, data: bytes) -> bytes | None:
    """The eight bytes that an Eddystone EID goes by for the moment; None when there is none in a service's data."""
    if service != EDDYSTONE_SERVICE or len(data) < _EID_BYTES or data[0] != _EID:
        return None
    return data[2:_EID_BYTES]
