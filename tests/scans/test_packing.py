"""Packing: addresses that rotate, joined."""

from __future__ import annotations

from presence.scan import AddressKind
from scans.families import Family
from scans.packing import Stretch, Trail, packed

BEGIN = 1_800_000_000.0


def a_trail(
    *scans: int, rssi_dbm: float = -60.0, family: Family = Family.APPLE, kind: AddressKind = AddressKind.RESOLVABLE
) -> Trail:
    """An address heard in these minutes, for ten seconds each."""
    stretches = tuple(Stretch(scan, BEGIN + 60 * scan, BEGIN + 60 * scan + 9, rssi_dbm, 3) for scan in scans)
    return Trail(kind, family, stretches)


def test_an_address_that_follows_another_is_the_same_device() -> None:
    """One falls silent as a like one appears: a device whose address rotates."""
    assert packed([a_trail(0, 1, 2, 3), a_trail(4, 5, 6), a_trail(7, 8)]) == [0, 0, 0]


def test_addresses_at_the_same_time_are_two_devices() -> None:
    """What is heard side by side is not one that rotates."""
    assert packed([a_trail(0, 1, 2, 3), a_trail(2, 3, 4)]) == [0, 1]


def test_another_family_or_kind_of_address_is_another_device() -> None:
    """A phone does not become earphones, nor a resolvable address one that nobody can resolve."""
    assert packed([a_trail(0, 1), a_trail(2, 3, family=Family.APPLE_AUDIO)]) == [0, 1]
    assert packed([a_trail(0, 1), a_trail(2, 3, kind=AddressKind.NON_RESOLVABLE)]) == [0, 1]


def test_an_address_that_stays_is_never_joined() -> None:
    """Public and static addresses are devices as they are."""
    kind = AddressKind.RANDOM_STATIC
    assert packed([a_trail(0, 1, kind=kind), a_trail(2, 3, kind=kind)]) == [0, 1]


def test_each_address_is_followed_by_the_likest_and_by_one_alone() -> None:
    """Two that change at once are told apart by their strength."""
    trails = [
        a_trail(0, 1, rssi_dbm=-50),
        a_trail(0, 1, rssi_dbm=-80),
        a_trail(2, 3, rssi_dbm=-79),
        a_trail(2, 3, rssi_dbm=-51),
    ]
    assert packed(trails) == [0, 1, 1, 0]


def test_what_comes_long_after_or_from_far_away_is_another_device() -> None:
    """Ten minutes of silence, or thirty decibels, are too much for one device."""
    assert packed([a_trail(0, 1), a_trail(11, 12)]) == [0, 1]
    assert packed([a_trail(0, 1, rssi_dbm=-45), a_trail(2, 3, rssi_dbm=-88)]) == [0, 1]
