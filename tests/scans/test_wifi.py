"""Wi-Fi: which frames are of people, what is taken from them, and what becomes of captures that are not right."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from presence.scan import AddressKind
from scans.sighting import Sighting
from scans.tshark import Tshark
from scans.wifi import read_capture
from tests.scans.captures import (
    ACCESS_POINT,
    ACKNOWLEDGEMENT,
    ASSOCIATION_REQUEST,
    ASSOCIATION_RESPONSE,
    AUTHENTICATION,
    BEACON,
    BEGIN,
    DATA,
    ETHERNET_LINK_TYPE,
    EVERYONE,
    FROM_DS,
    NOBODY,
    NULL,
    PHONE,
    PRINTER,
    PRIVATE_PHONE,
    PROBE_REQUEST,
    PROBE_RESPONSE,
    REASSOCIATION_REQUEST,
    TO_DS,
    beacon,
    frame,
    named,
    pcap,
    pcapng,
    probe_request,
    radiotap,
    upward_data,
    written,
)

SHARED = Path(__file__).parents[3] / "shared" / "data"
HOSTILE = sorted((SHARED / "hostile").glob("*.pcap")) or [SHARED / "hostile"]

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (apt: tshark)")


def heard_in(folder: Path, *frames: bytes) -> list[Sighting]:
    """What is heard in a capture of these frames, which is read without a fault."""
    heard: list[Sighting] = []
    assert read_capture(written(folder, pcap(frames)), heard.append) is None
    return heard


def read(path: Path) -> tuple[list[Sighting], Fault | None]:
    heard: list[Sighting] = []
    fault = read_capture(path, heard.append)
    return heard, fault


def hear_nothing(sighting: Sighting) -> None:
    raise AssertionError(sighting)


def ssid_heard(folder: Path, ssid: bytes) -> str | None:
    [sighting] = heard_in(folder, probe_request(ssid=ssid))
    return sighting.ssid


def test_a_probe_request_is_a_sighting(tmp_path: Path) -> None:
    """Sender, kind of address, strength, time and the network asked for come out as they were sent."""
    [sighting] = heard_in(tmp_path, probe_request(PHONE, b"Library", rssi_dbm=-61))
    assert sighting == Sighting(
        Radio.WIFI,
        PHONE,
        AddressKind.GLOBAL,
        -61,
        BEGIN,
        "Library",
        is_probe_request=True,
        fingerprint=sighting.fingerprint,
        sequence=0,
    )


@pytest.mark.parametrize(
    ("kind", "flags", "body"),
    [
        (ASSOCIATION_REQUEST, 0, b"\x31\x04\x0a\x00" + named(b"Library")),
        (REASSOCIATION_REQUEST, 0, b"\x31\x04\x0a\x00" + bytes(6) + named(b"Library")),
        (AUTHENTICATION, 0, b"\x00\x00\x01\x00\x00\x00"),
        (DATA, TO_DS | 0x40, bytes(40)),
        (NULL, TO_DS, b""),
    ],
    ids=["association", "reassociation", "authentication", "data", "null"],
)
def test_what_a_client_sends_to_an_access_point_is_a_sighting(
    tmp_path: Path, kind: int, flags: int, body: bytes
) -> None:
    """Requests to join and data on their way up are of the client, and name the access point they are sent to."""
    [sighting] = heard_in(tmp_path, frame(kind, PHONE, ACCESS_POINT, ACCESS_POINT, flags=flags, body=body))
    assert (sighting.address, sighting.access_point) == (PHONE, ACCESS_POINT)


def test_data_names_the_access_point_and_not_the_target(tmp_path: Path) -> None:
    """Data for a printer behind the access point makes neither of them a person."""
    [sighting] = heard_in(tmp_path, upward_data(PHONE, ACCESS_POINT, PRINTER))
    assert (sighting.address, sighting.access_point) == (PHONE, ACCESS_POINT)


@pytest.mark.parametrize(
    "sent",
    [
        beacon(),
        frame(BEACON, PHONE, EVERYONE, "02:1d:aa:0a:0b:0c", body=bytes(12) + named(b"Library")),
        frame(PROBE_RESPONSE, ACCESS_POINT, PHONE, ACCESS_POINT, body=bytes(12) + named(b"Library")),
        frame(ASSOCIATION_RESPONSE, ACCESS_POINT, PHONE, ACCESS_POINT, body=b"\x31\x04\x00\x00\x01\xc0"),
        frame(AUTHENTICATION, ACCESS_POINT, PHONE, ACCESS_POINT, body=b"\x00\x00\x02\x00\x00\x00"),
        frame(DATA, ACCESS_POINT, PHONE, PRINTER, flags=FROM_DS | 0x40, body=bytes(40)),
        frame(DATA, ACCESS_POINT, ACCESS_POINT, PHONE, flags=TO_DS | FROM_DS | 0x40, body=bytes(40)),
        frame(DATA, PHONE, PRINTER, ACCESS_POINT, body=bytes(40)),
        radiotap(-50) + bytes((ACKNOWLEDGEMENT, 0, 0, 0)) + bytes.fromhex(PHONE.replace(":", "")),
        probe_request("01:00:5e:00:00:fb"),
        probe_request(EVERYONE),
        probe_request(NOBODY),
        probe_request(tap=radiotap(-50, has_bad_checksum=True)),
    ],
    ids=[
        "beacon",
        "beacon of a network without access point",
        "probe response",
        "association response",
        "authentication of the access point",
        "data downward",
        "data between access points",
        "data between clients",
        "acknowledgement",
        "sent by a group",
        "sent by everyone",
        "sent by nobody",
        "damaged on its way",
    ],
)
def test_what_is_not_of_a_client_is_nobody(tmp_path: Path, sent: bytes) -> None:
    """Access points, groups, empty addresses and damaged frames are not people."""
    assert [sighting.rssi_dbm for sighting in heard_in(tmp_path, probe_request(rssi_dbm=-77), sent)] == [-77]


@pytest.mark.parametrize(
    ("address", "kind"),
    [(PHONE, AddressKind.GLOBAL), (PRIVATE_PHONE, AddressKind.RANDOMISED)],
    ids=["global", "randomised"],
)
def test_the_local_bit_tells_a_randomised_address(tmp_path: Path, address: str, kind: AddressKind) -> None:
    """An address whose locally administered bit is set is randomised, whatever its first three bytes belong to."""
    [sighting] = heard_in(tmp_path, probe_request(address))
    assert sighting.address_kind is kind


@pytest.mark.parametrize("rssi_dbm", [None, 0, 5, -127, -128])
def test_what_is_no_reading_is_none(tmp_path: Path, rssi_dbm: int | None) -> None:
    """A strength of 0, above 0, −127 and below, or none at all, is no reading; the device was there all the same."""
    [sighting] = heard_in(tmp_path, probe_request(rssi_dbm=rssi_dbm))
    assert sighting.rssi_dbm is None


def test_the_first_of_several_strengths_counts(tmp_path: Path) -> None:
    """An adapter with two antennas puts the strength of the whole first, and that is taken."""
    [sighting] = heard_in(tmp_path, probe_request(tap=radiotap(-44, second_antenna_dbm=-71)))
    assert sighting.rssi_dbm == -44


@pytest.mark.parametrize(
    ("ssid", "kept"),
    [
        (b"", None),
        (bytes(8), None),
        ("Café ☕".encode(), "Café ☕"),
        (b"deadbeef", "deadbeef"),
        (b"<b>&\"'</b>", "<b>&\"'</b>"),
        (b"a\tb\nc\x00d\x1b[2J", "abcd[2J"),
        ("图书馆".encode("gb2312"), "ͼ���"),
        ("right \u202e to left".encode(), "right  to left"),
        (b"Printer 3C-22-FB-01-02-03", "Printer (address)"),
    ],
    ids=[
        "any network",
        "zeros",
        "UTF-8",
        "looks like hex",
        "HTML",
        "control characters",
        "another coding",
        "bidi",
        "an address in it",
    ],
)
def test_a_network_name_is_decoded_with_care(tmp_path: Path, ssid: bytes, kept: str | None) -> None:
    """Names are bytes from strangers: no control characters, no invalid text, and an empty one is none."""
    assert ssid_heard(tmp_path, ssid) == kept


def test_a_network_name_is_bounded(tmp_path: Path) -> None:
    """A name that claims more than the 32 bytes of the standard is cut there."""
    assert ssid_heard(tmp_path, b"n" * 255) == "n" * 32


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("make", [pcap, pcapng], ids=["pcap", "pcapng"])
def test_pcap_and_pcapng_are_read_gzipped_or_not(
    tmp_path: Path, make: Callable[[list[bytes]], bytes], zipped: bool
) -> None:
    """All four kinds of file give the same sightings, in the order of the file."""
    content = make([probe_request(PHONE), probe_request(PRIVATE_PHONE)])
    path = written(tmp_path, gzip.compress(content) if zipped else content, "heard")
    heard, fault = read(path)
    assert fault is None
    assert [(each.address, each.heard_at_seconds) for each in heard] == [(PHONE, BEGIN), (PRIVATE_PHONE, BEGIN + 0.1)]


def test_what_comes_before_a_cut_is_kept(tmp_path: Path) -> None:
    """A capture that ends in the middle of a frame gives the frames before, and says that it was cut short."""
    path = written(tmp_path, pcap([probe_request()] * 3)[:-10])
    heard, fault = read(path)
    assert len(heard) == 2
    assert fault == Fault(FaultReason.UNREADABLE_CAPTURE, "It was cut short; what comes before that was read.")


def test_a_cut_gzip_is_noticed(tmp_path: Path) -> None:
    """A gzipped capture whose end is missing is not taken for a whole one."""
    frames = [probe_request(ssid=os.urandom(16)) for _ in range(2000)]
    path = written(tmp_path, gzip.compress(pcap(frames))[:-2000], "heard.pcap.gz")
    heard, fault = read(path)
    assert 0 < len(heard) < 2000
    assert fault is not None
    assert fault.reason is FaultReason.UNREADABLE_CAPTURE


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "It is empty."),
        (pcap([]), "It holds no frames."),
        (b"hello, I am a letter\n" * 50, "It is no capture that can be read (pcap or pcapng)."),
        (
            pcap([bytes(60)], link_type=ETHERNET_LINK_TYPE),
            "It holds no Wi-Fi frames. It must be captured in monitor mode.",
        ),
    ],
    ids=["empty", "header only", "a letter", "Ethernet"],
)
def test_what_is_no_wifi_capture_is_said_to_be_none(tmp_path: Path, content: bytes, says: str) -> None:
    """What is empty, of another kind, or from another network gets a sentence of its own."""
    assert read(written(tmp_path, content)) == ([], Fault(FaultReason.UNREADABLE_CAPTURE, says))


def test_a_capture_with_nobody_in_it_is_no_fault(tmp_path: Path) -> None:
    """A capture of beacons alone was read well: nobody was there."""
    assert heard_in(tmp_path, beacon(), beacon()) == []


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """A path without a file, and one that is a folder, are answered with what is wrong with it."""
    assert read(tmp_path / "none.pcap")[1] == Fault(
        FaultReason.UNREADABLE_CAPTURE, "It cannot be opened: No such file or directory."
    )
    assert read(tmp_path)[1] == Fault(FaultReason.UNREADABLE_CAPTURE, "It cannot be opened: Is a directory.")


@pytest.mark.parametrize(
    "name", ["-", "-D", "--help", "a b.pcap", "übung.pcap", "100%s.pcap", "a:b.pcap", "line\nbreak"]
)
def test_a_name_of_a_file_is_never_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whatever a capture is called, it is read as a file."""
    written(tmp_path, pcap([probe_request()]), name)
    monkeypatch.chdir(tmp_path)
    heard, fault = read(Path(name))
    assert (len(heard), fault) == (1, None)


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.name)
def test_hostile_captures_are_survived(path: Path) -> None:
    """Captures that have crashed or fooled other programmes are read to their end, or said to be unreadable."""
    if not path.exists():
        pytest.skip("the hostile captures are not there")
    heard, fault = read(path)
    assert fault is None or fault.reason is FaultReason.UNREADABLE_CAPTURE
    assert all(sighting.ssid is None or len(sighting.ssid) <= 32 for sighting in heard)


