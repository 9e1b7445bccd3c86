"""Listening to Wi-Fi: the real tshark on a named pipe, and what each way of failing is called."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from scans.client_frames import FIELDS
from scans.sighting import Sighting
from scans.tshark import Tshark
from scans.wifi import WifiListener
from tests.scans.captures import ACCESS_POINT, EVERYONE, PHONE, PRIVATE_PHONE, beacon, pcap, probe_request, upward_data

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (apt: tshark)")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="capturing here takes root")


class Pipe:
    """A capture source: a named pipe into which frames are written at once, and which then stays open."""

    def __init__(self, folder: Path, *frames: bytes) -> None:
        self.path = folder / "wifi"
        self.frames = frames
        self.attended = threading.Event()
        self.closed = 0
        self.recovered: list[Fault] = []

    def prepare(self) -> str | Fault:
        self.path.unlink(missing_ok=True)
        os.mkfifo(self.path, 0o600)
        return str(self.path)

    def attend(self, stopping: threading.Event) -> None:
        # For reading and writing, since opening a pipe for writing alone waits for a reader, who may never come.
        pipe = os.open(self.path, os.O_RDWR)
        try:
            os.write(pipe, pcap(self.frames))
            self.attended.set()
            stopping.wait()
        finally:
            os.close(pipe)

    def trouble(self) -> Fault | None:
        return None

    def recover(self, fault: Fault) -> str:
        self.recovered.append(fault)
        return "mended"

    def close(self) -> None:
        self.closed += 1


class Interface(Pipe):
    """A capture source of this name or fault, which needs no attention; of what becomes of it in mid-capture."""

    def __init__(self, prepared: str | Fault, trouble: Fault | None = None) -> None:
        super().__init__(Path())
        self.prepared = prepared
        self.becomes = trouble

    def prepare(self) -> str | Fault:
        return self.prepared

    def trouble(self) -> Fault | None:
        return self.becomes

    def attend(self, stopping: threading.Event) -> None:
        stopping.wait()


Script = Callable[[str], Tshark]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Makes a stand-in for tshark of these lines of shell."""

    def write(lines: str) -> Tshark:
        path = tmp_path / "tshark"
        path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
        path.chmod(0o755)
        return Tshark(path)

    return write


def nobody_heard(sighting: Sighting) -> None:
    raise AssertionError(sighting)


def fault_with(source: Interface, tshark: Tshark | None = None) -> Fault | None:
    return WifiListener(source, frozenset, tshark).listen(0.5, nobody_heard)


@needs_tshark
def test_it_hears_the_clients_of_a_live_capture(tmp_path: Path) -> None:
    """What is written into the pipe is heard, clients only, and listening takes the time it was given."""
    pipe = Pipe(tmp_path, beacon(), probe_request(ssid=b"Library"), upward_data(PRIVATE_PHONE))
    heard: list[Sighting] = []
    began = time.monotonic()
    assert WifiListener(pipe, frozenset).listen(1.0, heard.append) is None
    assert time.monotonic() - began >= 1.0
    assert [(each.radio, each.address, each.ssid, each.access_point) for each in heard] == [
        (Radio.WIFI, PHONE, "Library", None),
        (Radio.WIFI, PRIVATE_PHONE, None, ACCESS_POINT),
    ]


@needs_tshark
def test_a_sighting_is_handed_over_as_it_is_heard(tmp_path: Path) -> None:
    """Sightings do not wait for the end of the scan, so that one that is broken off keeps what it heard."""
    listener = WifiListener(Pipe(tmp_path, probe_request()), frozenset)
    began = time.monotonic()
    # Closing ends the scan; it would take a hundred seconds otherwise.
    listener.listen(100.0, lambda _: listener.close())
    assert time.monotonic() - began < 50.0


