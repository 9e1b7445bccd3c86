"""What is sent to a fold in tests of counting: senders by a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from presence.radio import Radio
from presence.scan import AddressKind
from scans.folding import Fold
from scans.sighting import Sighting
from scans.traces import Sender

# Midnight, UTC.
NIGHT = datetime(2027, 3, 1, tzinfo=UTC)


def global_address(number: int) -> str:
    return f"00:80:77:00:{number >> 8:02x}:{number & 255:02x}"


def made_up_address(number: int) -> str:
    return f"02:80:77:00:{number >> 8:02x}:{number & 255:02x}"


def probe(
    address: str,
    at: float,
    fingerprint: int | None = 7,
    sequence: int | None = None,
    rssi_dbm: int | None = -50,
) -> Sighting:
    """A probe request, `at` seconds since 1970."""
    kind = AddressKind.RANDOMISED if int(address[1], 16) & 2 else AddressKind.GLOBAL
    return Sighting(
        Radio.WIFI, address, kind, rssi_dbm, at, is_probe_request=True, fingerprint=fingerprint, sequence=sequence
    )


def data(address: str, at: float) -> Sighting:
    """A frame to an access point."""
    kind = AddressKind.RANDOMISED if int(address[1], 16) & 2 else AddressKind.GLOBAL
    return Sighting(Radio.WIFI, address, kind, -50, at, access_point="00:1d:aa:0a:0b:0c")


def advertisement(address: str, at: float, kind: AddressKind) -> Sighting:
    return Sighting(Radio.BLUETOOTH, address, kind, -50, at)


def senders(started_at: datetime, sightings: Iterable[Sighting], radio: Radio = Radio.WIFI) -> Iterator[Sender]:
    """What a scan makes of sightings."""
    fold = Fold(radio)
    for one in sightings:
        fold.hear(one)
    return fold.senders(started_at)
