"""The library's own tags: where they are, how they are heard, and that they say what such devices say."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from statistics import mean

import pytest

from presence.faults import FaultReason
from presence.radio import Radio
from presence.tags import MeasureKind, Watched
from scans.advertisements import Advertisements
from scans.broadcast import Broadcast
from scans.clock import machine_clock
from scans.continuous import ContinuousListener, Pace
from scans.discovery import Discovery
from scans.identities import identity_of
from scans.payloads.telling import measures_of
from scans.registry import Registry
from scans.registry_key import RegistryKey
from scans.simulated.ble_scanner import SimulatedCare, as_bleak_hands_over, simulated_scanner
from scans.simulated.outages import DEMONSTRATION_OUTAGES
from scans.simulated.site import SimulatedSite
from scans.simulated.spots import Spot
from scans.tag_ear import TagEar
from tests.scans.simulated.clocks import MONDAY, NOON, TIME_ZONE, wall_from

KEY = RegistryKey(None)
CASE = "projector case"
SPOTS = ("hall", "café", "stairs")


def watched(site: SimulatedSite) -> tuple[Watched, ...]:
    """The site's tags, numbered in their order."""
    return tuple(Watched(number, identity_of(tag.kind, tag.identity, KEY)) for number, tag in enumerate(site.tags()))


def broadcasts(site: SimulatedSite, from_at: datetime, seconds: float) -> list[tuple[str, Broadcast]]:
    """What is heard in a window, as bleak hands it over, each with the name of the device."""
    heard: list[Broadcast] = []
    advertisements = Advertisements(heard.append, lambda: from_at.astimezone(UTC))
    sent = list(site.advertisements(from_at, seconds))
    for one in sent:
        advertisements.take(*as_bleak_hands_over(site.seed, one, "hci0"))
    assert advertisements.error is None
    return [(one.gadget.name, broadcast) for one, broadcast in zip(sent, heard, strict=True)]


def strength(site: SimulatedSite, at: datetime) -> float | None:
    """The mean strength of the case in half a minute; None when it is not heard."""
    heard = [one.rssi_dbm for one in site.advertisements(at, 30) if one.gadget.name == CASE]
    return mean(heard) if heard else None


def test_each_tag_is_known_by_the_identity_that_its_owner_would_type(site: SimulatedSite) -> None:
    """The register finds the tags among all that is heard, and nothing else of it."""
    registry = Registry(KEY, watched(site))
    found = defaultdict(set)
    for name, broadcast in broadcasts(site, NOON, 120):
        found[registry.tags_of(broadcast)].add(name)
    names = [tag.device for tag in site.tags()]
    assert {(number,): {name} for number, name in enumerate(names)} == {tags: of for tags, of in found.items() if tags}
    assert len(found[()]) > 10


def test_the_sensors_tell_what_they_measure(site: SimulatedSite) -> None:
    """Temperature and battery are read out of what the two sensors send."""
    told: dict[str, dict[MeasureKind, float]] = {}
    for name, broadcast in broadcasts(site, NOON, 120):
        told[name] = {measure.kind: measure.value for measure in measures_of(broadcast)}
    assert told["cellar sensor"][MeasureKind.TEMPERATURE_CELSIUS] == pytest.approx(12.5)
    assert told["cellar sensor"][MeasureKind.BATTERY_PERCENT] == 93
    assert told["refrigerator sensor"][MeasureKind.TEMPERATURE_CELSIUS] == pytest.approx(5.3)
    assert told["refrigerator sensor"][MeasureKind.BATTERY_VOLTS] == pytest.approx(2.977)
    assert told[CASE] == {}


def test_the_tags_are_three_more_bluetooth_devices(site: SimulatedSite) -> None:
    """They have one address each, and are on no Wi-Fi."""
    names = {tag.device for tag in site.tags()}
    addresses = defaultdict(set)
    for hour in range(24):
        for sender in site.senders(Radio.BLUETOOTH, MONDAY + timedelta(hours=hour), 60):
            if sender.device in names:
                addresses[sender.device].add(sender.address)
    assert {name: len(of) for name, of in addresses.items()} == dict.fromkeys(names, 1)
    assert not names & {sender.device for sender in site.senders(Radio.WIFI, NOON, 600)}


def test_the_case_is_heard_best_at_the_spot_it_is_nearest_to() -> None:
    """All day, the spot that is nearest by the truth hears the case best, and over the day that is more than one."""
    sites = {name: SimulatedSite(1, TIME_ZONE, spot=name) for name in SPOTS}
    spots = {name: Spot(1, name) for name in SPOTS}
    nearest = []
    for number in range(8 * 3, 20 * 3):
        at = MONDAY + timedelta(minutes=20 * number + 5)
        position = sites["hall"].tag_position(CASE, at)
        if position is None:
            continue
        heard = {name: strength(site, at) or -126 for name, site in sites.items()}
        best = max(heard, key=lambda name: heard[name])
        distances = {name: spots[name].distance_to(position) for name in SPOTS}
        assert distances[best] - min(distances.values()) < 0.03  # 2 dB, which the mean of a few readings may be off
        nearest.append(best)
    assert len(set(nearest)) >= 2


def test_the_case_goes_on_every_twenty_minutes(site: SimulatedSite) -> None:
    """By day its position changes at every third of an hour, and in between it stays."""
    begin = MONDAY + timedelta(hours=8)
    positions = [site.tag_position(CASE, begin + timedelta(minutes=minute)) for minute in range(5 * 60)]
    changes = [minute for minute in range(1, 5 * 60) if positions[minute] != positions[minute - 1]]
    assert changes == list(range(20, 5 * 60, 20))


def test_the_case_is_out_of_the_house_for_an_hour_each_day(site: SimulatedSite) -> None:
    """From one to two nobody hears it, before and afterwards it is heard; at night it stands still."""
    for day in range(7):
        one = MONDAY + timedelta(days=day, hours=13)
        assert site.tag_position(CASE, one + timedelta(minutes=30)) is None
        assert all(strength(site, one + timedelta(minutes=minute)) is None for minute in range(0, 59, 6))
        assert strength(site, one - timedelta(minutes=2)) is not None
        assert strength(site, one + timedelta(minutes=62)) is not None
    assert {site.tag_position(CASE, MONDAY + timedelta(hours=hour)) for hour in (0, 3, 6, 21, 23)} == {0.0}


def test_the_ear_is_told_of_an_outage_within_seconds() -> None:
    """When the site's Bluetooth goes out while it is heard all the time, tags are not taken for gone."""
    site = SimulatedSite(1, TIME_ZONE, DEMONSTRATION_OUTAGES)
    wall = wall_from(datetime(2027, 3, 3, 15, 9, 56, tzinfo=TIME_ZONE))
    ear = TagEar("box", KEY, machine_clock(), measures_of)
    ear.watch(watched(site))
    discovery = Discovery(None, simulated_scanner(site, wall), SimulatedCare(site, wall), start_seconds=1)
    pace = Pace(tick=0.1, quiet=0.5)
    listener = ContinuousListener(discovery, wall, time.monotonic, ear, pace=pace)
    fault = listener.listen(30, lambda _: None)
    first, second = ear.report(), ear.report()
    recovery = None if fault is None else listener.recover(fault)
    listener.close()
    assert fault is not None
    assert fault.reason is FaultReason.HUNG
    assert recovery == "power-cycled the adapter"
    assert first.readings
    assert not first.is_listening
    assert not second.is_listening
