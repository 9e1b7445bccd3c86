"""Continuous Bluetooth: a real BleakScanner on a fake BlueZ, what a scan gets of it, and what it survives."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from presence.faults import FaultReason
from presence.tags import IdentityKind
from scans.adapter import AdapterMender
from scans.bluetooth import BluetoothListener
from scans.clock import machine_clock
from scans.commands import CommandResult
from scans.continuous import ContinuousListener, Pace
from scans.discovery import Discovery, HearAdvertisement, Scanner
from scans.listener import Listener
from scans.registry_key import RegistryKey
from scans.sighting import Sighting
from scans.switching import SwitchingListener
from scans.tag_ear import TagEar
from tests.scans.broadcasts import watched
from tests.scans.conftest import StartBluez
from tests.scans.fake_bluez import Ailment, FakeDevice, PrivateBus, made_up_devices

KEY = RegistryKey(None)
CASE = "c0:00:00:00:00:01"
# Many rounds of the fake's advertisements, which are 0.05 s apart: a busy machine gets to some of them.
SECONDS = 0.8
QUICK = Pace(tick=0.05, quiet=0.3, silent=2.0, first_pause=0.05, longest_pause=0.2, steady=30)


def now() -> datetime:
    return datetime.now(UTC)


def a_discovery() -> Discovery:
    """A real one, less patient, which may run no command."""
    care = AdapterMender(None, run=lambda _: CommandResult(1), answer_seconds=2)
    return Discovery(None, care=care, start_seconds=1, stop_seconds=1)


def an_ear(address: str = CASE) -> TagEar:
    """An ear for one tag, number 7."""
    ear = TagEar("box", KEY, machine_clock(), lambda _: ())
    ear.watch(watched(KEY, (7, IdentityKind.ADDRESS, address)))
    return ear


@contextmanager
def listening(
    ear: TagEar, pace: Pace = QUICK, is_wanted: Callable[[], bool] = lambda: True
) -> Iterator[ContinuousListener]:
    """A continuous listener, closed in the end."""
    listener = ContinuousListener(a_discovery(), now, time.monotonic, ear, is_wanted, pace=pace)
    try:
        yield listener
    finally:
        listener.close()


def listen(listener: Listener, seconds: float = SECONDS) -> tuple[FaultReason | None, list[Sighting]]:
    heard: list[Sighting] = []
    fault = listener.listen(seconds, heard.append)
    return fault.reason if fault else None, heard


def soon(is_so: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether something comes to be so."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def is_heard(ear: TagEar) -> bool:
    return any(reading.tag_id == 7 for reading in ear.report().readings)


# What is heard


def test_a_tag_is_heard_between_scans(start_bluez: StartBluez) -> None:
    """Once begun, it goes on hearing tags though no scan asks for anything."""
    start_bluez([FakeDevice(CASE)])
    ear = an_ear()
    with listening(ear) as listener:
        listen(listener)
        for _ in range(3):
            ear.report()
            assert soon(lambda: is_heard(ear))


def test_a_scan_gets_its_window_alone(start_bluez: StartBluez) -> None:
    """What is advertised between two scans is in neither of them."""
    start_bluez([FakeDevice(CASE)])
    with listening(an_ear()) as listener:
        _, first = listen(listener)
        between = now().timestamp()
        time.sleep(0.3)
        began = now().timestamp()
        _, second = listen(listener)
        assert first[-1].heard_at_seconds <= between
        assert second[0].heard_at_seconds >= began


@pytest.mark.parametrize("rounds", [1, 4])
def test_the_same_advertisements_give_the_same_counts_in_both_modes(start_bluez: StartBluez, rounds: int) -> None:
    """Whether a scan begins its own discovery or has its window of one that runs, it counts the same."""
    devices = [
        FakeDevice(d.address, d.address_type, d.rssi, d.manufacturer_data, advertisements=rounds, connection_changes=2)
        for d in made_up_devices(60)
    ]
    bluez = start_bluez(devices)
    counts = []
    for listener in (
        BluetoothListener(a_discovery(), now),
        # One that bears silence: to begin anew would be to hear the rounds again.
        ContinuousListener(a_discovery(), now, time.monotonic, an_ear(), pace=replace(QUICK, silent=60)),
    ):
        reason, heard = listen(listener, 3.0)
        assert reason is None
        counts.append(Counter((one.address, one.rssi_dbm, one.company_id) for one in heard))
        listener.close()
        assert bluez.is_idle.wait(10)
    assert counts[0] == counts[1]
    assert set(counts[0].values()) == {rounds}


def test_a_second_window_counts_what_is_repeated(start_bluez: StartBluez) -> None:
    """A device that goes on sending the same is heard in each window, and nothing that it sends is in two of them."""
    bluez = start_bluez([FakeDevice(CASE)])
    with listening(an_ear()) as listener:
        counts = [len(listen(listener, 1.0)[1]) for _ in range(3)]
    assert min(counts) >= 1
    assert sum(counts) <= bluez.sent


def test_nobody_there_is_no_fault(start_bluez: StartBluez) -> None:
    """An empty place is heard as empty, and asking the adapter in silence finds nothing wrong."""
    start_bluez()
    ear = an_ear()
    with listening(ear) as listener:
        assert listen(listener, 1.0) == (None, [])
        assert ear.report().is_listening


# What goes wrong


@pytest.mark.parametrize(
    ("ailment", "reason"),
    [
        (Ailment.NO_ADAPTER, FaultReason.NO_ADAPTER),
        (Ailment.POWERED_OFF, FaultReason.POWERED_OFF),
        (Ailment.NEVER_ANSWERS, FaultReason.HUNG),
        (Ailment.START_HANGS, FaultReason.HUNG),
        (Ailment.BUSY, FaultReason.BUSY),
        (Ailment.NOT_AUTHORISED, FaultReason.NO_PERMISSION),
    ],
)
def test_a_start_that_fails_says_why(start_bluez: StartBluez, ailment: Ailment, reason: FaultReason) -> None:
    """Each way in which listening cannot begin has its own reason, and the ear is not told that it listens."""
    start_bluez(made_up_devices(3), ailment)
    ear = an_ear()
    slow = Pace(first_pause=30, longest_pause=30)
    with listening(ear, slow) as listener:
        assert listen(listener) == (reason, [])
        assert not ear.report().is_listening


@pytest.mark.parametrize(
    ("ailment", "reason"),
    [
        (Ailment.ADAPTER_REMOVED, FaultReason.LOST),
        (Ailment.SERVICE_GONE, FaultReason.LOST),
        (Ailment.SWITCHED_OFF, FaultReason.POWERED_OFF),
    ],
)
def test_what_was_heard_before_a_fault_is_kept(start_bluez: StartBluez, ailment: Ailment, reason: FaultReason) -> None:
    """A scan that is cut short says why and keeps what it heard, and the ear learns that nothing is heard now."""
    bluez = start_bluez(made_up_devices(3))
    ear = an_ear()
    slow = Pace(tick=0.05, quiet=0.3, first_pause=30, longest_pause=30)
    heard: set[str] = set()
    with listening(ear, slow) as listener:
        fault = listener.listen(SECONDS, bluez.ailing_once_heard(ailment, heard))
        assert fault is not None
        assert fault.reason is reason
        assert len(heard) == 3
        assert not ear.report().is_listening


def test_an_adapter_that_goes_away_between_scans_is_noticed(start_bluez: StartBluez) -> None:
    """Without any scan asking, the ear is told within seconds that nothing is heard any more."""
    bluez = start_bluez([FakeDevice(CASE)])
    ear = an_ear()
    with listening(ear) as listener:
        assert listen(listener)[0] is None
        bluez.ail(Ailment.ADAPTER_REMOVED)
        assert soon(lambda: not ear.report().is_listening)


def test_a_bus_that_dies_is_survived(start_bluez: StartBluez, bus: PrivateBus) -> None:
    """When the D-Bus daemon itself ends, a scan says that it was lost, and the listener can still be closed."""
    start_bluez([FakeDevice(CASE)])
    with listening(an_ear()) as listener:
        assert listen(listener)[0] is None
        bus.kill()
        assert listen(listener)[0] in {FaultReason.LOST, FaultReason.NO_DBUS}


def test_a_service_that_was_restarted_is_found_out_by_silence(start_bluez: StartBluez) -> None:
    """A bluetoothd that knows nothing of a discovery makes silence suspicious, and the discovery is begun anew."""
    bluez = start_bluez([FakeDevice(CASE)])
    ear = an_ear()
    with listening(ear, Pace(tick=0.05, quiet=0.3, first_pause=0.05)) as listener:
        assert listen(listener)[0] is None
        starts = bluez.calls.count("StartDiscovery")
        bluez.forget_discoveries()
        assert soon(lambda: bluez.calls.count("StartDiscovery") > starts)
        assert soon(lambda: is_heard(ear))


def test_total_silence_starts_the_discovery_anew(start_bluez: StartBluez) -> None:
    """Where nothing at all is heard for long, the discovery is begun again, though the adapter says that it is well."""
    bluez = start_bluez([FakeDevice(CASE, advertisements=1)])
    ear = an_ear()
    with listening(ear, Pace(tick=0.05, quiet=0.2, silent=0.5)) as listener:
        assert listen(listener)[0] is None
        assert soon(lambda: bluez.calls.count("StartDiscovery") >= 3)
        assert listen(listener)[0] is None


@pytest.mark.parametrize(
    ("ailment", "recovery"),
    [
        (Ailment.POWERED_OFF, "switched on the adapter"),
        (Ailment.START_HANGS, "power-cycled the adapter"),
        (Ailment.BUSY, ""),
    ],
)
def test_it_mends_itself_and_says_how(start_bluez: StartBluez, ailment: Ailment, recovery: str) -> None:
    """What can be mended is mended at once, also without a scan, and the scan that found it tells what was done."""
    start_bluez([FakeDevice(CASE)], ailment)
    ear = an_ear()
    with listening(ear) as listener:
        fault = listener.listen(SECONDS, lambda _: None)
        assert fault is not None
        assert listener.recover(fault) == recovery
        assert soon(lambda: is_heard(ear))
        assert listen(listener)[0] is None


@pytest.mark.parametrize("ailment", [None, *Ailment])
def test_it_can_always_be_closed(start_bluez: StartBluez, ailment: Ailment | None) -> None:
    """However ill BlueZ is, closing ends the thread and the discovery."""
    bluez = start_bluez(made_up_devices(3), ailment)
    threads = set(threading.enumerate())
    with listening(an_ear()) as listener:
        listen(listener)
    assert set(threading.enumerate()) <= threads
    assert bluez.is_idle.wait(10)


def test_it_can_be_closed_while_a_scan_listens(start_bluez: StartBluez) -> None:
    """Closing ends a scan under way, and one that comes later gets nothing."""
    start_bluez([FakeDevice(CASE)])
    began = threading.Event()
    with listening(an_ear()) as listener:
        scan = threading.Thread(target=lambda: listener.listen(60, lambda _: began.set()))
        scan.start()
        assert began.wait(10)
    scan.join(10)
    assert not scan.is_alive()
    assert listen(listener) == (None, [])


def test_an_error_of_whoever_hears_is_a_fault_and_ends_nothing(
    start_bluez: StartBluez, caplog: pytest.LogCaptureFixture
) -> None:
    """An error in taking sightings in ends in a fault of that scan, and the next one hears."""
    start_bluez(made_up_devices(3))

    def stumble(sighting: Sighting) -> None:
        raise LookupError(sighting.address)

    with listening(an_ear()) as listener:
        fault = listener.listen(SECONDS, stumble)
        assert fault is not None
        assert fault.detail == "LookupError: (address)"
        assert listen(listener)[0] is None
    assert caplog.text == ""


def test_a_scanner_that_cannot_be_made_is_a_fault() -> None:
    """Whatever goes wrong in making a scanner, the scan is told, without a word of what the error said."""

    def make(hear: HearAdvertisement, adapter: str | None) -> Scanner:
        raise LookupError(f"{CASE} {hear} {adapter}")

    listener = ContinuousListener(Discovery(None, make), now, time.monotonic, an_ear(), pace=QUICK)
    fault = listener.listen(SECONDS, lambda _: None)
    listener.close()
    assert fault is not None
    assert (fault.reason, fault.detail) == (FaultReason.UNEXPECTED, "LookupError")


def test_a_scan_that_was_given_up_takes_nothing_from_the_next(start_bluez: StartBluez) -> None:
    """Where a second scan begins before the first one has ended, the end of the first does not cut the second short."""
    start_bluez([FakeDevice(CASE)])
    with listening(an_ear()) as listener:
        first = threading.Thread(target=lambda: listener.listen(0.5, lambda _: None))
        first.start()
        time.sleep(0.2)
        heard: list[Sighting] = []
        began = now().timestamp()
        assert listener.listen(3.0, heard.append) is None
        first.join()
    # Cut short, it would have heard nothing after the 0.5 s of the first.
    assert heard[-1].heard_at_seconds > began + 0.6


# Switching


def test_a_radio_is_sampled_until_there_is_a_tag(start_bluez: StartBluez) -> None:
    """Without tags nothing is heard between scans; as soon as there is one, it is; and never by two at once."""
    bluez = start_bluez([FakeDevice(CASE)])
    ear = an_ear()
    ear.watch(())
    wanted: Callable[[], bool] = lambda: ear.wants_all  # noqa: E731 - it is asked for twice
    with listening(ear, is_wanted=wanted) as continuous:
        radio = SwitchingListener(BluetoothListener(a_discovery(), now, ear), continuous, wanted)
        assert listen(radio)[0] is None
        assert bluez.is_idle.wait(10)
        begun = threading.Event()
        sampled = threading.Thread(target=lambda: radio.listen(1.0, lambda _: begun.set()))
        sampled.start()
        assert begun.wait(10)
        ear.watch(watched(KEY, (7, IdentityKind.ADDRESS, CASE)))
        sampled.join()
        ear.report()
        assert soon(lambda: is_heard(ear))
        assert listen(radio)[0] is None
        ear.watch(())
        assert listen(radio)[0] is None
        assert bluez.is_idle.wait(10)
        assert bluez.most_discoverers == 1


def test_a_sampled_scan_hears_tags_too(start_bluez: StartBluez) -> None:
    """In sampled mode, tags are reported for the time of the scan, and that a radio did not listen otherwise."""
    start_bluez([FakeDevice(CASE)])
    ear = an_ear()
    assert listen(BluetoothListener(a_discovery(), now, ear), 1.0)[0] is None
    report = ear.report()
    assert report.is_listening
    assert [reading.tag_id for reading in report.readings] == [7]
    assert 0.9 <= (report.to_at - report.from_at).total_seconds() <= 1.6
    assert not ear.report().is_listening


@pytest.mark.parametrize("ailment", [Ailment.NO_ADAPTER, Ailment.START_HANGS])
def test_a_sampled_scan_that_failed_claims_no_silence(start_bluez: StartBluez, ailment: Ailment) -> None:
    """After a scan with a fault, the report does not say that tags were listened for."""
    start_bluez([FakeDevice("c0:00:00:00:00:09")], ailment)
    ear = an_ear()
    assert listen(BluetoothListener(a_discovery(), now, ear))[0] is not None
    assert not ear.report().is_listening


def test_a_sampled_scan_that_was_cut_short_claims_no_silence(start_bluez: StartBluez) -> None:
    """After a scan whose adapter went away, the report does not say that tags were listened for."""
    bluez = start_bluez([FakeDevice("c0:00:00:00:00:09")])
    ear = an_ear()
    hear = bluez.ailing_once_heard(Ailment.ADAPTER_REMOVED, set())
    assert BluetoothListener(a_discovery(), now, ear).listen(SECONDS, hear) is not None
    assert not ear.report().is_listening


def test_a_tag_that_is_carried_away_is_told_by_its_strength(start_bluez: StartBluez) -> None:
    """While a tag is carried off, each report tells how strong it is now, until it is not heard any more."""
    bluez = start_bluez([FakeDevice(CASE, rssi=-40)])
    ear = an_ear()

    def mean() -> float | None:
        return next((reading.rssi_mean_dbm for reading in ear.report().readings), None)

    with listening(ear) as listener:
        listen(listener)
        for rssi in (-50, -65, -80):
            bluez.move(CASE, rssi)
            assert soon(lambda rssi=rssi: mean() == rssi)  # type: ignore[misc]  # mypy infers no default's type
        bluez.move(CASE, None)
        assert soon(lambda: mean() is None and mean() is None)
        assert ear.report().is_listening
