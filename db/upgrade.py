"""Upgrading: an older database becomes one of today, or stays wholly what it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from db.connect import Connections
from db.errors import DatabaseError, NewerDatabaseError

# The newest migration in migrations/versions. Revisions are four digits, counted up, so a greater one is newer.
REVISION = "0007"

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connections: Connections, revision: str = REVISION, migrations: Path = _MIGRATIONS) -> None:
    """Bring a database to a revision, in one transaction. One that is there already costs a look at one row.

    Args:
        connections: The database.
        revision: Where to; no migration is newer.
        migrations: The folder of migrations.

    Raises:
        NewerDatabaseError: A newer version of this programme wrote it.
        DatabaseError: It cannot be opened or written, or is not one of this programme's.
    """
    with connections.write() as connection:
        found = _revision(connection)
        if found is not None and found > revision:
            raise NewerDatabaseError(
                "This database was written by a newer version of this programme. Update the programme (`git pull`, "
                "then `./run`), or let it begin another database with `--db sqlite:///another.db`."
            )
        if found == revision:
            return
        if connections.is_in_memory or migrations != _MIGRATIONS:
            migrate(connection, migrations)
            return
    _migrate_elsewhere(connections)


def _revision(connection: Connection) -> str | None:
    """What the database says of itself; None when it is empty."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return found
    if tables:
        raise DatabaseError(
            "This database belongs to another programme. Choose another with `--db`, for example "
            "`--db sqlite:///data/tracking.db`."
        )
    return None


def _migrate_elsewhere(connections: Connections) -> None:
    """Migrate in a process of its own: Alembic takes 10 MB, for what is needed once in the life of a version."""
    url = connections.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", _MIGRATE, str(_MIGRATIONS.parents[1])]
    # By standard input, for a command line is seen by every user of the machine.
    done = subprocess.run(command, input=url, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DatabaseError(done.stderr.strip().rpartition("\n")[2] or "The database could not be brought up to date.")


_MIGRATE = """
import sys
sys.path.insert(0, sys.argv[1])
from db.connect import Connections
from db.errors import DatabaseError
from db.upgrade import migrate_all
try:
    migrate_all(Connections(sys.stdin.read()))
except DatabaseError as error:
    sys.exit(str(error))
"""


def migrate_all(connections: Connections) -> None:
    """Bring a database to the newest revision, in this process and in one transaction.

    Raises:
        DatabaseError: It could not be done; it is as it was.
    """
    with connections.write() as connection:
        migrate(connection, _MIGRATIONS)
    connections.close()


def migrate(connection: Connection, migrations: Path) -> None:
    """Run what is due of a folder of migrations, as part of a transaction."""
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
