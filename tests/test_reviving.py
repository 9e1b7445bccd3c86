from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from db.errors import DatabaseError
from links.service_manager import ServiceManager
from presence.faults import Fault, FaultReason
from presence.radio import Radio
from presence.scan import Scan
from presence.zones import ZoneThresholds
from reviving import Reviver, SteadyJob, end_children, longest_silence_seconds, stacks
from scans.box import Box
from scans.clock import Clock, machine_clock
from scans.folding import ObservationRules
from scans.patience import PatientRadio
from scans.progress import Progress
from scans.sensor import Sensor
from scans.sighting import HearSighting
from scans.visitor_key import KeyRotation, VisitorKeys

ROOT = Path(__file__).parents[1]

# Generous: what is waited for comes within milliseconds on a machine that is not busy.
WAIT_SECONDS = 60


class Hung:
    """A radio whose driver never comes back, until it is let go."""

    def __init__(self, radio: Radio, release: threading.Event) -> None:
        self.radio = radio
        self._release = release

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        del seconds, hear
        self._release.wait()
        return None

    def recover(self, fault: Fault) -> str:
        del fault
        return ""

    def close(self) -> None:
        self._release.set()


class Heard:
    """A radio that hears nobody."""

    radio = Radio.BLUETOOTH

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        del seconds, hear
        return None

    def recover(self, fault: Fault) -> str:
        del fault
        return ""

    def close(self) -> None: ...


def box(*radios: PatientRadio, clock: Clock | None = None) -> tuple[Box, threading.Semaphore]:
    """A box that scans as fast as it can, and what counts its scans."""
    scanned = threading.Semaphore(0)

    def remember(scan: Scan) -> None:
        del scan
        scanned.release()

    clock = clock or machine_clock()
    sensor = Sensor(
        name="box",
        radios=radios,
        keys=VisitorKeys(None, KeyRotation.DAILY, 4, ZoneInfo("UTC")),
        rules=ObservationRules(lambda *_: None, ZoneThresholds()),
        listen_seconds=0,
        clock=clock,
        newest_at=None,
    )
    made = Box(
        sensor=sensor,
        remember=remember,
        not_remembered=DatabaseError,
        interval_seconds=0.05,
        jitter_seconds=0,
        clock=clock,
        rng=random.Random(1),
    )
    return made, scanned


def hung(radio: Radio, release: threading.Event) -> PatientRadio:
    return PatientRadio(radio, lambda: Hung(radio, release), 0.01)


