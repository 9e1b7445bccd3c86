"""Made-up devices by the thousand, and the fair that must not be taken for them."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator

from presence.radio import Radio
from presence.scan import AddressKind
from scans.families import Family
from scans.sighting import Sighting
from tests.scans.captures import EVERYONE, PROBE_REQUEST, frame, named, radiotap

# Readings of one transmitter scatter so much (`scans.simulated`).
_SCATTER_DB = 3.0


def made_up_probe_requests(rng: random.Random, count: int) -> Iterator[bytes]:
    """Probe requests of one transmitter, each from an address of its own, and of a model of its own."""
    for _ in range(count):
        sender = bytes((rng.getrandbits(8) & 0xFC | 2, *rng.randbytes(5))).hex(":")
        body = named(rng.randbytes(rng.randrange(33))) + bytes((1, 4)) + rng.randbytes(4) + bytes((45, 26))
        tap = radiotap(round(rng.gauss(-50, _SCATTER_DB)))
        yield frame(PROBE_REQUEST, sender, EVERYONE, EVERYONE, body=body + rng.randbytes(26), tap=tap)


def in_seconds(frames: Iterator[bytes], per_second: int, header: bytes) -> Iterator[bytes]:
    """Frames as records of a pcap stream behind its header, so many a second."""
    yield header
    for number, content in enumerate(frames):
        microseconds = (1_795_003_200 * per_second + number) * 1_000_000 // per_second
        yield struct.pack("<IIII", *divmod(microseconds, 1_000_000), len(content), len(content)) + content


def made_up_sightings(rng: random.Random, radio: Radio, count: int, at: float, *, dbm: float = -50) -> list[Sighting]:
    """The same as sightings, by either radio."""
    is_wifi = radio is Radio.WIFI
    return [
        Sighting(
            radio,
            rng.randbytes(6).hex(":"),
            AddressKind.RANDOMISED if is_wifi else AddressKind.NON_RESOLVABLE,
            round(rng.gauss(dbm, _SCATTER_DB)),
            at + 10 * number / count,
            family=None if is_wifi else Family.OTHER,
            is_probe_request=is_wifi,
            fingerprint=rng.getrandbits(64) if is_wifi else None,
        )
        for number in range(count)
    ]


def fair(rng: random.Random, radio: Radio, people: int, at: float, *, reach_metres: float) -> list[Sighting]:
    """What a hall full of phones sends in ten seconds, as far as it is heard: each under one new address.

    They are spread over a disc, lose 30 dB for each tenfold of distance, and bodies in between shadow them by 6 dB. By
    Wi-Fi each searches once and is of one of sixty models, the newest the commonest. By Bluetooth four in ten advertise
    once only, and half are Apple's.
    """
    sightings = []
    models = [1 / rank for rank in range(1, 61)]
    families = (Family.APPLE, Family.SAMSUNG, Family.GOOGLE, Family.COMPUTER, Family.OTHER)
    for _ in range(people):
        metres = max(1.0, reach_metres * math.sqrt(rng.random()))
        dbm = -38 - 30 * math.log10(metres) + rng.gauss(0, 6)
        address, begin = rng.randbytes(6).hex(":"), at + 10 * rng.random()
        model, family = rng.choices(range(60), models)[0], rng.choices(families, (50, 20, 15, 10, 5))[0]
        for number in range(rng.randint(1, 8) if rng.random() > 0.4 else 1):
            reading = round(dbm + rng.gauss(0, _SCATTER_DB))
            if reading < -92:  # lost in the noise
                continue
            kind = AddressKind.RANDOMISED if radio is Radio.WIFI else AddressKind.RESOLVABLE
            told = {"is_probe_request": True, "fingerprint": model} if radio is Radio.WIFI else {"family": family}
            sightings.append(Sighting(radio, address, kind, reading, begin + number / 50, **told))
    return sightings