@needs_tshark
def test_it_can_listen_again_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A second scan hears as the first did, and no thread remains of either."""
    listener = WifiListener(Pipe(tmp_path, probe_request()), frozenset)
    threads = set(threading.enumerate())
    for _ in range(2):
        heard: list[Sighting] = []
        assert listener.listen(0.3, heard.append) is None
        assert len(heard) == 1
    assert set(threading.enumerate()) == threads


@needs_tshark
def test_this_machine_is_nobody(tmp_path: Path) -> None:
    """Frames of the machine's own interfaces are not heard, by the addresses that they have at each scan."""
    pipe = Pipe(tmp_path, probe_request(PHONE), probe_request(PRIVATE_PHONE))
    own = {PHONE}
    listener = WifiListener(pipe, lambda: frozenset(own))
    for own_now, others in (PHONE, PRIVATE_PHONE), (PRIVATE_PHONE, PHONE):
        own = {own_now}
        heard: list[Sighting] = []
        assert listener.listen(0.3, heard.append) is None
        assert [sighting.address for sighting in heard] == [others]


@needs_tshark
def test_listening_works_on_a_thread_of_its_own(tmp_path: Path) -> None:
    """A listener is used from a worker thread, where no event loop is and no signal arrives."""
    heard: list[Sighting] = []
    faults: list[Fault | None] = []
    listener = WifiListener(Pipe(tmp_path, probe_request()), frozenset)
    thread = threading.Thread(target=lambda: faults.append(listener.listen(0.3, heard.append)))
    thread.start()
    thread.join()
    assert (faults, len(heard)) == ([None], 1)


@needs_tshark
@needs_root
def test_no_such_interface_is_said() -> None:
    """The real tshark's words for an interface that is not there are understood."""
    fault = fault_with(Interface("nosuch0"))
    assert fault is not None
    assert fault.reason is FaultReason.NO_INTERFACE
    assert "nosuch0" in fault.detail


@needs_tshark
@needs_root
def test_an_interface_that_is_not_in_monitor_mode_is_said() -> None:
    """The real tshark's words for an interface that has no Wi-Fi frames are understood."""
    fault = fault_with(Interface("lo"))
    assert fault == Fault(FaultReason.NOT_MONITOR_MODE, "the interface hands over no Wi-Fi frames")


