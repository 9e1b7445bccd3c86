"""Information elements: what stations say of themselves in management frames (IEEE 802.11-2020, section 9.4.2)."""

from __future__ import annotations

# Element identifiers, IEEE 802.11-2020, table 9-92.
SSID = 0
SUPPORTED_RATES = 1
DS_PARAMETER = 3
TRAFFIC_INDICATION_MAP = 5
COUNTRY = 7
HT_CAPABILITIES = 45
RSN = 48
EXTENDED_RATES = 50
HT_OPERATION = 61
INTERWORKING = 107
EXTENDED_CAPABILITIES = 127
VHT_CAPABILITIES = 191
VENDOR = 221
EXTENSION = 255

# Section 9.4.2.2: no longer name than this.
LONGEST_SSID = 32


def element(identifier: int, body: bytes) -> bytes:
    """One element: identifier, length, body (255 bytes at most)."""
    return bytes((identifier, len(body))) + body


def ssid_element(ssid: str | None) -> bytes:
    """The name of a network; None is the wildcard, which asks all of them."""
    return element(SSID, (ssid or "").encode()[:LONGEST_SSID])


def vendor_element(oui: str, body: str) -> bytes:
    """A maker's own element: OUI and body in hexadecimal."""
    return element(VENDOR, bytes.fromhex(oui + body))


# Rates in units of 500 kb/s; the top bit marks a basic rate. 1, 2, 5.5, 11 / 6 … 54 Mb/s.
RATES_B = element(SUPPORTED_RATES, bytes.fromhex("02040b16"))
RATES_G = element(EXTENDED_RATES, bytes.fromhex("0c12182430486c60"))
RATES_BG = element(SUPPORTED_RATES, bytes.fromhex("02040b160c121824"))
RATES_BG_REST = element(EXTENDED_RATES, bytes.fromhex("3048606c"))
BASIC_RATES_BG = element(SUPPORTED_RATES, bytes.fromhex("82848b960c121824"))

# RSN (section 9.4.2.24): version 1, CCMP for group and pairs, a shared password.
RSN_PASSWORD = element(RSN, bytes.fromhex("0100 000fac04 0100 000fac04 0100 000fac02 0000"))

# Any public internet access, as phones ask for it in Interworking (section 9.4.2.91): access network type 15.
INTERWORKING_ANY = element(INTERWORKING, bytes.fromhex("0f"))


def ht_capabilities(information: str, streams: int) -> bytes:
    """HT capabilities (section 9.4.2.55): two bytes of information, A-MPDU parameters, the MCS set, no beamforming."""
    mcs = b"\xff" * streams + bytes(16 - streams)
    return element(HT_CAPABILITIES, bytes.fromhex(information) + b"\x17" + mcs + bytes(2 + 4 + 1))


def vht_capabilities(information: str, mcs_map: str) -> bytes:
    """VHT capabilities (section 9.4.2.157): four bytes of information, then the MCS map for both directions."""
    return element(
        VHT_CAPABILITIES, bytes.fromhex(information) + bytes.fromhex(mcs_map + "0000") + bytes.fromhex(mcs_map + "0000")
    )


def he_capabilities(mac: str, physical: str) -> bytes:
    """HE capabilities (IEEE 802.11ax-2021, section 9.4.2.248): MAC, physical layer, one MCS map of two streams."""
    return element(EXTENSION, b"\x23" + bytes.fromhex(mac) + bytes.fromhex(physical) + bytes.fromhex("faff faff"))


def extended_capabilities(bits: str) -> bytes:
    """Extended capabilities (section 9.4.2.26): the bits, eight to ten bytes of them."""
    return element(EXTENDED_CAPABILITIES, bytes.fromhex(bits))
