"""The command `scan`: one scan, now."""

from __future__ import annotations

import contextlib

from hearing import build_sensor, simulated_site
from links.scan_lines import scan_as_json
from place import Place


def scan(place: Place) -> int:
    """Make one scan now, and print it as JSON; nothing is stored."""
    site = simulated_site(place) if place.is_demo else None
    with contextlib.closing(build_sensor(place, place.visitor_keys(), site, None)) as sensor:
        print(scan_as_json(sensor.scan(), with_devices=True))
    return 0
