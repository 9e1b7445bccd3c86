from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Table, create_engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, SchemaItem

import db.upgrade
from db.connect import Connections
from db.errors import DatabaseError, NewerDatabaseError
from db.people_schema import METADATA
from db.schema import DEVICES, DeviceColumns
from db.store import Store, open_store
from db.upgrade import REVISION, upgrade
from tests.db.scanning import SETTINGS, minute, scan

NEXT = f"{int(REVISION) + 1:04}"
FUTURE = f'''
"""A later revision."""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "{NEXT}", "{REVISION}", None, None
def upgrade():
    op.add_column("scans", sa.Column("humidity", sa.Integer))
    op.execute(sa.delete(sa.table("scans")))
    op.execute(sa.insert(sa.table("nowhere")).values())
'''


@contextmanager
def file_of(url: str) -> Iterator[sqlite3.Connection]:
    """The database, as any other programme opens it."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        yield connection


@pytest.mark.filterwarnings("ignore:.* expression-based index")
def test_a_fresh_database_is_what_the_schema_says(file_store: Store, url: str) -> None:
    """The migrations lead to the tables of the schema exactly, so neither drifts from the other."""
    assert file_store.reader.latest_scan_id() is None
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _is_of_sqlite})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def _is_of_sqlite(one: SchemaItem, *_: object) -> bool:
    """Whether the schema has this on SQLite too."""
    return one.info.get("dialect") in {None, "sqlite"}


@pytest.mark.parametrize("devices", DEVICES.values())
def test_the_index_of_devices_is_what_the_schema_says(
    file_store: Store, url: str, devices: Table[DeviceColumns]
) -> None:
    """So is the index on an expression, which is skipped where SQLite's tables are compared."""
    file_store.close()
    (index,) = devices.indexes
    with file_of(url) as connection:
        made = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (index.name,)).fetchone()
    assert made == (str(CreateIndex(index).compile(dialect=sqlite.dialect())),)


def test_the_newest_migration_is_the_revision_that_is_looked_for() -> None:
    """The revision that is checked at the start without Alembic is the one Alembic knows as the newest."""
    config = Config()
    config.set_main_option("script_location", str(Path(db.upgrade.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_a_newer_database_is_refused_with_advice(file_store: Store, url: str) -> None:
    """It is neither changed nor read, and the owner is told to update."""
    file_store.close()
    with file_of(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(NewerDatabaseError, match="newer version"):
        open_store(url, SETTINGS)


def test_the_database_of_another_programme_is_left_alone(tmp_path: Path) -> None:
    """A file with foreign tables is refused, and stays as it is."""
    url = f"sqlite:///{tmp_path}/other.db"
    with file_of(url) as connection:
        connection.execute("CREATE TABLE photos (id INTEGER)")
    with pytest.raises(DatabaseError, match="another programme"):
        open_store(url, SETTINGS)
    with file_of(url) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("photos",)]


def test_a_migration_that_fails_midway_leaves_the_database_as_it_was(
    file_store: Store, url: str, tmp_path: Path
) -> None:
    """Its tables and rows are those of before, and the programme of before goes on with it."""
    file_store.recorder.record(scan(minute(0), ["a"]))
    file_store.close()
    folder = tmp_path / "migrations"
    shutil.copytree(Path(db.upgrade.__file__).parent / "migrations", folder)
    (folder / "versions" / f"{NEXT}_later.py").write_text(FUTURE, encoding="utf-8")
    with closing(Connections(url)) as connections, pytest.raises(DatabaseError):
        upgrade(connections, NEXT, folder)
    with closing(open_store(url, SETTINGS)) as again:
        again.recorder.record(scan(minute(1), ["b"]))
        assert again.reader.overview(minute(1)).wifi_total == 2
        assert again.reader.latest_scan_id() == 2


def test_a_database_that_is_up_to_date_opens_without_alembic(file_store: Store, url: str) -> None:
    """Only the first start of a version pays for migrations; every other one does without them."""
    file_store.close()
    code = (
        "import sys; from db.store import open_store; from tests.db.scanning import SETTINGS;"
        f"open_store({url!r}, SETTINGS).close(); sys.exit('alembic' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_the_folder_of_the_database_is_for_its_owner_only(tmp_path: Path) -> None:
    """The keys will lie in it too."""
    folder = tmp_path / "data"
    open_store(f"sqlite:///{folder}/tracking.db", SETTINGS).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
