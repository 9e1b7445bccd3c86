from __future__ import annotations

import contextlib

import pytest

from db.connect import Connections
from db.errors import DatabaseError
from db.only_one import OnlyOne
from tests.links.waiting import wait_until
from tests.postgresql import Cluster


def test_the_programme_of_a_file_is_the_one(url: str) -> None:
    """A box need not ask anybody."""
    with contextlib.closing(Connections(url)) as connections:
        assert OnlyOne(connections).is_this()


def test_of_several_hubs_one_is_the_one_until_it_ends(postgresql: Cluster) -> None:
    """The others are not, however often they ask; when it ends, the next that asks is."""
    with (
        postgresql.passing_database(like="template1") as address,
        contextlib.closing(Connections(address)) as connections,
    ):
        first, second = OnlyOne(connections), OnlyOne(connections)
        assert [first.is_this(), second.is_this(), first.is_this(), second.is_this()] == [True, False, True, False]
        first.close()
        wait_until(second.is_this, "the server to notice")
        assert not first.is_this()
        second.close()


def test_a_hub_that_loses_the_server_asks_anew(own_cluster: Cluster) -> None:
    """Its lock went with the connection, so another may be the one by then."""
    with contextlib.closing(Connections(own_cluster.new_database())) as connections:
        first, second = OnlyOne(connections), OnlyOne(connections)
        assert first.is_this()
        own_cluster.kill()
        with pytest.raises(DatabaseError):
            first.is_this()
        own_cluster.start()
        assert [second.is_this(), first.is_this()] == [True, False]
        second.close()
        first.close()
