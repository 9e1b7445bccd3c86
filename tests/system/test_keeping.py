from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from commands.backups import make_backup, print_backups, restore_backup
from config import Config, DbSection
from db.errors import DatabaseError
from db.store import Store, open_store
from keeping import Keeping
from place import Place
from presence.scan import Scan
from scans.clock import Clock
from scans.manufacturers import Manufacturers
from tests.db.damaging import DAMAGES
from tests.db.scanning import SETTINGS, minute, scan
from tests.sqlite import new_database
from tests.system.programme import carry_out, started


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with some scans, and the key of its place beside it."""
    path = tmp_path / "data/tracking.db"
    with opened(new_database(path)) as store:
        for number in range(20):
            store.recorder.record(scan(minute(number), [f"{number} {name}" for name in range(100)]))
    path.with_suffix(".key").write_text("a key", encoding="ascii")
    return path


@contextlib.contextmanager
def opened(url: str) -> Iterator[Store]:
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists():  # tables that are copied cost less than a migration
        new_database(path)
    with contextlib.closing(open_store(url, SETTINGS)) as store:
        yield store


def place_of(path: Path) -> Place:
    clock = Clock(lambda: minute(1000), lambda: 0.0, lambda: True)
    return Place(Config(), False, f"sqlite:///{path}", ZoneInfo("UTC"), clock, Manufacturers())  # noqa: FBT003


def keeping_of(place: Place, afresh: Callable[[], None] = lambda: None) -> Keeping:
    def record_all(scans: Sequence[Scan]) -> None:
        with opened(place.database_url) as store:
            store.recorder.record_many(scans)

    return Keeping(place, record_all, afresh)


def run(keeping: Keeping, place: Place, work: Callable[[Store], None]) -> None:
    """Let the programme run, and do its work once."""

    def once() -> None:
        with opened(place.database_url) as store:
            keeping.watch(store.connections, lambda: None)
            work(store)

    keeping.until_stopped(once)


def recording(keeping: Keeping, *numbers: int) -> Callable[[Store], None]:
    """What records the scans of some minutes, as the box does: a failure is noted, and it goes on."""

    def record(store: Store) -> None:
        for number in numbers:
            with contextlib.suppress(DatabaseError):
                keeping.remember(store.recorder.record, lambda _: None, scan(minute(number), ["late"]))

    return record


def minutes_in(path: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT started_at FROM scans ORDER BY started_at").fetchall()
    return [round((at / 1000 - minute(0).timestamp()) / 60) for (at,) in found]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_found_at_the_start_is_set_aside_and_said(path: Path, damage: str) -> None:
    """A new database is begun; the damaged one lies beside it, and the page names the backup that can be put back."""
    place = place_of(path)
    make_backup(place, None)
    DAMAGES[damage](path)
    damaged = path.read_bytes()
    path.with_name("tracking.db-wal").write_bytes(b"what a power cut left")
    keeping = keeping_of(place)
    run(keeping, place, recording(keeping, 30))
    assert minutes_in(path) == [30]
    (aside,) = path.parent.glob("tracking-damaged-*.db")
    assert aside.read_bytes() == damaged
    (notice,) = keeping.notices()
    assert aside.name in notice.says
    assert "`./run restore" in notice.says
    (backup,) = (path.parent / "backups").iterdir()
    assert str(backup) in notice.says
    restore_backup(place, backup)
    assert keeping.notices() == ()


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_met_while_it_runs_loses_no_minute(path: Path, damage: str) -> None:
    """The minutes that met it are the first in the new database, on which the programme begins afresh."""
    place = place_of(path)
    afresh: list[str] = []
    keeping = keeping_of(place, lambda: afresh.append("begun"))

    def meet_damage(store: Store) -> None:
        store.connections.close()  # what is open remembers parts of the file
        DAMAGES[damage](path)
        with contextlib.suppress(DatabaseError), store.connections.read() as connection:
            connection.exec_driver_sql("PRAGMA integrity_check").all()
            connection.exec_driver_sql("SELECT * FROM visits").all()
            connection.exec_driver_sql("SELECT * FROM scans").all()
            connection.exec_driver_sql("SELECT * FROM detections").all()
        recording(keeping, 31, 32)(store)

    run(keeping, place, meet_damage)
    assert afresh == ["begun"]
    assert len(list(path.parent.glob("tracking-damaged-*.db"))) == 1
    assert minutes_in(path) == [31, 32]


def test_a_file_that_never_was_a_database_of_this_programme_is_left_alone(path: Path) -> None:
    """A name typed wrongly must not move somebody's letter away."""
    path.with_suffix(".key").unlink()
    DAMAGES["replaced"](path)
    letter = path.read_bytes()
    with pytest.raises(DatabaseError, match="no database of this programme"):
        run(keeping_of(place_of(path)), place_of(path), lambda _: None)
    assert path.read_bytes() == letter


