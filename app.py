"""Builds the parts, runs them, stops them in reverse; the command line. Nobody imports this."""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

from command_line import parse
from config import ConfigError, Uplink
from db.errors import DatabaseError
from db.zone_sums import ZoneSums
from hearing import build_ear, build_sensor, make_demo_history, simulated_site
from install.machine import InstallError
from keeping import Keeping
from link_settings import certificate, page_address
from links.access_commands import set_first_password
from links.errors import LinkSettingsError
from links.sensor_page import OwnHearing, sensor_server
from links.server import ServerError, end, open_port, web_server
from links.service_manager import service_manager
from logs import set_up_logs
from place import Place, place_of
from presence.access import AccessError
from presence.estimate import EstimateError
from presence.overview import Activity, Phase
from presence.scan import Scan
from presence.tags import TagError
from reviving import SteadyJob, begin_afresh, keep_alive
from scans.box import Box
from scans.enrolment import EnrolmentError, site_registry
from scans.identities import AddressError
from scans.minute import EveryMinute
from scans.progress import Progress
from scans.visitor_key import KeyFileError
from showing import add_page
from sparing import spare_looking_for_garbage, spare_memory
from telling import Telling, open_telling
from watching import Watching, register_demo_tags

# What hears takes 8 MB, which a hub need not spend, and the simulated site 2 MB: imported where it is used.
if TYPE_CHECKING:
    from scans.simulated.site import SimulatedSite

# A hub keeps house each minute, whenever scans come.
_HOUSE_SECONDS = 60.0


def run(place: Place) -> int:
    """Listen every minute, keep what is heard, and serve the page, until stopped."""
    keeping = Keeping(place, partial(_record_all, place), _begin_afresh)
    return keeping.until_stopped(partial(_run, place, keeping))


def _run(place: Place, keeping: Keeping) -> None:
    with contextlib.ExitStack() as undo:
        listening = open_port(place.config.links.host, place.config.links.port)
        undo.callback(listening.close)
        site = simulated_site(place) if place.is_demo else None
        if site is not None:
            make_demo_history(place, site, partial(print, flush=True))
        telling = open_telling(place, undo)
        if site is not None and not telling.store.tags.register_version():
            register_demo_tags(telling.store, site, telling.registry_key, place.clock.wall())
        telling.ear = build_ear(place, telling.registry_key)
        watching = Watching(telling)
        # A box that sends to a hub through the broker must not take its own back from it.
        from_broker = place.config.links.uplink is not Uplink.MQTT
        telling.receive_tags(watching.take, undo, from_broker=from_broker)
        telling.receive(undo, from_broker=from_broker)
        telling.sending.start(undo)
        telling.announce(undo)
        telling.notify(undo)
        sums = ZoneSums(telling.store.connections, place.store_settings)

        def recorded(scan: Scan) -> None:
            telling.sending.keep(scan)
            telling.note_own(scan)

        def remember(scan: Scan) -> None:
            keeping.remember(telling.store.recorder.record, recorded, scan)
            telling.nudge()
            keep_house(telling, sums)

        box = build_box(telling, site, remember)
        server = telling.site_server(is_listening=True)
        add_page(telling, server, box.activity, keeping.notices)
        site_server = web_server(server, certificate(place))
        keeping.watch(telling.store.connections, partial(end, site_server))
        undo.callback(box.stop)
        box.start()
        undo.callback(watching.stop)
        watching.start()
        telling.fit(undo)
        keeping.start_backups(telling.is_clock_right, undo)
        greet(telling)
        keep_alive(place.config.scans.interval_seconds, box.progress, lambda: scans_so_far(box), undo)
        spare_looking_for_garbage()
        site_server.run(sockets=[listening])


def run_hub(place: Place) -> int:
    """Take what sensors send, and serve the page, until stopped."""
    keeping = Keeping(place, partial(_record_all, place), _begin_afresh)
    return keeping.until_stopped(partial(_run_hub, place, keeping))


def _run_hub(place: Place, keeping: Keeping) -> None:
    with contextlib.ExitStack() as undo:
        listening = open_port(place.config.links.host, place.config.links.port)
        undo.callback(listening.close)
        telling = open_telling(place, undo)
        telling.receive(undo, from_broker=True)
        telling.announce(undo)
        telling.notify(undo)
        watching = Watching(telling)
        telling.receive_tags(watching.take, undo, from_broker=True)
        sums = ZoneSums(telling.store.connections, place.store_settings)

        def each_minute() -> None:
            keeping.look()
            keep_house(telling, sums)

        progress = Progress(place.clock.monotonic)
        job = SteadyJob(each_minute, (DatabaseError, KeyFileError), progress)
        minute = EveryMinute(job.attempt, _HOUSE_SECONDS, 0.0, place.clock, _jitter())
        server = telling.site_server(is_listening=False)
        add_page(telling, server, lambda: Activity(Phase.WAITING, telling.latest_scan_id, None), keeping.notices)
        site_server = web_server(server, certificate(place))
        keeping.watch(telling.store.connections, partial(end, site_server))
        undo.callback(minute.stop)
        minute.start()
        undo.callback(watching.stop)
        watching.start()
        telling.fit(undo)
        keeping.start_backups(telling.is_clock_right, undo)
        greet(telling)
        keep_alive(_HOUSE_SECONDS, progress, lambda: "keeps house each minute", undo)
        spare_looking_for_garbage()
        site_server.run(sockets=[listening])


def run_sensor(place: Place) -> int:
    """Listen every minute, and send what is heard to the hub, until stopped."""
    if place.config.links.uplink is Uplink.OFF:
        raise EnrolmentError(
            "This machine is no sensor yet. On the hub type `./run enrol NAME`, and here what that prints."
        )
    keeping = Keeping(place, partial(_send_all, place), _begin_afresh)
    return keeping.until_stopped(partial(_run_sensor, place, keeping))


