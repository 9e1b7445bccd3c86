"""Families: what kind of thing advertises, as far as its payload tells, so that phones are told from things.

Sources: Bluetooth SIG, Assigned Numbers, sections 2.6 (appearance), 3.4 and 3.10 (services), 7 (companies); Apple's
messages after Celosia and Cunche, "Discontinued Privacy", PETS 2020, and github.com/furiousMAC/continuity; Microsoft's
[MS-CDP], section 2.2.2.2.2 (the beacon) and "Swift Pair" for makers of peripherals; Google's "Fast Pair" and
"Exposure Notification, Bluetooth Specification v1.2".
"""

from __future__ import annotations

from enum import StrEnum

from presence.scan import AddressKind
from scans.beacons import APPLE, EDDYSTONE_SERVICE, altbeacon_in
from scans.broadcast import Broadcast, uuid_of_short
from scans.payloads.telling import measures_of


class Family(StrEnum):
    """What kind of thing it is. The earlier one says more: a device that was heard as two of them is the earlier."""

    BEACON = "beacon"
    SENSOR = "sensor"
    SCREEN = "television, loudspeaker or printer"
    TRACKER = "tracker"
    APPLE_AUDIO = "Apple's earphones"
    AUDIO = "earphones"
    WEARABLE = "watch or band"
    INPUT = "keyboard, mouse or pen"
    APPLE = "Apple's phone, tablet, computer or watch"
    SAMSUNG = "Samsung's phone or tablet"
    COMPUTER = "computer"
    PHONE = "phone of another maker"
    GOOGLE = "Google's services on a phone"
    EXPOSURE = "exposure notification"
    FIND_MY = "Apple's device or tag that waits to be found"
    OTHER = "nothing known"

    def says_more_than(self, other: Family) -> bool:
        """Whether this is the better answer for a device that was heard as both."""
        return RANKS[self] < RANKS[other]


# How little each says: the least is the best answer.
RANKS = {family: rank for rank, family in enumerate(Family)}

# What stands for a person: phones, tablets and computers. Watches and earphones are carried too, but beside a phone of
# the same person, which is mostly heard itself: counting them would count their owner twice. Trackers and what waits to
# be found hang on bicycles and lie in lost bags as often as in a pocket.
_CARRIED = frozenset({Family.APPLE, Family.SAMSUNG, Family.COMPUTER, Family.PHONE, Family.GOOGLE, Family.EXPOSURE})

# Addresses that change, every quarter of an hour or so (Bluetooth Core 5.4, volume 3, part C, section 10.7).
ROTATING = frozenset({AddressKind.RESOLVABLE, AddressKind.NON_RESOLVABLE})


def is_carried(family: Family, kind: AddressKind) -> bool:
    """Whether it stands for the person who carries it. What tells nothing does, if its address changes."""
    return family in _CARRIED or (family is Family.OTHER and kind is AddressKind.RESOLVABLE)


def family_of(broadcast: Broadcast) -> Family:
    """What kind of thing sent an advertisement. Whatever bytes a stranger sends, this answers."""
    family = _by_payload(broadcast) or _by_services(broadcast) or _by_looks(broadcast)
    if family is not None:
        return family
    return Family.SENSOR if _tells_figures(broadcast) else Family.OTHER


def _by_payload(broadcast: Broadcast) -> Family | None:
    """By what was written for others to read; a maker's name alone says less, and comes last."""
    for company, data in broadcast.manufacturer_data.items():
        if (read := _BY_COMPANY.get(company)) is not None:
            return read(data)
        if altbeacon_in(data) is not None:
            return Family.BEACON
    for service, data in broadcast.service_data.items():
        if (family := _by_service_data(service, data)) is not None:
            return family
    for company in broadcast.manufacturer_data:
        if company in _OF_COMPANY:
            return _OF_COMPANY[company]
    return None


def _by_services(broadcast: Broadcast) -> Family | None:
    for service in broadcast.service_uuids:
        if service in _BY_UUID:
            return _BY_UUID[service]
    return None


def _by_looks(broadcast: Broadcast) -> Family | None:
    if (broadcast.local_name or "").startswith("[TV]"):  # as Samsung's televisions call themselves
        return Family.SCREEN
    return None if broadcast.appearance is None else _BY_APPEARANCE.get(broadcast.appearance >> 6)


def _tells_figures(broadcast: Broadcast) -> bool:
    """Whether it tells a temperature or the like; without data of makers or services there is none to look for."""
    return bool(broadcast.manufacturer_data or broadcast.service_data) and bool(measures_of(broadcast))


_IBEACON = 0x02
_APPLE_BY_TYPE = {
    _IBEACON: Family.BEACON,
    0x03: Family.SCREEN,  # AirPrint
    0x06: Family.SENSOR,  # HomeKit
    0x07: Family.APPLE_AUDIO,  # proximity pairing
    0x09: Family.SCREEN,  # AirPlay target
    0x12: Family.FIND_MY,
}
# A television sends that it is one beside what phones send too: these types decide wherever they stand.
_DECIDE = (0x03, 0x06, 0x07, 0x09)


