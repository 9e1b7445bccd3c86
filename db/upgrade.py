"""Upgrading: an older database becomes one of today, or stays wholly what it was."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from db.connect import Connections
from db.errors import DatabaseError, NewerDatabaseError

# The newest migration in migrations/versions. Revisions are four digits, counted up, so a greater one is newer.
REVISION = "0002"

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
        if found != revision:
            _migrate(connection, migrations)


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


def _migrate(connection: Connection, migrations: Path) -> None:
    # Alembic takes half a second and 10 MB on a Pi, for what is needed once in the life of a version.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
