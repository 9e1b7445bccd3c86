"""What holds for every listener that takes a scanner factory. A new one is added to `MAKERS`, and must pass."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from presence.faults import Fault, FaultReason
from scans.adapter import AdapterMender
from scans.bluetooth import BluetoothListener
from scans.clock import machine_clock
from scans.commands import CommandResult
from scans.continuous import ContinuousListener
from scans.discovery import Discovery
from scans.listener import Listener
from scans.registry_key import RegistryKey
from scans.sighting import Sighting
from scans.simulated.ble_scanner import simulated_scanner
from scans.simulated.site import SimulatedSite
from scans.switching import SwitchingListener
from scans.tag_ear import TagEar
from tests.scans.fake_bluez import made_up_devices
from tests.scans.simulated.clocks import wall_from

# A busy machine takes a good part of this until the first device is heard.
SECONDS = 2.0

Make = Callable[[pytest.FixtureRequest], Listener]


def now() -> datetime:
    return datetime.now(UTC)


def on_fake_bluez(request: pytest.FixtureRequest) -> Listener:
    """A real BleakScanner on a fake BlueZ, among five devices."""
    request.getfixturevalue("start_bluez")(made_up_devices(5))
    return BluetoothListener(a_discovery(), now)


def a_discovery() -> Discovery:
    """By a real BleakScanner, on an adapter that may be asked and not mended by commands."""
    return Discovery(None, care=AdapterMender(None, run=lambda _: CommandResult(1)))


def continuous_on_fake_bluez(request: pytest.FixtureRequest) -> Listener:
    """A discovery that goes on between the scans, on a fake BlueZ, among five devices."""
    request.getfixturevalue("start_bluez")(made_up_devices(5))
    return ContinuousListener(a_discovery(), now, time.monotonic, an_ear())


def switching_on_fake_bluez(request: pytest.FixtureRequest) -> Listener:
    """A radio that is sampled, since there is no tag, beside one that could be continuous."""
    request.getfixturevalue("start_bluez")(made_up_devices(5))
    ear = an_ear()
    continuous = ContinuousListener(a_discovery(), now, time.monotonic, ear, lambda: ear.wants_all)
    return SwitchingListener(BluetoothListener(a_discovery(), now, ear), continuous, lambda: ear.wants_all)


def an_ear() -> TagEar:
    """An ear for no tags."""
    return TagEar("box", RegistryKey(None), machine_clock(), lambda _: ())


def on_simulated_site(_: pytest.FixtureRequest) -> Listener:
    """A simulated scanner at a busy site, whose time goes twenty times as fast, so that a second is two scans."""
    return BluetoothListener(at_simulated_site(), now)


def continuous_on_simulated_site(_: pytest.FixtureRequest) -> Listener:
    """The same site, heard all the time."""
    return ContinuousListener(at_simulated_site(), now, time.monotonic, an_ear())


def at_simulated_site() -> Discovery:
    """By a simulated scanner."""
    time_zone = ZoneInfo("Europe/Prague")
    at_site = wall_from(datetime(2027, 3, 1, 17, tzinfo=time_zone), times_as_fast=20)
    return Discovery(None, simulated_scanner(SimulatedSite(1, time_zone), at_site))


# Each makes a listener, by its name in the test's id, with at least one device that it can hear within `SECONDS`.
MAKERS: dict[str, Make] = {
    "bleak on BlueZ": on_fake_bluez,
    "continuous, bleak on BlueZ": continuous_on_fake_bluez,
    "switching, bleak on BlueZ": switching_on_fake_bluez,
    "simulated site": on_simulated_site,
    "continuous, simulated site": continuous_on_simulated_site,
}


@pytest.fixture(params=list(MAKERS.values()), ids=list(MAKERS))
def listener(request: pytest.FixtureRequest) -> Iterator[Listener]:
    make: Make = request.param
    made = make(request)
    yield made
    made.close()


def test_it_hears_somebody_and_finds_no_fault(listener: Listener) -> None:
    """A listener among devices hears them, and says that all went well."""
    heard: list[Sighting] = []
    assert listener.listen(SECONDS, heard.append) is None
    assert heard


def test_what_it_hears_keeps_to_the_noun(listener: Listener) -> None:
    """A sighting is of the listener's radio, with a whole address, an RSSI in bounds and a time within the scan."""
    heard: list[Sighting] = []
    began = now().timestamp()
    listener.listen(SECONDS, heard.append)
    for sighting in heard:
        assert sighting.radio is listener.radio
        assert re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", sighting.address)
        assert sighting.rssi_dbm is None or -127 < sighting.rssi_dbm < 0
        assert began <= sighting.heard_at_seconds <= now().timestamp()
        assert sighting.address not in repr(sighting)


def test_it_can_listen_again_and_leaves_nothing_behind(listener: Listener) -> None:
    """A second scan hears as the first did, and no thread remains of either once it is closed."""
    threads = set(threading.enumerate())
    for _ in range(2):
        heard: list[Sighting] = []
        assert listener.listen(SECONDS, heard.append) is None
        assert heard
    listener.close()
    assert set(threading.enumerate()) == threads


def test_it_works_on_a_thread_of_its_own(listener: Listener) -> None:
    """A listener is used from a worker thread, where no event loop is and no signal arrives."""
    heard: list[Sighting] = []
    faults: list[Fault | None] = []
    thread = threading.Thread(target=lambda: faults.append(listener.listen(SECONDS, heard.append)))
    thread.start()
    thread.join()
    assert faults == [None]
    assert heard


def test_recovering_never_raises(listener: Listener) -> None:
    """Whatever the fault, recovering says in a line what was done, or nothing."""
    for reason in FaultReason:
        assert "\n" not in listener.recover(Fault(reason))


def test_closing_twice_is_harmless(listener: Listener) -> None:
    """A listener that was closed can be closed once more."""
    listener.close()
    listener.close()
