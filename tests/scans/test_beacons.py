"""Frames of beacons: read where they are right, and never an error where they are not."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from scans.beacons import (
    APPLE,
    EDDYSTONE_SERVICE,
    IBeacon,
    altbeacon_in,
    eddystone_eid_in,
    eddystone_uid_in,
    ibeacon_in,
)
from tests.scans.broadcasts import ALTBEACON, ALTBEACON_ID, IBEACON, UID, UID_FRAME


def test_an_ibeacon_is_read() -> None:
    """UUID, major and minor come out of Apple's frame, and of no other maker's."""
    assert ibeacon_in(APPLE, IBEACON) == IBeacon(UUID("e2c56db5-dffb-48d2-b060-d0f5a71096e0"), 1, 4)
    assert ibeacon_in(0x0059, IBEACON) is None
    assert ibeacon_in(APPLE, IBEACON[:-1]) is None


def test_an_altbeacon_is_read() -> None:
    """Its twenty bytes come out of any maker's data."""
    identity = altbeacon_in(ALTBEACON)
    assert identity is not None
    assert identity.hex() == ALTBEACON_ID
    assert altbeacon_in(ALTBEACON[:-1]) is None


def test_an_eddystone_uid_is_read_with_and_without_the_reserved_bytes() -> None:
    """Namespace and instance come out of frames of both lengths that are met."""
    for frame in (UID_FRAME, UID_FRAME[:-2]):
        identity = eddystone_uid_in(EDDYSTONE_SERVICE, frame)
        assert identity is not None
        assert identity.hex() == UID
    assert eddystone_uid_in(EDDYSTONE_SERVICE, UID_FRAME[:-3]) is None


def test_an_eddystone_eid_is_read() -> None:
    """The eight bytes follow type and strength."""
    assert eddystone_eid_in(EDDYSTONE_SERVICE, bytes.fromhex("30eea9b76a71c5f89290")) == bytes.fromhex(
        "a9b76a71c5f89290"
    )


_BEGINNINGS = st.sampled_from([b"", b"\x02\x15", b"\xbe\xac", b"\x00", b"\x30"])


@given(beginning=_BEGINNINGS, rest=st.binary(max_size=64))
def test_no_bytes_make_it_fail(beginning: bytes, rest: bytes) -> None:
    """Whatever a stranger sends, it is read or it is none."""
    data = beginning + rest
    ibeacon_in(APPLE, data)
    altbeacon_in(data)
    for read in (eddystone_uid_in, eddystone_eid_in):
        read(EDDYSTONE_SERVICE, data)
