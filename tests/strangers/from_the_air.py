"""What comes from the air: each function takes any bytes, and raises when what comes of them is not lawful."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from presence.radio import Radio
from presence.scan import AddressKind, Heard
from presence.tags import IdentityKind, TagError, Watched
from presence.zones import ZoneThresholds
from scans.advertisement_log import logged_sighting
from scans.advertisements import Advertisements, sighting_of
from scans.advertising_data import broadcast_of
from scans.broadcast import Broadcast, uuid_of_short
from scans.client_frames import FIELDS, ClientFrames
from scans.clock import Clock
from scans.counting import Window, rules_of
from scans.families import Family, family_of
from scans.folding import Fold, ObservationRules
from scans.identities import identity_of
from scans.payloads.figures import is_plausible
from scans.payloads.telling import measures_of
from scans.registry_key import RegistryKey
from scans.sensor import Moment, hearing_of
from scans.sighting import Sighting
from scans.tag_ear import TagEar
from scans.visitor_key import VisitorKey
from tests.scans.broadcasts import ADDRESS, ALTBEACON_ID, IBEACON_TEXT, UID, watched
from tests.strangers.drawing import Drawing

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)

_KEY = VisitorKey(1, bytes(32), "0" * 16)
_RULES = ObservationRules(lambda *_: None, ZoneThresholds())
_FIELD_NAMES = FIELDS[7::2]
_LIKELY: dict[str, tuple[bytes, ...]] = {
    "frame.time_epoch": (b"1795003200.5", b"2026-11-18T12:00:00.000000000Z", b"-1", b"nan", b"inf", b"1e308"),
    "wlan.fc.type_subtype": (b"0x0004", b"4", b"0x0000", b"11", b"40", b"0x0028", b"2"),
    "wlan.fc.ds": (b"0x01", b"0", b"1", b"0x03"),
    "wlan.ta": (b"da:a1:19:04:05:06", b"3c:22:fb:01:02:03", b"00:00:00:00:00:00", b"ff:ff:ff:ff:ff:ff"),
    "wlan.bssid": (b"00:1d:aa:0a:0b:0c", b"ff:ff:ff:ff:ff:ff", b"00:1d:aa:0a:0b:0c,00:1d:aa:0a:0b:0d"),
    "radiotap.dbm_antsignal": (b"-50", b"-50,-52,-60", b"0", b"127", b"-128"),
    "wlan.ssid": (b"4c696272617279", b"<MISSING>", b"e280ae3c623e", b"c3"),
    "wlan.seq": (b"0", b"4095", b"99999"),
    "wlan.tag.number": (b"0,1,50,3,45,127,221,255", b"0x0,0x1"),
    "wlan.tag.length": (b"7,8,4,1,26,8,7,5",),
}
_ADDRESS = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")


def lines_of_tshark(data: bytes) -> None:
    """What tshark prints of frames, likely or not."""
    drawing = Drawing(data)
    lines: list[bytes] = []
    while not drawing.is_over and len(lines) < 16:
        values = [_field(drawing, name) for name in _FIELD_NAMES]
        lines.append(b"\t".join(values) if drawing.number(15) else drawing.bytes_up_to(200))
    heard: list[Sighting] = []
    ClientFrames(heard.append, frozenset({"3c:22:fb:01:02:03"})).take(lines)
    for sighting in heard:
        check_sighting(sighting)
    check_scan(heard, Radio.WIFI)


def _field(drawing: Drawing, name: str) -> bytes:
    if drawing.number(3) and name in _LIKELY:
        return drawing.one_of(_LIKELY[name])
    return drawing.bytes_up_to(40).replace(b"\t", b" ").replace(b"\n", b" ")


def check_sighting(sighting: Sighting) -> None:
    """What every sighting is, whoever sent what was heard."""
    assert sighting.rssi_dbm is None or -127 < sighting.rssi_dbm < 0
    assert sighting.ssid is None or is_shown_as_it_is(sighting.ssid, 32), sighting.ssid
    assert 0 <= sighting.heard_at_seconds < 4_102_444_800
    assert sighting.fingerprint is None or 0 <= sighting.fingerprint < 1 << 64
    assert sighting.address not in repr(sighting)
    assert sighting.address_kind in AddressKind


def is_shown_as_it_is(text: str, most: int) -> bool:
    """Whether a name has nothing in it that turns text, hides or ends a line."""
    return 0 < len(text) <= most and text.isprintable()


def check_scan(heard: list[Sighting], radio: Radio) -> None:
    """That a scan of these sightings is made and counted."""
    fold = Fold(radio)
    for sighting in heard:
        fold.hear(sighting)
    hearing = hearing_of(fold, None, Moment(AT, _KEY, _RULES), Window(rules_of(radio), bytes(32)))
    assert isinstance(hearing, Heard)
    assert not any(sighting.address in repr(hearing) for sighting in heard)
    for one in hearing.observations:
        assert re.fullmatch("[0-9a-f]{64}", one.device_hash)
        assert one.first_heard_at <= one.last_heard_at
        assert one.rssi_std_db is None or one.rssi_std_db >= 0


def advertising_data(data: bytes) -> None:
    """The bytes of an advertisement, from any kind of address."""
    drawing = Drawing(data)
    kind = drawing.one_of(list(AddressKind))
    broadcast = broadcast_of(drawn_address(drawing), kind, -60 + drawing.number(40), AT.timestamp(), drawing.some(255))
    check_broadcast(broadcast)


def drawn_address(drawing: Drawing) -> str:
    """An address of anybody, or the one that a tag is registered by."""
    return drawing.some(6).ljust(6, b"\0").hex(":") if drawing.number(3) else ADDRESS


_COMPANIES = (0x004C, 0x0006, 0x0075, 0x00E0, 0x0499, 0x0001, 0x0969, 0xEC88, 0x0059, 0x09C8, 0x089A, 0x037B, 0xFFFF)
_SERVICES = (0xFEAA, 0xFCD2, 0xFE95, 0x181A, 0x181C, 0xFDCD, 0xFD3D, 0xFEF3, 0xFD6F, 0xFE2C, 0x1809, 0x180F)


def what_bleak_hands_over(data: bytes) -> None:
    """Names, services and data of makers as BlueZ has them, with likely owners."""
    drawing = Drawing(data)
    address, name = drawn_address(drawing).upper(), drawing.text_up_to(248)
    makers = {
        drawing.one_of(_COMPANIES) if drawing.number(3) else drawing.number(0xFFFF): _told(drawing)
        for _ in range(drawing.number(3))
    }
    services = {_service(drawing): _told(drawing) for _ in range(drawing.number(3))}
    offered = [_service(drawing) for _ in range(drawing.number(3))]
    properties: dict[str, object] = {"AddressType": drawing.one_of(("public", "random", ""))}
    if drawing.number(7):
        properties["RSSI"] = drawing.number(0xFFFF) - 0x8000
    if drawing.number(1):
        properties["Appearance"] = drawing.number(0xFFFF)
    heard: list[Broadcast] = []
    taken = Advertisements(heard.append, lambda: AT)
    advertised = AdvertisementData(name, makers, services, offered, None, -60, ("/device", properties))
    taken.take(BLEDevice(address, name, {}), advertised)
    if taken.error is not None:
        raise taken.error
    for broadcast in heard:
        check_broadcast(broadcast)


# What data begin with that somebody reads: beacons, types of Apple's, BTHome, MiBeacon, Ruuvi, Eddystone.
_BEGINNINGS = (
    "0215",
    "beac",
    "0719",
    "0910",
    "1005",
    "1219",
    "40",
    "41",
    "44",
    "3058",
    "5020",
    "05",
    "03",
    "00",
    "20",
    "30",
)


def _told(drawing: Drawing) -> bytes:
    """Data of a maker or a service, of any length: too short, too long, or right."""
    return (bytes.fromhex(drawing.one_of(_BEGINNINGS)) if drawing.number(1) else b"") + drawing.bytes_up_to(40)


def _service(drawing: Drawing) -> str:
    return uuid_of_short(drawing.one_of(_SERVICES) if drawing.number(3) else drawing.number(0xFFFFFFFF))


def check_broadcast(broadcast: Broadcast) -> None:
    """What is made of an advertisement: a family, figures, tags, what is near, and a scan."""
    assert broadcast.address not in repr(broadcast)
    assert family_of(broadcast) in Family
    for measure in measures_of(broadcast):
        assert is_plausible(measure.kind, measure.value), measure
    ear = _ear()
    ear.hear(broadcast)
    for near in ear.nearby():
        assert broadcast.address not in repr(near)
        assert all(character.isprintable() for character in near.says), near.says
        assert len(near.says) < 300
        _identify(ear, near.token)
    ear.report()
    check_scan([sighting_of(broadcast)], Radio.BLUETOOTH)


def _identify(ear: TagEar, token: str) -> None:
    for kind in IdentityKind:
        try:
            ear.identify(token, kind)
        except TagError:
            continue  # it has none of that kind


_CLOCK = Clock(lambda: AT, lambda: 0.0, lambda: True)


@cache
def registry_key() -> RegistryKey:
    """The one of all that is tried."""
    return RegistryKey(None)


@cache
def _ear() -> TagEar:
    """One for all that is tried: to unseal what tags are registered by takes a millisecond."""
    ear = TagEar("box", registry_key(), _CLOCK, measures_of)
    ear.watch(_watched())
    ear.begin_listening()
    return ear


@cache
def _watched() -> tuple[Watched, ...]:
    key = registry_key()
    by_text = (
        (IdentityKind.ADDRESS, ADDRESS),
        (IdentityKind.IBEACON, IBEACON_TEXT),
        (IdentityKind.ALTBEACON, ALTBEACON_ID),
        (IdentityKind.EDDYSTONE_UID, UID),
        (IdentityKind.NAME, "Tag"),
        (IdentityKind.IRK, "00" * 16),
        (IdentityKind.SERVICE_DATA, "fcd2: 40"),
        (IdentityKind.MANUFACTURER_DATA, "0499: 05"),
    )
    return watched(key, *((number, kind, text) for number, (kind, text) in enumerate(by_text, 1)))


def rows_of_a_log(data: bytes) -> None:
    """A row of a log of advertisements, which somebody else wrote."""
    drawing = Drawing(data)
    row: dict[str | None, str | None] = {
        "time": drawing.one_of(("1795003200", "2026-11-18 12:00", "1e400", "nan", drawing.text_up_to(30))),
        "address": drawing.one_of(("DA:A1:19:04:05:06", drawing.text_up_to(20))),
        "address type": drawing.one_of(("public", "random", drawing.text_up_to(8))),
        "rssi": drawing.one_of(("-60", "1e400", "", drawing.text_up_to(8))),
        "payload": drawing.some(62).hex() if drawing.number(3) else drawing.text_up_to(40),
    }
    sighting = logged_sighting(row)
    if sighting is not None:
        assert _ADDRESS.fullmatch(sighting.address)
        check_scan([sighting], Radio.BLUETOOTH)


def identities_as_typed(data: bytes) -> None:
    """What somebody types to register a tag, in a form or a table."""
    drawing = Drawing(data)
    kind, text = drawing.one_of(list(IdentityKind)), drawing.text_up_to(300)
    try:
        record = identity_of(kind, text, registry_key())
    except TagError:
        return  # refused, with its reason
    assert record.kind is kind
    assert len(record.label) <= 300
    assert record.label.isprintable()
