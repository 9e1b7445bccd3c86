"""Addresses in text, in whatever spelling, and what only looks like one."""

from __future__ import annotations

import pytest

from scans.address_text import without_addresses

USUAL = ("C4:7C:8D:6A:12:34", "c4-7c-8d-6a-12-34", "C4_7C_8D_6A_12_34", "c47c.8d6a.1234", "C47C8D6A1234")
UNUSUAL = (
    *("c4 7c 8d 6a 12 34", "c4.7c.8d.6a.12.34", "c47c-8d6a-1234", "c47c:8d6a:1234", "c47c 8d6a 1234", "c47c8d-6a1234"),
    *("C47C8D 6A1234", "c4:7c:8d-6a-12-34", "10:20:30-40-50-60"),
)


@pytest.mark.parametrize("address", USUAL + UNUSUAL)
@pytest.mark.parametrize("before", ["", "Tag ", "dev_", "wlx", "at 12:30:45 ", "2027-03-10 12:30:45,123 "])
def test_an_address_goes_however_it_is_spelt(address: str, before: str) -> None:
    """Whatever stands between the digits of an address, it goes, and what is before and behind it stays."""
    assert without_addresses(f"{before}{address} and more") == f"{before}(address) and more"


@pytest.mark.parametrize("address", USUAL + UNUSUAL)
@pytest.mark.parametrize("before", ["Cafe ", "10 ", "face-"])
def test_no_end_of_an_address_is_left(address: str, before: str) -> None:
    """A word of hexadecimal letters before an address may go with it, but nothing of the address is left."""
    assert without_addresses(f"{before}{address} and more").endswith("(address) and more")


@pytest.mark.parametrize(
    "text",
    [
        *("ab" * 32, f"10 {'ab' * 32}", "0123456789abcdef", "0123456789abc", "kept as 1a2b3c4d"),
        *("2027-03-10 12:30:45,123 INFO", "2027-03-10 12:30", "2027-03-10T12:30:45.123456+00:00"),
        *("12:30:45.123456", "12:30:45 13:00:00", "10.12.14.16:8050", "192.168.10.20:8050"),
        *("tracking-damaged-2027-03-10-123045.db", "tracking-2027-03-10-123045.db", "releases/2027-03-10-123045"),
        *("100,000 frames", "1795003200.500000000", "e2c56db5…, 1, 4"),
    ],
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    """Hashes, moments and places on the network stay as they are."""
    assert without_addresses(text) == text