def _run_sensor(place: Place, keeping: Keeping) -> None:
    links = place.config.links
    with contextlib.ExitStack() as undo:
        listening = open_port(links.host, links.port)
        undo.callback(listening.close)
        telling = open_telling(place, undo)
        name = place.card.name
        own = telling.store.sensors.one(name, place.clock.wall())
        telling.newest_at = lambda: None if own is None else own.last_scan_at
        telling.sending.start(undo)
        if (registry_key := site_registry(place.folder)) is not None:
            telling.ear = build_ear(place, registry_key)
        telling.sending.start_tags(telling.ear, undo)
        heard = OwnHearing()

        def remember(scan: Scan) -> None:
            heard.take(scan)
            keeping.remember(telling.sending.keep, telling.note_own, scan)

        site = simulated_site(place, spot=name) if place.is_demo else None
        box = build_box(telling, site, remember)
        server = sensor_server(heard, name, links.uplink_url or links.broker_host, telling.parts(), place.clock.wall)
        telling.guard(server)
        site_server = web_server(server, certificate(place))
        keeping.watch(telling.store.connections, partial(end, site_server))
        undo.callback(box.stop)
        box.start()
        print(f"The sensor {name} listens; its state is at {page_address(place)}  (stop with Ctrl+C)", flush=True)
        keep_alive(place.config.scans.interval_seconds, box.progress, lambda: scans_so_far(box), undo)
        spare_looking_for_garbage()
        site_server.run(sockets=[listening])


def build_box(telling: Telling, site: SimulatedSite | None, remember: Callable[[Scan], None]) -> Box:
    """What listens every minute and hands over what it heard, and lets registered tags be heard."""
    place, scans = telling.place, telling.place.config.scans
    what_stays = place.what_stays(telling.registry_key, telling.store.fixtures.digests())
    return Box(
        sensor=build_sensor(
            place, telling.keys, site, telling.newest_at(), telling.zoning, ear=telling.ear, what_stays=what_stays
        ),
        remember=remember,
        not_remembered=DatabaseError,
        interval_seconds=scans.interval_seconds,
        jitter_seconds=scans.jitter_seconds,
        clock=place.clock,
        rng=_jitter(),
    )


def _record_all(place: Place, scans: Sequence[Scan]) -> None:
    """Record scans in a database that nobody has open."""
    with contextlib.ExitStack() as undo:
        telling = open_telling(place, undo)
        for scan in scans:
            telling.store.recorder.record(scan)
            telling.sending.keep(scan)


def _send_all(place: Place, scans: Sequence[Scan]) -> None:
    """Let scans wait to be sent, in a database that nobody has open."""
    with contextlib.ExitStack() as undo:
        telling = open_telling(place, undo)
        for scan in scans:
            telling.sending.keep(scan)


def _begin_afresh() -> None:
    begin_afresh(service_manager(os.environ))


def keep_house(telling: Telling, sums: ZoneSums) -> None:
    """What is due each minute: forget some of what is old, add up what is over, and step the visitor key."""
    now_at = telling.place.clock.wall()
    if not telling.jump.is_recent():
        telling.store.recorder.forget_due(now_at)
    telling.store.recorder.forget_past_names()
    sums.roll_up(now_at)
    telling.store.people_sums.roll_up(now_at)
    telling.step_key()


def scans_so_far(box: Box) -> str:
    """What a box did, for a status line."""
    return f"{box.activity().scan_count} scans since the start"


def greet(telling: Telling) -> None:
    """Say where the page is, and at the very first start the admin password."""
    place = telling.place
    if (says := set_first_password(telling.access, secrets.SystemRandom(), place.clock.wall())) is not None:
        print(says, flush=True)
    print(f"Open the page at {page_address(place)}  (stop with Ctrl+C)", flush=True)


def _jitter() -> random.Random:
    return random.Random()  # noqa: S311 - shifts of a few seconds are no secret


# What runs until it is stopped.
_RUNNING = {"run": run, "sensor": run_sensor, "hub": run_hub}


# What a user can cause or meet; each says what to do.
_FOR_THE_USER = (
    AccessError,
    AddressError,
    ConfigError,
    DatabaseError,
    EnrolmentError,
    EstimateError,
    InstallError,
    KeyFileError,
    LinkSettingsError,
    ServerError,
    TagError,
)


def main() -> int:
    """Understand the command line, and carry it out; a user's mistake is answered with a sentence."""
    spare_memory()
    arguments = parse(sys.argv[1:])
    os.umask(0o077)  # what is remembered is for its owner
    # No core dump, neither of this process nor of those it starts: what is heard is in memory under its raw address.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    set_up_logs(sys.stderr, os.environ)
    stop = _stop if arguments.command in _RUNNING else _give_up
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        return _carry_out(place_of(arguments), arguments)
    except _FOR_THE_USER as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # `./run report | head`: whoever reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _carry_out(place: Place, arguments: argparse.Namespace) -> int:
    if (running := _RUNNING.get(arguments.command)) is not None:
        return running(place)
    from commands.table import COMMANDS  # noqa: PLC0415 - memory that what runs for years need not spend

    return COMMANDS[arguments.command](place, arguments)


def _stop(signum: int, frame: FrameType | None) -> None:
    """Leave by the way that undoes everything."""
    del signum, frame
    raise SystemExit(0)


def _give_up(signum: int, frame: FrameType | None) -> None:
    """Leave in the same way what should have come to an end by itself, and say that it has not."""
    del signum, frame
    raise SystemExit("\nStopped before its end.")  # below a question, or the ^C that the terminal wrote


if __name__ == "__main__":
    sys.exit(main())
