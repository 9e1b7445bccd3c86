"""Advertisements for tests, and a registry key that lives in memory."""

from __future__ import annotations

from collections.abc import Mapping

from presence.scan import AddressKind
from presence.tags import IdentityKind, Watched
from scans.broadcast import Broadcast, uuid_of_short
from scans.identities import identity_of
from scans.registry_key import RegistryKey

AT = 1_800_000_000.0
ADDRESS = "c4:7c:8d:6a:12:34"
BTHOME = uuid_of_short(0xFCD2)
EDDYSTONE = uuid_of_short(0xFEAA)
IBEACON = bytes.fromhex("0215e2c56db5dffb48d2b060d0f5a71096e000010004c5")
IBEACON_TEXT = "e2c56db5-dffb-48d2-b060-d0f5a71096e0, 1, 4"
ALTBEACON_ID = "2f234454cf6d4a0fadf2f4911ba9ffa600010002"
ALTBEACON = bytes.fromhex(f"beac{ALTBEACON_ID}c500")
UID = "8b0ca750095477cb3e77000000000001"
UID_FRAME = bytes.fromhex(f"00ee{UID}0000")


def a_broadcast(
    address: str = ADDRESS,
    kind: AddressKind = AddressKind.GLOBAL,
    *,
    rssi_dbm: int | None = -70,
    at: float = AT,
    name: str | None = None,
    maker: Mapping[int, bytes] | None = None,
    service: Mapping[str, bytes] | None = None,
) -> Broadcast:
    """An advertisement of a device."""
    return Broadcast(address, kind, rssi_dbm, at, name, maker or {}, service or {})


def watched(key: RegistryKey, *identities: tuple[int, IdentityKind, str]) -> tuple[Watched, ...]:
    """Tags by their numbers, each with an identity as it is typed."""
    return tuple(Watched(tag_id, identity_of(kind, text, key)) for tag_id, kind, text in identities)
