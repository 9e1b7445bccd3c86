"""Alembic's entry: runs migrations on the connection, and in the transaction, of `db.upgrade`."""

from __future__ import annotations

from alembic import context

from db.people_schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
