from __future__ import annotations

import fcntl
import os
import shutil
import stat
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from scans.sighting import Sighting
from scans.simulated.capture import PCAP_HEADER
from scans.simulated.outages import WeeklyOutage
from scans.simulated.site import SimulatedSite
from scans.simulated.wifi_pipe import WifiPipe
from scans.wifi import WifiListener
from tests.scans.simulated.clocks import NOON, TIME_ZONE, wall_from

# Longer than anything here takes on a busy machine.
_PATIENCE_SECONDS = 30


@pytest.fixture
def pipe(site: SimulatedSite) -> Iterator[WifiPipe]:
    """A pipe at noon, closed after the test."""
    made = WifiPipe(site, wall_from(NOON))
    yield made
    made.close()


@contextmanager
def attended(pipe: WifiPipe) -> Iterator[threading.Thread]:
    """The pipe attended to by a thread of its own, as a listener does, and stopped at the end."""
    stopping = threading.Event()
    thread = threading.Thread(target=pipe.attend, args=(stopping,))
    thread.start()
    try:
        yield thread
    finally:
        stopping.set()
        thread.join(_PATIENCE_SECONDS)
        assert not thread.is_alive()


def prepared(pipe: WifiPipe) -> str:
    """The path of a pipe made ready."""
    path = pipe.prepare()
    assert isinstance(path, str)
    return path


def test_a_live_scan_hears_what_history_tells(site: SimulatedSite, pipe: WifiPipe) -> None:
    """The Wi-Fi listener with the real tshark on the pipe hears what the direct road tells, one by one and in order."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed (apt: tshark)")
    heard: list[Sighting] = []
    assert WifiListener(pipe, own_addresses=frozenset).listen(4.0, heard.append) is None
    sent = list(site.sightings(Radio.WIFI, NOON, _PATIENCE_SECONDS))
    # tshark needs a moment to start, and what is sent until then is not captured.
    missed = sent.index(heard[0])
    assert heard == sent[missed : missed + len(heard)]


def fill_level(pipe: int) -> int:
    """Bytes in a pipe that wait to be read."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def wait_until(happens: Callable[[], bool]) -> bool:
    """Wait for something to become true, for so long as a busy machine may need; whether it did."""
    for _ in range(_PATIENCE_SECONDS * 100):
        if happens():
            return True
        time.sleep(0.01)
    return False


def test_frames_are_written_at_their_time(site: SimulatedSite) -> None:
    """No frame can be read before the moment that it is stamped with, and no time is left out."""
    wall = wall_from(NOON, times_as_fast=20)
    pipe = WifiPipe(site, wall)
    path = prepared(pipe)
    stamps: list[float] = []
    with attended(pipe), Path(path).open("rb") as reader:
        reader.read(len(PCAP_HEADER))
        while not stamps or stamps[-1] < NOON.timestamp() + 25:
            seconds, microseconds, length, _ = struct.unpack("<IIII", reader.read(16))
            reader.read(length)
            stamps.append(seconds + microseconds / 1e6)
            assert stamps[-1] <= wall().timestamp()
    pipe.close()
    # Two access points send a beacon every 0.1 s; one in a while is too weak.
    assert all(after - before < 0.25 for before, after in pairwise(stamps))


def test_the_pipe_is_private_and_in_memory(pipe: WifiPipe) -> None:
    """Only its owner can look into the folder of the pipe, which lies where no disk is written."""
    folder = Path(prepared(pipe)).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    if Path("/dev/shm").is_dir():  # noqa: S108 - what the test asks is whether the folder lies there
        assert folder.parent == Path("/dev/shm")  # noqa: S108 - likewise


def test_a_reader_that_goes_away_ends_the_writing(pipe: WifiPipe) -> None:
    """When the reader closes the pipe, attending to it ends by itself, and the next capture works."""
    for _ in range(2):
        stopping = threading.Event()
        path = prepared(pipe)
        thread = threading.Thread(target=pipe.attend, args=(stopping,))
        thread.start()
        with Path(path).open("rb") as reader:
            assert reader.read(len(PCAP_HEADER)) == PCAP_HEADER
        thread.join(_PATIENCE_SECONDS)
        assert not thread.is_alive()


def test_a_reader_that_is_too_slow_holds_nobody_up(site: SimulatedSite) -> None:
    """A reader that reads nothing does not keep the writer from stopping, nor what it wrote from being whole."""
    hurried = WifiPipe(site, wall_from(NOON, times_as_fast=10_000))
    path = prepared(hurried)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with attended(hurried):
        assert wait_until(lambda: fill_level(reader) > 60_000)
    content = b""
    while part := os.read(reader, 1 << 20):
        content += part
    os.close(reader)
    hurried.close()
    frames, at = 0, len(PCAP_HEADER)
    while at < len(content):
        at += 16 + int.from_bytes(content[at + 8 : at + 12], "little")
        frames += 1
    assert at == len(content)
    assert frames > 100


def test_nobody_reading_at_all_does_not_keep_it_from_stopping(pipe: WifiPipe) -> None:
    """When no reader ever comes (tshark is missing), attending ends as soon as it is told to."""
    prepared(pipe)
    with attended(pipe) as thread:
        assert thread.is_alive()


def test_closing_leaves_nothing_and_can_be_repeated(pipe: WifiPipe) -> None:
    """A closed pipe is gone from the file system; closing again does no harm, and attending to it ends at once."""
    folder = Path(prepared(pipe)).parent
    pipe.close()
    pipe.close()
    assert not folder.exists()
    pipe.attend(threading.Event())


def test_closing_in_mid_capture_ends_it(pipe: WifiPipe) -> None:
    """A close from another thread while nobody reads yet ends the attending too."""
    prepared(pipe)
    thread = threading.Thread(target=pipe.attend, args=(threading.Event(),))
    thread.start()
    pipe.close()
    thread.join(_PATIENCE_SECONDS)
    assert not thread.is_alive()


def test_an_outage_is_a_fault() -> None:
    """While the site's Wi-Fi is out there is nothing to capture from, and the fault says why."""
    out = WeeklyOutage(Radio.WIFI, weekday=0, begins=0, minutes=24 * 60, fault=Fault(FaultReason.INTERFACE_DOWN))
    pipe = WifiPipe(SimulatedSite(1, TIME_ZONE, (out,)), wall_from(NOON))
    fault = pipe.prepare()
    assert isinstance(fault, Fault)
    assert fault.reason is FaultReason.INTERFACE_DOWN
    assert pipe.recover(fault) == ""


def test_what_a_killed_process_left_is_cleared_away(pipe: WifiPipe) -> None:
    """The folder of a pipe whose process was killed is gone after the next scan of any."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed (apt: tshark)")
    script = (
        "import os, signal, sys; from datetime import UTC, datetime; from zoneinfo import ZoneInfo;"
        "from scans.simulated.site import SimulatedSite; from scans.simulated.wifi_pipe import WifiPipe;"
        "print(WifiPipe(SimulatedSite(1, ZoneInfo('UTC')), lambda: datetime.now(UTC)).prepare(), flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).parents[3]
    killed = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False)
    left = Path(killed.stdout.strip()).parent
    assert left.is_dir()
    assert WifiListener(pipe, own_addresses=frozenset).listen(0.1, lambda _: None) is None
    assert not left.exists()
