from __future__ import annotations

import contextlib

from sqlalchemy import select

from db.bulk import given_values
from db.connect import Connections
from db.schema import BLUETOOTH_DEVICES
from tests.db.scanning import hash_of, minute
from tests.postgresql import Cluster


def test_text_travels_in_an_array_as_it_is(postgresql: Cluster) -> None:
    """Whatever a stranger calls itself comes out as it went in: quotes, braces, NULL the word and NULL itself."""
    texts = ["", " ", "NULL", None, 'a "b" c', "back\\slash\\", "{a,b}", "a,b", "'; --", "č\t\n%s%(x)s", '\\"', "$1"]
    sent = given_values("texts", BLUETOOTH_DEVICES.c.manufacturer)
    with (
        contextlib.closing(Connections(postgresql.new_database())) as connections,
        connections.read() as connection,
    ):
        assert connection.scalars(select(sent.c.value), {"texts": texts}).all() == texts


def test_values_travel_in_an_array_as_they_are_stored(postgresql: Cluster) -> None:
    """Moments and hashes come out of the database as they went in, and so does none at all."""
    devices = BLUETOOTH_DEVICES.c
    moments, hashes = [minute(0), None, minute(1.5), minute(0)], [hash_of("a"), None, hash_of("b")]
    with (
        contextlib.closing(Connections(postgresql.new_database())) as connections,
        connections.read() as connection,
    ):
        for column, values in ((devices.last_seen_at, moments), (devices.device_hash, hashes)):
            sent = given_values("sent", column)
            assert connection.scalars(select(sent.c.value), {"sent": values}).all() == values
