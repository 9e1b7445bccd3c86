from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from presence.scan import AddressKind, Heard, Unheard
from presence.zones import ZoneThresholds
from scans.clock import Clock
from scans.folding import ObservationRules
from scans.patience import PatientRadio
from scans.sensor import Sensor
from scans.sighting import HearSighting, Sighting
from scans.visitor_key import KeyRotation, VisitorKeys

STARTED_AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
ADDRESS = "aa:bb:cc:dd:ee:ff"


class FakeListener:
    """A radio of a few lines: says what it is told to."""

    def __init__(self, radio: Radio, listen: Callable[[HearSighting], Fault | None]) -> None:
        self.radio = radio
        self._listen = listen
        self.recovered: list[Fault] = []
        self.closed = 0

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        del seconds
        return self._listen(hear)

    def recover(self, fault: Fault) -> str:
        self.recovered.append(fault)
        return "kicked it"

    def close(self) -> None:
        self.closed += 1


def hears(hear: HearSighting, radio: Radio = Radio.WIFI) -> None:
    hear(Sighting(radio, ADDRESS, AddressKind.GLOBAL, -50, STARTED_AT.timestamp()))


class Seconds:
    """Clocks that stand still until told."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: STARTED_AT + timedelta(seconds=self.elapsed), lambda: self.elapsed, lambda: False)


def sensor(seconds: Seconds, *radios: PatientRadio, newest_at: datetime | None = None) -> Sensor:
    return Sensor(
        name="box",
        radios=radios,
        keys=VisitorKeys(None, KeyRotation.DAILY, 4, ZoneInfo("UTC")),
        rules=ObservationRules(lambda address, kind, company: "Maker", ZoneThresholds()),  # noqa: ARG005 - a maker's shape
        listen_seconds=0,
        clock=seconds.clock(),
        newest_at=newest_at,
    )


def patient(listener: FakeListener, patience_seconds: float = 60) -> PatientRadio:
    return PatientRadio(listener.radio, lambda: listener, patience_seconds)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What a hanging radio waits for; set at the end, so that its thread ends."""
    event = threading.Event()
    yield event
    event.set()


def test_each_radio_is_heard_under_its_own_name() -> None:
    """Both radios' devices are in the scan, with hashes in place of addresses."""
    both = [FakeListener(radio, lambda hear, radio=radio: hears(hear, radio)) for radio in Radio]  # type: ignore[misc]
    scan = sensor(Seconds(), *(patient(listener) for listener in both)).scan()
    assert isinstance(scan.wifi, Heard)
    assert isinstance(scan.bluetooth, Heard)
    assert scan.wifi.observations[0].device_hash != scan.bluetooth.observations[0].device_hash
    assert ADDRESS not in repr(scan)


def test_a_scan_counts_with_those_before_it() -> None:
    """The window goes from scan to scan, and a minute in which the radio heard nothing for a fault is none of it."""
    seconds = Seconds()
    faults: list[Fault | None] = [None, Fault(FaultReason.LOST), None]

    def listen(hear: HearSighting) -> Fault | None:
        fault = faults.pop(0)
        if fault is None:
            hears(hear)
        return fault

    box = sensor(seconds, patient(FakeListener(Radio.WIFI, listen)))
    hearings = []
    for _ in range(3):
        hearings.append(box.scan().wifi)
        seconds.elapsed += 60
    first, failed, last = hearings
    assert isinstance(failed, Unheard)
    assert isinstance(first, Heard)
    assert isinstance(last, Heard)
    assert first.counts is not None
    assert last.counts is not None
    assert (first.counts.window_scans, last.counts.window_scans) == (1, 2)
    assert (last.counts.window.devices[0], last.counts.window.twice[0]) == (1, 1)


def test_a_radio_that_is_switched_off_is_unheard() -> None:
    """A radio the sensor does not have is not heard, and the reason says that it is off."""
    scan = sensor(Seconds(), patient(FakeListener(Radio.WIFI, lambda hear: None))).scan()  # noqa: ARG005
    assert isinstance(scan.wifi, Heard)
    assert scan.bluetooth == Unheard(Fault(FaultReason.SWITCHED_OFF))


def test_one_radio_fails_alone_and_recovery_is_said() -> None:
    """A fault of Wi-Fi is recorded with what was tried, and Bluetooth is heard."""
    fault = Fault(FaultReason.NO_INTERFACE, "wlan9 is not there")
    wifi = FakeListener(Radio.WIFI, lambda hear: fault)  # noqa: ARG005
    bluetooth = FakeListener(Radio.BLUETOOTH, lambda hear: hears(hear, Radio.BLUETOOTH))
    scan = sensor(Seconds(), patient(wifi), patient(bluetooth)).scan()
    assert scan.wifi == Unheard(Fault(FaultReason.NO_INTERFACE, "wlan9 is not there", "kicked it"))
    assert wifi.recovered == [fault]
    assert isinstance(scan.bluetooth, Heard)


