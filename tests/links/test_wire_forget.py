from __future__ import annotations

from links.wire import decode_message, encode_message
from links.wire_forget import without_devices
from presence.message import ScanMessage
from tests.db.scanning import hash_of, minute, scan


def test_a_device_is_left_out_of_a_scan_that_waits() -> None:
    """The hub takes the scan as if it had not been heard; all else is as it was."""
    heard, without = scan(minute(0), ["a", "b"], ["a"]), scan(minute(0), ["b"])
    body = encode_message(ScanMessage("0" * 32, heard))
    left = without_devices(body, {hash_of("a")})
    assert decode_message(left, "box", lambda _: None) == decode_message(
        encode_message(ScanMessage("0" * 32, without)), "box", lambda _: None
    )


def test_a_scan_without_it_is_not_touched() -> None:
    """What does not hold it, or cannot be read, stays byte for byte."""
    body = encode_message(ScanMessage("0" * 32, scan(minute(0), ["b"])))
    assert without_devices(body, {hash_of("a")}) is body
    damaged = hash_of("a").encode()
    assert without_devices(damaged, {hash_of("a")}) is damaged
