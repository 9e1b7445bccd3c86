"""Fingerprints: a probe request's information elements tell models of devices apart, whatever addresses they use."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

# What elements say, as fields of tshark: those that Wireshark 4.0 and 4.4 both know. Their numbers and lengths come
# first, then the contents that differ between models (IEEE 802.11-2020, 9.4.2): rates, HT, extended and VHT
# capabilities, those of HE, and of makers' own elements the OUI and the type, since what follows these may change from
# frame to frame. The name of the network is not among them, nor is the channel of the DS element.
ELEMENT_FIELDS = (
    "wlan.tag.number",
    "wlan.tag.length",
    "wlan.ext_tag.length",
    "wlan.ext_tag.number",
    "wlan.supported_rates",
    "wlan.extended_supported_rates",
    "wlan.ht.capabilities",
    "wlan.ht.ampduparam",
    "wlan.ht.mcsset.rxbitmask.0to7",
    "wlan.ht.mcsset.rxbitmask.8to15",
    "wlan.ht.mcsset.rxbitmask.16to23",
    "wlan.ht.mcsset.rxbitmask.24to31",
    "wlan.htex.capabilities",
    "wlan.txbf",
    "wlan.asel",
    "wlan.extcap",
    "wlan.vht.capabilities",
    "wlan.vht.mcsset.rxmcsmap",
    "wlan.vht.mcsset.txmcsmap",
    "wlan.ext_tag.he_mac_caps",
    "wlan.ext_tag.he_phy_cap.bits_24_to_39",
    "wlan.tag.oui",
    "wlan.tag.vendor.oui.type",
)

# Element identifiers (IEEE 802.11-2020, table 9-92). A name and a channel are not of the device, and how long a maker's
# own element is may change from frame to frame.
_NAME, _CHANNEL, _VENDOR, _EXTENSION = 0, 3, 221, 255

_NOT_OF_THE_DEVICE = {_NAME, _CHANNEL}

# A phone's elements fill some 400 characters. More than this is not of a phone, and is not worth the time.
_LONGEST_ELEMENTS = 4096

# Frames of one burst say the same, and so do those of one model: few texts come up again and again.
_MOST_KEPT = 1024

_DIGEST_BYTES = 8


class Fingerprints:
    """Turns what tshark says of information elements into numbers; remembers the latest, since few texts repeat."""

    def __init__(self) -> None:
        self._kept: dict[str, int | None] = {}

    def of(self, elements: str) -> int | None:
        """The fingerprint of a frame.

        Args:
            elements: The values of `ELEMENT_FIELDS`, all occurrences of each joined by commas, fields by tabs.

        Returns:
            64 bits; None without any element beside the name and the channel, or with more than a phone sends.
        """
        if len(elements) > _LONGEST_ELEMENTS:
            return None
        if elements not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[elements] = fingerprint(
                [[_number(value) for value in values.split(",") if value] for values in elements.split("\t")]
            )
        return self._kept[elements]


def _number(value: str) -> int | str:
    """A value as a number, since one version of tshark prints in hexadecimal what another does not; else as it is."""
    try:
        return int(value, 0)
    except ValueError:
        return value


def fingerprint(elements: Sequence[Sequence[int | str]]) -> int | None:
    """The fingerprint of information elements, given as the numbers of each of `ELEMENT_FIELDS`; None without any."""
    numbers, lengths, extension_lengths, *contents = elements
    ordinary, extended = iter(lengths), iter(extension_lengths)
    # tshark lists the lengths of extension elements apart; a frame that was cut off may lack the last length.
    shapes = [(number, next(extended if number == _EXTENSION else ordinary, 0)) for number in numbers]
    told = [
        (number, 0 if number == _VENDOR else length) for number, length in shapes if number not in _NOT_OF_THE_DEVICE
    ]
    if not told:
        return None
    said = repr((told, contents)).encode()
    return int.from_bytes(blake2b(said, digest_size=_DIGEST_BYTES).digest(), "big")
