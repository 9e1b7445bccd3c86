from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.links.broker import Mosquitto, mosquitto
from tests.links.waiting import wait_until
from tests.ports import free_port
from tests.postgresql import Cluster, cluster
from tests.sqlite import new_database
from tests.system.programme import Programme, join_site, started
from tests.system.sending import Sending, stored

# Scans in all, and after how many of them something is killed.
_COUNT = 300
_KILLED_AFTER = 100


_MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def mortal_postgresql() -> Iterator[Cluster]:
    """A PostgreSQL that no other test needs."""
    made = cluster()
    yield made
    made.stop()


class Site:
    """A broker, a PostgreSQL, a hub, which runs until the stack is closed, and a sensor that has joined it."""

    def __init__(
        self, folder: Path, postgresql: Cluster, broker: Mosquitto, hubs: contextlib.ExitStack, by: str
    ) -> None:
        self._folder = folder
        self._postgresql = postgresql
        self._broker = broker
        self._hubs = hubs
        self._port = free_port()
        self._extra = {
            "TRACKING_DB_FOLDER": str(folder),
            "TRACKING_LINKS_BROKER_HOST": "127.0.0.1",
            "TRACKING_LINKS_BROKER_PORT": str(broker.port),
            "TRACKING_LINKS_BROKER_TLS": "false",
        }
        self._own = new_database(folder / "sensor/tracking.db")
        self.database = postgresql.new_database()
        self.hub = self._started_hub()
        self.hub.wait_until(lambda health: health["parts"]["broker"]["is_fine"])
        options = ("--by", by, "--url", self.hub.url)
        join_site("hall", self._own, self.database, *options, extra=self._extra)

    def _started_hub(self) -> Programme:
        hub = started(self._folder, command="hub", db=self.database, extra=self._extra, port=self._port)
        return self._hubs.enter_context(hub)

    def sending(self, first_at: datetime, count: int) -> Sending:
        """The sensor at work."""
        return Sending(self._own, self._folder, first_at, count)

    def stored(self) -> list[datetime]:
        """The starts of the scans in the hub's ledger, in order of time."""
        return sorted(stored(self.database, "hall"))

    def kill(self, victim: str) -> None:
        """Kill a part of it other than the sensor, and start that again."""
        match victim:
            case "hub":
                self._hubs.close()
                self.hub = self._started_hub()
            case "postgresql":
                self._postgresql.kill()
                self._postgresql.start()
            case "broker":
                self._broker.kill()
                self._broker.start()


def some_time_ago() -> datetime:
    """A time from which on scans a minute apart end now."""
    return datetime.now(UTC).replace(microsecond=0) - _COUNT * _MINUTE


@contextlib.contextmanager
def site(folder: Path, postgresql: Cluster, by: str) -> Iterator[Site]:
    """A site of its own until the block ends."""
    with mosquitto(folder / "broker") as broker, contextlib.ExitStack() as hubs:
        yield Site(folder, postgresql, broker, hubs, by)


@pytest.mark.parametrize(
    ("by", "victim"),
    [("http", "hub"), ("http", "postgresql"), ("mqtt", "hub"), ("mqtt", "postgresql"), ("mqtt", "broker")],
)
def test_what_a_sensor_kept_is_stored_once_whatever_is_killed(
    tmp_path: Path, mortal_postgresql: Cluster, by: str, victim: str
) -> None:
    """Each scan that a sensor kept is in the hub's ledger once, though what it is sent through dies meanwhile."""
    with site(tmp_path, mortal_postgresql, by) as place:
        sensor = place.sending(some_time_ago(), _COUNT)
        try:
            sensor.wait_for(_KILLED_AFTER)
            wait_until(lambda: bool(place.stored()), "a first scan in the ledger")
            place.kill(victim)
            sensor.wait_until_all_is_sent()
        finally:
            sensor.kill()
        kept = sensor.kept()
        assert len(kept) == _COUNT
        wait_until(lambda: set(place.stored()) >= set(kept), "the scans in the ledger")
        assert place.hub.stop() == 0
        assert place.stored() == kept


@pytest.mark.parametrize("by", ["http", "mqtt"])
def test_a_sensor_that_is_killed_sends_what_it_kept_once_it_is_back(
    tmp_path: Path, mortal_postgresql: Cluster, by: str
) -> None:
    """A sensor that was killed sends what it had kept before, each scan once."""
    with site(tmp_path, mortal_postgresql, by) as place:
        first = place.sending(some_time_ago(), _COUNT)
        try:
            first.wait_for(_KILLED_AFTER)
        finally:
            first.kill()
        told = first.kept()
        # The scan that it was at may have been kept too, before it could say so.
        untold = told[-1] + _MINUTE
        second = place.sending(untold + _MINUTE, _COUNT - len(told) - 1)
        try:
            second.wait_until_all_is_sent()
        finally:
            second.kill()
        kept = [*told, *second.kept()]
        wait_until(lambda: set(place.stored()) >= set(kept), "the scans in the ledger")
        assert place.hub.stop() == 0
        assert [at for at in place.stored() if at != untold] == kept
        assert place.stored().count(untold) <= 1