def test_a_real_capture_is_read() -> None:
    """A day in a teaching lab gives probe requests of both kinds of address, with strengths and times of that day."""
    path = SHARED / "brno" / "2023-02-28.pcap.gz"
    if not path.exists():
        pytest.skip("the captures of Brno are not there")
    heard, fault = read(path)
    assert fault is None
    assert len(heard) > 5_000
    assert {sighting.address_kind for sighting in heard} == {AddressKind.GLOBAL, AddressKind.RANDOMISED}
    assert all(sighting.rssi_dbm is not None and -100 < sighting.rssi_dbm < 0 for sighting in heard)
    assert all(1_677_542_400 <= sighting.heard_at_seconds < 1_677_628_800 for sighting in heard)


def test_no_tshark_is_said(tmp_path: Path) -> None:
    """Without tshark a capture cannot be read, and the fault says why."""
    path = written(tmp_path, pcap([probe_request()]))
    fault = read_capture(path, hear_nothing, Tshark(tmp_path / "nothing"))
    assert fault == Fault(FaultReason.TSHARK_MISSING)


RATES = bytes((1, 4, 2, 4, 11, 22))
HT = bytes((45, 26, 0x2D, 0x40, 0x17, 0xFF)) + bytes(22)
HE = bytes((255, 22, 35)) + bytes.fromhex("0178c81a4000 00bfce0000000000000000 faff faff")
EXTENDED = bytes((127, 8)) + bytes.fromhex("0400088400000040")
MAKERS_OWN = bytes((221, 7)) + bytes.fromhex("0050f2 08 002300")


