"""How good the estimate of people is: `python -m bench.people --data DIR [--train DIR] [--plot FILE]`.

DIR is laid out like this, each part of it optional:

- `brno/`: captures of a room (`*.pcap`, `*.pcap.gz`, one a day), and `occupancy.csv` with the columns day, minute_epoch
  and people: how many were there in a minute; a minute without a row has no truth.
- `pintor/`: a folder for each phone, with captures of that phone alone, which are mixed (`bench.people_pintor`).
- `ble/*.csv`: logs of advertisements with labels, a column each for time, address, address type, RSSI, payload in
  hexadecimal and device.

A week of the simulated site (`bench.people_site`) needs no folder. Everything takes the programme's own road: tshark,
scans, a database, head counts, estimates. One JSON object is printed; a part that is absent is null there, with the
reason under `absent`. With --train, head counts come from that folder, and every day of DIR is predicted. It takes some
minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.people_ble import ble_figures
from bench.people_captures import NothingToMeasureError, Place, read_room
from bench.people_pintor import pintor_figures
from bench.people_plot import curve_svg
from bench.people_room import room_figures
from bench.people_site import site_figures

_PARTS = ("brno", "pintor", "ble", "site")


def main() -> None:
    """Measure what a folder holds."""
    arguments = _arguments()
    # Two processes compute at once: their matrices need no threads of their own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    began = time.monotonic()
    figures: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for name, measure in _parts(arguments).items():
        try:
            figures[name] = measure()
        except NothingToMeasureError as error:
            figures[name], absent[name] = None, str(error)
    json.dump(figures | {"absent": absent, "seconds": round(time.monotonic() - began, 1)}, sys.stdout, indent=1)
    print()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.people", description="How good the estimate of people is.")
    parser.add_argument("--data", type=Path, required=True, help="a folder laid out as the head of this file says")
    parser.add_argument("--train", type=Path, help="such a folder whose head counts are learned from")
    parser.add_argument("--time-zone", default="Europe/Prague", help="by which it is night in brno/ (%(default)s)")
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=_PARTS, help="parts to measure (all)")
    parser.add_argument("--plot", type=Path, help="where the learning curve is drawn, as an SVG")
    return parser.parse_args()


def _parts(arguments: argparse.Namespace) -> dict[str, Callable[[], dict[str, Any]]]:
    parts = {
        "brno": lambda: _brno(arguments),
        "pintor": lambda: _pintor(arguments.data / "pintor"),
        "ble": lambda: _ble(arguments.data / "ble"),
        "site": lambda: asdict(site_figures()),
    }
    return {name: measure for name, measure in parts.items() if name in arguments.only}


def _brno(arguments: argparse.Namespace) -> dict[str, Any]:
    place = Place(arguments.time_zone, secrets.token_bytes(32))
    teacher = None if arguments.train is None else read_room(arguments.train / "brno", place)
    known = frozenset() if teacher is None else teacher.excluded
    room = read_room(arguments.data / "brno", place, known)
    figures = room_figures(room, teacher)
    if arguments.plot is not None:
        curve = curve_svg(figures.learning_curve, figures.mae, len((teacher or room).blocks))
        arguments.plot.write_text(curve, encoding="utf-8")
    return asdict(figures)


def _pintor(folder: Path) -> dict[str, Any]:
    figures = pintor_figures(folder)
    if not figures:
        raise NothingToMeasureError("pintor/ holds no capture")
    return {str(size): asdict(one) for size, one in figures.items()}


def _ble(folder: Path) -> dict[str, Any]:
    figures = ble_figures(folder)
    if figures.continuous is None:
        raise NothingToMeasureError("ble/ holds no log with labels (*.csv)")
    return asdict(figures)


if __name__ == "__main__":
    main()
