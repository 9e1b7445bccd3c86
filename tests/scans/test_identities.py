"""What an owner types becomes an identity, or a sentence that says what a right one looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.tags import IdentityKind, TagError
from scans.identities import identity_of
from scans.registry_key import RegistryKey
from tests.scans.broadcasts import ALTBEACON_ID, IBEACON_TEXT, UID

KEY = RegistryKey(None)
IRK = "ec0234a357c8ad05341010a60a397d9b"
EID_KEY = "0102030405060708090a111213141516"

SAME = [
    (IdentityKind.ADDRESS, ["C4:7C:8D:6A:12:34", "c4-7c-8d-6a-12-34", "c47c.8d6a.1234", " C47C8D6A1234 "]),
    (IdentityKind.IBEACON, [IBEACON_TEXT, "E2C56DB5DFFB48D2B060D0F5A71096E0 1 4", f"{IBEACON_TEXT[:36]},0x0001,0x4"]),
    (IdentityKind.ALTBEACON, [ALTBEACON_ID, f"0x{ALTBEACON_ID.upper()}", f"{ALTBEACON_ID[:32]} 0001 0002"]),
    (IdentityKind.EDDYSTONE_UID, [UID, f"{UID[:20]} {UID[20:]}", f"{UID[:20]}, {UID[20:]}"]),
    (IdentityKind.EDDYSTONE_EID, [f"{EID_KEY}, 10", f"{EID_KEY.upper()} 0xa", f"{EID_KEY}, 10, 1700000000"]),
    (IdentityKind.NAME, ["Tile 7", " Tile 7 "]),
    (IdentityKind.SERVICE_DATA, ["fcd2: 4400", "0xFCD2:44 00", "0000fcd2-0000-1000-8000-00805f9b34fb: 4400…"]),
    (IdentityKind.MANUFACTURER_DATA, ["0x0499: 05", "499:05", "0499: 0x05"]),
    (IdentityKind.IRK, [IRK, IRK.upper(), ":".join(IRK[at : at + 2] for at in range(0, 32, 2))]),
]


@pytest.mark.parametrize(("kind", "texts"), SAME, ids=[kind.value for kind, _ in SAME])
def test_an_identity_is_the_same_however_it_is_written(kind: IdentityKind, texts: list[str]) -> None:
    """All usual spellings of an identity have one digest and one label."""
    records = [identity_of(kind, text, KEY) for text in texts]
    assert len({(record.digest, record.shape, record.label) for record in records}) == 1


WRONG = [
    (IdentityKind.ADDRESS, ["", "c4:7c:8d:6a:12", "c4:7c:8d:6a:12:3g", "00:00:00:00:00:00"]),
    (IdentityKind.IBEACON, ["", IBEACON_TEXT[:36], f"{IBEACON_TEXT}, 5", f"{IBEACON_TEXT[:36]}, 1, 65536", "x, 1, 2"]),
    (IdentityKind.ALTBEACON, ["", ALTBEACON_ID[:-2], "zz" * 20]),
    (IdentityKind.EDDYSTONE_UID, ["", UID[:-1], UID + "00"]),
    (IdentityKind.EDDYSTONE_EID, ["", EID_KEY, f"{EID_KEY}, 16", f"{EID_KEY}, -1", f"{EID_KEY}, 10, 99999999999"]),
    (IdentityKind.NAME, ["", "  ", "a\x00b", "é" * 125]),
    (IdentityKind.SERVICE_DATA, ["", "fcd2", "fcd2:", "fcd: 44", "fcd2: 4", f"fcd2: {'44' * 49}"]),
    (IdentityKind.MANUFACTURER_DATA, ["", "0x0499", "0x10000: 05", "0x0499: x"]),
    (IdentityKind.IRK, ["", IRK[:-2], IRK + "00"]),
]


@pytest.mark.parametrize(("kind", "texts"), WRONG, ids=[kind.value for kind, _ in WRONG])
def test_a_wrong_one_is_answered_with_a_right_one(kind: IdentityKind, texts: list[str]) -> None:
    """Each mistake is answered in whole sentences."""
    for text in texts:
        with pytest.raises(TagError, match=r"\.$"):
            identity_of(kind, text, KEY)


def test_the_answer_to_an_ibeacon_without_minor_says_that_there_is_no_any() -> None:
    """Who leaves major and minor out learns that a group of beacons cannot be one tag."""
    with pytest.raises(TagError, match="any major, any minor"):
        identity_of(IdentityKind.IBEACON, IBEACON_TEXT[:36], KEY)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (IdentityKind.ADDRESS, "c4:7c:8d:6a:12:34"),
        (IdentityKind.NAME, "Tag c4:7c:8d:6a:12:34"),
        (IdentityKind.NAME, "Tag C47C8D6A1234"),
        (IdentityKind.MANUFACTURER_DATA, "0x0499: 05c47c8d6a1234"),
        (IdentityKind.EDDYSTONE_UID, "8b0ca750095477cb3e77c47c8d6a1234"),
        (IdentityKind.IRK, IRK),
        (IdentityKind.EDDYSTONE_EID, f"{EID_KEY}, 10"),
    ],
)
def test_a_label_shows_no_address_and_no_key(kind: IdentityKind, text: str) -> None:
    """What the owner sees of an identity tells which it is, and neither an address nor a secret."""
    record = identity_of(kind, text, KEY)
    shown = (record.label + repr(record)).lower().replace(":", "")
    assert "c47c8d6a1234" not in shown
    assert IRK[8:] not in shown
    assert EID_KEY[8:] not in shown
    assert record.digest.hex()[:8] in record.label


def test_a_prefix_says_whose_data_it_is_and_how_long() -> None:
    """Whoever listens learns from the shape of which data how many bytes count."""
    assert identity_of(IdentityKind.MANUFACTURER_DATA, "499: 051234", KEY).shape == "0x0499/3"
    assert identity_of(IdentityKind.SERVICE_DATA, "fcd2: 4400", KEY).shape == "fcd2/2"


@pytest.mark.parametrize("between", [", ", " ", ","])
def test_the_key_of_an_address_is_sealed(between: str) -> None:
    """The address is known as it is without the key, and the label shows neither."""
    plain = identity_of(IdentityKind.ADDRESS, "c4:7c:8d:6a:12:34", KEY)
    keyed = identity_of(IdentityKind.ADDRESS, f"c4:7c:8d:6a:12:34{between}{IRK}", KEY)
    assert keyed.digest == plain.digest
    assert keyed.sealed is not None
    assert KEY.unseal(keyed.sealed).hex() == IRK
    assert keyed.label == plain.label.replace("address", "address and key")


def test_a_secret_is_sealed() -> None:
    """The key of a phone can be opened again under the registry key alone; other kinds have none."""
    sealed = identity_of(IdentityKind.IRK, IRK, KEY).sealed
    assert sealed is not None
    assert KEY.unseal(sealed).hex() == IRK
    assert identity_of(IdentityKind.NAME, "Tile", KEY).sealed is None


@given(kind=st.sampled_from(list(IdentityKind)), text=st.text(max_size=400))
def test_whatever_is_typed_is_an_identity_or_a_mistake(kind: IdentityKind, text: str) -> None:
    """No text ends in any other error."""
    try:
        record = identity_of(kind, text, KEY)
    except TagError:
        return
    assert len(record.digest) == 32