def fingerprints_of(folder: Path, *bodies: bytes) -> list[int | None]:
    """The fingerprints of probe requests with these elements."""
    frames = [frame(PROBE_REQUEST, PRIVATE_PHONE, EVERYONE, EVERYONE, body=body) for body in bodies]
    return [sighting.fingerprint for sighting in heard_in(folder, *frames)]


def test_name_and_channel_are_not_of_a_fingerprint(tmp_path: Path) -> None:
    """Whatever network is asked for, on whatever channel, in whatever place: a phone has one fingerprint."""
    rest = RATES + EXTENDED + HE + MAKERS_OWN
    bodies = (
        named(b"") + rest,
        named(b"Library") + rest,
        rest + named(b"Caf\xc3\xa9"),
        named(b"") + rest + bytes((3, 1, 11)),
        named(b"") + bytes((3, 1, 6)) + rest,
    )
    [fingerprint] = set(fingerprints_of(tmp_path, *bodies))
    assert fingerprint is not None
    assert 0 <= fingerprint < 2**64


def test_what_follows_a_makers_type_is_not_of_a_fingerprint(tmp_path: Path) -> None:
    """A maker's own element counts by OUI and type, since its contents and their length may change."""
    longer = bytes((221, 8)) + bytes.fromhex("0050f2 08 11223344")
    assert len(set(fingerprints_of(tmp_path, RATES + MAKERS_OWN, RATES + longer))) == 1


