"""Packing: addresses that rotate, joined."""

from __future__ import annotations

from presence.scan import AddressKind
from scans.families import Family
from scans.packing import packed
from scans.traces import Glimpse, Trace

BEGIN = 1_800_000_000.0


def a_trace(
    *scans: int,
    rssi_dbm: float = -60.0,
    family: Family = Family.APPLE,
    kind: AddressKind = AddressKind.RESOLVABLE,
    moves_db: float = 0.0,
) -> Trace:
    """An address heard in these minutes, for ten seconds each, by somebody who moves to and fro."""
    glimpses = []
    for scan in scans:
        at = BEGIN + 60 * scan
        glimpses.append(Glimpse(at, at, at + 9, 3, 1, 3, rssi_dbm + moves_db * (scan % 2)))
    return Trace(kind, is_stable=kind is AddressKind.RANDOM_STATIC, family=family, glimpses=tuple(glimpses))


def test_an_address_that_follows_another_is_the_same_device() -> None:
    """One falls silent as a like one appears: a device whose address rotates."""
    assert packed([a_trace(0, 1, 2, 3), a_trace(4, 5, 6), a_trace(7, 8)]) == [0, 0, 0]


def test_addresses_at_the_same_time_are_two_devices() -> None:
    """What is heard side by side is not one that rotates."""
    assert packed([a_trace(0, 1, 2, 3), a_trace(2, 3, 4)]) == [0, 1]


def test_another_family_or_kind_of_address_is_another_device() -> None:
    """A phone does not become earphones, nor a resolvable address one that nobody can resolve."""
    assert packed([a_trace(0, 1), a_trace(2, 3, family=Family.APPLE_AUDIO)]) == [0, 1]
    assert packed([a_trace(0, 1), a_trace(2, 3, kind=AddressKind.NON_RESOLVABLE)]) == [0, 1]


def test_an_address_that_stays_is_never_joined() -> None:
    """Public and static addresses are devices as they are."""
    kind = AddressKind.RANDOM_STATIC
    assert packed([a_trace(0, 1, kind=kind), a_trace(2, 3, kind=kind)]) == [0, 1]


def test_each_address_is_followed_by_the_likest_and_by_one_alone() -> None:
    """Two that change at once are told apart by their strength."""
    traces = [
        a_trace(0, 1, rssi_dbm=-50),
        a_trace(0, 1, rssi_dbm=-80),
        a_trace(2, 3, rssi_dbm=-79),
        a_trace(2, 3, rssi_dbm=-51),
    ]
    assert packed(traces) == [0, 1, 1, 0]


def test_what_comes_long_after_or_from_far_away_is_another_device() -> None:
    """Ten scans of silence, or thirty decibels, are too much for one device."""
    other = a_trace(*range(13), rssi_dbm=-90)
    assert packed([other, a_trace(0, 1), a_trace(12)]) == [0, 1, 2]
    assert packed([other, a_trace(0, 1, rssi_dbm=-45), a_trace(2, 3, rssi_dbm=-88)]) == [0, 1, 2]


def test_addresses_that_overlap_by_a_moment_never_follow_each_other_in_a_circle() -> None:
    """In a log of whole seconds two may begin and end in the same one: they are joined once, and counting ends."""
    moment = Glimpse(scan_at=0, first_at=5, last_at=5, sendings=1, bursts=1, readings=1, rssi_dbm=-60)
    trace = Trace(AddressKind.RESOLVABLE, is_stable=False, family=Family.APPLE, glimpses=(moment,))
    assert packed([trace] * 4) == [0, 1, 2, 3]


def test_an_address_of_minutes_between_two_of_a_quarter_of_an_hour_is_a_visitor_s() -> None:
    """Who came and went within minutes did not change the address: of two who could, the one that lasted did."""
    passed_by = a_trace(9, 10, 11, 12, rssi_dbm=-64)
    lasted = a_trace(*range(2, 13), rssi_dbm=-64)
    other = a_trace(*range(26), rssi_dbm=-85)
    assert packed([other, passed_by, lasted, a_trace(13, 14, 15, rssi_dbm=-64)]) == [0, 1, 2, 2]


def test_two_advertising_sets_of_a_phone_are_one_device() -> None:
    """What is heard beside a phone, as strong as it whichever way it moves, is its second address."""
    phone = a_trace(*range(8), family=Family.GOOGLE, moves_db=10)
    beside = a_trace(*range(1, 8), family=Family.EXPOSURE, kind=AddressKind.NON_RESOLVABLE, moves_db=10)
    assert packed([phone, beside]) == [0, 0]
    weaker = a_trace(*range(8), rssi_dbm=-80, family=Family.EXPOSURE, kind=AddressKind.NON_RESOLVABLE, moves_db=10)
    assert packed([phone, weaker]) == [0, 1]
    alone = a_trace(0, 1, family=Family.EXPOSURE, kind=AddressKind.NON_RESOLVABLE, moves_db=10)
    assert packed([phone, alone]) == [0, 1]


def test_earphones_beside_a_phone_are_a_device_of_their_own() -> None:
    """A family that no phone sends beside its own is something else in the same pocket."""
    assert packed([a_trace(*range(8)), a_trace(*range(8), family=Family.APPLE_AUDIO)]) == [0, 1]
