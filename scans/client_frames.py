"""Client frames: which frames tell that a client is there, and what each says."""

from __future__ import annotations

from datetime import datetime

from presence.radio import Radio
from presence.scan import AddressKind
from scans.address_text import without_addresses
from scans.fingerprints import ELEMENT_FIELDS, Fingerprints
from scans.sighting import HearSighting, Sighting, usable_rssi

# What a client sends and an access point does not: association, reassociation and probe requests, authentication, and
# data on their way to the distribution system (IEEE 802.11-2020, 9.2.4.1.3). Authentication is sent by both; see
# `_is_client`.
_ASSOCIATION_REQUEST, _REASSOCIATION_REQUEST, _PROBE_REQUEST, _AUTHENTICATION = 0, 2, 4, 11
_MANAGEMENT = {_ASSOCIATION_REQUEST, _REASSOCIATION_REQUEST, _PROBE_REQUEST, _AUTHENTICATION}
_FIRST_DATA, _LAST_DATA = 32, 47

# The same for the kernel (pcap-filter(7)), so that a Pi does not even look at beacons and downloads. `dir tods` is
# what has To DS set and From DS not.
CAPTURE_FILTER = (
    "type mgt subtype probe-req or type mgt subtype assoc-req or type mgt subtype reassoc-req or type mgt subtype auth"
    " or (type data and dir tods)"
)

_NAMES = (
    "frame.time_epoch",
    "wlan.fc.type_subtype",
    "wlan.fc.ds",
    "wlan.ta",
    "wlan.bssid",
    "radiotap.dbm_antsignal",
    "wlan.ssid",
    "radiotap.flags.badfcs",
    "wlan.seq",
)

# All of several values, which the elements need; of the rest the first counts (`_first`).
FIELDS = (
    *("-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,"),
    *(word for name in (*_NAMES, *ELEMENT_FIELDS) for word in ("-e", name)),
)
_SEPARATORS = len(_NAMES) + len(ELEMENT_FIELDS) - 1

# A name has 32 bytes at most (9.4.2.2); a frame that claims more is not of a client.
_LONGEST_SSID_BYTES = 32

# The year 2100.
_LATEST_SECONDS = 4_102_444_800.0

_NOBODY = "00:00:00:00:00:00"


class ClientFrames:
    """Turns lines of tshark, one a frame with the fields of `FIELDS`, into sightings of clients.

    Args:
        hear: Takes each sighting.
        own_addresses: Addresses of this machine.

    Attributes:
        count: How many frames there were, of whomever.
        has_wifi: Whether there was one of Wi-Fi, of whomever.
    """

    def __init__(self, hear: HearSighting, own_addresses: frozenset[str]) -> None:
        self._hear = hear
        self._own_addresses = own_addresses
        self._fingerprints = Fingerprints()
        self.count = 0
        self.has_wifi = False

    def take(self, lines: list[bytes]) -> None:
        """Take the next lines."""
        self.count += len(lines)
        for line in lines:
            if line.count(b"\t") != _SEPARATORS:
                continue
            text = line.decode("ascii", "replace")
            *fields, elements = text.split("\t", len(_NAMES))
            if "," in text[: len(text) - len(elements)]:
                fields = [_first(value) for value in fields]
            if fields[1]:
                self.has_wifi = True
                try:
                    sighting = self._sighting(fields, elements)
                except ValueError:
                    continue  # a number that is none: one frame that makes no sense must not cost the scan
                if sighting is not None:
                    self._hear(sighting)

    def _sighting(self, fields: list[str], elements: str) -> Sighting | None:
        """The sighting that a frame is; None when it is not of a client, or was damaged on its way."""
        time, subtype, ds, sender, bssid, rssi, ssid, bad_checksum, sequence = fields
        kind = int(subtype, 0)
        if not _is_of_a_client(kind, ds) or bad_checksum in {"1", "True"}:
            return None
        if not _is_one_device(sender) or sender == bssid or sender in self._own_addresses:
            return None
        is_probe = kind == _PROBE_REQUEST
        return Sighting(
            radio=Radio.WIFI,
            address=sender,
            address_kind=AddressKind.RANDOMISED if _byte(sender) & 2 else AddressKind.GLOBAL,
            rssi_dbm=usable_rssi(int(rssi)) if rssi else None,
            heard_at_seconds=_seconds(time),
            ssid=_decoded(ssid) if ssid else None,
            access_point=bssid if _is_one_device(bssid) else None,
            is_probe_request=is_probe,
            fingerprint=self._fingerprints.of(elements) if is_probe else None,
            sequence=int(sequence) if is_probe and sequence else None,
        )


def _first(value: str) -> str:
    """The first of several values: adapters with more antennas put the strength of the whole before that of each."""
    return value.partition(",")[0]


def _is_of_a_client(subtype: int, ds: str) -> bool:
    if _FIRST_DATA <= subtype <= _LAST_DATA:
        return int(ds or "0", 0) == 1  # To DS without From DS
    return subtype in _MANAGEMENT


def _is_one_device(address: str) -> bool:
    """Whether an address is that of one device: not of a group (the lowest bit of the first byte), not empty."""
    return bool(address) and address != _NOBODY and not _byte(address) & 1


def _byte(address: str) -> int:
    return int(address[:2], 16)


def _seconds(time: str) -> float:
    """Seconds since 1970, which tshark prints as a number up to 4.0 and as a date from 4.2 on.

    Raises:
        ValueError: It is no time between 1970 and 2100: the clock of a stored capture may hold anything.
    """
    try:
        seconds = float(time)
    except ValueError:
        seconds = datetime.fromisoformat(time).timestamp()
    if not 0 <= seconds < _LATEST_SECONDS:
        raise ValueError("no time")
    return seconds


def _decoded(ssid: str) -> str | None:
    """A name as text: bytes of a stranger's choice, which tshark prints in hexadecimal.

    Some access points and printers are named after their address; a whole one is left out.
    """
    try:
        raw = bytes.fromhex(ssid)
    except ValueError:
        return None  # <MISSING>: the name is hidden
    text = raw[:_LONGEST_SSID_BYTES].decode("utf-8", "replace")
    return without_addresses("".join(letter for letter in text if letter.isprintable())).strip() or None
