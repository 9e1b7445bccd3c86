from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from scans.broadcast import Broadcast
from scans.payloads import bthome, xiaomi
from scans.payloads.encryption import without_encryption
from scans.payloads.telling import measures_of
from tests.scans.payloads.advertised import broadcast

# The example of bthome.io/encryption.
BTHOME = ("54:48:e6:8f:80:a5", "231d39c1d7cc1ab1aee224cd096db932", "41a47266c95f730011223378237214")

# What Xiaomi's devices sent whose owners published it with their keys (github.com/custom-components/ble_monitor): with
# the address in it and without, with capabilities and without, objects of the older and of the newer numbers.
XIAOMI = [
    (
        ("5a:58:2d:34:12:5f", "814aac74c4f17b6c1581e1ab87816b99", "5858480b685f12342d585a0b1841e2aa000e00a4964fb5"),
        {"humidity_percent": 59.6},
    ),
    (
        ("58:2d:34:12:20:89", "a3bfe9853dd85a620debe3620caaa351", "58586f0607892012342d585f176dd54f0200002fa453fa"),
        {"temperature_celsius": 22.6},
    ),
    (
        ("2c:11:65:25:70:04", "b2cf9a553d53571b5657defd582d676e", "48590312a41b776e7c96add7000000f2bf545b"),
        {"humidity_percent": 45.0},
    ),
    (
        ("54:ef:44:e3:9c:bc", "5b51a7c91cde6707c9ef18dfda143a58", "5859970964bc9ce344ef5422206088fd000000003a148fb3"),
        {"button_presses": 1.0},
    ),
    (
        ("a4:c1:38:05:8e:e9", "7475a4a77584401780ffc3ee62dd353c", "4859eb2ac2fce02ca0b43af2380000a2d9f05f"),
        {"moving": 1.0, "illuminance_lux": 228.0},
    ),
    (
        ("18:c2:3c:2a:69:0d", "c533a5ab361b0a24de4d21d1d9a3d8a1", "58598723010d692a3cc218f397dd09000079826b9d"),
        {"button_presses": 2.0},
    ),
]
OTHER_KEY = "00" * 16


def heard(service: int, address: str, data: str) -> Broadcast:
    """An advertisement of a device, with data of a service."""
    return broadcast(services={service: bytes.fromhex(data)}, address=address)


def told(one: Broadcast, key: str) -> tuple[bool, dict[str, float]] | None:
    """Whether the key fits, and what is told; None when nothing is encrypted."""
    opened = without_encryption(one, bytes.fromhex(key))
    if opened is None:
        return None
    return opened.key_fits, {measure.kind.value: measure.value for measure in measures_of(opened.broadcast)}


def test_an_encrypted_bthome_payload_is_opened_with_its_key_only() -> None:
    """With another key, or from another address, it stays shut."""
    address, key, data = BTHOME
    payload = heard(bthome.SERVICE_V2, address, data)
    assert told(payload, key) == (True, {"temperature_celsius": 25.06, "humidity_percent": 50.55})
    assert told(payload, OTHER_KEY) == (False, {})
    assert told(heard(bthome.SERVICE_V2, "54:48:e6:8f:80:a6", data), key) == (False, {})


@pytest.mark.parametrize(("sent", "figures"), XIAOMI)
def test_an_encrypted_mibeacon_is_opened_with_its_key_only(
    sent: tuple[str, str, str], figures: dict[str, float]
) -> None:
    """Versions 4 and 5; what is in it is read as if it had not been encrypted."""
    address, key, data = sent
    payload = heard(xiaomi.MIBEACON_SERVICE, address, data)
    assert told(payload, key) == (True, figures)
    assert told(payload, OTHER_KEY) == (False, {})


@pytest.mark.parametrize(
    ("service", "data"),
    [
        (bthome.SERVICE_V2, "40 02ca09"),  # in the clear
        (bthome.SERVICE_V2, "41 00112233 782372"),  # too short
        (bthome.SERVICE_V2, "61 a47266c95f73 00112233 78237214"),  # a later version
        (xiaomi.MIBEACON_SERVICE, "5050 5b05 03 4c94b438c1a4 0d10041001ea01"),
        (xiaomi.MIBEACON_SERVICE, "5830 b603 d2 8b98c54124f8 c3491476757e 000000 99"),  # version 3 encrypts otherwise
        (xiaomi.MIBEACON_SERVICE, "5858 480b 68 5f12342d585a 0b1841"),
        (xiaomi.MIBEACON_SERVICE, "58"),
        (xiaomi.ENVIRONMENT_SERVICE, "d603fbfa7b6dfb1e26fd"),
    ],
)
def test_what_cannot_be_opened_is_left_as_it_is(service: int, data: str) -> None:
    """A key says nothing of payloads that are not encrypted, or in no way that is known."""
    assert told(heard(service, "c4:7c:8d:6a:3e:7a", data), OTHER_KEY) is None


@given(
    some.sampled_from([bthome.SERVICE_V2, xiaomi.MIBEACON_SERVICE]),
    some.sampled_from([b"", b"\x41", b"\x58\x58", b"\x78\x58"]),
    some.binary(max_size=60),
    some.binary(min_size=16, max_size=16),
)
def test_whatever_a_stranger_sends_is_answered(service: int, head: bytes, data: bytes, key: bytes) -> None:
    """Nothing that claims to be encrypted raises, and none of it is opened."""
    opened = without_encryption(broadcast(services={service: head + data}), key)
    assert opened is None or not opened.key_fits
