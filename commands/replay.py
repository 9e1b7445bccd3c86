"""The command `replay`: stored captures, down the road of live ones."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from config import ConfigError
from links.scan_lines import scan_as_json, scan_as_text
from place import Place
from presence.faults import advice_for
from presence.radio import Radio
from presence.scan import Scan


def replay_as_asked(place: Place, arguments: argparse.Namespace) -> int:
    """Replay captures, each scan as JSON or in words.

    Raises:
        ConfigError: None was named.
    """
    if not arguments.captures and arguments.bluetooth is None:
        raise ConfigError("Name what is to be replayed: `./run replay CAPTURE`, or `./run replay --bluetooth LOG`.")
    as_line = partial(scan_as_json, with_devices=False) if arguments.json else scan_as_text
    return replay(place, arguments.captures, arguments.bluetooth, as_line)


def replay(place: Place, captures: Sequence[Path], bluetooth: Path | None, as_line: Callable[[Scan], str]) -> int:
    """Take stored captures down the road of live ones, and print a line for each scan."""
    from scans.counting import new_windows  # noqa: PLC0415 - what reads captures takes 8 MB
    from scans.replay import Replay  # noqa: PLC0415 - likewise
    from scans.wifi import read_capture  # noqa: PLC0415 - likewise

    scans = place.config.scans
    with contextlib.closing(place.open_store()) as store:

        def take(one: Scan) -> None:
            store.recorder.record(one)
            print(as_line(one), flush=True)

        windows = new_windows(place.what_stays(place.registry_key(), store.fixtures.digests()))
        player = Replay(scans.sensor_name, place.visitor_keys(), place.rules(), take, windows)
        faults = player.play(captures, read_capture, bluetooth)
    for path, fault in faults:
        print(f"{path}: {fault.detail or advice_for(Radio.WIFI, fault.reason)}", file=sys.stderr)
    return 1 if faults else 0
