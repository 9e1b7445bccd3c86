from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest
from bleak import BleakScanner
from bleak.backends.scanner import AdvertisementData

from presence.faults import FaultReason, advice_for
from presence.radio import Radio
from presence.scan import Heard, Unheard
from presence.zones import ZoneThresholds
from scans.counting import new_windows
from scans.discovery import bleak_scanner
from scans.flood import MOST_ADDRESSES_A_SECOND, most_addresses
from scans.folding import Fold, ObservationRules
from scans.sensor import Moment, hearing_of
from scans.sighting import Sighting
from scans.visitor_key import VisitorKey
from scans.wifi import read_capture
from tests.scans.captures import pcap
from tests.scans.floods import fair, in_seconds, made_up_probe_requests, made_up_sightings

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
RULES = ObservationRules(lambda *_: None, ZoneThresholds())


def hearing(radio: Radio, *sightings: list[Sighting], seconds: float = 10.0) -> Heard | Unheard:
    fold = Fold(radio, most_addresses(seconds))
    for sighting in chain(*sightings):
        fold.hear(sighting)
    return hearing_of(fold, None, Moment(AT, VisitorKey(1, bytes(32), "0" * 16), RULES), new_windows()[radio])


def reason_of(heard: Heard | Unheard) -> FaultReason | None:
    return heard.fault.reason if isinstance(heard, Unheard) else None


@pytest.mark.parametrize("radio", list(Radio))
def test_more_addresses_than_a_crowd_could_get_across_are_a_flood(radio: Radio) -> None:
    """Nothing is told of that scan, and the owner is told why in plain words."""
    flood = made_up_sightings(random.Random(1), radio, 10 * MOST_ADDRESSES_A_SECOND + 1, AT.timestamp())
    told = hearing(radio, flood)
    assert reason_of(told) is FaultReason.FLOODED
    assert "broadcasting made-up devices" in advice_for(radio, FaultReason.FLOODED)


def test_a_flood_is_kept_within_bounds() -> None:
    """However many addresses come, so many are remembered; what comes from those goes on to count."""
    fold = Fold(Radio.WIFI, most_addresses(0.2))
    flood = made_up_sightings(random.Random(1), Radio.WIFI, 1000, AT.timestamp())
    for sighting in (*flood, *flood):
        fold.hear(sighting)
    senders = list(fold.senders(AT))
    assert len(senders) == MOST_ADDRESSES_A_SECOND / 5
    assert {sender.glimpse.sendings for sender in senders} == {2}


@pytest.mark.parametrize("radio", list(Radio))
def test_a_single_transmitter_is_told_from_a_crowd(radio: Radio) -> None:
    """A thousand addresses, each heard once, as strong as each other and of no usual models, are one transmitter's."""
    at = AT.timestamp()
    flood = made_up_sightings(random.Random(1), radio, 1000, at)
    assert reason_of(hearing(radio, flood)) is FaultReason.FLOODED
    visitors = fair(random.Random(2), radio, 150, at, reach_metres=15)
    assert reason_of(hearing(radio, flood, visitors)) is FaultReason.FLOODED


@pytest.mark.parametrize("radio", list(Radio))
@pytest.mark.parametrize("reach_metres", [10, 30, 60, 150])
@pytest.mark.parametrize("people", [600, 2000, 4500])
def test_a_fair_is_no_flood(radio: Radio, people: int, reach_metres: float) -> None:
    """Thousands of phones near and far, all under new addresses and many heard once, are all counted."""
    heard = hearing(radio, fair(random.Random(people), radio, people, AT.timestamp(), reach_metres=reach_metres))
    assert isinstance(heard, Heard)
    assert len(heard.observations) > people / 5


def test_a_flood_leaves_what_is_remembered_of_the_last_minutes_alone() -> None:
    """The scan after it counts with those before it, as if the radio had not been heard in between."""
    window = new_windows()[Radio.WIFI]
    key = VisitorKey(1, bytes(32), "0" * 16)
    counted = []
    for minute, count in enumerate((20, 6000, 20)):
        at = AT.replace(minute=minute)
        fold = Fold(Radio.WIFI, most_addresses(10))
        for sighting in made_up_sightings(random.Random(7), Radio.WIFI, count, at.timestamp()):
            fold.hear(sighting)
        told = hearing_of(fold, None, Moment(at, key, RULES), window)
        counted.append(told.counts.window.addresses[0] if isinstance(told, Heard) and told.counts else None)
    assert counted == [20, None, 20]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (apt: tshark)")
def test_a_flood_of_probe_requests_is_recognised_through_tshark(tmp_path: Path) -> None:
    """Frames at 10,000 a second with random senders and elements are read, and known for what they are."""
    frames = in_seconds(made_up_probe_requests(random.Random(1), 8000), 10_000, pcap(()))
    capture = tmp_path / "flood.pcap"
    capture.write_bytes(b"".join(frames))
    fold = Fold(Radio.WIFI, most_addresses(10))
    assert read_capture(capture, fold.hear) is None
    flood = fold.flood()
    assert flood is not None
    assert flood.reason is FaultReason.FLOODED


def test_bleak_remembers_no_more_devices_than_it_is_given_room_for() -> None:
    """A discovery that lasts for months, or a flood, does not fill the memory with devices that are gone."""
    heard: list[str] = []
    scanner = bleak_scanner(lambda device, _: heard.append(device.address), None)
    assert isinstance(scanner, BleakScanner)
    backend = scanner._backend  # noqa: SLF001 - what bleak itself does at each advertisement
    for number in range(10_000):
        address = f"{number:012x}"
        advertised = AdvertisementData(None, {}, {}, [], None, -60, ())
        device = backend.create_or_update_device(address, address, None, {}, advertised)
        backend.call_detection_callbacks(device, advertised)
    assert len(heard) == 10_000
    assert len(backend.seen_devices) <= 4096
