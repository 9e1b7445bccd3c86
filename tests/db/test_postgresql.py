from __future__ import annotations

import contextlib
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, func, insert, select

from db.connect import Connections
from db.errors import DatabaseError
from db.people_schema import METADATA
from db.recorder import record_scans
from db.schema import SAVED_REPORTS
from db.store import open_store
from db.upgrade import upgrade
from tests.db.scanning import SETTINGS, minute, scan
from tests.postgresql import Cluster


def test_the_migrations_lead_to_the_schema(postgresql: Cluster) -> None:
    """On PostgreSQL too, the tables that the migrations make are those of the schema exactly."""
    url = postgresql.new_database()
    open_store(url, SETTINGS).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_several_hubs_may_start_at_once(postgresql: Cluster) -> None:
    """Of several that find an empty database at the same time one makes the tables, and none fails."""
    url = postgresql.new_database()
    failed: list[BaseException] = []

    def start() -> None:
        connections = Connections(url)
        try:
            upgrade(connections)
        except DatabaseError as error:
            failed.append(error)
        finally:
            connections.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_server_that_was_killed_is_said_and_come_back_to(own_cluster: Cluster) -> None:
    """While the server is gone each scan is answered with a sentence; what was recorded before is still there after."""
    with contextlib.closing(open_store(own_cluster.new_database(), SETTINGS)) as store:
        store.recorder.record(scan(minute(0), ["a", "b"]))
        own_cluster.kill()
        with pytest.raises(DatabaseError, match="database's server"):
            store.recorder.record(scan(minute(1), ["a"]))
        with pytest.raises(DatabaseError, match="database's server"):
            store.reader.overview(minute(1))
        own_cluster.start()
        store.recorder.record(scan(minute(2), ["c"]))
        assert store.reader.overview(minute(2)).wifi_total == 3


@pytest.mark.parametrize(("option", "sentence"), [("", "no such database"), ("&port=1", "is not running here")])
def test_a_database_that_cannot_be_reached_is_said(postgresql: Cluster, option: str, sentence: str) -> None:
    """A database that is not there, or a server that does not run, is told in a sentence of what to do."""
    with pytest.raises(DatabaseError, match=sentence):
        open_store(postgresql.url_of("nowhere") + option, SETTINGS)


def test_a_password_in_an_address_is_never_said() -> None:
    """An address that cannot be understood is not repeated, for it may hold a password."""
    with pytest.raises(DatabaseError) as error:
        Connections("nosuchthing://user:geheim@host/name")
    assert "geheim" not in str(error.value)


def test_a_reader_sees_one_state_while_scans_are_recorded(postgresql: Cluster, upgraded: str) -> None:
    """What a read model adds up comes from one moment, though something else is committed meanwhile."""
    connections = Connections(postgresql.new_database(like=upgraded))
    saved = select(func.count()).select_from(SAVED_REPORTS)
    with contextlib.closing(connections), connections.read() as reading:
        before = reading.execute(saved).scalar_one()
        with connections.write() as writing:
            writing.execute(insert(SAVED_REPORTS).values(saved_at=minute(0)))
        assert reading.execute(saved).scalar_one() == before


def test_taking_scans_in_reads_no_table_of_devices_as_a_whole(postgresql: Cluster, upgraded: str) -> None:
    """However small the server believes its tables to be, what scans concern is looked up, and nothing else is read."""
    connections = Connections(postgresql.new_database(like=upgraded))
    with contextlib.closing(connections), connections.write() as connection:
        for number in range(20):
            some = scan(minute(10 * number), [f"w{number}", "w"], [f"b{number}", "b"])
            record_scans(connection, [some], SETTINGS)
        counts = "SELECT relname, idx_scan, seq_scan FROM pg_stat_xact_user_tables WHERE relname ~ 'devices|present'"
        read = connection.exec_driver_sql(counts).all()
    looked_up = {name for name, by_index, _ in read if by_index}
    assert looked_up == {"wifi_devices", "bluetooth_devices", "wifi_present", "bluetooth_present"}
    assert [name for name, _, whole in read if whole] == []