@pytest.mark.parametrize(
    "other",
    [
        RATES + HT + EXTENDED + HE,
        RATES[:-1] + b"\x6c" + HT + EXTENDED + HE + MAKERS_OWN,
        RATES + HT[:2] + b"\x6e" + HT[3:] + EXTENDED + HE + MAKERS_OWN,
        RATES + HT + EXTENDED[:-1] + b"\x41" + HE + MAKERS_OWN,
        RATES + HT + EXTENDED + HE[:4] + b"\x79" + HE[5:] + MAKERS_OWN,
        RATES + HT + EXTENDED + HE + MAKERS_OWN[:5] + b"\x04" + MAKERS_OWN[6:],
        RATES + HT + EXTENDED + HE + MAKERS_OWN[:3] + b"\x51" + MAKERS_OWN[4:],
        HT + RATES + EXTENDED + HE + MAKERS_OWN,
    ],
    ids=["without", "rate", "HT", "extended capabilities", "HE", "maker's type", "maker", "order"],
)
def test_what_a_model_says_differs(tmp_path: Path, other: bytes) -> None:
    """An element more or less, another order and other contents make another fingerprint."""
    whole, changed = fingerprints_of(tmp_path, RATES + HT + EXTENDED + HE + MAKERS_OWN, other)
    assert None not in {whole, changed}
    assert whole != changed