@needs_tshark
@needs_root
def test_no_permission_is_said(script: Script) -> None:
    """The real tshark's words for a user who may not capture are understood."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed (apt: util-linux)")
    as_nobody = "setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all --bounding-set=-all"
    fault = fault_with(Interface("lo"), script(f'exec {as_nobody} tshark "$@"'))
    assert fault is not None
    assert fault.reason is FaultReason.NO_PERMISSION


def test_no_tshark_is_said(tmp_path: Path) -> None:
    """Without tshark nothing is heard, and the fault says why."""
    assert fault_with(Interface("wlan1"), Tshark(tmp_path / "none")) == Fault(FaultReason.TSHARK_MISSING)


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        (1, 'Device "wlan1" is not up. (That device is not up)', FaultReason.INTERFACE_DOWN),
        (1, "Couldn't run dumpcap in child process: Permission denied", FaultReason.NO_PERMISSION),
        (1, "Capture child was stopped", FaultReason.TSHARK_CRASHED),
        (0, 'The network adapter "wlan1" is no longer attached; the capture has stopped.', FaultReason.LOST),
        (0, 'The network adapter "wlan1" is no longer running; the capture has stopped.', FaultReason.LOST),
    ],
    ids=["down", "no permission", "crashed", "unplugged", "brought down"],
)
def test_what_tshark_says_becomes_a_reason(script: Script, status: int, said: str, reason: FaultReason) -> None:
    """What tshark says when it fails is taken for what it means, and kept as the detail."""
    fault = fault_with(Interface("wlan1"), script(f"cat >&2 <<'END'\ntshark: {said}\nEND\nexit {status}"))
    assert fault == Fault(reason, said)


def test_a_crash_without_a_word_names_the_status(script: Script) -> None:
    """A tshark that dies silently is a crash, and its exit status is all there is to tell."""
    assert fault_with(Interface("wlan1"), script("kill -SEGV $$")) == Fault(
        FaultReason.TSHARK_CRASHED, "exit status -11"
    )


def test_a_fault_of_the_source_is_the_scans(script: Script) -> None:
    """When there is nothing to capture from, tshark is not even started."""
    blocked = Fault(FaultReason.BLOCKED)
    assert fault_with(Interface(blocked), script("echo started >&2; exit 1")) == blocked


def test_one_that_hangs_is_said_to_hang(script: Script) -> None:
    """A tshark that outlasts its time hangs."""
    hanging = script("echo \"Capturing on 'wlan1'\" >&2; exec sleep 1000")
    assert fault_with(Interface("wlan1"), hanging) == Fault(FaultReason.HUNG)


def test_the_source_knows_better_why_it_hangs(script: Script) -> None:
    """A tshark that waits for an interface that was blocked in mid-scan is told by that, and not by the wait."""
    hanging = script("echo \"Capturing on 'wlan1'\" >&2; exec sleep 1000")
    blocked = Fault(FaultReason.BLOCKED)
    assert fault_with(Interface("wlan1", blocked), hanging) == blocked


def test_recovery_is_the_sources(script: Script) -> None:
    """What can be put right is put right by whoever knows the interface."""
    source = Interface("wlan1")
    lost = Fault(FaultReason.LOST)
    assert WifiListener(source, frozenset, script("true")).recover(lost) == "mended"
    assert source.recovered == [lost]


def printed(*values: str) -> str:
    """A line of tshark as printf(1) takes it: these values, and nothing in the other fields."""
    return "\\t".join([*values, *[""] * (FIELDS.count("-e") - len(values))]) + "\\n"


def test_what_tshark_prints_wrongly_is_passed_over(script: Script) -> None:
    """A line that is not as it should be is nobody, and those after it are heard."""
    good = printed("1795003200.5", "4", "0x00", PHONE, EVERYONE, "-40")
    bad = f"oops\\n1\\t2\\n{printed()}"
    heard: list[Sighting] = []
    assert (
        WifiListener(Interface("wlan1"), frozenset, script(f"printf '{bad}{good}'")).listen(0.5, heard.append) is None
    )
    assert [(sighting.address, sighting.heard_at_seconds) for sighting in heard] == [(PHONE, 1_795_003_200.5)]


@pytest.mark.parametrize(("seconds", "most"), [(0.5, 2_500), (10.0, 50_000), (600.0, 100_000)])
def test_a_scan_that_its_bound_ends_is_not_whole(script: Script, seconds: float, most: int) -> None:
    """More frames than a scan may take end it with status 0, and it says so; with one fewer it ran for its time."""
    frames = f'while [ "$1" != -c ]; do shift; done; yes "$(printf \'{printed()}\')" | head -n'
    ended, whole = (
        WifiListener(Interface("wlan1"), frozenset, script(f"{frames} $(($2 - {fewer}))")).listen(seconds, nobody_heard)
        for fewer in (0, 1)
    )
    says = f"It ended before its time, after {most:,} frames."
    assert (ended, whole) == (Fault(FaultReason.UNREADABLE_CAPTURE, says), None)


@pytest.mark.parametrize("at", ["1795003200.500000000", "2026-11-18T12:00:00.500000000Z"])
def test_the_time_of_every_tshark_is_understood(script: Script, at: str) -> None:
    """Up to 4.0 tshark prints seconds since 1970, from 4.2 on a date in UTC."""
    heard: list[Sighting] = []
    line = printed(at, "4", "0x00", PHONE, EVERYONE, "-40")
    WifiListener(Interface("wlan1"), frozenset, script(f"printf '{line}'")).listen(0.5, heard.append)
    assert [sighting.heard_at_seconds for sighting in heard] == [1_795_003_200.5]


def test_after_closing_nothing_is_started(script: Script, tmp_path: Path) -> None:
    """A listener that was closed starts no tshark and changes nothing any more; closing twice is harmless."""
    source = Interface("wlan1")
    listener = WifiListener(source, frozenset, script(f"touch {tmp_path}/started"))
    listener.close()
    listener.close()
    assert listener.listen(0.5, nobody_heard) is not None
    assert listener.recover(Fault(FaultReason.LOST)) == ""
    assert not (tmp_path / "started").exists()
    assert source.recovered == []
