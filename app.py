"""Builds the parts, runs them, stops them in reverse; the command line. Nobody imports this."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from types import FrameType

from command_line import parse
from config import ConfigError
from db.backup import back_up
from db.errors import DatabaseError
from db.examine import examine_database
from db.reports import keep_report
from db.store import Store
from layouts.needs import PageSettings
from layouts.page import build_page
from layouts.report import report_text
from links.examine import examine_server
from links.scan_lines import scan_as_json, scan_as_text
from links.server import ServerError, create_server, lan_address, open_port, serve
from place import Place, place_of
from presence.faults import advice_for
from presence.radio import Radio
from presence.ranges import TimeRange
from presence.scan import Scan
from scans.adapter import AdapterMender
from scans.bluetooth import BluetoothListener, bleak_scanner
from scans.box import Box
from scans.examine import examine_hearing
from scans.history import simulated_scans
from scans.listener import Listener
from scans.monitor import MonitorInterface, own_addresses
from scans.patience import PatientRadio
from scans.replay import Replay
from scans.sensor import Sensor
from scans.simulated.ble_scanner import simulated_scanner
from scans.simulated.outages import DEMONSTRATION_OUTAGES
from scans.simulated.site import SimulatedSite
from scans.simulated.wifi_pipe import WifiPipe
from scans.visitor_key import KeyFileError
from scans.wifi import WifiListener, read_capture

def page_settings(place: Place) -> PageSettings:
    """What the page and the report go by, and list."""
    config = place.config
    presence = config.presence
    return PageSettings(
        site_name=config.layouts.site_name,
        demo=place.is_demo,
        time_zone=place.time_zone,
        thresholds=place.thresholds,
        scan_interval=timedelta(seconds=config.scans.interval_seconds),
        listed=(
            ("Listening", f"{config.scans.listen_seconds:g} s every {config.scans.interval_seconds:g} s"),
            ("Share of people who can be heard", f"{presence.visible_share:.0%}"),
            ("A new visit after an absence of", f"{presence.visit_gap_minutes:g} minutes"),
            ("Present when heard within", f"{presence.hold_minutes:g} minutes"),
            ("Near, from", f"{presence.near_dbm} dBm"),
            ("Medium, from", f"{presence.medium_dbm} dBm"),
            ("Visitor key replaced", config.scans.key_rotation.value),
            ("Devices and visits forgotten after", f"{config.db.keep_days} days"),
            ("Time zone", str(place.time_zone)),
        ),
    )


def run(place: Place) -> int:
    """Listen every minute and serve the page, until stopped."""
    links, scans = place.config.links, place.config.scans
    with contextlib.ExitStack() as undo:
        listening = open_port(links.host, links.port)
        undo.callback(listening.close)
        store = place.open_store()
        undo.callback(store.close)
        site = SimulatedSite(DEMO_SEED, place.time_zone, DEMONSTRATION_OUTAGES) if place.is_demo else None
        if site is not None:
            make_demo_history(place, store, site)

        def remember(scan: Scan) -> None:
            store.recorder.record(scan)
            store.recorder.forget_some(place.clock.wall())

        box = Box(
            sensor=build_sensor(place, site, store.reader.overview(place.clock.wall()).last_scan_at),
            remember=remember,
            not_remembered=DatabaseError,
            interval_seconds=scans.interval_seconds,
            jitter_seconds=scans.jitter_seconds,
            clock=place.clock,
            rng=random.Random(),  # noqa: S311 - shifts of a few seconds are no secret
        )
        server = create_server(lambda: store.reader.overview(place.clock.wall()))
        build_page(
            server,
            reader=store.reader,
            commands=store.commands,
            activity=box.activity,
            clock=place.clock.wall,
            settings=page_settings(place),
            save_report=partial(keep_report, place.folder / "reports"),
        )
        undo.callback(box.stop)
        box.start()
        print(f"Open the page at http://{lan_address()}:{links.port}  (stop with Ctrl+C)", flush=True)
        serve(server, listening)
    return 0


def scan(place: Place) -> int:
    """Make one scan now, and print it as JSON; nothing is stored."""
    site = SimulatedSite(DEMO_SEED, place.time_zone) if place.is_demo else None
    with contextlib.closing(build_sensor(place, site, None)) as sensor:
        print(scan_as_json(sensor.scan(), with_devices=True))
    return 0


def replay(place: Place, captures: Sequence[Path], bluetooth: Path | None, as_line: Callable[[Scan], str]) -> int:
    """Take stored captures down the road of live ones, and print a line for each scan."""
    scans = place.config.scans
    with contextlib.closing(place.open_store()) as store:

        def take(one: Scan) -> None:
            store.recorder.record(one)
            print(as_line(one), flush=True)

        player = Replay(scans.sensor_name, place.visitor_keys(), place.rules, take)
        faults = player.play(captures, read_capture, bluetooth)
    for path, fault in faults:
        print(f"{path}: {fault.detail or advice_for(Radio.WIFI, fault.reason)}", file=sys.stderr)
    return 1 if faults else 0


def report(place: Place, time_range: TimeRange) -> int:
    """Print the report that the page saves."""
    with contextlib.closing(place.open_store()) as store:
        print(report_text(store.reader.report(time_range, place.clock.wall()), page_settings(place)))
    return 0


def backup(place: Place, folder: Path) -> int:
    """Copy the database while it is in use, and check the copy."""
    print(f"Saved and checked: {back_up(place.database_url, folder, place.clock.wall())}")
    return 0


def doctor(place: Place) -> int:
    """Say of each part whether it is fine, and what to type to mend it."""
    scans, links = place.config.scans, place.config.links
    findings = (
        *examine_hearing(
            wifi=wifi_source(place) if scans.wifi_enabled and not place.is_demo else None,
            has_bluetooth=scans.bluetooth_enabled and not place.is_demo,
            adapter=scans.bluetooth_adapter or None,
            key_path=place.key_path,
            clock=place.clock,
        ),
        *examine_database(place.database_url),
        *examine_server(links.host, links.port),
    )
    for finding in findings:
        print(f"{'fine' if finding.is_fine else 'NOT FINE':>8}  {finding.part}: {finding.says}")
        if finding.remedy:
            print(f"{'':>10}{finding.remedy}")
    return 0 if all(finding.is_fine for finding in findings) else 1


def carry_out(arguments: argparse.Namespace) -> int:
    """Carry out one command; gives the exit status."""
    place = place_of(arguments)
    match arguments.command:
        case "run":
            return run(place)
        case "doctor":
            return doctor(place)
        case "scan":
            return scan(place)
        case "replay":
            as_line = partial(scan_as_json, with_devices=False) if arguments.json else scan_as_text
            return replay(place, arguments.captures, arguments.bluetooth, as_line)
        case "report":
            return report(place, TimeRange(arguments.range))
        case _:
            return backup(place, arguments.folder or place.folder / "backups")


def main() -> int:
    """Understand the command line, and carry it out; a user's mistake is answered with a sentence."""
    arguments = parse(sys.argv[1:])
    os.umask(0o077)  # what is remembered is for its owner
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.ERROR, stream=sys.stderr)
    for room in ("scans", "db", "layouts", "links"):
        logging.getLogger(room).setLevel(logging.INFO)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        return carry_out(arguments)
    except (ConfigError, DatabaseError, KeyFileError, ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # `./run report | head`: whoever reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _stop(signum: int, frame: FrameType | None) -> None:
    """Leave by the way that undoes everything."""
    del signum, frame
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
