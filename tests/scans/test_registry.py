"""Which tag an advertisement is of."""

from __future__ import annotations

from presence.scan import AddressKind
from presence.tags import IdentityKind
from scans.broadcast import Broadcast
from scans.ephemeral import EidWatch, IrkWatch, eid_at
from scans.registry import Registry
from scans.registry_key import RegistryKey
from tests.scans.broadcasts import (
    ADDRESS,
    ALTBEACON,
    ALTBEACON_ID,
    AT,
    BTHOME,
    EDDYSTONE,
    IBEACON,
    IBEACON_TEXT,
    UID,
    UID_FRAME,
    a_broadcast,
    watched,
)

KEY = RegistryKey(None)

# Bluetooth Core Specification 5.4, volume 3, part H, appendix D.7: the sample data of ah.
IRK = "ec0234a357c8ad05341010a60a397d9b"
RESOLVABLE = "70:81:94:0d:fb:aa"

# Values that the Ruby gem ephemeral_calc of Radius Networks tests itself with (spec/encryptor_spec.rb).
EID_KEY = bytes.fromhex("0102030405060708090a111213141516")
EID_AT_0 = bytes.fromhex("a9b76a71c5f89290")
EID_AT_2000 = bytes.fromhex("4144413e45fefa58")


def tags_of(identity: tuple[IdentityKind, str], broadcast: Broadcast) -> tuple[int, ...]:
    """Which tags an advertisement is of, where tag 7 has the identity, and tag 8 some other."""
    registry = Registry(KEY, watched(KEY, (7, *identity), (8, IdentityKind.NAME, "somebody else")))
    return registry.tags_of(broadcast)


def test_an_address_that_stays_is_known() -> None:
    """A registered address is its tag's, unless it is one that is made up for a while."""
    identity = (IdentityKind.ADDRESS, ADDRESS)
    assert tags_of(identity, a_broadcast()) == (7,)
    assert tags_of(identity, a_broadcast(kind=AddressKind.RANDOM_STATIC)) == (7,)
    assert tags_of(identity, a_broadcast(kind=AddressKind.RESOLVABLE)) == ()
    assert tags_of(identity, a_broadcast("c4:7c:8d:6a:12:35")) == ()


def test_beacons_are_known_from_any_address() -> None:
    """iBeacon, AltBeacon and Eddystone UID are told by what they send, whatever their address."""
    address = "40:00:00:00:00:01"
    maker = {0x4C: IBEACON}
    assert tags_of((IdentityKind.IBEACON, IBEACON_TEXT), a_broadcast(address, maker=maker)) == (7,)
    maker = {0x0118: ALTBEACON}
    assert tags_of((IdentityKind.ALTBEACON, ALTBEACON_ID), a_broadcast(address, maker=maker)) == (7,)
    service = {EDDYSTONE: UID_FRAME}
    assert tags_of((IdentityKind.EDDYSTONE_UID, UID), a_broadcast(address, service=service)) == (7,)


def test_a_beacon_with_another_minor_is_another() -> None:
    """Every part of an iBeacon counts."""
    assert tags_of((IdentityKind.IBEACON, f"{IBEACON_TEXT[:-1]}5"), a_broadcast(maker={0x4C: IBEACON})) == ()


def test_a_name_counts_as_a_whole() -> None:
    """A name that only begins alike is another."""
    assert tags_of((IdentityKind.NAME, "Tile 7"), a_broadcast(name="Tile 7")) == (7,)
    assert tags_of((IdentityKind.NAME, "Tile 7"), a_broadcast(name="Tile 77")) == ()


def test_data_are_known_by_what_they_begin_with() -> None:
    """A prefix counts for its own maker or service, and for data that are long enough."""
    prefix = (IdentityKind.MANUFACTURER_DATA, "0x0499: 0512")
    assert tags_of(prefix, a_broadcast(maker={0x0499: bytes.fromhex("051299")})) == (7,)
    assert tags_of(prefix, a_broadcast(maker={0x0499: bytes.fromhex("05")})) == ()
    assert tags_of(prefix, a_broadcast(maker={0x0498: bytes.fromhex("051299")})) == ()
    prefix = (IdentityKind.SERVICE_DATA, "fcd2: 4400")
    assert tags_of(prefix, a_broadcast(service={BTHOME: bytes.fromhex("440099")})) == (7,)
    assert tags_of(prefix, a_broadcast(service={EDDYSTONE: bytes.fromhex("440099")})) == ()


def test_one_advertisement_may_be_of_two_tags() -> None:
    """A box with two labels on it is both tags, and each is named once."""
    registry = Registry(
        KEY,
        watched(KEY, (9, IdentityKind.NAME, "T"), (3, IdentityKind.ADDRESS, ADDRESS), (3, IdentityKind.NAME, "T")),
    )
    assert registry.tags_of(a_broadcast(name="T")) == (3, 9)


