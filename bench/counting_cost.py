"""What counting takes of one core a minute: `python -m bench.counting_cost`.

500 devices a minute, by each radio: by Wi-Fi phones that make up an address for each minute, of a dozen models, half of
which go on with their sequence numbers; by Bluetooth phones that change theirs every quarter of an hour.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from presence.counts import WINDOW
from presence.radio import Radio
from presence.scan import AddressKind
from scans.counting import new_windows
from scans.families import Family
from scans.folding import Fold
from scans.sighting import Sighting

_AT = datetime(2027, 3, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_MODELS = 12
_FRAMES = 3
_MINUTES_OF_AN_ADDRESS = 15
_PHONES = (Family.APPLE, Family.SAMSUNG, Family.GOOGLE, Family.PHONE)


def sightings(radio: Radio, minute: int, devices: int) -> Iterator[Sighting]:
    """What is heard in a minute; a device sends three times."""
    rng = random.Random(f"{radio} {minute}")  # noqa: S311 - a benchmark that can be repeated
    begin = (_AT + minute * _MINUTE).timestamp()
    for device in range(devices):
        epoch = minute if radio is Radio.WIFI else (minute + device) // _MINUTES_OF_AN_ADDRESS
        number = random.Random(f"{device} {epoch}").getrandbits(40).to_bytes(5, "big")  # noqa: S311 - see above
        at = begin + 9 * rng.random()
        goes_on = device % 2
        sequence = (device * 1_009 + minute * 40) % 4096 if goes_on else rng.randrange(4096)
        for frame in range(_FRAMES):
            yield Sighting(
                radio,
                f"{66 if radio is Radio.WIFI else 64:02x}:{number.hex(':')}",
                AddressKind.RANDOMISED if radio is Radio.WIFI else AddressKind.RESOLVABLE,
                -40 - device % 50 - rng.randrange(6),
                at + frame / 20,
                is_probe_request=radio is Radio.WIFI,
                fingerprint=device % _MODELS if radio is Radio.WIFI else None,
                sequence=(sequence + frame) % 4096 if radio is Radio.WIFI else None,
                family=None if radio is Radio.WIFI else _PHONES[device % len(_PHONES)],
            )


def seconds_a_minute(radio: Radio, devices: int, minutes: int) -> list[float]:
    """Processor time of each minute once the memory is full, the folding of sightings left out."""
    window = new_windows()[radio]
    spent: list[float] = []
    for minute in range(minutes):
        fold = Fold(radio)
        for one in sightings(radio, minute, devices):
            fold.hear(one)
        started_at = _AT + minute * _MINUTE
        begin = time.process_time()
        window.count(started_at, fold.senders(started_at))
        spent.append(time.process_time() - begin)
    return spent[3 * WINDOW // _MINUTE :]


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=500, help="devices of each radio (default: 500)")
    devices = parser.parse_args().devices
    spent = {radio.value: statistics.median(seconds_a_minute(radio, devices, 40)) for radio in Radio}
    figures = {f"{radio}_seconds": round(seconds, 3) for radio, seconds in spent.items()}
    print(json.dumps({"devices": devices, **figures, "both_seconds": round(sum(spent.values()), 3)}))


if __name__ == "__main__":
    main()
