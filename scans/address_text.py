"""Addresses in text: what other programmes say may name one, and nobody is to read it."""

from __future__ import annotations

import re

# As people and BlueZ write them (dev_AA_BB_…), as Cisco does (aabb.ccdd.eeff), and without anything between.
# A longer run of hexadecimal digits is a hash, which stays as it is.
_ADDRESS = re.compile(
    r"(?:[0-9a-f]{2}[:_-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}|(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])",
    re.IGNORECASE,
)


def without_addresses(text: str) -> str:
    """The text with "(address)" in the place of every hardware address."""
    return _ADDRESS.sub("(address)", text)
