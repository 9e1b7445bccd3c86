from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.links.broker import mosquitto
from tests.links.waiting import wait_until
from tests.postgresql import Cluster
from tests.system.programme import Programme, join_site, started
from tests.system.sending import Sending, stored

# Scans in all: enough that some are still to come when a hub is killed, after both have taken some.
_COUNT = 300


def taken(hub: Programme) -> float:
    """How many scans a hub has taken from the broker."""
    count: float = hub.health().get("parts", {}).get("broker", {}).get("taken_total", 0)
    return count


def test_two_hubs_take_each_scan_once_and_either_may_be_killed(tmp_path: Path, postgresql: Cluster) -> None:
    """A second hub that has joined shares what comes; one is killed, the other goes on, and in the end all is there."""
    database, own = postgresql.new_database(), f"sqlite:///{tmp_path}/sensor/tracking.db"
    folders = [tmp_path / name for name in ("first", "second")]
    with mosquitto(tmp_path / "broker") as broker, contextlib.ExitStack() as undo, contextlib.ExitStack() as mortal:
        settings = {
            "TRACKING_DB_FOLDER": str(folders[0]),
            "TRACKING_LINKS_BROKER_HOST": "127.0.0.1",
            "TRACKING_LINKS_BROKER_PORT": str(broker.port),
            "TRACKING_LINKS_BROKER_TLS": "false",
        }
        # All that the second is told: where its key lies. The rest it has joined with.
        second_settings = {"TRACKING_DB_FOLDER": str(folders[1])}
        first = mortal.enter_context(hub(folders[0], database, settings))
        join_site("second", database, database, "--by", "mqtt", extra=settings, own_extra=second_settings)
        second = undo.enter_context(hub(folders[1], database, second_settings))
        join_site("hall", own, database, "--by", "mqtt", extra=settings)
        for one in (first, second):
            one.wait_until(lambda health: health["parts"]["broker"]["is_fine"])
        first_at = datetime.now(UTC).replace(microsecond=0) - _COUNT * timedelta(minutes=1)
        sensor = Sending(own, tmp_path, first_at, _COUNT)
        undo.callback(sensor.kill)
        wait_until(lambda: taken(first) > 0 and taken(second) > 0, "scans taken by both")
        mortal.close()
        before = taken(second)
        wait_until(lambda: taken(second) > before, "scans taken by the other")
        sensor.wait_until_all_is_sent()
        # What the broker had given to the one that was killed it keeps for that one.
        undo.enter_context(hub(folders[0], database, settings))
        kept = sensor.kept()
        assert len(kept) == _COUNT
        wait_until(lambda: set(stored(database, "hall")) >= set(kept), "the scans in the ledger")
        assert sorted(stored(database, "hall")) == kept


def hub(folder: Path, database: str, settings: Mapping[str, str]) -> contextlib.AbstractContextManager[Programme]:
    """A hub with a folder of its own."""
    folder.mkdir(exist_ok=True)
    return started(folder, command="hub", db=database, extra=settings)