def test_only_probe_requests_tell_models(tmp_path: Path) -> None:
    """Frames to an access point have neither a fingerprint nor a sequence number."""
    joins = frame(ASSOCIATION_REQUEST, PHONE, ACCESS_POINT, ACCESS_POINT, body=b"\x31\x04\x0a\x00" + RATES)
    for sighting in heard_in(tmp_path, joins, upward_data()):
        assert (sighting.is_probe_request, sighting.fingerprint, sighting.sequence) == (False, None, None)


def test_a_name_alone_is_no_fingerprint(tmp_path: Path) -> None:
    """A probe request that says nothing but a name and a channel has no fingerprint."""
    assert fingerprints_of(tmp_path, named(b"Library") + bytes((3, 1, 6)), b"") == [None, None]


def test_a_sequence_number_is_read(tmp_path: Path) -> None:
    """The sequence number stands above four bits of fragment number."""
    sent = bytearray(frame(PROBE_REQUEST, PHONE, EVERYONE, EVERYONE, body=named(b"") + RATES))
    at = len(radiotap(-50)) + 22
    sent[at : at + 2] = (4095 << 4).to_bytes(2, "little")
    [sighting] = heard_in(tmp_path, bytes(sent))
    assert sighting.sequence == 4095


def test_of_several_names_the_first_counts(tmp_path: Path) -> None:
    """A frame that names two networks asks for the first."""
    body = named(b"Library") + named(b"Elsewhere") + RATES
    [sighting] = heard_in(tmp_path, frame(PROBE_REQUEST, PHONE, EVERYONE, EVERYONE, body=body))
    assert sighting.ssid == "Library"


@pytest.mark.parametrize(
    "body",
    [
        bytes((1, 0)) * 1_000,
        bytes((221, 4, 0, 80, 242, 8)) * 300,
        bytes((255, 0)) * 500,
        bytes((255, 255, 35)) + bytes(20),
        bytes((45, 2, 1, 1)) * 100,
        bytes((127, 255)) + bytes(255),
        bytes((221, 1, 0)),
        bytes((1,)),
        bytes(range(256)) * 8,
    ],
    ids=["rates", "makers", "extensions", "cut off", "short HT", "long", "no OUI", "no length", "anything"],
)
def test_hostile_elements_are_heard_and_no_more(tmp_path: Path, body: bytes) -> None:
    """Whatever stands in the place of elements, the frame is a sighting with or without a fingerprint."""
    [sighting] = heard_in(tmp_path, frame(PROBE_REQUEST, PHONE, EVERYONE, EVERYONE, body=body))
    assert sighting.fingerprint is None or 0 <= sighting.fingerprint < 2**64


def test_fingerprint_and_number_stay_out_of_sight(tmp_path: Path) -> None:
    """What tells a model is not shown by a sighting, as its address is not."""
    [sighting] = heard_in(tmp_path, probe_request(PHONE))
    assert sighting.fingerprint is not None
    assert str(sighting.fingerprint) not in repr(sighting)
    assert "sequence" not in repr(sighting)
