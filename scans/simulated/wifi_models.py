"""Models of Wi-Fi devices: whose they are, how often they are heard, what they say of themselves."""

from __future__ import annotations

from dataclasses import dataclass

from scans.simulated.elements import (
    INTERWORKING_ANY,
    RATES_B,
    RATES_BG,
    RATES_BG_REST,
    RATES_G,
    extended_capabilities,
    he_capabilities,
    ht_capabilities,
    vendor_element,
    vht_capabilities,
)


@dataclass(frozen=True, slots=True)
class WifiModel:
    """One model of Wi-Fi device.

    Attributes:
        oui: First half of its global address.
        randomises: Whether it makes up an address for each scan and each network.
        probing_share: The share of 10 s windows in which it is heard while it looks for networks.
        joined_share: The same while it is joined to one.
        data_frames: Mean number of data frames in a window in which it is heard, while joined.
        stronger_db: How much stronger than a phone in a pocket it is.
        elements: The elements of its probe requests, but for SSID and channel.
    """

    oui: str
    randomises: bool
    probing_share: float
    joined_share: float
    data_frames: float
    stronger_db: float
    elements: bytes


# Makers' elements as such devices send them: the OUI tells whose, the first byte after it which kind.
_APPLE = vendor_element("0017f2", "0a 00010400000000")
_BROADCOM = vendor_element("001018", "02 0000001000")
_MICROSOFT = vendor_element("0050f2", "08 002300")
_SAMSUNG = vendor_element("0000f0", "22 030000")
# Wi-Fi Protected Setup: version 1.0, a request for information, methods, type "telephone, dual mode".
_WPS = vendor_element("0050f2", "04 104a000110 103a000100 10080002 3148 10540008 000a0050f2040005")
# Multi-band operation: cellular data available.
_MBO = vendor_element("506f9a", "16 030101")

# The shares follow eleven phones measured alone in a chamber (Pintor and Atzori 2022): from 5 % to 99 % of single
# windows, by model; the common ones here lie in the middle.
IPHONE = WifiModel(
    oui="3c:06:30",
    randomises=True,
    probing_share=0.30,
    joined_share=0.55,
    data_frames=5.0,
    stronger_db=0.0,
    elements=RATES_B
    + RATES_G
    + ht_capabilities("2d40", 2)
    + extended_capabilities("0400088400000040")
    + he_capabilities("0178c81a4000", "00bfce0000000000000000")
    + _APPLE
    + _BROADCOM,
)
IPHONE_OLDER = WifiModel(
    oui="f0:18:98",
    randomises=True,
    probing_share=0.40,
    joined_share=0.60,
    data_frames=4.0,
    stronger_db=-2.0,
    elements=RATES_B
    + RATES_G
    + ht_capabilities("2d00", 1)
    + extended_capabilities("0400088400000040")
    + _APPLE
    + _BROADCOM,
)
GALAXY = WifiModel(
    oui="8c:79:f5",
    randomises=True,
    probing_share=0.45,
    joined_share=0.55,
    data_frames=5.0,
    stronger_db=0.0,
    elements=RATES_B
    + RATES_G
    + ht_capabilities("ef19", 2)
    + extended_capabilities("0000080400000040")
    + INTERWORKING_ANY
    + vht_capabilities("b1798b0f", "faff")
    + _SAMSUNG
    + _BROADCOM
    + _MBO,
)
PIXEL = WifiModel(
    oui="3c:28:6d",
    randomises=True,
    probing_share=0.25,
    joined_share=0.50,
    data_frames=4.0,
    stronger_db=1.0,
    elements=RATES_BG
    + RATES_BG_REST
    + ht_capabilities("ef01", 2)
    + extended_capabilities("0400c88401000040")
    + INTERWORKING_ANY
    + he_capabilities("0300080a1001", "20020dc0870200c1000400")
    + _MICROSOFT
    + _MBO,
)
REDMI = WifiModel(
    oui="64:b4:73",
    randomises=True,
    probing_share=0.60,
    joined_share=0.60,
    data_frames=6.0,
    stronger_db=-1.0,
    elements=RATES_B
    + RATES_G
    + ht_capabilities("6e01", 1)
    + extended_capabilities("0000008000000040")
    + vendor_element("506f9a", "0a 000006 0111 1c44 0032")
    + _WPS,
)
# Android before 10: its own address, and the names of the networks it remembers.
OLD_ANDROID = WifiModel(
    oui="00:9a:cd",
    randomises=False,
    probing_share=0.55,
    joined_share=0.60,
    data_frames=4.0,
    stronger_db=-2.0,
    elements=RATES_B + RATES_G + ht_capabilities("2c01", 1) + _WPS,
)
MACBOOK = WifiModel(
    oui="14:7d:da",
    randomises=True,
    probing_share=0.50,
    joined_share=0.95,
    data_frames=9.0,
    stronger_db=5.0,
    elements=RATES_B + RATES_G + ht_capabilities("ef09", 2) + extended_capabilities("0400088400000040") + _APPLE,
)
WINDOWS_LAPTOP = WifiModel(
    oui="a4:c3:f0",
    randomises=False,
    probing_share=0.50,
    joined_share=0.95,
    data_frames=9.0,
    stronger_db=5.0,
    elements=RATES_BG
    + RATES_BG_REST
    + ht_capabilities("ef11", 2)
    + extended_capabilities("0400008001000040")
    + vht_capabilities("f2718003", "faff")
    + _MICROSOFT,
)
PRINTER = WifiModel(
    oui="a0:d3:c1",
    randomises=False,
    probing_share=0.90,
    joined_share=0.93,
    data_frames=2.0,
    stronger_db=6.0,
    elements=RATES_BG + RATES_BG_REST + ht_capabilities("2c00", 1),
)
TELEVISION = WifiModel(
    oui="8c:71:f8",
    randomises=False,
    probing_share=0.90,
    joined_share=0.97,
    data_frames=4.0,
    stronger_db=6.0,
    elements=RATES_B + RATES_G + ht_capabilities("6f00", 2) + _SAMSUNG,
)
DESKTOP_PC = WifiModel(
    oui="f8:b1:56",
    randomises=False,
    probing_share=0.90,
    joined_share=0.97,
    data_frames=5.0,
    stronger_db=6.0,
    elements=RATES_BG + RATES_BG_REST + ht_capabilities("ef11", 2) + _MICROSOFT,
)
