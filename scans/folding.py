"""Folding: sightings become one observation a device, as they arrive, so that memory follows devices and not frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from presence.faults import Fault
from presence.radio import Radio
from presence.scan import AddressKind, DeviceObservation
from presence.zones import Zoning
from scans.flood import MOST_ADDRESSES, flood_among
from scans.sighting import Sighting
from scans.traces import Glimpse, Sender
from scans.visitor_key import VisitorKey

# A phone asks for the few networks it would join; a device that asks for more is playing with us.
_MOST_SSIDS = 8

# What a phone sends at a time, on one channel after the other or again and again, lies closer together than this; it
# asks anew after ten seconds at the earliest.
_BURST_SECONDS = 1.0

Maker = Callable[[str, AddressKind, int | None], str | None]
"""Names the maker of a device, by address, kind of address and company identifier; None when none tells."""


@dataclass(frozen=True, slots=True)
class ObservationRules:
    """What is said of a device, beside what its frames say.

    Attributes:
        maker: Names its maker.
        zoning: Tells zones.
        keep_ssids: Whether the networks it asks for by name are kept.
    """

    maker: Maker
    zoning: Zoning
    keep_ssids: bool = True


class Fold:
    """The sightings of one radio during one scan.

    Args:
        radio: The radio.
        most: How many addresses are kept; frames of further ones are only counted.
    """

    def __init__(self, radio: Radio, most: int = MOST_ADDRESSES) -> None:
        self._radio = radio
        self._most = most
        self._turned_away = 0
        self._devices: dict[str, _Device] = {}
        self._access_points: set[str] = set()

    def hear(self, sighting: Sighting) -> None:
        """Take one sighting in."""
        device = self._devices.get(sighting.address)
        if device is None:
            if len(self._devices) >= self._most:
                self._turned_away += 1
                return
            device = self._devices[sighting.address] = _Device(sighting)
        device.take(sighting)
        if sighting.access_point is not None and len(self._access_points) < self._most:
            self._access_points.add(sighting.access_point)

    def observations(self, key: VisitorKey, rules: ObservationRules) -> tuple[DeviceObservation, ...]:
        """What was heard, one observation a device, in the order first heard, under hashed names.

        A device that others sent to as their access point is one, whatever else it sent, and is left out. The devices
        are listed in one step, so that a radio that hangs and still hands over a sighting does no harm.
        """
        return tuple(device.observation(self._radio, address, key, rules) for address, device in self._heard())

    def senders(self, started_at: datetime) -> Iterator[Sender]:
        """What was heard, for `scans.counting`: the same devices in the same order, under their addresses."""
        scan_at = started_at.timestamp()
        return (device.sender(address, scan_at) for address, device in self._heard())

    def flood(self) -> Fault | None:
        """Why nothing that was heard tells who is there: somebody broadcasts made-up devices. None otherwise."""
        return flood_among([device.sender(address, 0.0) for address, device in self._heard()], self._turned_away)

    def _heard(self) -> list[tuple[str, _Device]]:
        return [
            (address, device) for address, device in list(self._devices.items()) if address not in self._access_points
        ]


class _Device:
    """What is kept of a device during a scan; mean and deviation by Welford's method (1962), one reading at a time."""

    __slots__ = (
        "bursts",
        "company_id",
        "count",
        "family",
        "fingerprint",
        "first",
        "first_sequence",
        "is_joined",
        "kind",
        "last",
        "last_sending",
        "last_sequence",
        "mean",
        "readings",
        "sendings",
        "squares",
        "ssids",
    )

    def __init__(self, sighting: Sighting) -> None:
        self.kind = sighting.address_kind
        self.company_id = sighting.company_id
        self.ssids: list[str] = []
        self.count = 0
        self.first = self.last = sighting.heard_at_seconds
        self.readings = 0
        self.mean = 0.0
        self.squares = 0.0
        self.family = sighting.family
        self.is_joined = False
        self.sendings = 0
        self.bursts = 0
        self.last_sending = -math.inf
        self.fingerprint: int | None = None
        self.first_sequence: int | None = None
        self.last_sequence: int | None = None

    def take(self, sighting: Sighting) -> None:
        self.count += 1
        self.first = min(self.first, sighting.heard_at_seconds)
        self.last = max(self.last, sighting.heard_at_seconds)
        if sighting.rssi_dbm is not None:
            self.readings += 1
            off = sighting.rssi_dbm - self.mean
            self.mean += off / self.readings
            self.squares += off * (sighting.rssi_dbm - self.mean)
        if self.company_id is None:
            self.company_id = sighting.company_id
        if sighting.ssid and len(self.ssids) < _MOST_SSIDS and sighting.ssid not in self.ssids:
            self.ssids.append(sighting.ssid)
        if sighting.is_probe_request or sighting.radio is Radio.BLUETOOTH:
            self._take_sending(sighting)
        elif sighting.access_point is not None:
            self.is_joined = True

    def _take_sending(self, sighting: Sighting) -> None:
        self.sendings += 1
        if sighting.family is not None and (self.family is None or sighting.family.says_more_than(self.family)):
            self.family = sighting.family
        if sighting.heard_at_seconds - self.last_sending > _BURST_SECONDS:
            self.bursts += 1
        self.last_sending = sighting.heard_at_seconds
        if self.fingerprint is None:
            self.fingerprint = sighting.fingerprint
        if sighting.sequence is not None:
            self.last_sequence = sighting.sequence
            if self.first_sequence is None:
                self.first_sequence = sighting.sequence

    def observation(self, radio: Radio, address: str, key: VisitorKey, rules: ObservationRules) -> DeviceObservation:
        mean = self.mean if self.readings else None
        return DeviceObservation(
            device_hash=key.hash_of(radio, address),
            radio=radio,
            address_kind=self.kind,
            manufacturer=rules.maker(address, self.kind, self.company_id),
            ssids=tuple(self.ssids) if rules.keep_ssids else (),
            rssi_mean_dbm=mean,
            rssi_std_db=math.sqrt(self.squares / (self.readings - 1)) if self.readings > 1 else None,
            sighting_count=self.count,
            first_heard_at=datetime.fromtimestamp(self.first, UTC),
            last_heard_at=datetime.fromtimestamp(self.last, UTC),
            zone=rules.zoning.zone_of(mean),
        )

    def sender(self, address: str, scan_at: float) -> Sender:
        return Sender(
            address=address,
            address_kind=self.kind,
            is_joined=self.is_joined,
            company_id=self.company_id,
            family=self.family,
            glimpse=Glimpse(
                scan_at=scan_at,
                first_at=self.first,
                last_at=self.last,
                sendings=self.sendings,
                bursts=self.bursts,
                readings=self.readings,
                rssi_dbm=self.mean if self.readings else None,
                fingerprint=self.fingerprint,
                first_sequence=self.first_sequence,
                last_sequence=self.last_sequence,
            ),
        )
