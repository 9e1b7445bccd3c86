"""What the ear for tags costs: seconds of CPU for each second of 5,000 advertisements from 500 transmitters.

python -m bench.tag_ear_cost
"""

from __future__ import annotations

import json
import random
import time
from datetime import UTC, datetime

from presence.scan import AddressKind
from presence.tags import IdentityKind, Watched
from scans.broadcast import Broadcast, uuid_of_short
from scans.clock import Clock
from scans.identities import identity_of
from scans.registry_key import RegistryKey
from scans.tag_ear import TagEar

_TRANSMITTERS = 500
_A_SECOND = 5_000
_SECONDS = 70  # longer than the minute after which what was looked up is forgotten
_TAGS = 100
_KINDS = (AddressKind.GLOBAL, AddressKind.RESOLVABLE)


def main() -> None:
    """Measure, and print one line of JSON."""
    rng = random.Random(1)  # noqa: S311 - to be repeated
    key = RegistryKey(None)
    ear = TagEar("bench", key, Clock(lambda: datetime.now(UTC), time.monotonic, lambda: True), lambda _: ())
    addresses = [rng.randbytes(6).hex(":") for _ in range(_TRANSMITTERS)]
    irks = [identity_of(IdentityKind.IRK, rng.randbytes(16).hex(), key) for _ in range(_TAGS // 2)]
    known = [identity_of(IdentityKind.ADDRESS, address, key) for address in addresses[: _TAGS // 2]]
    ear.watch(Watched(number, identity) for number, identity in enumerate([*irks, *known]))
    payloads = [rng.randbytes(24) for _ in addresses]
    began = time.process_time()
    for number in range(_SECONDS * _A_SECOND):
        which = number % _TRANSMITTERS
        heard_at = number / _A_SECOND
        ear.hear(
            Broadcast(
                addresses[which],
                _KINDS[which % 2],
                rng.randrange(-95, -45),
                heard_at,
                None,
                {0x004C: payloads[which]},
                {uuid_of_short(0xFCD2): payloads[which]},
            )
        )
    spent = time.process_time() - began
    print(
        json.dumps(
            {
                "advertisements_a_second": _A_SECOND,
                "transmitters": _TRANSMITTERS,
                "tags": _TAGS,
                "cpu_share": round(spent / _SECONDS, 3),
                "microseconds_each": round(spent / _SECONDS / _A_SECOND * 1e6, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
