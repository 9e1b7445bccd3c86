"""Families: what kind of thing advertises."""

from __future__ import annotations

import pytest

from presence.scan import AddressKind
from scans.families import Family, family_of, is_carried
from tests.scans.payloads.advertised import VECTORS, broadcast, recorded

IBEACON = bytes.fromhex("0215e2c56db5dffb48d2b060d0f5a71096e000010004c5")


@pytest.mark.parametrize(
    ("payload", "family"),
    [
        ("1006331d8fa1b238", Family.APPLE),
        ("0c0e00aabbccddeeff00112233445566", Family.APPLE),
        ("0719010e2055f98f010005" + "00" * 16, Family.APPLE_AUDIO),
        ("12020003", Family.FIND_MY),
        ("1219" + "00" * 25, Family.FIND_MY),
        (IBEACON.hex(), Family.BEACON),
        ("0906030212c0a80001", Family.SCREEN),
        ("10051b1c334455" + "0906030212c0a80001", Family.SCREEN),
        ("", Family.APPLE),
        ("10", Family.APPLE),
        ("10ff00", Family.APPLE),
    ],
)
def test_apple_s_messages_tell_what_sends_them(payload: str, family: Family) -> None:
    """A phone is told from earphones, beacons, televisions and what waits to be found, wherever the message stands."""
    assert family_of(broadcast(makers={0x004C: bytes.fromhex(payload)})) is family


@pytest.mark.parametrize(
    ("service", "family"),
    [
        (0xFEF3, Family.GOOGLE),
        (0xFD6F, Family.EXPOSURE),
        (0xFE2C, Family.AUDIO),
        (0xFD5A, Family.TRACKER),
        (0xFEAA, Family.BEACON),
        (0xFCD2, Family.SENSOR),
        (0x180D, Family.WEARABLE),
    ],
)
def test_services_tell_what_offers_them(service: int, family: Family) -> None:
    """The data of a service tell whose it is."""
    assert family_of(broadcast(services={service: b"\x00\x01\x02"})) is family


def test_computers_are_told_from_what_is_paired_with_them() -> None:
    """Microsoft's beacon of a computer is told from the mouse that asks to be paired."""
    assert family_of(broadcast(makers={0x0006: bytes.fromhex("01092022" + "00" * 23)})) is Family.COMPUTER
    assert family_of(broadcast(makers={0x0006: bytes.fromhex("030080")})) is Family.INPUT


def test_real_things_do_not_stand_for_people() -> None:
    """Of 287 recorded advertisements of products, only nearby info of an Apple computer stands for somebody."""
    if not VECTORS.exists():
        pytest.skip("the recorded advertisements are not on this machine")
    carried = {product for product, heard in recorded() if is_carried(family_of(heard), heard.address_kind)}
    assert carried == {"ibeacon_parser"}  # whose owner recorded it beside the beacon


def test_watches_and_earphones_do_not_count_their_owner_twice() -> None:
    """Who wears one carries a phone, which is counted."""
    assert not is_carried(Family.WEARABLE, AddressKind.RANDOM_STATIC)
    assert not is_carried(Family.APPLE_AUDIO, AddressKind.RESOLVABLE)
    assert is_carried(Family.APPLE, AddressKind.RESOLVABLE)


def test_a_nameless_address_that_rotates_stands_for_somebody() -> None:
    """What tells nothing is taken for a phone if its address can be resolved by its friends alone."""
    assert is_carried(Family.OTHER, AddressKind.RESOLVABLE)
    assert not is_carried(Family.OTHER, AddressKind.GLOBAL)


def test_a_thing_heard_as_two_families_is_what_says_more() -> None:
    """A phone that also asks to be found is a phone; a television that also speaks as Apple's phones do is none."""
    assert Family.APPLE.says_more_than(Family.FIND_MY)
    assert Family.SCREEN.says_more_than(Family.APPLE)
