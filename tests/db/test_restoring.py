from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import db.upgrade
from db.backup import back_up
from db.channels import Channels
from db.connect import Connections
from db.damage import find_damage
from db.errors import DatabaseError
from db.in_use import held_alone
from db.notifications import Notifications
from db.overrides import Overrides
from db.restoring import put_back, restore
from db.store import Store, open_store
from db.upgrade import upgrade
from presence.alerts import Channel
from presence.tags import IdentityKind, IdentityRecord, TagCard
from presence.zones import ZoneThresholds
from tests.db.damaging import DAMAGES
from tests.db.scanning import SETTINGS, minute, scan
from tests.db.sealing import Reversing


def fill(store: Store) -> None:
    """A scan, and one of each thing that an owner enters."""
    store.recorder.record(scan(minute(0), ["a"], ["b"]))
    store.head_counts.add(12, minute(0), "owner")
    identity = IdentityRecord(IdentityKind.ADDRESS, b"\x01" * 32, "", None, "address (kept as 01010101)")
    store.tags.add(TagCard("Case"), [identity], minute(0))
    Overrides(store.connections).set_thresholds(ZoneThresholds(-50, -70), minute(0))


@contextlib.contextmanager
def opened(url: str) -> Iterator[Store]:
    with contextlib.closing(open_store(url, SETTINGS)) as store:
        yield store


def files_of(url: str) -> set[str]:
    return {path.name for path in Path(url.removeprefix("sqlite:///")).parent.iterdir() if path.is_file()}


def test_what_the_owner_entered_comes_back_and_the_keys_stay(url: str, tmp_path: Path) -> None:
    """Scans, head counts, tags and settings are those of the backup; what was there since lies beside; keys stay."""
    key = Path(url.removeprefix("sqlite:///")).with_suffix(".key")
    with opened(url) as store:
        fill(store)
        key.write_text("the key of that day", encoding="ascii")
        backup = back_up(url, tmp_path / "backups", minute(1))
        store.recorder.record(scan(minute(2), ["c"]))
        store.head_counts.delete(1, minute(2))
        store.tags.delete(1)
        Overrides(store.connections).reset_thresholds()
    key.write_text("the key of today", encoding="ascii")
    restored = restore(url, backup, minute(3))
    assert (restored.last_scan_at, restored.scan_count) == (minute(0), 1)
    assert (restored.head_count_count, restored.tag_count) == (1, 1)
    with opened(url) as store:
        assert store.reader.overview(minute(3)).last_scan_at == minute(0)
        assert store.people.head_count(1).people == 12
        assert [row.card.name for row in store.tags.rows()] == ["Case"]
        assert Overrides(store.connections).thresholds() == ZoneThresholds(-50, -70)
    assert restored.set_aside is not None
    with opened(f"sqlite:///{restored.set_aside}") as store:
        assert store.reader.overview(minute(3)).last_scan_at == minute(2)
    assert key.read_text(encoding="ascii") == "the key of today"
    assert not [name for name in files_of(url) if "restoring" in name]


def test_it_goes_on_from_there(url: str, tmp_path: Path) -> None:
    """Scans are recorded on what was restored, as if the time between had been a time without power."""
    with opened(url) as store:
        fill(store)
        backup = back_up(url, tmp_path / "backups", minute(1))
    restore(url, backup, minute(500))
    with opened(url) as store:
        store.recorder.record(scan(minute(600), ["a"], elapsed_seconds=None))
        assert store.reader.overview(minute(600)).people_now == 1
    assert find_damage(Path(url.removeprefix("sqlite:///"))) is None


def test_while_the_programme_runs_nothing_is_restored(url: str, tmp_path: Path) -> None:
    """It is asked to be stopped first; two programmes on one database are refused in the same way."""
    with opened(url):
        backup = back_up(url, tmp_path / "backups", minute(1))
    with held_alone(url):
        with pytest.raises(DatabaseError, match="Stop it first"):
            restore(url, backup, minute(2))
        with pytest.raises(DatabaseError, match="is running"), held_alone(url):
            pass
    restore(url, backup, minute(2))


def test_a_log_without_its_database_is_not_read_into_the_restored_one(url: str, tmp_path: Path) -> None:
    """What a power cut left of the former database stays out of the one that comes back."""
    with opened(url):
        backup = back_up(url, tmp_path / "backups", minute(1))
    path = Path(url.removeprefix("sqlite:///"))
    path.unlink()
    log = path.with_name(path.name + "-wal")
    log.write_bytes(b"of another database")
    assert restore(url, backup, minute(2)).set_aside is None
    assert not log.exists()
    assert find_damage(path) is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_backup_that_is_not_whole_changes_nothing(url: str, tmp_path: Path, damage: str) -> None:
    """A file that makes no sense is refused before anything is touched."""
    with opened(url) as store:
        store.recorder.record(scan(minute(0), [str(name) for name in range(1000)]))
        backup = back_up(url, tmp_path / "backups", minute(1))
    DAMAGES[damage](backup)
    before = files_of(url)
    with pytest.raises(DatabaseError):
        restore(url, backup, minute(2))
    assert files_of(url) - {"tracking.lock"} == before
    with opened(url) as store:
        assert store.reader.overview(minute(1)).wifi_total == 1000


