from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from presence.radio import Radio
from scans.bluetooth import BluetoothListener
from scans.discovery import Discovery
from scans.sighting import Sighting
from scans.simulated.ble_scanner import as_bleak_hands_over, simulated_scanner
from scans.simulated.outages import DEMONSTRATION_OUTAGES
from scans.simulated.site import SimulatedSite
from tests.scans.simulated.clocks import NOON, TIME_ZONE, wall_from


def told(sighting: Sighting) -> tuple[object, ...]:
    """What a sighting tells, but for its time."""
    return (sighting.address, sighting.address_kind, sighting.rssi_dbm, sighting.company_id, sighting.family)


def test_a_live_scan_hears_what_history_tells(site: SimulatedSite) -> None:
    """The Bluetooth listener on the simulated scanner hears what the direct road tells, not before it was sent."""
    heard: list[Sighting] = []
    wall = wall_from(NOON)
    listener = BluetoothListener(Discovery(None, simulated_scanner(site, wall)), wall)
    assert listener.listen(2.0, heard.append) is None
    sent = list(site.sightings(Radio.BLUETOOTH, NOON, 30.0))
    # The scan begins some milliseconds after the clock was set; what it misses is at the beginning.
    missed = [told(one) for one in sent].index(told(heard[0]))
    expected = sent[missed : missed + len(heard)]
    assert [told(one) for one in heard] == [told(one) for one in expected]
    assert all(live.heard_at_seconds >= direct.heard_at_seconds for live, direct in zip(heard, expected, strict=True))


def test_a_scan_can_follow_a_scan(site: SimulatedSite) -> None:
    """A listener hears the site again in its next scan."""
    wall = wall_from(NOON)
    listener = BluetoothListener(Discovery(None, simulated_scanner(site, wall)), wall)
    for _ in range(2):
        heard: list[Sighting] = []
        assert listener.listen(2.0, heard.append) is None  # somebody sends in any two seconds of noon
        assert heard


def test_an_outage_hangs_the_scanner() -> None:
    """While the site's Bluetooth is out a start is never answered, which the listener tells as a fault."""
    site = SimulatedSite(1, TIME_ZONE, DEMONSTRATION_OUTAGES)
    heard: list[BLEDevice] = []

    async def scan() -> None:
        in_the_outage = datetime(2027, 3, 3, 15, 20, tzinfo=TIME_ZONE)
        scanner = simulated_scanner(site, wall_from(in_the_outage))(lambda device, _: heard.append(device), None)
        await asyncio.wait_for(scanner.start(), 0.2)

    with pytest.raises(TimeoutError):
        asyncio.run(scan())
    assert not heard


def test_a_stopped_scanner_is_silent(site: SimulatedSite) -> None:
    """After its stop a scanner hands nothing over any more; a stop without a start does nothing."""
    heard: list[BLEDevice] = []

    async def scan() -> int:
        first = asyncio.Event()

        def take(device: BLEDevice, advertisement: AdvertisementData) -> None:
            del advertisement
            heard.append(device)
            first.set()

        scanner = simulated_scanner(site, wall_from(NOON))(take, None)
        await scanner.stop()
        await scanner.start()
        await first.wait()
        await scanner.stop()
        count = len(heard)
        await asyncio.sleep(0.5)
        return count

    assert asyncio.run(asyncio.wait_for(scan(), 30)) == len(heard)


def test_payloads_are_those_of_such_devices(site: SimulatedSite) -> None:
    """Frames of iBeacon and Eddystone have their fixed headers, an address keeps its payload, and all fit 31 bytes."""
    payloads: dict[str, set[tuple[bytes, ...]]] = {}
    seen = set()
    for one in site.advertisements(NOON.astimezone(UTC), 600):
        device, heard = as_bleak_hands_over(site.seed, one, "hci0")
        assert device.address == one.sender.upper()
        carried = (*heard.manufacturer_data.values(), *heard.service_data.values())
        payloads.setdefault(device.address, set()).add(carried)
        seen.add(one.gadget.name)
        # Length, type, and company or service identifier stand before each of them (Core Supplement 11).
        assert all(4 + len(payload) <= 31 for payload in carried)
        if one.gadget.name == "beacon at the entrance":
            assert heard.manufacturer_data[0x004C][:2] == bytes.fromhex("0215")
            assert len(heard.manufacturer_data[0x004C]) == 23
        if one.gadget.name == "beacon at the shelves":
            (frame,) = heard.service_data.values()
            assert frame[0] == 0
            assert len(frame) == 20
    assert {"beacon at the entrance", "beacon at the shelves"} <= seen
    assert all(len(of_address) == 1 for of_address in payloads.values())
