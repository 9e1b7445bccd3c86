"""Hearing: builds what listens, from real radios or from a simulated site."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from config import BluetoothMode
from db.errors import DatabaseError
from db.store import Store
from db.zone_sums import ZoneSums
from place import Place
from presence.radio import Radio
from presence.zones import Zoning
from scans.counting import new_windows
from scans.fixtures import WhatStays
from scans.listener import Listener
from scans.monitor import MonitorInterface, own_addresses
from scans.patience import PatientRadio
from scans.sensor import Sensor
from scans.visitor_key import KeyFileError, VisitorKeys

# What drives the radios takes 8 MB, which a hub need not spend, and the simulated site 2 MB, which only a demonstration
# needs: imported where it is used.
if TYPE_CHECKING:
    from scans.discovery import Discovery
    from scans.registry_key import RegistryKey
    from scans.simulated.site import SimulatedSite
    from scans.tag_ear import TagEar

DEMO_HISTORY = timedelta(days=7)
# Any number makes a plausible site; this one stays, so that a demonstration goes on where it was.
DEMO_SEED = 1

# Of linux/prctl.h.
_PR_SET_PDEATHSIG = 1


def simulated_site(place: Place, spot: str | None = None) -> SimulatedSite:
    """The site of the demonstration, heard from the middle of it, or from one of its spots."""
    from scans.simulated.outages import DEMONSTRATION_OUTAGES  # noqa: PLC0415 - see above
    from scans.simulated.site import SimulatedSite  # noqa: PLC0415 - see above

    return SimulatedSite(DEMO_SEED, place.time_zone, DEMONSTRATION_OUTAGES, spot)


def build_sensor(
    place: Place,
    keys: VisitorKeys,
    site: SimulatedSite | None,
    newest_at: datetime | None,
    zoning: Zoning | None = None,
    *,
    ear: TagEar | None = None,
    what_stays: WhatStays | None = None,
) -> Sensor:
    """The radios that are switched on, real or simulated, and what makes scans of what they hear.

    Args:
        place: Whose settings count.
        keys: Where the key of the moment comes from.
        site: What is heard instead of radios; None for real ones.
        newest_at: The latest time known to have passed.
        zoning: Tells zones; None goes by config.toml.
        ear: Hears registered tags; None where nobody follows any.
        what_stays: How to learn what stays at the place; None where nobody asks.
    """
    scans = place.config.scans
    # Done before the next scan may start, with two seconds to record this one; the settings see to it that 13 s remain.
    patience = scans.interval_seconds - scans.listen_seconds - scans.jitter_seconds - 2
    radios: list[PatientRadio] = []
    if scans.wifi_enabled:
        radios.append(PatientRadio(Radio.WIFI, partial(_wifi_listener, place, site), patience))
    if scans.bluetooth_enabled:
        radios.append(PatientRadio(Radio.BLUETOOTH, _bluetooth_listeners(place, site, ear), patience))
    return Sensor(
        name=scans.sensor_name,
        radios=tuple(radios),
        keys=keys,
        rules=place.rules(zoning),
        listen_seconds=scans.listen_seconds,
        clock=place.clock,
        newest_at=newest_at,
        windows=new_windows(what_stays),
    )


def build_ear(place: Place, key: RegistryKey) -> TagEar | None:
    """What hears registered tags; None while Bluetooth is switched off.

    Args:
        place: Whose settings count.
        key: Under which tags are recognised.
    """
    from scans.payloads.telling import measures_of  # noqa: PLC0415 - see above
    from scans.tag_ear import TagEar  # noqa: PLC0415 - see above

    if not place.config.scans.bluetooth_enabled:
        return None
    return TagEar(place.card.name, key, place.clock, measures_of, place.manufacturers.maker)


def wifi_source(place: Place) -> MonitorInterface:
    """The Wi-Fi interface that the settings mean."""
    scans = place.config.scans
    return MonitorInterface(scans.wifi_interface or None, scans.wifi_switch_to_monitor, scans.wifi_channels)


def _wifi_listener(place: Place, site: SimulatedSite | None) -> Listener:
    from scans.wifi import WifiListener  # noqa: PLC0415 - see above

    if site is not None:
        from scans.simulated.wifi_pipe import WifiPipe  # noqa: PLC0415 - see above

        return WifiListener(WifiPipe(site, place.clock.wall), own_addresses=frozenset)
    return WifiListener(wifi_source(place), own_addresses)


def _bluetooth_listeners(place: Place, site: SimulatedSite | None, ear: TagEar | None) -> Callable[[], Listener]:
    """What makes a Bluetooth listener, now and whenever one has to be replaced.

    What listens continuously is made once, since it mends itself: two of them would hear everything twice.
    """
    from scans.bluetooth import BluetoothListener  # noqa: PLC0415 - see above

    mode = place.config.scans.bluetooth_mode
    discovery = _discovery(place, site)
    wall = place.clock.wall
    sampled = partial(BluetoothListener, discovery, wall, ear)
    if ear is None or mode is BluetoothMode.SAMPLED:
        return sampled
    from scans.continuous import ContinuousListener  # noqa: PLC0415 - see above
    from scans.switching import SwitchingListener  # noqa: PLC0415 - see above

    is_wanted = partial(is_continuous, mode, ear)
    continuous = ContinuousListener(discovery, wall, place.clock.monotonic, ear, is_wanted)
    return lambda: SwitchingListener(sampled(), continuous, is_wanted)


def is_continuous(mode: BluetoothMode, ear: TagEar) -> bool:
    """Whether Bluetooth is to be listened to all the time just now."""
    return mode is BluetoothMode.CONTINUOUS or (mode is BluetoothMode.AUTO and ear.wants_all)


def _discovery(place: Place, site: SimulatedSite | None) -> Discovery:
    from scans.adapter import AdapterMender  # noqa: PLC0415 - see above
    from scans.discovery import Discovery  # noqa: PLC0415 - see above

    adapter = place.config.scans.bluetooth_adapter or None
    if site is not None:
        from scans.simulated.ble_scanner import SimulatedCare, simulated_scanner  # noqa: PLC0415 - see above

        wall = place.clock.wall
        return Discovery(adapter, simulated_scanner(site, wall), SimulatedCare(site, wall))
    return Discovery(adapter, care=AdapterMender(adapter))


def make_demo_history(place: Place, site: SimulatedSite, say: Callable[[str], None]) -> None:
    """Fill the time since the last scan, a week at most, with what the site would have sounded like.

    In a process of its own, with which the memory goes that making a week takes. To be called before any thread is
    started, and before the database and the keys are opened: the other process steps the keys.

    Raises:
        SystemExit: It could not be made; why was said on standard error.
    """
    making = multiprocessing.get_context("fork").Process(target=_make_history, args=(place, site, say), daemon=True)
    making.start()
    making.join()
    if making.exitcode:
        raise SystemExit(1)


def _make_history(place: Place, site: SimulatedSite, say: Callable[[str], None]) -> None:
    # Should the programme be killed, the kernel ends this process too (prctl(2)), or it would go on writing.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        with contextlib.closing(place.open_store()) as store:
            _record_history(place, store, site, say)
    except (DatabaseError, KeyFileError) as error:
        sys.exit(str(error))


def _record_history(place: Place, store: Store, site: SimulatedSite, say: Callable[[str], None]) -> None:
    from scans.history import simulated_scans  # noqa: PLC0415 - see above

    # From whole minute to whole minute: the site sends in slots of ten seconds, and a scan across two costs twice.
    now_at = place.clock.wall().replace(second=0, microsecond=0)
    interval = timedelta(seconds=place.config.scans.interval_seconds)
    last_at = store.reader.overview(now_at).last_scan_at
    from_at = now_at - DEMO_HISTORY if last_at is None else max(last_at + interval, now_at - DEMO_HISTORY)
    if now_at - from_at < interval:
        return
    scans = simulated_scans(
        site,
        sensor=place.config.scans.sensor_name,
        keys=place.visitor_keys(),
        rules=place.rules(),
        from_at=from_at,
        to_at=now_at,
        interval=interval,
        listen_seconds=place.config.scans.listen_seconds,
        windows=new_windows(place.what_stays(place.registry_key(), store.fixtures.digests())),
    )
    say("Making the demonstration's history, a week at most, which takes a Pi some minutes:")
    for day, of_day in groupby(scans, key=lambda scan: scan.started_at.astimezone(place.time_zone).date()):
        say(f"  {day:%A, %d %B} ...")
        store.recorder.record_many(of_day)
    sums = ZoneSums(store.connections, place.store_settings)
    while sums.roll_up(now_at):  # or the page would count a week anew at each look, for the first hour
        pass
    while store.people_sums.roll_up(now_at):
        pass