def test_a_loop_that_hangs_is_begun_afresh_with_its_stacks_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Radios that all hang for longer than the limit: the log says where every thread stood, and the start is new."""
    release, revived = threading.Event(), threading.Event()
    running, _ = box(hung(Radio.WIFI, release), hung(Radio.BLUETOOTH, release))
    reviver = Reviver(
        progress=running.progress,
        limit_seconds=0.5,
        manager=ServiceManager(None),
        says=str,
        revive=revived.set,
        look_seconds=0.05,
    )
    running.start()
    reviver.start()
    assert revived.wait(WAIT_SECONDS)
    reviver.stop()
    running.stop()
    [record] = [record for record in caplog.records if record.name == "reviving"]
    assert "Nothing was heard from the scan loop" in record.getMessage()
    assert f'{Path(__file__).name}", line' in record.getMessage()  # the hung driver itself
    assert "in listen" in record.getMessage()


@pytest.mark.parametrize(
    ("reasons", "is_noted"),
    [
        ((FaultReason.HUNG, FaultReason.HUNG), False),
        ((FaultReason.HUNG, FaultReason.NO_ADAPTER), True),
        ((FaultReason.HUNG, None), True),
        ((FaultReason.NO_INTERFACE, FaultReason.NO_ADAPTER), True),
        ((None, None), True),
    ],
)
def test_only_a_minute_in_which_every_radio_hangs_is_none(
    reasons: tuple[FaultReason | None, FaultReason | None], is_noted: bool
) -> None:
    """A radio that says why it is not heard has come back, and so has the loop."""
    hand = [0.0]
    machine = machine_clock()
    clock = Clock(machine.wall, lambda: hand[0], machine.is_synchronised)

    class Faulty(Heard):
        def __init__(self, radio: Radio, reason: FaultReason | None) -> None:
            self.radio = radio
            self._fault = None if reason is None else Fault(reason)

        def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
            del seconds, hear
            return self._fault

    radios = [
        PatientRadio(radio, lambda radio=radio, reason=reason: Faulty(radio, reason), WAIT_SECONDS)  # type: ignore[misc]  # bound here
        for radio, reason in zip((Radio.WIFI, Radio.BLUETOOTH), reasons, strict=True)
    ]
    running, scanned = box(*radios, clock=clock)
    hand[0] = 100.0
    running.start()
    assert scanned.acquire(timeout=WAIT_SECONDS)
    running.stop()
    assert running.progress.seconds_since() == (0.0 if is_noted else 100.0)


class Told(ServiceManager):
    """A service manager that remembers what it was told, and says when that was a status."""

    def __init__(self) -> None:
        super().__init__("@nobody", 120.0)
        self.told: list[str] = []
        self.knows_status = threading.Event()

    def _tell(self, message: str) -> None:
        self.told.append(message)
        if message.startswith("STATUS="):
            self.knows_status.set()


def test_the_service_manager_hears_that_the_loop_gets_on() -> None:
    """It is told that the programme is up, then that it lives and what it did, and at last that it stops."""
    manager = Told()
    reviver = Reviver(
        progress=Progress(lambda: 7.0), limit_seconds=600, manager=manager, says=lambda: "3 scans", revive=pytest.fail
    )
    reviver.start()
    assert manager.knows_status.wait(WAIT_SECONDS)
    reviver.stop()
    assert manager.told == ["READY=1", "WATCHDOG=1", "STATUS=3 scans; it got on 0 s ago", "STOPPING=1"]


def test_the_service_manager_hears_nothing_from_a_loop_that_hangs() -> None:
    """A loop that noted nothing for longer than the limit is not said to live: the manager would end the process."""
    hand, revived, manager = [0.0], threading.Event(), Told()
    reviver = Reviver(
        progress=Progress(lambda: hand[0]), limit_seconds=600, manager=manager, says=str, revive=revived.set
    )
    hand[0] = 601.0
    reviver.start()
    assert revived.wait(WAIT_SECONDS)
    reviver.stop()
    assert manager.told == ["READY=1", "STOPPING=1"]


def test_a_slow_minute_is_not_taken_for_a_hang() -> None:
    """Two whole intervals may pass from one end to the next, and some minutes more."""
    assert longest_silence_seconds(60) == 600
    assert longest_silence_seconds(3600) > 2 * 3600


def test_stacks_name_the_threads_places_only() -> None:
    """What stands in the log is file, line and function, and no value."""
    address = "aa:bb:cc:dd:ee:ff"
    told = stacks()
    assert "test_stacks_name_the_threads_places_only" in told
    assert address not in told


def test_a_programme_without_a_service_manager_becomes_a_new_one(tmp_path: Path) -> None:
    """Hung for good in the kernel's hands, the process runs its own command again, and ends what it had started."""
    script = tmp_path / "programme.py"
    script.write_text(
        "import subprocess, sys, threading, time\n"
        "from pathlib import Path\n"
        "from links.service_manager import ServiceManager\n"
        "from reviving import Reviver, begin_afresh\n"
        "from scans.progress import Progress\n"
        "mark = Path(sys.argv[1])\n"
        "if mark.exists():\n"
        "    print('again', mark.read_text(), flush=True)\n"
        "    raise SystemExit(3)\n"
        "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "mark.write_text(str(child.pid))\n"
        "manager = ServiceManager(None)\n"
        "Reviver(progress=Progress(time.monotonic), limit_seconds=0.1, manager=manager, says=str,\n"
        "        revive=lambda: begin_afresh(manager), look_seconds=0.05).start()\n"
        "threading.Lock().acquire() and threading.Event().wait()\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "mark")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    word, child = done.stdout.split()
    assert word == "again"
    assert not is_running(int(child))
    assert "Nothing was heard from the scan loop" in done.stderr


def is_running(pid: int) -> bool:
    """Whether a process still does anything; one that was killed and that nobody asked for stays listed."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def test_only_own_children_are_ended(tmp_path: Path) -> None:
    """A process started from here is killed with its group; others are left alone."""
    with subprocess.Popen(["sh", "-c", "sleep 600 & wait"], start_new_session=True) as child:
        # Of all processes only this one is listed: other tests have theirs.
        (tmp_path / str(child.pid)).symlink_to(f"/proc/{child.pid}")
        end_children(child.pid + 1_000_000, tmp_path)
        assert child.poll() is None
        end_children(os.getpid(), tmp_path)
        assert child.wait(WAIT_SECONDS) == -signal.SIGKILL


def test_a_hub_whose_database_is_away_waits_for_it_in_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    """An hour without the database is a line when it goes and one when it comes back, and no reason to begin afresh."""
    caplog.set_level(logging.INFO)
    hand = [0.0]
    progress = Progress(lambda: hand[0])
    is_away = [False]

    def keep_house() -> None:
        if is_away[0]:
            raise DatabaseError("The database's server does not answer.")

    job = SteadyJob(keep_house, (DatabaseError,), progress)
    for minute in range(120):
        is_away[0] = 30 <= minute < 90
        hand[0] = 60.0 * minute
        job.attempt()
        assert progress.seconds_since() == 0
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
