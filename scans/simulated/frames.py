"""Frames as an adapter in monitor mode hands them over: a radiotap header, then IEEE 802.11 (IEEE 802.11-2020)."""

from __future__ import annotations

import struct

from scans.simulated.access_points import ACCESS_POINTS, NETWORK, ROUTER_ADDRESS, AccessPoint
from scans.simulated.air import ClientFrame, FrameKind
from scans.simulated.dice import fixed_bytes
from scans.simulated.elements import (
    BASIC_RATES_BG,
    DS_PARAMETER,
    HT_OPERATION,
    RATES_BG_REST,
    RSN_PASSWORD,
    TRAFFIC_INDICATION_MAP,
    element,
    ht_capabilities,
    ssid_element,
)

# Frame control (section 9.2.4.1): subtype and type in the first byte, flags in the second.
_ASSOCIATION_REQUEST, _ASSOCIATION_RESPONSE = 0x00, 0x10
_PROBE_REQUEST, _PROBE_RESPONSE = 0x40, 0x50
_BEACON = 0x80
_AUTHENTICATION = 0xB0
_NULL = 0x48
_QOS_DATA = 0x88
_TO_DS, _FROM_DS, _POWER_MANAGEMENT, _PROTECTED = 0x01, 0x02, 0x10, 0x40

_EVERYONE = "ff:ff:ff:ff:ff:ff"
_DURATION_MICROSECONDS = 314

# Capabilities: infrastructure network, encrypted, short preamble and slot.
_CAPABILITIES = 0x0431
_BEACON_INTERVAL = 100  # of 1,024 µs
_LISTEN_INTERVAL = 10
_SHARED_PASSWORD_AUTHENTICATION = 0
_SUCCESS = 0

_ACCESS_POINT_ELEMENTS = RATES_BG_REST + RSN_PASSWORD + ht_capabilities("ad01", 2)
_NOBODY_WAITS = element(TRAFFIC_INDICATION_MAP, bytes.fromhex("00030000"))

# Radiotap (radiotap.org): flags, rate, channel, signal of the antenna, number of the antenna.
_RADIOTAP = struct.Struct("<BxHI BBHH bB")
_RADIOTAP_PRESENT = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 11
_ONE_MEGABIT = 2  # of 500 kb/s
_CHANNEL_2_GHZ_CCK = 0x00A0

_HEADER = struct.Struct("<BBH6s6s6sH")

# The channels of 2.4 GHz that do not overlap; a phone asks on each.
_PROBED_CHANNELS = (1, 6, 11)


def client_frame(frame: ClientFrame) -> bytes:
    """A frame from a client."""
    if frame.access_point is None:
        return _probe_request(frame)
    access_point = ACCESS_POINTS[frame.access_point]
    to = access_point.bssid
    match frame.kind:
        case FrameKind.AUTHENTICATION:
            content = _header(frame, _AUTHENTICATION, 0, to, to) + _authentication(1)
        case FrameKind.ASSOCIATION_REQUEST:
            content = _header(frame, _ASSOCIATION_REQUEST, 0, to, to)
            content += struct.pack("<HH", _CAPABILITIES, _LISTEN_INTERVAL)
            content += ssid_element(frame.ssid) + frame.gadget.model.elements + RSN_PASSWORD
        case FrameKind.NULL:
            content = _header(frame, _NULL, _TO_DS | _POWER_MANAGEMENT, to, to)
        case _:
            content = _header(frame, _QOS_DATA, _TO_DS | _PROTECTED, to, ROUTER_ADDRESS)
            content += _encrypted(frame.sequence)
    return _radiotap(access_point.channel, frame.rssi_dbm) + content


def beacon(access_point: AccessPoint, at: float, rssi_dbm: int, sequence: int) -> bytes:
    """What an access point tells everyone, ten times a second."""
    content = _management(_BEACON, _EVERYONE, access_point, sequence)
    return _radiotap(access_point.channel, rssi_dbm) + content + _network(access_point, at, _NOBODY_WAITS)


