from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from db.backup import back_up
from db.connect import Connections
from db.errors import DatabaseError
from db.reader import Reader
from db.recorder import Recorder
from db.store import Store, open_store
from presence.overview import DeviceQuery
from presence.ranges import TimeRange
from tests.db.scanning import SETTINGS, minute, scan

ROOT = Path(__file__).parents[2]


@pytest.fixture
def connections(url: str) -> Iterator[Connections]:
    """The connections of a new database."""
    with closing(Connections(url)) as opened:
        yield opened


@contextmanager
def limited(connections: Connections, pragma: str, value: int, afterwards: int) -> Iterator[None]:
    """Change a limit of the connection that writes, for a while."""
    with connections.write() as connection:
        connection.exec_driver_sql(f"PRAGMA {pragma} = {value}")
    yield
    with connections.write() as connection:
        connection.exec_driver_sql(f"PRAGMA {pragma} = {afterwards}")


def test_a_full_disk_is_said_and_survived(connections: Connections) -> None:
    """A scan that finds no room is lost whole, with a sentence; reading goes on, and recording once there is room."""
    recorder, reader = Recorder(connections, SETTINGS), Reader(connections, SETTINGS)
    recorder.record(scan(minute(0), ["a"]))
    with limited(connections, "max_page_count", 1, 2**30):  # SQLite takes the pages in use for the least
        with pytest.raises(DatabaseError, match="Make some room"):
            recorder.record(scan(minute(1), [str(number) for number in range(3000)]))
        assert reader.overview(minute(1)).wifi_total == 1
    recorder.record(scan(minute(2), ["b"]))
    assert reader.overview(minute(2)).wifi_total == 2
    assert reader.latest_scan_id() == 2


def test_a_database_in_use_is_said_and_waited_for(connections: Connections, url: str) -> None:
    """While another programme holds it, a scan is refused with a sentence; the next one is kept."""
    recorder = Recorder(connections, SETTINGS)
    with limited(connections, "busy_timeout", 10, 5000):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseError, match="Another programme"):
                recorder.record(scan(minute(0), ["a"]))
        recorder.record(scan(minute(1), ["a"]))
    assert Reader(connections, SETTINGS).overview(minute(1)).last_scan_at == minute(1)


def test_a_scan_that_cannot_be_recorded_leaves_nothing_behind(store: Store) -> None:
    """A scan is recorded whole or not at all, also when it is wrong itself."""
    store.recorder.record(scan(minute(0), ["a"]))
    bad = scan(minute(1), ["b"], key_period=None)  # type: ignore[arg-type] # what the table refuses
    with pytest.raises(DatabaseError):
        store.recorder.record(bad)
    overview = store.reader.overview(minute(1))
    assert (overview.wifi_total, overview.last_scan_at) == (1, minute(0))


@pytest.mark.parametrize("content", [b"this is no database, but it is long enough to be looked at" * 100])
def test_a_file_that_is_no_database_is_said(tmp_path: Path, content: bytes) -> None:
    """The owner is told what to do with it, and it is not touched."""
    path = tmp_path / "tracking.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseError, match="not a database"):
        open_store(f"sqlite:///{path}", SETTINGS)
    assert path.read_bytes() == content


def test_a_damaged_database_is_said(file_store: Store, url: str) -> None:
    """Pages overwritten with nonsense are noticed where they are read."""
    file_store.recorder.record(scan(minute(0), [str(number) for number in range(2000)]))
    file_store.close()
    path = Path(url.removeprefix("sqlite:///"))
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = b"\xa5" * (len(damaged) - 4096)
    path.write_bytes(damaged)
    with pytest.raises(DatabaseError, match="damaged"), closing(open_store(url, SETTINGS)) as again:
        again.reader.overview(minute(0))


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////proc/nowhere/tracking.db", "oracle9://x"])
def test_an_address_that_leads_nowhere_is_said(url: str) -> None:
    """What is no address, or lies in a folder that cannot be made, is answered with a sentence."""
    with pytest.raises(DatabaseError):
        open_store(url, SETTINGS)


def test_a_database_that_may_not_be_written_is_refused_at_the_start(file_store: Store, url: str) -> None:
    """It is said when the programme starts, not at the first scan."""
    file_store.close()
    with TemporaryDirectory() as folder:  # unlike pytest's own, it can be opened to others
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 - a user who may not write is let in to look
        path = Path(shutil.copy(url.removeprefix("sqlite:///"), folder))
        path.chmod(0o444)
        with as_an_ordinary_user(), pytest.raises(DatabaseError, match="may not be written"):
            open_store(f"sqlite:///{path}", SETTINGS)