def test_the_specification_resolves_its_own_address() -> None:
    """The sample data of the Bluetooth specification come out as it says."""
    irk = IrkWatch(1, bytes.fromhex(IRK))
    assert irk.resolves(bytes.fromhex(RESOLVABLE.replace(":", "")))
    assert not irk.resolves(bytes.fromhex("7081940dfbab"))


def test_a_phone_is_known_by_its_resolving_key() -> None:
    """A resolvable private address is its owner's tag; the same digits under another kind of address are nobody's."""
    identity = (IdentityKind.IRK, IRK)
    assert tags_of(identity, a_broadcast(RESOLVABLE, AddressKind.RESOLVABLE)) == (7,)
    assert tags_of(identity, a_broadcast(RESOLVABLE, AddressKind.GLOBAL)) == ()


def test_ephemeral_identifiers_are_computed_as_others_do() -> None:
    """The identifiers of a key agree with those of another implementation."""
    assert eid_at(EID_KEY, 10, 0) == EID_AT_0
    assert eid_at(EID_KEY, 10, 2000) == EID_AT_2000


def test_an_eddystone_eid_is_known_by_its_key() -> None:
    """A beacon whose clock counts the seconds since 1970, or since a time that was given, is its tag."""
    frame = {EDDYSTONE: b"\x30\xee" + eid_at(EID_KEY, 10, int(AT))}
    assert tags_of((IdentityKind.EDDYSTONE_EID, f"{EID_KEY.hex()}, 10"), a_broadcast(service=frame)) == (7,)
    frame = {EDDYSTONE: b"\x30\xee" + EID_AT_2000}
    identity = f"{EID_KEY.hex()}, 10, {int(AT) - 2000}"
    assert tags_of((IdentityKind.EDDYSTONE_EID, identity), a_broadcast(service=frame)) == (7,)


def test_a_clock_that_is_off_by_a_day_is_followed() -> None:
    """A beacon may be a day off, not ten; and once it was met, what it drifts further is followed."""
    watch = EidWatch(1, EID_KEY, 10, 0)
    day, drift = 86_400, 20 * 1024
    assert not watch.is_its(eid_at(EID_KEY, 10, int(AT) - 10 * day), AT)
    assert watch.is_its(eid_at(EID_KEY, 10, int(AT) - day + 1024), AT)
    for week in range(1, 10):
        at = int(AT) + week * 7 * day
        assert watch.is_its(eid_at(EID_KEY, 10, at - day + 1024 - week * drift), at)


def test_the_quickest_rotation_is_known_within_minutes() -> None:
    """A beacon with a new identifier each second is known while its clock is off by a few minutes."""
    watch = EidWatch(1, EID_KEY, 0, 0)
    assert watch.is_its(eid_at(EID_KEY, 0, int(AT) - 200), AT)
    assert not watch.is_its(eid_at(EID_KEY, 0, int(AT) - 2000), AT)


def test_a_secret_under_another_key_costs_no_other_tag() -> None:
    """A tag whose secret cannot be opened is named, and all others are heard."""
    foreign = watched(RegistryKey(None), (5, IdentityKind.IRK, IRK))
    registry = Registry(KEY, (*foreign, *watched(KEY, (7, IdentityKind.ADDRESS, ADDRESS))))
    assert registry.sealed_shut == (5,)
    assert registry.tags_of(a_broadcast()) == (7,)


def test_a_flood_of_addresses_is_remembered_within_bounds() -> None:
    """A hundred thousand made-up addresses in a minute find what they should, and the memory of them stays bounded."""
    registry = Registry(KEY, watched(KEY, (7, IdentityKind.ADDRESS, ADDRESS)))
    for number in range(40_000):
        registry.tags_of(a_broadcast(number.to_bytes(6, "big").hex(":")))
    assert len(registry._remembered) <= 16_384  # noqa: SLF001 - the bound is the behaviour, and shows nowhere else
    assert registry.tags_of(a_broadcast()) == (7,)


def test_addresses_are_forgotten_with_the_minute() -> None:
    """What was heard in one minute is not remembered in the next."""
    registry = Registry(KEY, watched(KEY, (7, IdentityKind.ADDRESS, ADDRESS)))
    for number in range(100):
        registry.tags_of(a_broadcast(number.to_bytes(6, "big").hex(":")))
    registry.tags_of(a_broadcast(at=AT + 60))
    assert len(registry._remembered) == 1  # noqa: SLF001 - that nothing is kept is the behaviour
