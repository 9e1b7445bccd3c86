from __future__ import annotations

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from db.connect import Connections
from db.errors import DatabaseError
from db.pipeline import pipelined
from db.schema import SAVED_REPORTS
from tests.db.scanning import minute


@pytest.mark.parametrize("later", [0, 3])
def test_what_fails_on_the_way_undoes_all(connections: Connections, later: int) -> None:
    """A statement that fails is told as ever, whether a later one meets it or the end, and nothing is kept."""
    with pytest.raises(DatabaseError) as failed:
        save(connections, 1, 1, *range(2, 2 + later))
    assert isinstance(failed.value.__cause__, IntegrityError)
    save(connections, 7)
    with connections.read() as connection:
        assert connection.scalars(select(SAVED_REPORTS.c.id)).all() == [7]


def save(connections: Connections, *numbers: int) -> None:
    with connections.write() as connection, pipelined(connection):
        for number in numbers:
            connection.execute(insert(SAVED_REPORTS), {"id": number, "saved_at": minute(number)})
