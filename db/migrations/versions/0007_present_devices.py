"""On PostgreSQL: present devices found by their sensor, with room to be written anew where they are."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = ("wifi_present", "bluetooth_present")
# Each row is written anew by each scan of its sensor. One that fits into the page of the old one needs no entry in any
# index, and the old is tidied up as the page is read (PostgreSQL 15, 73.7): so there is room for every row twice.
_FILLED_PERCENT = 40


def upgrade() -> None:
    """Add the indexes, and leave room."""
    if op.get_bind().dialect.name != "postgresql":
        return  # SQLite writes whole pages: an index more would be a page more for each scan
    for table in _TABLES:
        op.create_index(f"ix_{table}_sensor", table, ["sensor"])
        op.execute(f"ALTER TABLE {table} SET (fillfactor = {_FILLED_PERCENT})")
