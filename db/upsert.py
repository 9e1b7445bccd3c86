"""Insert or update, in one statement, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, TypedColumns, case
from sqlalchemy.dialects import postgresql, sqlite

# A row to write, by column name.
Row = dict[str, Any]


def replace_rows(connection: Connection, table: Table[TypedColumns], rows: Sequence[Row]) -> None:
    """Write rows that hold every column; one whose key is there already takes the new values."""
    if not rows:
        return
    statement = _insert(connection, table)
    values = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    connection.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=values), rows)


def add_to_sums(
    connection: Connection,
    table: Table[TypedColumns],
    rows: Sequence[Row],
    greatest: frozenset[str] = frozenset(),
    kept: frozenset[str] = frozenset(),
) -> None:
    """Add rows of numbers to those that have the same key.

    Args:
        connection: Where to.
        table: A table of sums.
        rows: What to add; every column is given.
        greatest: Columns of which the greater value stays (NULL is none) in place of the sum.
        kept: Columns that stay as they were first written.
    """
    if not rows:
        return
    statement = _insert(connection, table)
    values: dict[str, ColumnElement[Any]] = {}
    for column in table.c:
        new = statement.excluded[column.name]
        if column.name in greatest:
            values[column.name] = case((new.is_(None), column), (column > new, column), else_=new)
        elif not column.primary_key and column.name not in kept:
            values[column.name] = column + new
    connection.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=values), rows)


def _insert(connection: Connection, table: Table[TypedColumns]) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
