"""Insert or update, in one statement, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, Connection, Table, TypedColumns, Update, bindparam, case, update
from sqlalchemy.dialects import sqlite

from db import bulk

# SQLAlchemy's PostgreSQL takes 2 MB, which a box on SQLite need not spend: imported where it is used.
if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

# A row to write, by column name.
Row = dict[str, Any]

# Of these columns of the tables of sums the greater value stays, in place of the sum.
_GREATEST = frozenset({"peak", "visit_longest_seconds"})
# And these say what is summed, so they stay as they are.
_KEPT = frozenset({"hour_of_day"})


def replace_rows(connection: Connection, table: Table[TypedColumns], rows: Sequence[Row]) -> None:
    """Write rows that hold every column; one whose key is there already takes the new values."""
    if rows:
        connection.execute(_replacing(table, connection.dialect.name), as_parameters(connection, rows))


def update_rows(connection: Connection, table: Table[TypedColumns], rows: Sequence[Row]) -> None:
    """Give rows that are there new values of some columns, of the same ones in each; `of_row` is the row's number."""
    if rows:
        statement = _updating(table, connection.dialect.name, *rows[0])
        connection.execute(statement, as_parameters(connection, rows))


def add_to_sums(connection: Connection, table: Table[TypedColumns], rows: Sequence[Row]) -> None:
    """Add rows that hold every column of a table of sums to those of the same keys; NULL is no greatest value.

    Several rows of the same keys are added up before, so that each is written once.
    """
    added: dict[tuple[Any, ...], Row] = {}
    keys = [column.name for column in table.primary_key]
    for row in rows:
        key = tuple(row[name] for name in keys)
        added[key] = _sum(added[key], row, keys) if key in added else row
    if added:
        rows = list(added.values())
        connection.execute(_adding(table, connection.dialect.name), as_parameters(connection, rows))


def insert_into(table: Table[TypedColumns], dialect: str) -> sqlite.Insert | postgresql.Insert:
    """An insert that can be told what to do about a row that is there already."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - see above

    return postgresql.insert(table)


def insert_rows(table: Table[TypedColumns], dialect: str, *columns: str) -> sqlite.Insert | postgresql.Insert:
    """An insert of rows that hold some columns, every one where none is named, given as `as_parameters` makes them."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    return bulk.insert_given(table, columns or [column.name for column in table.c])


def as_parameters(connection: Connection, rows: Sequence[Row]) -> Sequence[Row] | dict[str, list[Any]]:
    """Rows of the same columns, at least one, as a statement for many takes them: see `db.bulk`."""
    return bulk.by_column(rows) if bulk.is_bulk(connection) else rows


def _sum(row: Row, other: Row, keys: Sequence[str]) -> Row:
    """What `_adding` does in SQL."""
    total = dict(row)
    for name, value in other.items():
        if name in _GREATEST:
            known = [one for one in (row[name], value) if one is not None]
            total[name] = max(known) if known else None
        elif name not in keys and name not in _KEPT:
            total[name] = row[name] + value
    return total


# Building these costs more than running them, so each is built once for a table.
@cache
def _replacing(table: Table[TypedColumns], dialect: str) -> sqlite.Insert | postgresql.Insert:
    statement = insert_rows(table, dialect)
    values = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=values)


@cache
def _updating(table: Table[TypedColumns], dialect: str, *columns: str) -> Update:
    [number] = table.primary_key
    changed = [table.c[name] for name in columns if name != "of_row"]
    if dialect == "sqlite":
        values: dict[str, Any] = {column.name: bindparam(column.name) for column in changed}
        return update(table).where(number == bindparam("of_row")).values(values)
    of_row: Column[Any] = Column("of_row", number.type)
    given = bulk.given_rows([of_row, *changed])
    return update(table).where(number == given.c.of_row).values({one: given.c[one.name] for one in changed})


@cache
def _adding(table: Table[TypedColumns], dialect: str) -> sqlite.Insert | postgresql.Insert:
    statement = insert_rows(table, dialect)
    values: dict[str, ColumnElement[Any]] = {}
    for column in table.c:
        new = statement.excluded[column.name]
        if column.name in _GREATEST:
            values[column.name] = case((new.is_(None), column), (column > new, column), else_=new)
        elif not column.primary_key and column.name not in _KEPT:
            values[column.name] = column + new
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=values)
