"""Dissecting: the fingerprint of information elements straight from their bytes, equal to what comes through tshark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from scans.fingerprints import ELEMENT_FIELDS, fingerprint
from scans.simulated import elements as known


@cache  # there are a dozen models
def fingerprint_of(elements: bytes) -> int | None:
    """The fingerprint of a probe request with these elements (`scans.fingerprints`), beside its name and channel."""
    values: defaultdict[str, list[int]] = defaultdict(list)
    for identifier, body in _elements(elements):
        values["wlan.tag.number"].append(identifier)
        # Of an extension element the identifier goes on in the body, and does not count as of its length.
        if identifier == known.EXTENSION:
            values["wlan.ext_tag.length"].append(len(body) - 1)
        else:
            values["wlan.tag.length"].append(len(body))
        for name, value in _contents(identifier, body):
            values[name].append(value)
    return fingerprint([values[name] for name in ELEMENT_FIELDS])


def _elements(elements: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(elements):
        identifier, length = elements[at : at + 2]
        yield identifier, elements[at + 2 : at + 2 + length]
        at += 2 + length


def _contents(identifier: int, body: bytes) -> Iterator[tuple[str, int]]:
    """What tshark says of an element's contents; see `scans.simulated.elements` for where each is described."""

    def number(begin: int, end: int) -> int:
        return int.from_bytes(body[begin:end], "little")

    match identifier:
        case known.SUPPORTED_RATES:
            yield from (("wlan.supported_rates", rate) for rate in body)
        case known.EXTENDED_RATES:
            yield from (("wlan.extended_supported_rates", rate) for rate in body)
        case known.EXTENDED_CAPABILITIES:
            yield from (("wlan.extcap", octet) for octet in body)
        case known.HT_CAPABILITIES:
            yield "wlan.ht.capabilities", number(0, 2)
            yield "wlan.ht.ampduparam", number(2, 3)
            for stream, rates in enumerate(("0to7", "8to15", "16to23", "24to31")):
                yield f"wlan.ht.mcsset.rxbitmask.{rates}", body[3 + stream]
            yield "wlan.htex.capabilities", number(19, 21)
            yield "wlan.txbf", number(21, 25)
            yield "wlan.asel", number(25, 26)
        case known.VHT_CAPABILITIES:
            yield "wlan.vht.capabilities", number(0, 4)
            yield "wlan.vht.mcsset.rxmcsmap", number(4, 6)
            yield "wlan.vht.mcsset.txmcsmap", number(8, 10)
        case known.EXTENSION:  # of HE
            yield "wlan.ext_tag.number", body[0]
            yield "wlan.ext_tag.he_mac_caps", number(1, 7)
            yield "wlan.ext_tag.he_phy_cap.bits_24_to_39", number(10, 12)
        case known.VENDOR:
            yield "wlan.tag.oui", int.from_bytes(body[:3], "big")
            yield "wlan.tag.vendor.oui.type", body[3]