def test_what_is_no_backup_of_this_programme_is_refused(url: str, tmp_path: Path) -> None:
    """Neither another programme's database nor a file that is not there takes the place of the own one."""
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE shopping (item TEXT)")
    for wrong in (other, tmp_path / "nowhere.db", tmp_path):
        with pytest.raises(DatabaseError):
            restore(url, wrong, minute(2))
    assert files_of(url) == {"tracking.db", "tracking.lock"}


def test_a_backup_of_an_older_version_is_brought_up_to_date(url: str, older: Path) -> None:
    """The copy is migrated; the backup itself stays what it was."""
    content = older.read_bytes()
    restore(url, older, minute(2))
    with opened(url) as store:
        store.recorder.record(scan(minute(3), ["a"]))
    assert older.read_bytes() == content


def test_what_waited_to_be_told_when_the_backup_was_made_is_told_no_more(url: str, tmp_path: Path) -> None:
    """An alert of last week is not sent again."""
    with opened(url) as store:
        channel_id = Channels(store.connections, Reversing()).add(Channel("mine", "json://example.org"))
        Channels(store.connections, Reversing()).test(channel_id, minute(0))
        assert Notifications(store.connections, random.Random(1)).state().waiting_count == 1
        backup = back_up(url, tmp_path / "backups", minute(1))
    restore(url, backup, minute(9000))
    with opened(url) as store:
        assert Notifications(store.connections, random.Random(1)).state().waiting_count == 0


def test_a_server_is_restored_by_its_own_tool(tmp_path: Path) -> None:
    """Its owner is told which."""
    with pytest.raises(DatabaseError, match="pg_restore"):
        restore("postgresql://hub/tracking", tmp_path / "any.db", minute(0))


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A database of the first version."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(db.upgrade.__file__).parent / "migrations", folder)
    for later in (folder / "versions").glob("000[2-9]_*.py"):
        later.unlink()
    path = tmp_path / "older.db"
    with contextlib.closing(Connections(f"sqlite:///{path}")) as connections:
        upgrade(connections, "0001", folder)
    return path


def make_table(path: Path, name: str, *, is_killed: bool = False) -> None:
    """Make a table in a database; a process that is killed leaves it in the log."""
    at = path.with_name("working.db") if is_killed else path
    connection = sqlite3.connect(at)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"CREATE TABLE {name} (id)")
    connection.commit()
    if is_killed:
        for ending in ("", "-wal"):
            shutil.copy(f"{at}{ending}", f"{path}{ending}")
    connection.close()


def tables(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]


@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_copy_is_put_back_and_nothing_since_is_kept(tmp_path: Path, is_damaged: bool) -> None:
    """Neither what the database holds since nor a log that a killed programme left comes into it, damaged or not."""
    database = tmp_path / "tracking.db"
    make_table(tmp_path / "copy.db", "before")
    make_table(database, "since", is_killed=True)
    assert database.with_name("tracking.db-wal").stat().st_size
    if is_damaged:
        database.write_bytes(b"no database" * 1000)
    put_back(tmp_path / "copy.db", database)
    assert tables(database) == ["before"]
    assert [path.name for path in tmp_path.glob("tracking.db*")] == ["tracking.db"]
    assert database.stat().st_mode & 0o777 == 0o600


def test_a_copy_that_is_not_whole_is_not_put_back(tmp_path: Path) -> None:
    """The database stays as it is, with its log, and the owner is told."""
    database = tmp_path / "tracking.db"
    make_table(database, "since", is_killed=True)
    (tmp_path / "copy.db").write_bytes(b"no database" * 1000)
    with pytest.raises(DatabaseError, match="was not put back, and nothing was changed"):
        put_back(tmp_path / "copy.db", database)
    assert tables(database) == ["since"]


def test_putting_back_follows_no_link_that_lies_there(tmp_path: Path) -> None:
    """A link by the name of what is written first is taken away, and what it leads to is not touched."""
    database, victim = tmp_path / "tracking.db", tmp_path / "victim"
    make_table(tmp_path / "copy.db", "before")
    victim.write_text("mine")
    database.with_name("tracking.db.restoring").symlink_to(victim)
    put_back(tmp_path / "copy.db", database)
    assert victim.read_text() == "mine"
    assert not database.is_symlink()
    assert tables(database) == ["before"]
