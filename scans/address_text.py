"""Addresses in text: what other programmes say may name one, and nobody is to read it."""

from __future__ import annotations

import re

_SHOWN = "(address)"

# As people and BlueZ write them (dev_AA_BB_…), as Cisco does (aabb.ccdd.eeff), and without anything between.
# A longer run of hexadecimal digits is a hash, which stays as it is.
_USUAL = re.compile(
    r"[0-9a-f]{2}([:_-])(?:[0-9a-f]{2}\1){4,}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}"
    r"|(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])",
    re.IGNORECASE,
)

# However else six bytes or more may be put. What looks like them and stays: a moment, in the name of a file with the
# word before it ("damaged-2027-03-10-123045.db"), a time of day, and an address of IPv4 with its port.
_UNUSUAL = re.compile(
    r"(?P<kept>(?:[a-z]+-)?\d{4}-\d\d-\d\d-\d{6}(?!\d)"
    r"|\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?|\d\d:\d\d:\d\d(?:[.,]\d+)?(?![:_.-]?[0-9a-f])"
    r"|\d{1,3}(?:\.\d{1,3}){3}:\d+)"
    r"|(?<![0-9a-f])(?:(?![0-9a-f]{13})[0-9a-f]{2}[:_. -]?){5,}[0-9a-f]{2}(?![0-9a-f])",
    re.IGNORECASE,
)


def without_addresses(text: str) -> str:
    """The text with "(address)" in the place of every hardware address."""
    # The usual ones first, whatever word is before them; of an unusual one, a word of such letters ("cafe") is a part.
    return _UNUSUAL.sub(lambda found: found["kept"] or _SHOWN, _USUAL.sub(_SHOWN, text))
