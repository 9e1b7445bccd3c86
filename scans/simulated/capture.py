"""What an adapter in monitor mode at the site captures: clients and access points, as frames in a pcap stream."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from scans.simulated.access_points import ACCESS_POINTS, NETWORK, AccessPoint
from scans.simulated.air import ClientFrame, FrameKind
from scans.simulated.dice import dice
from scans.simulated.frames import answer, beacon, client_frame
from scans.simulated.signal_strength import reading
from scans.simulated.site import SimulatedSite

# pcap (draft-ietf-opsawg-pcap): microseconds, version 2.4, frames of any length, link type 127: radiotap before 802.11.
PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 127)

# A beacon every 100 time units of 1,024 µs.
_BEACON_SECONDS = 0.1024

# Access points answer in a few milliseconds, and to seven in ten frames that the sensor hears.
_ANSWERED_SHARE = 0.7
_ANSWER_SECONDS = (0.002, 0.008)


class CapturedFrame(NamedTuple):
    """A frame and when it was captured, in seconds since 1970."""

    at: float
    content: bytes

    def record(self) -> bytes:
        """The frame as a record of a pcap stream."""
        microseconds = round(self.at * 1_000_000)
        length = len(self.content)
        return struct.pack("<IIII", *divmod(microseconds, 1_000_000), length, length) + self.content


def captured_frames(site: SimulatedSite, from_at: datetime, seconds: float) -> list[CapturedFrame]:
    """All frames that are captured in a window, in the order of time. The clients' are `site.client_frames`."""
    begin = from_at.timestamp()
    frames = list(_beacons(site.seed, begin, begin + seconds))
    for frame in site.client_frames(from_at, seconds):
        frames.append(CapturedFrame(frame.at, client_frame(frame)))
        frames += _answers(site.seed, frame)
    frames.sort(key=lambda captured: captured.at)
    return frames


def _beacons(seed: int, begin: float, end: float) -> Iterator[CapturedFrame]:
    for number in range(math.ceil(begin / _BEACON_SECONDS), math.ceil(end / _BEACON_SECONDS)):
        rng = dice(seed, "beacon", number)
        for access_point in ACCESS_POINTS:
            at = number * _BEACON_SECONDS + access_point.channel * 0.001
            rssi = reading(rng, access_point.rssi_dbm)
            if rssi is not None:
                yield CapturedFrame(at, beacon(access_point, at, rssi, number))


def _answers(seed: int, frame: ClientFrame) -> Iterator[CapturedFrame]:
    """What the access points send to a client: the one it is sent to, or all of them when it asks for this network."""
    rng = dice(seed, "answer", frame.sender, round(frame.at * 1_000_000))
    asked: tuple[AccessPoint, ...] = ()
    if frame.access_point is not None:
        asked = (ACCESS_POINTS[frame.access_point],)
    elif frame.ssid in (None, NETWORK):
        asked = ACCESS_POINTS
    for access_point in asked:
        at = frame.at + rng.uniform(*_ANSWER_SECONDS)
        rssi = reading(rng, access_point.rssi_dbm)
        answered = rng.random() < _ANSWERED_SHARE and frame.kind is not FrameKind.NULL
        if answered and rssi is not None:
            yield CapturedFrame(at, answer(frame, access_point, at, rssi, rng.randrange(4096)))