@pytest.mark.parametrize("held", ["locked", "not readable"])
def test_what_is_only_locked_or_unreadable_is_not_set_aside(path: Path, held: str) -> None:
    """Nothing is known of what it holds, so it stays where it is."""
    place = place_of(path)
    keeping = keeping_of(place)
    with contextlib.closing(sqlite3.connect(path)) as other:
        if held == "locked":
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
        else:
            path.chmod(0)
        with contextlib.suppress(DatabaseError):
            keeping.until_stopped(lambda: None)
    path.chmod(0o600)
    assert list(path.parent.glob("tracking-damaged-*")) == []
    assert minutes_in(path) == list(range(20))


def test_scans_that_could_not_be_recorded_are_recorded_later(path: Path) -> None:
    """While another programme holds the database they wait in memory, which the page says; then none is missing."""
    place = place_of(path)
    keeping = keeping_of(place)
    with opened(place.database_url) as store, contextlib.closing(sqlite3.connect(path)) as other:
        keeping.watch(store.connections, lambda: None)
        with store.connections.write() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 10")
        other.execute("BEGIN IMMEDIATE")
        recording(keeping, 30, 31, 32)(store)
        (notice,) = keeping.notices()
        assert notice.part == "recording"
        assert "Another programme" in notice.says
        assert "3 wait in memory" in notice.says
        other.rollback()
        recording(keeping, 33)(store)
    assert keeping.notices() == ()
    assert minutes_in(path) == [*range(20), 30, 31, 32, 33]


def test_a_scan_that_is_wrong_itself_stands_in_nobodys_way(path: Path) -> None:
    """What would be refused for ever is dropped, and the next scan is recorded."""
    place = place_of(path)
    keeping = keeping_of(place)
    with opened(place.database_url) as store:
        bad = scan(minute(30), ["b"], key_period=None)  # type: ignore[arg-type] # what the table refuses
        with pytest.raises(DatabaseError):
            keeping.remember(store.recorder.record, lambda _: None, bad)
        recording(keeping, 31)(store)
    assert minutes_in(path) == [*range(20), 31]


def test_what_fails_after_a_scan_was_recorded_drops_no_other(path: Path) -> None:
    """It is not recorded twice for that, and the next one is recorded."""
    place = place_of(path)
    keeping = keeping_of(place)

    def fail(_: object) -> None:
        raise DatabaseError("it cannot be told")

    with opened(place.database_url) as store:
        with pytest.raises(DatabaseError):
            keeping.remember(store.recorder.record, fail, scan(minute(30), ["a"]))
        recording(keeping, 31)(store)
    assert minutes_in(path) == [*range(20), 30, 31]


def test_of_scans_that_wait_the_oldest_are_lost(path: Path) -> None:
    """A disk that is full for a week must not fill the memory too."""
    place = place_of(path)
    keeping = keeping_of(place)
    with opened(place.database_url) as store:
        with contextlib.closing(sqlite3.connect(path)) as other:
            with store.connections.write() as connection:
                connection.exec_driver_sql("PRAGMA busy_timeout = 1")
            other.execute("BEGIN IMMEDIATE")
            recording(keeping, *range(100, 150))(store)
        recording(keeping, 150)(store)
    assert minutes_in(path)[20:] == list(range(121, 151))


def test_a_damaged_database_is_told_on_the_console_and_can_be_restored(path: Path) -> None:
    """Started on it, the whole programme answers, has said what it did, and names the command that works."""
    url = f"sqlite:///{path}"
    path.with_suffix(".key").unlink()
    make_backup(place_of(path), None)
    DAMAGES["cut off"](path)
    deaf = {"TRACKING_SCANS_WIFI_ENABLED": "false", "TRACKING_SCANS_BLUETOOTH_ENABLED": "false"}
    with started(path.parent, db=url, extra=deaf) as programme:
        programme.wait_until(lambda health: health["parts"]["database"]["is_fine"])
        said = programme.log.read_text(encoding="utf-8")
        assert "The database was damaged. It was set aside as tracking-damaged-" in said
        command = re.search(r"`./run (restore \S+)`", said)
        assert command is not None
        with pytest.raises(DatabaseError, match="Stop it first"):
            restore_backup(place_of(path), Path(command[1].split()[1]))
        assert programme.stop() == 0
    restored = carry_out(*command[1].split(), "--db", url)
    assert restored.returncode == 0, restored.stderr
    assert "tells of everything until 10 March 2027" in restored.stdout
    assert minutes_in(path) == list(range(20))


def test_backups_are_listed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with when it was made, its size, and where it lies."""
    place = place_of(path)
    assert print_backups(place, None) == 0
    assert "There is no backup" in capsys.readouterr().out
    make_backup(place, None)
    print_backups(place, None)
    (backup,) = (path.parent / "backups").iterdir()
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("11 March 2027, 01:10")
    assert said.endswith(str(backup))


def test_daily_backups_go_on_in_the_background_and_end_with_the_programme(path: Path) -> None:
    """Unless the settings say that none are made, or visitors are simulated."""
    place = place_of(path)
    none = Config(db=DbSection(backups_daily=0, backups_weekly=0))
    for one, is_made in ((place, True), (replace(place, is_demo=True), False), (replace(place, config=none), False)):
        with contextlib.ExitStack() as undo:
            keeping_of(one).start_backups(lambda: True, undo)
            assert any(thread.name == "backups" for thread in threading.enumerate()) is is_made
        assert not any(thread.name == "backups" for thread in threading.enumerate())
