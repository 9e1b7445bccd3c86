"""Many rows in one statement, on PostgreSQL.

There each statement has its price, and SQLAlchemy's `executemany` is a statement for each row; SQLite asks nothing for
it. So here a column of all rows travels as one array, and `unnest` makes rows of the arrays again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Cast,
    Column,
    ColumnElement,
    Connection,
    Date,
    Dialect,
    LargeBinary,
    Select,
    String,
    Table,
    TableValuedAlias,
    TypedColumns,
    TypeDecorator,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

# Before the names of parameters: SQLAlchemy takes one that is called as a column for a value of that column.
_GIVEN = "given_"


class ArrayText(TypeDecorator[Sequence[Any]]):
    """Values of a type, as the text of an array (PostgreSQL 15, 8.15.2): psycopg takes longer by far."""

    impl = String
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item
        self._quoted = _quoting(item)

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> str | None:
        """To text. Most columns hold few different values, so each of them is written once."""
        if value is None:
            return None
        stored = self._stored(dialect)
        texts = {one: self._text(stored(one)) for one in set(value)}
        return f"{{{','.join([texts[one] for one in value])}}}"

    def _stored(self, dialect: Dialect) -> Callable[[Any], Any]:
        item = self.item
        if isinstance(item, TypeDecorator):
            return lambda one: item.process_bind_param(one, dialect)
        return lambda one: one

    def _text(self, stored: Any) -> str:  # noqa: ANN401 - whatever a column holds
        return "NULL" if stored is None else self._quoted(stored)


def _quoting(item: TypeEngine[Any]) -> Callable[[Any], str]:
    """What writes a value as it is stored; numbers and truth values need no quotes."""
    kind = item.impl_instance if isinstance(item, TypeDecorator) else item
    if isinstance(kind, LargeBinary):
        return lambda stored: f'"\\\\x{stored.hex()}"'
    if isinstance(kind, Date):
        return date.isoformat
    if isinstance(kind, String):
        return lambda stored: '"' + stored.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str


def given(name: str, item: TypeEngine[Any]) -> Cast[Any]:
    """An array of values of a type that a statement is given by a name, as a sequence."""
    parameter: BindParameter[Any] = bindparam(name, type_=ArrayText(item))
    return cast(parameter, ARRAY(item, dimensions=1))


def is_among(one: ColumnElement[Any], name: str, dialect: str) -> ColumnElement[bool]:
    """Whether a value is among those that a statement is given by a name.

    On SQLite the statement is written anew for every number of values, which costs little beside its work. On
    PostgreSQL the array is made of its text in a select of its own: else it would be for every row that is looked at.
    """
    if dialect == "sqlite":
        return one.in_(bindparam(name, expanding=True))
    made_once = select(given(name, one.type)).scalar_subquery()
    return one == any_(cast(made_once, ARRAY(one.type, dimensions=1)))


def given_values(name: str, like: ColumnElement[Any]) -> TableValuedAlias:
    """Values that a statement is given as a sequence by a name, as a table of one column, `value`."""
    return func.unnest(given(name, like.type)).table_valued(column("value", like.type), name=name).render_derived()


def given_rows(columns: Iterable[Column[Any]]) -> TableValuedAlias:
    """Rows that a statement is given as `by_column` tells, as a table of some columns."""
    columns = list(columns)
    arrays = [given(_GIVEN + one.name, one.type) for one in columns]
    names = [column(one.name, one.type) for one in columns]
    return func.unnest(*arrays).table_valued(*names, name="given").render_derived()


def insert_given(table: Table[TypedColumns], names: Sequence[str]) -> postgresql.Insert:
    """Insert rows that are given for some columns of a table."""
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 2 MB, which a box on SQLite need not spend

    rows = given_rows(table.c[name] for name in names)
    made: Select[Any] = select(*(rows.c[name] for name in names))
    return postgresql.insert(table).from_select(list(names), made)


def by_column(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Rows with the same columns, as what a statement of `given_rows` takes."""
    return {_GIVEN + name: [row[name] for row in rows] for name in rows[0]}


def is_bulk(connection: Connection) -> bool:
    """Whether rows are to be given in this way."""
    return connection.dialect.name == "postgresql"