def _apple(data: bytes) -> Family:
    """By the types of Apple's messages, each followed by its length: nearby info, handoff and many more are phones'."""
    first = None
    at = 0
    while at + 1 < len(data):
        kind = data[at]
        if kind in _DECIDE:
            return _APPLE_BY_TYPE[kind]
        first = kind if first is None else first
        at += 2 + data[at + 1]
    return Family.APPLE if first is None else _APPLE_BY_TYPE.get(first, Family.APPLE)


_CDP_BEACON, _SWIFT_PAIR = 0x01, 0x03


def _microsoft(data: bytes) -> Family:
    """By the scenario: the beacon of a computer, or Swift Pair of what wants to be paired with one."""
    return Family.INPUT if data[:1] == bytes((_SWIFT_PAIR,)) else Family.COMPUTER


def _samsung(data: bytes) -> Family:
    """Televisions say 42 04; phones, tablets and watches 42 09 and others (seen; Samsung publishes nothing)."""
    return Family.SCREEN if data.startswith(b"\x42\x04") else Family.SAMSUNG


_MICROSOFT, _SAMSUNG = 0x0006, 0x0075
_BY_COMPANY = {APPLE: _apple, _MICROSOFT: _microsoft, _SAMSUNG: _samsung}
_OF_COMPANY = {
    0x0057: Family.AUDIO,  # Harman: JBL, AKG
    0x0067: Family.AUDIO,  # GN: Jabra
    0x006B: Family.WEARABLE,  # Polar
    0x0087: Family.WEARABLE,  # Garmin
    0x009E: Family.AUDIO,  # Bose
    0x00C4: Family.SCREEN,  # LG
    0x00CC: Family.AUDIO,  # Beats
    0x00E0: Family.GOOGLE,
    0x0103: Family.AUDIO,  # Bang & Olufsen
    0x012D: Family.AUDIO,  # Sony
    0x0157: Family.WEARABLE,  # Huami: Amazfit, Mi Band
    0x0494: Family.AUDIO,  # Sennheiser
    0x05A7: Family.SCREEN,  # Sonos
}


# Google's network of finders borrowed Eddystone's service ("Find Hub Network Accessory Specification"): frame types.
_FIND_HUB = (0x40, 0x41)


def _by_service_data(service: str, data: bytes) -> Family | None:
    if service == EDDYSTONE_SERVICE:
        return Family.TRACKER if data[:1] and data[0] in _FIND_HUB else Family.BEACON
    return _BY_UUID.get(service)


_SERVICES = {
    Family.GOOGLE: (0xFEF3, 0xFE9F, 0xFCF1, 0xFD87, 0xFDF0),  # Nearby, Quick Share and others of Google's
    Family.EXPOSURE: (0xFD6F,),
    Family.SAMSUNG: (0xFD69,),  # a phone that waits to be found
    Family.AUDIO: (0xFE2C, 0xFEBE, 0xFDD2, 0x184E, 0x1853, 0x1854, 0x1855),  # Fast Pair, Bose, LE Audio
    Family.WEARABLE: (0x180D, 0x1814, 0x1816, 0x1818, 0xFEE0, 0xFEE1, 0xFD62),  # sports, Huami, Fitbit
    Family.TRACKER: (0xFEED, 0xFEEC, 0xFD84, 0xFD5A, 0xFE33, 0xFE65, 0xFCB2),  # Tile, Samsung, Chipolo, and unwanted
    Family.BEACON: (0xFEAA, 0xFE9A),  # Eddystone, Estimote
    Family.SENSOR: (
        0xFCD2,
        0xFE95,
        0xFDCD,
        0xFD3D,
        0x181A,
        0x181B,
        0x181D,
        0x1809,
    ),  # BTHome, Xiaomi, SwitchBot, scales
    Family.SCREEN: (0xFEA0, 0xFE78, 0xFDF7),  # Google Cast, HP's printers
    Family.INPUT: (0x1812,),  # human interface devices
}
_BY_UUID = {uuid_of_short(short): family for family, shorts in _SERVICES.items() for short in shorts}

# The upper ten bits of an appearance are its category.
_BY_APPEARANCE = {
    0x001: Family.PHONE,
    0x002: Family.COMPUTER,
    0x003: Family.WEARABLE,
    0x005: Family.SCREEN,
    0x008: Family.TRACKER,
    0x009: Family.TRACKER,
    0x00A: Family.SCREEN,
    0x00C: Family.SENSOR,
    0x00D: Family.WEARABLE,
    0x00F: Family.INPUT,
    0x011: Family.WEARABLE,
    0x012: Family.WEARABLE,
    0x015: Family.SENSOR,
    0x021: Family.SCREEN,
    0x022: Family.SCREEN,
    0x025: Family.AUDIO,
    0x029: Family.AUDIO,
}
