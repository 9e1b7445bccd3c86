from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from presence.faults import FaultReason
from presence.radio import Radio
from scans.sighting import Sighting
from scans.simulated.air import FrameKind
from scans.simulated.capture import PCAP_HEADER, captured_frames
from scans.simulated.site import SimulatedSite
from scans.wifi import read_capture
from tests.scans.simulated.clocks import MONDAY, NOON

_SECONDS = 1200

# IEEE 802.11-2020, table 9-1, as tshark prints type and subtype.
SUBTYPES = {
    FrameKind.ASSOCIATION_REQUEST: "0x0000",
    FrameKind.PROBE_REQUEST: "0x0004",
    FrameKind.AUTHENTICATION: "0x000b",
    FrameKind.DATA: "0x0028",
    FrameKind.NULL: "0x0024",
}


@pytest.fixture(scope="module")
def capture(site: SimulatedSite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty minutes of the site, as a capture file."""
    path = tmp_path_factory.mktemp("capture") / "site.pcap"
    with path.open("wb") as file:
        file.write(PCAP_HEADER)
        for frame in captured_frames(site, NOON, _SECONDS):
            file.write(frame.record())
    return path


def dissected(capture: Path, *arguments: str) -> list[list[str]]:
    """What the real tshark prints of a capture, line by line, field by field."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed (apt: tshark)")
    done = subprocess.run(["tshark", "-r", capture, *arguments], capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_tshark_finds_nothing_wrong_with_any_frame(capture: Path) -> None:
    """No frame is malformed to tshark, and none gives it cause for a warning."""
    frames = dissected(
        capture, "-Y", "_ws.malformed or _ws.expert.severity >= 0x600000", "-T", "fields", "-e", "_ws.col.Info"
    )
    assert frames == []


def test_tshark_reads_the_client_frames_that_were_sent(site: SimulatedSite, capture: Path) -> None:
    """Kind, sender, strength and sequence number of every client frame come out of tshark as they went in."""
    fields = ("wlan.fc.type_subtype", "wlan.ta", "radiotap.dbm_antsignal", "wlan.seq")
    arguments = [part for field in fields for part in ("-e", field)]
    access_points = "wlan.ta[0:3] == 24:5a:4c"
    got = Counter(map(tuple, dissected(capture, "-Y", f"not {access_points}", "-T", "fields", *arguments)))
    sent = Counter(
        (SUBTYPES[one.kind], one.sender, str(one.rssi_dbm), str(one.sequence))
        for one in site.client_frames(NOON, _SECONDS)
    )
    assert got == sent
    assert {kind for kind, *_ in got} == set(SUBTYPES.values())


def test_dissected_frames_are_the_sightings_of_history(site: SimulatedSite, capture: Path) -> None:
    """The capture, read as stored captures are, gives sighting for sighting what the direct road tells."""
    read: list[Sighting] = []
    fault = read_capture(capture, read.append)
    if fault is not None and fault.reason is FaultReason.TSHARK_MISSING:
        pytest.skip("tshark is not installed (apt: tshark)")
    assert fault is None
    told = list(site.sightings(Radio.WIFI, NOON, _SECONDS))
    assert Counter(read) == Counter(told)


def test_models_differ_in_what_they_say_of_themselves(site: SimulatedSite) -> None:
    """Each model has information elements of its own, so that fingerprints can tell models apart."""
    elements = {one.gadget.model: one.gadget.model.elements for one in site.client_frames(NOON, 7200)}
    assert len(set(elements.values())) == len(elements) > 8


def test_access_points_are_on_the_air_too(capture: Path) -> None:
    """Beacons, probe responses and data from the distribution system are captured beside what clients send."""
    kinds = Counter(
        line[0]
        for line in dissected(capture, "-Y", "wlan.ta[0:3] == 24:5a:4c", "-T", "fields", "-e", "wlan.fc.type_subtype")
    )
    assert set(kinds) == {"0x0008", "0x0005", "0x000b", "0x0001", "0x0028"}
    # Two access points, a beacon every 102.4 ms.
    assert kinds["0x0008"] == pytest.approx(2 * _SECONDS / 0.1024, rel=0.01)


def test_a_network_named_by_a_joker_is_asked_for(site: SimulatedSite, tmp_path: Path) -> None:
    """Within a week someone asks for a network whose name is HTML, a tab and an emoji, read as history tells it."""
    joke = next(
        one
        for day in range(7)
        for one in site.client_frames(MONDAY + timedelta(days=day, hours=11), 6 * 3600)
        if one.ssid is not None and "<script>" in one.ssid
    )
    assert joke.ssid == "<script>alert(1)</script>\t📶"
    at = datetime.fromtimestamp(joke.at, UTC)
    path = tmp_path / "joke.pcap"
    path.write_bytes(PCAP_HEADER + b"".join(frame.record() for frame in captured_frames(site, at, 10)))
    names = dissected(path, "-Y", "wlan.fc.type_subtype == 4", "-T", "fields", "-e", "wlan.ssid")
    assert [joke.ssid.encode().hex()] in names
    read: list[Sighting] = []
    assert read_capture(path, read.append) is None
    told = list(site.sightings(Radio.WIFI, at, 10))
    assert "<script>alert(1)</script>📶" in {one.ssid for one in told}
    assert Counter(read) == Counter(told)