def test_what_was_heard_before_a_fault_is_kept() -> None:
    """A radio lost in mid-scan is heard, and cut short."""

    def lost(hear: HearSighting) -> Fault:
        hears(hear)
        return Fault(FaultReason.LOST)

    scan = sensor(Seconds(), patient(FakeListener(Radio.WIFI, lost))).scan()
    assert isinstance(scan.wifi, Heard)
    assert len(scan.wifi.observations) == 1
    assert scan.wifi.cut_short == Fault(FaultReason.LOST, recovery="kicked it")


def test_an_unforeseen_error_is_a_fault_without_its_text() -> None:
    """An exception of a radio becomes a fault that names its kind, and never its text, which may hold an address."""

    def fails(hear: HearSighting) -> Fault:
        del hear
        raise LookupError(ADDRESS)

    scan = sensor(Seconds(), patient(FakeListener(Radio.WIFI, fails))).scan()
    assert scan.wifi == Unheard(Fault(FaultReason.UNEXPECTED, "LookupError"))


def test_a_hung_radio_is_not_waited_for(release: threading.Event) -> None:
    """A radio that does not come back is given up as hung, and the other is heard."""

    def hangs(hear: HearSighting) -> None:
        del hear
        release.wait()

    wifi = patient(FakeListener(Radio.WIFI, hangs), patience_seconds=0.01)
    bluetooth = patient(FakeListener(Radio.BLUETOOTH, lambda hear: hears(hear, Radio.BLUETOOTH)))
    scan = sensor(Seconds(), wifi, bluetooth).scan()
    assert scan.wifi == Unheard(Fault(FaultReason.HUNG))
    assert isinstance(scan.bluetooth, Heard)


def test_a_radio_that_still_hangs_is_replaced(release: threading.Event) -> None:
    """The minute after a hang a fresh listener listens in place of the hung one."""

    def hangs(hear: HearSighting) -> None:
        del hear
        release.wait()

    listeners = [FakeListener(Radio.WIFI, hangs), FakeListener(Radio.WIFI, hears)]
    radio = PatientRadio(Radio.WIFI, lambda: listeners.pop(0), 0.01)
    hearing = sensor(Seconds(), radio)
    assert isinstance(hearing.scan().wifi, Unheard)
    assert isinstance(hearing.scan().wifi, Heard)


def test_elapsed_time_is_that_of_the_monotonic_clock() -> None:
    """The first scan knows no time before it; the second knows what really elapsed."""
    seconds = Seconds()
    hearing = sensor(seconds)
    assert hearing.scan().elapsed_seconds is None
    seconds.elapsed = 45
    assert hearing.scan().elapsed_seconds == 45


def test_a_clock_far_behind_the_last_record_is_not_believed() -> None:
    """A scan made under a clock 200 days behind the newest record says that its clock is wrong."""
    assert sensor(Seconds(), newest_at=STARTED_AT + timedelta(days=200)).scan().clock_is_right is False
    assert sensor(Seconds(), newest_at=STARTED_AT).scan().clock_is_right is True


def test_a_failure_is_logged_once_when_it_begins_and_once_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    """Three failing minutes and two good ones make two lines."""
    caplog.set_level(logging.INFO)
    faults = [Fault(FaultReason.NO_DBUS)] * 3 + [None] * 2
    hearing = sensor(Seconds(), patient(FakeListener(Radio.BLUETOOTH, lambda hear: faults.pop(0))))  # noqa: ARG005
    for _ in range(5):
        hearing.scan()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_closing_lets_each_radio_put_back_what_it_changed() -> None:
    """Closing the sensor closes its listeners."""
    listener = FakeListener(Radio.WIFI, hears)
    sensor(Seconds(), patient(listener)).close()
    assert listener.closed == 1


def test_a_listener_given_up_is_closed_too(release: threading.Event) -> None:
    """What a hung listener changed is put back at the stop, as well as what its successor changed."""

    def hangs(hear: HearSighting) -> None:
        del hear
        release.wait()

    made = [FakeListener(Radio.WIFI, hangs), FakeListener(Radio.WIFI, hears)]
    waiting = list(made)
    hearing = sensor(Seconds(), PatientRadio(Radio.WIFI, lambda: waiting.pop(0), 0.01))
    hearing.scan()
    hearing.scan()
    hearing.close()
    assert [listener.closed for listener in made] == [1, 1]