def answer(frame: ClientFrame, access_point: AccessPoint, at: float, rssi_dbm: int, sequence: int) -> bytes:
    """What an access point sends back to a frame."""
    match frame.kind:
        case FrameKind.PROBE_REQUEST:
            content = _management(_PROBE_RESPONSE, frame.sender, access_point, sequence) + _network(access_point, at)
        case FrameKind.AUTHENTICATION:
            content = _management(_AUTHENTICATION, frame.sender, access_point, sequence) + _authentication(2)
        case FrameKind.ASSOCIATION_REQUEST:
            content = _management(_ASSOCIATION_RESPONSE, frame.sender, access_point, sequence)
            # The two top bits of an association's number are always set (section 9.4.1.8).
            content += struct.pack("<HHH", _CAPABILITIES, _SUCCESS, 0xC001) + BASIC_RATES_BG + RATES_BG_REST
        case _:
            content = _HEADER.pack(
                _QOS_DATA,
                _FROM_DS | _PROTECTED,
                _DURATION_MICROSECONDS,
                _raw(frame.sender),
                _raw(access_point.bssid),
                _raw(ROUTER_ADDRESS),
                _sequence_control(sequence),
            ) + _encrypted(sequence)
    return _radiotap(access_point.channel, rssi_dbm) + content


def _probe_request(frame: ClientFrame) -> bytes:
    channel = _PROBED_CHANNELS[frame.sequence % len(_PROBED_CHANNELS)]
    content = _header(frame, _PROBE_REQUEST, 0, _EVERYONE, _EVERYONE)
    content += ssid_element(frame.ssid) + frame.gadget.model.elements + element(DS_PARAMETER, bytes((channel,)))
    return _radiotap(channel, frame.rssi_dbm) + content


def _header(frame: ClientFrame, kind: int, flags: int, receiver: str, third: str) -> bytes:
    return _HEADER.pack(
        kind,
        flags,
        _DURATION_MICROSECONDS,
        _raw(receiver),
        _raw(frame.sender),
        _raw(third),
        _sequence_control(frame.sequence),
    )


def _management(kind: int, receiver: str, access_point: AccessPoint, sequence: int) -> bytes:
    bssid = _raw(access_point.bssid)
    return _HEADER.pack(kind, 0, _DURATION_MICROSECONDS, _raw(receiver), bssid, bssid, _sequence_control(sequence))


def _network(access_point: AccessPoint, at: float, waiting: bytes = b"") -> bytes:
    """The fixed fields and elements that beacons and probe responses share."""
    channel = bytes((access_point.channel,))
    return (
        struct.pack("<QHH", int(at * 1_000_000), _BEACON_INTERVAL, _CAPABILITIES)
        + ssid_element(NETWORK)
        + BASIC_RATES_BG
        + element(DS_PARAMETER, channel)
        + waiting
        + _ACCESS_POINT_ELEMENTS
        + element(HT_OPERATION, channel + bytes(21))
    )


def _authentication(step: int) -> bytes:
    return struct.pack("<HHH", _SHARED_PASSWORD_AUTHENTICATION, step, _SUCCESS)


def _encrypted(sequence: int) -> bytes:
    """QoS control, the CCMP header (section 12.5.3.2) with its packet number, and data that nobody can read."""
    length = 40 + sequence * 37 % 400
    number = struct.pack("<H", sequence)
    return bytes(2) + number + b"\x00\x20" + bytes(4) + (fixed_bytes(64, "data", sequence) * 7)[:length]


def _sequence_control(sequence: int) -> int:
    """The sequence number stands above four bits of fragment number."""
    return (sequence % 4096) << 4


def _radiotap(channel: int, rssi_dbm: int) -> bytes:
    return _RADIOTAP.pack(
        0,
        _RADIOTAP.size,
        _RADIOTAP_PRESENT,
        0,
        _ONE_MEGABIT,
        2407 + 5 * channel,
        _CHANNEL_2_GHZ_CCK,
        rssi_dbm,
        0,
    )


def _raw(address: str) -> bytes:
    return bytes.fromhex(address.replace(":", ""))