@contextmanager
def as_an_ordinary_user() -> Iterator[None]:
    """Root may write to every file, so root acts as nobody (65534 on Debian) for a while."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_killed_in_mid_write_nothing_acknowledged_is_lost(url: str) -> None:
    """Killed again and again while it writes, the database stays whole and holds every scan that was committed."""
    acknowledged = -1
    for scans in (3, 11, 1, 7, 5):
        command = [sys.executable, "-m", "tests.db.writing", url, str(acknowledged + 1)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            said = [int(writer.stdout.readline()) for _ in range(scans)]
            writer.send_signal(signal.SIGKILL)
            said += [int(line) for line in writer.stdout]
        acknowledged = said[-1]
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        with closing(open_store(url, SETTINGS)) as store:
            last_scan_at = store.reader.overview(minute(acknowledged)).last_scan_at
            # One more may have been committed and killed before it could say so.
            assert last_scan_at in {minute(acknowledged), minute(acknowledged + 1)}
            said_of = store.reader.report(TimeRange.DAY, minute(acknowledged))
            assert said_of.overview.people_total == sum(totals.new_devices for totals in said_of.radios)


def test_readers_on_other_threads_see_whole_scans_only(store: Store) -> None:
    """While scans are recorded, every reading on any thread agrees with itself."""
    failures: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            overview = store.reader.overview(minute(60))
            said = store.reader.report(TimeRange.DAY, minute(60))
            page = store.reader.devices(DeviceQuery(), minute(60))
            totals = [state.new_devices for state in said.radios]
            if sum(totals) != said.overview.people_total or overview.people_total % 15 or page.total % 15:
                failures.append(f"{overview} {said} {page.total}")

    readers = [threading.Thread(target=read) for _ in range(4)]
    for thread in readers:
        thread.start()
    for number in range(60):
        names = [f"{number} {name}" for name in range(10)]
        store.recorder.record(scan(minute(number), names, names[:5]))
    done.set()
    for thread in readers:
        thread.join()
    assert failures == []
    assert store.reader.overview(minute(60)).people_total == 900


def test_a_store_in_memory_is_one_for_all_threads() -> None:
    """Without a file, threads share what is remembered, one after another."""
    with closing(open_store("sqlite://", SETTINGS)) as store, ThreadPoolExecutor(2) as threads:
        readings = [threads.submit(store.reader.overview, minute(199)) for _ in range(200)]
        assert store.recorder.record_many((scan(minute(number), ["a"]) for number in range(200)), batch=1) == 200
        assert {reading.result().wifi_total for reading in readings} <= {0, 1}
        assert store.reader.overview(minute(199)).average_time_spent_minutes == 200


def test_a_store_closes_more_than_once(url: str) -> None:
    """Whoever undoes a start need not know how far it came."""
    store = open_store(url, SETTINGS)
    store.close()
    store.close()


def test_a_backup_taken_in_use_is_whole(file_store: Store, url: str, tmp_path: Path) -> None:
    """It is one file of its own, named by its time, that opens as a store with the same content."""
    file_store.recorder.record(scan(minute(0), ["a"], ["b"]))
    path = back_up(url, tmp_path / "backups", minute(1))
    file_store.recorder.record(scan(minute(1), ["c"]))
    assert path.name == "tracking-2027-03-10-083100.db"
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_bytes()[18:20] == b"\x01\x01"  # no write-ahead log beside it: sqlite.org/fileformat.html, 1.3.3
    with closing(open_store(f"sqlite:///{path}", SETTINGS)) as copy:
        assert copy.reader.overview(minute(1)).people_total == 2


def test_a_backup_of_nothing_is_refused(tmp_path: Path) -> None:
    """Where no database is, none is made, and the owner is told."""
    with pytest.raises(DatabaseError, match="no database"):
        back_up(f"sqlite:///{tmp_path}/none.db", tmp_path / "backups", minute(0))
    with pytest.raises(DatabaseError, match="pg_dump"):
        back_up("postgresql://hub/tracking", tmp_path, minute(0))


def test_a_backup_is_looked_through_before_it_is_kept(file_store: Store, url: str, tmp_path: Path) -> None:
    """Damage that no copying stumbles over, here an index that is no longer known of, is found in the copy."""
    file_store.close()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'ix_scans_started_at'")
    with pytest.raises(DatabaseError, match="The database is damaged"):
        back_up(url, tmp_path / "backups", minute(0))
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_damaged_database_is_not_backed_up(file_store: Store, url: str, tmp_path: Path) -> None:
    """A copy that is not whole is not kept, so that it never takes the place of a good one."""
    file_store.recorder.record(scan(minute(0), [str(number) for number in range(2000)]))
    file_store.close()
    path = Path(url.removeprefix("sqlite:///"))
    damaged = bytearray(path.read_bytes())
    damaged[8192:] = b"\xa5" * (len(damaged) - 8192)
    path.write_bytes(damaged)
    with pytest.raises(DatabaseError, match="No backup was made"):
        back_up(url, tmp_path / "backups", minute(0))
    assert list((tmp_path / "backups").iterdir()) == []
