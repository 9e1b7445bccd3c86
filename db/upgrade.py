"""Upgrading: an older database becomes one of today, or stays wholly what it was."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from db.connect import Connections
from db.errors import DatabaseError, NewerDatabaseError

# The newest migration in migrations/versions. Revisions are four digits, counted up, so a greater one is newer.
REVISION = "0001"

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connections: Connections) -> None:
    """Bring a database to today's schema, in one transaction. One that is there already costs a look at one row.

    Raises:
        NewerDatabaseError: A newer version of this programme wrote it.
        DatabaseError: It cannot be opened or written, or is not one of this programme's.
    """
    with connections.write() as connection:
        revision = _revision(connection)
        if revision is not None and revision > REVISION:
            raise NewerDatabaseError(
                "This database was written by a newer version of this programme. Update the programme (`git pull`, "
                "then `./run`), or let it begin another database with `--db sqlite:///another.db`."
            )
        if revision != REVISION:
            _migrate(connection)


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


def _migrate(connection: Connection) -> None:
    # Alembic takes half a second and 10 MB on a Pi, for what is needed once in the life of a version.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
