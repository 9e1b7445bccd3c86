"""Thirty days at full speed, with faults: `python -m bench.thirty_days`.

A process of its own hears, records, keeps house, backs up and is read from, as the programme does, minute after minute
by a clock that is made up; another one kills it twenty times a month in the middle of writing and starts it again.
Meanwhile radios are broken for hours, the disk is full, the database is locked, and the clock is put back and goes
wrong. Printed is one JSON object: what was recorded, and memory, threads, open files and the size of the database when
everything that is forgotten after a while is forgotten. It ends with status 1 when one of these grew, or a minute is
missing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import runpy
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from config import Config, DbSection, ScansSection
from db.daily_backup import BackupPlan, DailyBackups
from db.errors import DatabaseError
from db.read_people import PeopleReader
from db.reader import Reader
from db.zone_sums import ZoneSums
from keeping import Keeping, backup_folder
from place import Place
from presence.faults import Fault, FaultReason
from presence.overview import DeviceQuery
from presence.radio import Radio
from presence.ranges import TimeRange
from presence.scan import AddressKind, Scan
from scans.clock import Clock
from scans.manufacturers import Manufacturers
from scans.patience import PatientRadio
from scans.sensor import Sensor
from scans.sighting import HearSighting, Sighting
from sparing import spare_memory

_ROOT = Path(__file__).parents[1]
_DAY = 1440
_DAYS = 30
_ZONE = ZoneInfo("Europe/Berlin")
# So that the change to summer time, on 28 March, lies among them.
_START_AT = datetime(2027, 3, 1, tzinfo=UTC)

# Short enough for everything that is forgotten to be so after three days, and no growth to hide behind it.
_KEPT = DbSection(keep_days=2, keep_scans_days=2, keep_detections_days=1)
_FULL_AFTER_DAYS = 4
_KILLS_A_MONTH = 20

_DEVICES_PER_RADIO = 15
_NEW_EACH_SCAN = 2
_READ_EVERY = 60
_TOLD_EVERY = 30
# What is due each minute is done in one go: it is made to keep up with far more.
_HOUSE_EVERY = 5


@dataclass(frozen=True, slots=True)
class Window:
    """A fault, from one minute up to another."""

    kind: str
    first: int
    last: int

    def holds(self, minute: int) -> bool:
        """Whether the fault is there."""
        return self.first <= minute < self.last


def _window(kind: str, day: int, hour: int, minutes: int) -> Window:
    first = day * _DAY + hour * 60
    return Window(kind, first, first + minutes)


# Of half an hour of a full disk or a locked database nothing is lost, of more the beginning is. All come again every
# ten days.
_CYCLE = 10 * _DAY
_FAULTS = (
    _window("disk full", 1, 12, 25),
    _window("locked", 2, 12, 5),
    _window("radios broken", 3, 9, 300),
    _window("clock back an hour", 4, 12, 120),
    _window("disk full", 5, 12, 90),
    _window("radios broken", 6, 1, 600),
    _window("clock wrong by 200 days", 7, 6, 90),
    _window("locked", 8, 15, 25),
    _window("clock wrong by 200 days", 9, 0, 30),
)


@dataclass(frozen=True, slots=True)
class Held:
    """What the process holds after a minute."""

    minute: int
    mb: float
    threads: int
    files: int
    database_mb: float


def there_is(kind: str, minute: int) -> bool:
    """Whether there is a fault of a kind."""
    return any(fault.kind == kind and fault.holds(minute % _CYCLE) for fault in _FAULTS)


def may_be_lost(minute: int, every: int) -> bool:
    """Whether a minute lies in a fault that lasted for longer than scans can wait, and too early in it to be kept."""
    of_cycle, waiting = minute % _CYCLE, 29 * every
    faults = (fault for fault in _FAULTS if fault.kind in {"disk full", "locked"})
    return any(fault.first <= of_cycle < fault.last - waiting for fault in faults)


def is_quiet(minute: int, days: int) -> bool:
    """Whether nobody is killed, so that memory may be compared from one day to another: not in the last sixth."""
    return _FULL_AFTER_DAYS <= minute // _DAY < days * 5 // 6


class Crowd:
    """A radio that hears some devices, of which two are new in each scan (a `scans.listener.Listener`)."""

    def __init__(self, radio: Radio, minute: list[int], every: int, clock: Clock) -> None:
        self.radio = radio
        self._minute = minute
        self._every = every
        self._clock = clock

    def listen(self, seconds: float, hear: HearSighting) -> Fault | None:
        """Hand over two sightings of each device, at once; or fail."""
        del seconds
        if there_is("radios broken", self._minute[0]):
            return Fault(FaultReason.HUNG, "no answer")
        at = self._clock.wall().timestamp()
        first = self._minute[0] // self._every * _NEW_EACH_SCAN
        for number in range(first, first + _DEVICES_PER_RADIO):
            address = (0x3C22FB000000 + number).to_bytes(6).hex(":")
            for reading in range(2):
                hear(Sighting(self.radio, address, AddressKind.GLOBAL, -50 - reading, at, ssid=f"net {number % 40}"))
        return None

    def recover(self, fault: Fault) -> str:
        """Nothing helps."""
        del fault
        return "waited"

    def close(self) -> None:
        """Nothing is held."""


class Trial:
    """The programme without its web server, minute by minute, or with a scan each so many minutes."""

    def __init__(self, folder: Path, every: int, undo: contextlib.ExitStack) -> None:
        programme = runpy.run_path(str(_ROOT / "app.py"))
        self.minute = [0]
        self._every = every
        self._folder = folder
        self._path = folder / "tracking.db"
        clock = Clock(self._wall, lambda: self.minute[0] * 60.0, self._is_synchronised)
        config = Config(db=_KEPT, scans=ScansSection(interval_seconds=60 * every))
        place = Place(config, False, f"sqlite:///{self._path}", _ZONE, clock, Manufacturers())  # noqa: FBT003
        self._clock = clock
        self._keeping = Keeping(place, lambda _: None, lambda: None)
        self._telling = programme["open_telling"](place, undo)
        self._keep_house = programme["keep_house"]
        store = self._telling.store
        self._keeping.watch(store.connections, lambda: None)
        with store.connections.write() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 20")  # time is not to be waited for
        self._sums = ZoneSums(store.connections, place.store_settings)
        self._backups = DailyBackups(
            place.database_url,
            backup_folder(place),
            BackupPlan(2, 1, 3, _ZONE),
            clock=clock.wall,
            is_clock_right=self._telling.is_clock_right,
            damaged=lambda: None,
        )
        self._sensor = Sensor(
            name="bench",
            radios=tuple(PatientRadio(radio, partial(Crowd, radio, self.minute, every, clock), 60) for radio in Radio),
            keys=self._telling.keys,
            rules=place.rules(),
            listen_seconds=10,
            clock=clock,
            newest_at=store.reader.latest_scan_at(),
        )
        undo.callback(self._sensor.close)
        self._minutes: dict[int, int] = {}
        self._noted = undo.enter_context((folder / "recorded.txt").open("a", encoding="ascii"))

    def _wall(self) -> datetime:
        now_at = _START_AT + timedelta(minutes=self.minute[0])
        if there_is("clock back an hour", self.minute[0]):
            return now_at - timedelta(hours=1)
        return now_at - timedelta(days=200) if not self._is_synchronised() else now_at

    def _is_synchronised(self) -> bool:
        return not there_is("clock wrong by 200 days", self.minute[0])

    def pass_minute(self) -> None:
        """Listen, record, keep house, and now and then back up and be read from."""
        minute = self.minute[0]
        scan = self._sensor.scan()
        self._minutes[id(scan)] = minute
        with contextlib.suppress(DatabaseError), self._fault(minute):
            self._keeping.remember(self._telling.store.recorder.record, self._note, scan)
            if minute % _HOUSE_EVERY == 0:
                self._keep_house(self._telling, self._sums)
        if minute % 60 == 0:
            self._backups.step(self._clock.wall())
        if minute % _READ_EVERY == 0:
            read_everything(self._telling.store.reader, self._telling.store.people, self._clock.wall())
        self.minute[0] += self._every

    def _note(self, scan: Scan) -> None:
        self._noted.write(f"{self._minutes.pop(id(scan))}\n")
        self._noted.flush()

    @contextlib.contextmanager
    def _fault(self, minute: int) -> Iterator[None]:
        with contextlib.ExitStack() as over:
            if there_is("locked", minute):
                other = over.enter_context(contextlib.closing(sqlite3.connect(self._path)))
                other.execute("BEGIN IMMEDIATE")
            if there_is("disk full", minute):
                over.enter_context(self._full_disk())
            yield

    @contextlib.contextmanager
    def _full_disk(self) -> Iterator[None]:
        """No page more than there are, and none of them free."""
        connections = self._telling.store.connections
        with connections.write() as connection:
            connection.exec_driver_sql("CREATE TABLE filler (content BLOB)")
        with connections.write() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
        with contextlib.suppress(DatabaseError):
            while True:
                with connections.write() as connection:
                    connection.exec_driver_sql("INSERT INTO filler VALUES (zeroblob(420))")
        try:
            yield
        finally:
            with connections.write() as connection:
                connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
            with connections.write() as connection:
                connection.exec_driver_sql("DROP TABLE filler")

    def held(self) -> Held:
        """What the process holds now."""
        status = Path("/proc/self/status").read_text(encoding="ascii")
        mb, threads = (int(re.findall(rf"{name}:\s+(\d+)", status)[0]) for name in ("VmRSS", "Threads"))
        files = len(list(Path("/proc/self/fd").iterdir()))
        return Held(self.minute[0], round(mb / 1000, 1), threads, files, round(self._path.stat().st_size / 1e6, 2))


def read_everything(reader: Reader, people: PeopleReader, now_at: datetime) -> None:
    """What a page asks for, and a report."""
    reader.overview(now_at)
    reader.usual(now_at)
    reader.devices(DeviceQuery(), now_at)
    people.people_now(now_at)
    people.busy_week(now_at)
    for time_range in TimeRange:
        reader.history(time_range, now_at)
        people.people_history(time_range, now_at)
    reader.trends(TimeRange.DAY, now_at)
    reader.report(TimeRange.WEEK, now_at)


def hold(folder: Path, every: int, first: int, last: int) -> None:
    """Be the programme from one minute up to another, and tell now and then what it holds."""
    spare_memory()
    with contextlib.ExitStack() as undo:
        trial = Trial(folder, every, undo)
        trial.minute[0] = first
        while trial.minute[0] < last:
            trial.pass_minute()
            if trial.minute[0] % _TOLD_EVERY == 0:
                print(json.dumps(asdict(trial.held())), flush=True)


def kill_times(days: int, rng: random.Random) -> list[int]:
    """After which minutes it is killed."""
    minutes = [minute for minute in range(days * _DAY) if not is_quiet(minute, days)]
    return sorted(rng.sample(minutes, _KILLS_A_MONTH * days // _DAYS))


def next_minute(folder: Path, every: int) -> int:
    """The minute after the last that was recorded, or that had to wait longer than the process lived."""
    noted = folder / "recorded.txt"
    return max(recorded(noted), default=-every) + every if noted.exists() else 0


def recorded(noted: Path) -> list[int]:
    """The minutes whose scans were recorded; a last line that was cut off does not count."""
    return [int(line) for line in noted.read_text(encoding="ascii").split("\n")[:-1]]


def live_through(folder: Path, every: int, days: int) -> tuple[list[Held], int]:
    """Let the process live, kill it and start it again; tells what it held, and how often it was killed."""
    kills = kill_times(days, random.Random(1))  # noqa: S311 - the same each time
    held: list[Held] = []
    killed = 0
    while (first := next_minute(folder, every)) < days * _DAY:
        command = [
            sys.executable,
            "-m",
            "bench.thirty_days",
            "--hold",
            str(folder),
            *map(str, (every, first, days * _DAY)),
        ]
        environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}  # as ./run does
        with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True) as child:
            for line in child.stdout or ():
                held.append(Held(**json.loads(line)))
                if held[-1].minute % _DAY == 0:
                    print(f"day {held[-1].minute // _DAY}: {line.strip()}", file=sys.stderr, flush=True)
                if kills and held[-1].minute >= kills[0]:
                    kills.pop(0)
                    child.kill()
                    killed += 1
                    break
        if child.returncode > 0:
            raise RuntimeError("the process ended by itself")
    return held, killed


def judge(folder: Path, held: Sequence[Held], kills: int, every: int, days: int) -> tuple[dict[str, object], list[str]]:
    """What came of it, and what is wrong with that."""
    noted = recorded(folder / "recorded.txt")
    missing = sorted(set(range(0, days * _DAY, every)) - set(noted))
    lost = [minute for minute in missing if not may_be_lost(minute, every)]
    wrong_clock = sum(there_is("clock wrong by 200 days", minute) for minute in set(noted))
    with contextlib.closing(sqlite3.connect(folder / "tracking.db")) as connection:
        verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
        columns = "wifi_scans_heard + wifi_scans_unheard"
        summed = connection.execute(f"SELECT sum({columns}) FROM daily_sums").fetchone()[0]  # noqa: S608 - two names
    quiet = [one for one in held if is_quiet(one.minute, days)]
    first, last = quiet[: len(quiet) // 4], quiet[-len(quiet) // 4 :]
    # Until then each fault has come, in ten days of them: while a clock is wrong, nothing is forgotten.
    later = [one for one in held if one.minute >= days * _DAY // 2]
    figures: dict[str, object] = {
        "scans": days * _DAY // every,
        "scans_recorded": len(set(noted)),
        "scans_lost_in_faults": len(missing) - len(lost),
        "scans_lost_otherwise": len(lost),
        "kills": kills,
        "mb_first_and_last_quarter": [max(one.mb for one in some) for some in (first, last)],
        "threads": sorted({one.threads for one in quiet}),
        "files": sorted({one.files for one in quiet}),
        "database_mb_halfway_and_at_the_end": [later[0].database_mb, later[-1].database_mb],
        "database": verdict,
    }
    wrong = [f"minutes {lost[:10]} are missing"] if lost else []
    if not len(set(noted)) <= summed + wrong_clock <= len(set(noted)) + kills:
        wrong.append(f"the days' sums have {summed} scans, and {wrong_clock} were of a wrong clock")
    if verdict != "ok":
        wrong.append("the database is not whole")
    # What a heap and a log vary by, however long it goes on.
    if max(one.mb for one in last) > max(one.mb for one in first) * 1.05 + 2:
        wrong.append("memory grew")
    if max(one.threads for one in last) > max(one.threads for one in first):
        wrong.append("threads grew")
    if max(one.files for one in last) > max(one.files for one in first):
        wrong.append("open files grew")
    # Sums of hours and days are kept for ever: some 20 kB a day.
    if later[-1].database_mb > later[0].database_mb * 1.1 + 0.02 * days:
        wrong.append("the database grew")
    return figures, wrong


def main() -> int:
    """Live through it, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=_DAYS, help="of these the first four fill what is kept; 8 at least")
    parser.add_argument(
        "--every", type=int, default=1, help="minutes from one scan to the next, of which 60 is a multiple"
    )
    parser.add_argument("--hold", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.hold is not None:
        every, first, last = map(int, arguments.hold[1:])
        hold(Path(arguments.hold[0]), every, first, last)
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        held, kills = live_through(Path(name), arguments.every, arguments.days)
        figures, wrong = judge(Path(name), held, kills, arguments.every, arguments.days)
    print(
        json.dumps(
            {
                "days": arguments.days,
                "every": arguments.every,
                **figures,
                "wrong": wrong,
                "seconds": round(time.monotonic() - began),
            }
        )
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
