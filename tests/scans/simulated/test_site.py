from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from presence.faults import FaultReason
from presence.radio import Radio
from presence.scan import AddressKind
from scans.simulated.outages import DEMONSTRATION_OUTAGES
from scans.simulated.people import Role
from scans.simulated.site import SimulatedSite
from tests.scans.simulated.clocks import MONDAY, NOON, TIME_ZONE

NIGHT = MONDAY + timedelta(hours=2)
MINUTE = timedelta(minutes=1)

# What another process prints must be what is heard here.
_DIGEST_SCRIPT = """
import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo
from presence.radio import Radio
from scans.simulated.site import SimulatedSite
site = SimulatedSite(1, ZoneInfo("Europe/Prague"))
at = datetime.fromisoformat("2027-03-01T12:30:00+01:00")
heard = [(s.address, s.rssi_dbm, s.heard_at_seconds, s.ssid) for r in Radio for s in site.sightings(r, at, 60)]
print(hashlib.sha256(repr(heard).encode()).hexdigest())
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_restart_changes_nothing(site: SimulatedSite, hash_seed: str) -> None:
    """Another process hears the same at the same time, whatever its own hashes are seeded with."""
    printed = subprocess.run(
        [sys.executable, "-c", _DIGEST_SCRIPT],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    heard = [
        (one.address, one.rssi_dbm, one.heard_at_seconds, one.ssid)
        for radio in Radio
        for one in site.sightings(radio, NOON, 60)
    ]
    assert heard
    assert printed == hashlib.sha256(repr(heard).encode()).hexdigest()


@pytest.mark.parametrize("radio", Radio)
def test_windows_side_by_side_are_one_window(site: SimulatedSite, radio: Radio) -> None:
    """Nothing is lost or heard twice where one window ends and the next begins, wherever that is."""
    whole = list(site.sightings(radio, NOON, 60))
    parts = [
        sighting
        for from_second, seconds in ((0, 7.25), (7.25, 12.75), (20, 40))
        for sighting in site.sightings(radio, NOON + timedelta(seconds=from_second), seconds)
    ]
    assert sorted(whole, key=lambda one: one.heard_at_seconds) == whole
    assert parts == whole


@pytest.mark.parametrize("radio", Radio)
def test_midnight_is_a_time_like_any_other(site: SimulatedSite, radio: Radio) -> None:
    """Fixtures are heard across local midnight, where one day of the site ends and the next begins."""
    midnight = MONDAY + timedelta(days=1)
    heard = [one.heard_at_seconds for one in site.sightings(radio, midnight - 5 * MINUTE, 600)]
    assert min(heard) < midnight.timestamp() <= max(heard)


@pytest.mark.parametrize("radio", Radio)
def test_only_people_who_are_there_are_heard(site: SimulatedSite, radio: Radio) -> None:
    """Each device of a person that is heard in a window belongs to someone whose visit covers it, by the truth."""
    for from_at in (NOON, NOON + timedelta(hours=5), NIGHT):
        visits = site.visits(from_at, from_at + MINUTE)
        present = {
            device: visit.role
            for visit in visits
            for device in (visit.wifi_devices if radio is Radio.WIFI else visit.bluetooth_devices)
        }
        senders = site.senders(radio, from_at, 60)
        assert {one.address for one in senders} == {one.address for one in site.sightings(radio, from_at, 60)}
        for sender in senders:
            if sender.role is not Role.FIXTURE:
                assert present[sender.device] is sender.role


def test_the_truth_counts_the_people_in_the_place(site: SimulatedSite) -> None:
    """The number of people at a moment is the number of visitors and staff whose visit covers it."""
    for minute in range(0, 24 * 60, 47):
        at = MONDAY + minute * MINUTE
        there = [
            visit
            for visit in site.visits(at, at + timedelta(microseconds=1))
            if visit.arrived_at <= at < visit.left_at and visit.role is not Role.PASSER_BY
        ]
        assert site.people_at(at) == len(there)


def test_the_place_is_busy_by_day_and_empty_at_night(site: SimulatedSite) -> None:
    """Between ten and seven on a working day there are five to forty people, at two in the morning there is nobody."""
    for minute in range(10 * 60, 19 * 60, 10):
        assert 5 <= site.people_at(MONDAY + minute * MINUTE) <= 40
    assert site.people_at(NIGHT) == 0


def test_one_in_five_people_carries_nothing_that_can_be_heard(site: SimulatedSite) -> None:
    """The share of visitors with anything on the air is the default visible share, 0.8."""
    people = {
        visit.person: bool(visit.wifi_devices or visit.bluetooth_devices)
        for visit in site.visits(MONDAY, MONDAY + timedelta(days=7))
        if visit.role is Role.VISITOR
    }
    assert 0.76 < sum(people.values()) / len(people) < 0.84


@pytest.mark.parametrize(
    ("radio", "names"),
    [
        (Radio.WIFI, {"printer", "television"}),
        (
            Radio.BLUETOOTH,
            {"television", "thermometer", "beacon at the entrance", "beacon in the café", "beacon at the shelves"},
        ),
    ],
)
def test_fixtures_never_leave(site: SimulatedSite, radio: Radio, names: set[str]) -> None:
    """Printer, television, thermometer and beacons are heard in any ten minutes of the week, from one address each."""
    addresses = defaultdict(set)
    for block in range(0, 7 * 24 * 6, 5):
        heard = site.senders(radio, MONDAY + block * timedelta(minutes=10), 600)
        assert names <= {one.device for one in heard if one.role is Role.FIXTURE}
        for one in heard:
            addresses[one.device].add(one.address)
    assert all(len(addresses[name]) == 1 for name in names)


def test_desktop_computers_are_off_at_night(site: SimulatedSite) -> None:
    """They are heard while the place is open, and not at two in the morning."""
    assert any("desktop" in one.device for one in site.senders(Radio.WIFI, NOON, 60))
    assert not any("desktop" in one.device for one in site.senders(Radio.WIFI, NIGHT, 600))


def test_a_phone_that_looks_for_networks_has_a_new_address_for_each_scan(site: SimulatedSite) -> None:
    """Probe requests of one phone come from one randomised address within a scan, and from another in the next."""
    scans: dict[str, list[set[str]]] = defaultdict(list)
    for number in range(60):
        in_scan: dict[str, set[str]] = defaultdict(set)
        for frame in site.client_frames(NOON + number * MINUTE, 10):
            if frame.gadget.access_point is None and frame.gadget.model.randomises:
                in_scan[frame.gadget.name].add(frame.sender)
        for name, addresses in in_scan.items():
            scans[name].append(addresses)
    several = [of_phone for of_phone in scans.values() if len(of_phone) > 5]
    assert several
    for of_phone in several:
        assert all(len(addresses) == 1 for addresses in of_phone)
        assert len(set.union(*of_phone)) == len(of_phone)


def test_a_phone_that_only_looks_for_networks_is_heard_in_some_windows(site: SimulatedSite) -> None:
    """Such phones of visitors are heard in a fifth to six tenths of the 10 s windows of their stay."""
    windows = heard = 0
    for number in range(0, 600, 2):
        at = NOON - timedelta(hours=3) + number * MINUTE
        by_name = {frame.gadget.name for frame in site.client_frames(at, 10) if frame.gadget.access_point is None}
        for visit in site.visits(at, at + timedelta(seconds=10)):
            phones = [name for name in visit.wifi_devices if name.endswith("phone")]
            if visit.role is Role.VISITOR and visit.arrived_at <= at and visit.left_at >= at + timedelta(seconds=10):
                joined = {frame.gadget.name for frame in site.client_frames(at, 10)} - by_name
                windows += sum(name not in joined for name in phones)
                heard += sum(name in by_name for name in phones)
    assert 0.1 < heard / windows < 0.6


def test_private_bluetooth_addresses_change_about_every_quarter_of_an_hour(site: SimulatedSite) -> None:
    """A phone keeps a resolvable private address for 14 to 17 minutes, and never comes back to an old one."""
    first_heard: dict[str, dict[str, float]] = defaultdict(dict)
    for one in site.advertisements(NOON, 2 * 3600):
        if one.gadget.name.startswith("staff") and one.gadget.model.address_kind is AddressKind.RESOLVABLE:
            first_heard[one.gadget.name].setdefault(one.sender, one.at)
    assert first_heard
    for changes in first_heard.values():
        assert 7 <= len(changes) <= 10


@pytest.mark.parametrize("radio", Radio)
def test_addresses_are_what_their_kind_says(site: SimulatedSite, radio: Radio) -> None:
    """The bits of each address tell the kind that the sighting tells, and all kinds occur."""
    top_bits = {AddressKind.RANDOM_STATIC: 3, AddressKind.RESOLVABLE: 1, AddressKind.NON_RESOLVABLE: 0}
    kinds = set()
    for one in site.sightings(radio, NOON, 3600):
        kinds.add(one.address_kind)
        first = int(one.address[:2], 16)
        if radio is Radio.WIFI:
            assert first & 3 == (2 if one.address_kind is AddressKind.RANDOMISED else 0)
        elif one.address_kind is not AddressKind.GLOBAL:
            assert first >> 6 == top_bits[one.address_kind]
    expected = {AddressKind.GLOBAL, AddressKind.RANDOMISED} if radio is Radio.WIFI else {AddressKind.GLOBAL, *top_bits}
    assert kinds == expected


def test_passers_by_are_weak(site: SimulatedSite) -> None:
    """Someone in the street is heard far below the medium threshold of −75 dBm, most of the time."""
    street = [frame.rssi_dbm for frame in site.client_frames(NOON, 3 * 3600) if frame.role is Role.PASSER_BY]
    assert street
    assert sum(rssi < -75 for rssi in street) > 0.9 * len(street)


def test_a_joined_device_counts_its_frames_up(site: SimulatedSite) -> None:
    """The sequence numbers of a device that stays joined go up from frame to frame, modulo 4096."""
    numbers = [frame.sequence for frame in site.client_frames(NOON, 120) if frame.gadget.name == "television"]
    assert len(numbers) > 10
    for before, after in pairwise(numbers):
        assert 0 < (after - before) % 4096 < 200


def test_a_week_has_one_gap_of_25_minutes(site: SimulatedSite) -> None:
    """With the demonstration's outages, Bluetooth hangs for 25 minutes of a week and hears nothing; Wi-Fi goes on."""
    with_outage = SimulatedSite(site.seed, TIME_ZONE, DEMONSTRATION_OUTAGES)
    start = datetime(2027, 3, 1, tzinfo=UTC)
    minutes = [start + number * MINUTE for number in range(7 * 24 * 60)]
    out = [at for at in minutes if with_outage.fault(Radio.BLUETOOTH, at) is not None]
    assert len(out) == 25
    assert out[-1] - out[0] == 24 * MINUTE
    fault = with_outage.fault(Radio.BLUETOOTH, out[0])
    assert fault is not None
    assert fault.reason is FaultReason.HUNG
    assert not list(with_outage.sightings(Radio.BLUETOOTH, out[0], 10))
    assert list(with_outage.sightings(Radio.WIFI, out[0], 10)) == list(site.sightings(Radio.WIFI, out[0], 10))
    assert list(with_outage.sightings(Radio.BLUETOOTH, out[-1] + MINUTE, 10))


def test_no_repr_shows_an_address(site: SimulatedSite) -> None:
    """What truth, frames and devices print of themselves names no address."""
    frames = list(site.client_frames(NOON, 10))
    shown = repr([site.senders(Radio.WIFI, NOON, 10), frames, [frame.gadget for frame in frames]])
    assert all(frame.sender not in shown for frame in frames)
