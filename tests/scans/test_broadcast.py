"""Advertisements, and what their text hides."""

from __future__ import annotations

from presence.scan import AddressKind
from scans.broadcast import Broadcast, uuid_of_short


def test_the_text_of_a_broadcast_tells_neither_its_address_nor_its_name() -> None:
    """An advertisement that gets into a log by mistake names nobody."""
    broadcast = Broadcast("aa:bb:cc:dd:ee:ff", AddressKind.GLOBAL, -50, 1.0, "Ann's phone", {0x4C: b"\xaa\xbb"})
    assert "aa:bb" not in repr(broadcast)
    assert "Ann" not in repr(broadcast)


def test_a_short_uuid_is_written_in_full() -> None:
    """Sixteen bits stand for a UUID on the base of Bluetooth."""
    assert uuid_of_short(0xFEAA) == "0000feaa-0000-1000-8000-00805f9b34fb"
