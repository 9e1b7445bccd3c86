"""Frames that nobody's device would send: those of the simulated site, changed at random, through the real tshark."""

from __future__ import annotations

import random
import struct
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from scans.sighting import Sighting
from scans.simulated.capture import PCAP_HEADER, captured_frames
from scans.simulated.frames import client_frame
from scans.simulated.site import SimulatedSite
from scans.wifi import read_capture
from tests.strangers.from_the_air import check_sighting

_NOON = datetime(2027, 3, 1, 11, tzinfo=UTC)
_SITE_SECONDS = 60
_LONGEST_FRAME = 2000


def strange_frames(rng: random.Random, count: int, capture: Path) -> int:
    """Let tshark read so many changed frames, and check what comes of each; gives how many became sightings.

    Args:
        rng: Changes them.
        count: How many.
        capture: The file they are written to, for tshark to read.
    """
    with capture.open("wb") as file:
        file.write(PCAP_HEADER)
        for number in range(count):
            content = _changed(rng, rng.choice(_frames()))
            seconds = rng.getrandbits(32) if rng.random() < 0.01 else 1_795_003_200 + number // 1000
            file.write(struct.pack("<IIII", seconds, number % 1000, len(content), len(content)) + content)
    heard: list[Sighting] = []
    fault = read_capture(capture, heard.append)
    assert fault is None, fault
    for sighting in heard:
        check_sighting(sighting)
    return len(heard)


@cache
def _frames() -> tuple[bytes, ...]:
    site = SimulatedSite(1, ZoneInfo("UTC"))
    others = [frame.content for frame in captured_frames(site, _NOON, 1)]
    return (*(client_frame(frame) for frame in site.client_frames(_NOON, _SITE_SECONDS)), *others)


def _changed(rng: random.Random, content: bytes) -> bytes:
    """A frame with bits turned, bytes put in, left out or said twice, mostly behind what says whose it is."""
    frame = bytearray(content)
    for _ in range(rng.randrange(5)):
        at = rng.randrange(len(frame) if rng.random() < 0.3 else max(len(frame) - 34, 1)) if frame else 0
        at = len(frame) - 1 - at if rng.random() < 0.7 else at
        frame = _once_changed(rng, frame, max(at, 0))
    return bytes(frame[:_LONGEST_FRAME])


def _once_changed(rng: random.Random, frame: bytearray, at: int) -> bytearray:
    match rng.randrange(6):
        case 0:
            return frame[:at] + bytes((rng.getrandbits(8),)) + frame[at + 1 :]
        case 1:
            return frame[:at] + rng.randbytes(rng.randrange(40)) + frame[at:]
        case 2:
            return frame[:at] + frame[at + rng.randrange(20) :]
        case 3:  # an element of any kind that claims any length
            return frame[:at] + bytes((rng.getrandbits(8), rng.getrandbits(8))) + frame[at:]
        case 4:
            return frame[:at]
        case _:
            return frame + frame[at : at + rng.randrange(60)] * rng.randrange(1, 4)
