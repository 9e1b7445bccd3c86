from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from links.wire_tags import encode_reports
from presence.tags import TagReading, TagReport
from tests.postgresql import Cluster
from tests.system.programme import PATIENCE_SECONDS, Programme, carry_out, join_site, started


class Sensor:
    """Reports by HTTP that it hears a tag.

    Attributes:
        hub: Whom it reports to.
    """

    def __init__(self, name: str, hub: Programme, made_key: str) -> None:
        self.hub = hub
        self._name = name
        self._headers = {"X-API-Key": made_key}

    def report(self, tag_id: int, *, is_near: bool) -> None:
        """Say that the tag was heard in this second."""
        now_at = datetime.now(UTC)
        heard = TagReading(tag_id, now_at, -50.0 if is_near else -90.0, 2)
        report = TagReport(self._name, now_at - timedelta(seconds=1), now_at, is_listening=True, readings=(heard,))
        body = encode_reports(self._name, now_at, [report])
        answer = httpx.post(f"{self.hub.url}/api/v1/tag-reports", content=body, headers=self._headers, timeout=30)
        assert (answer.status_code, answer.json()) == (200, {"taken": 1})


def where(hub: Programme, tag_id: int, key: str) -> tuple[str, str]:
    """What is known of a tag, and of which sensor."""
    told = httpx.get(f"{hub.url}/api/v1/tags/{tag_id}", headers={"X-API-Key": key}, timeout=30).json()["where"]
    return told["whereabouts"], told["sensor"]


def carry(tag_id: int, sensor: Sensor, others: Sequence[Sensor], is_there: Callable[[], bool]) -> None:
    """Let all sensors report that the tag is at one of them, until that is known."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not is_there():
        assert time.monotonic() < ends
        sensor.report(tag_id, is_near=True)
        for other in others:
            other.report(tag_id, is_near=False)
        time.sleep(0.5)


def test_a_tag_is_followed_whichever_hub_its_sensors_report_to(tmp_path: Path, postgresql: Cluster) -> None:
    """What comes to either of two hubs tells where it is; when the first is killed, the second follows it alone."""
    database = postgresql.new_database()
    folders = [tmp_path / name for name in ("first", "second")]
    settings, second_settings = ({"TRACKING_DB_FOLDER": str(folder)} for folder in folders)

    def make_key(name: str, role: str) -> str:
        made = carry_out("keys", "make", name, "--role", role, "--db", database, extra=settings)
        return made.stdout.split()[0]

    with contextlib.ExitStack() as undo, contextlib.ExitStack() as mortal:
        for folder in folders:
            folder.mkdir()
        first = mortal.enter_context(started(folders[0], command="hub", db=database, extra=settings))
        first.wait_until(lambda _: True)
        join_site("second", database, database, extra=settings, own_extra=second_settings)
        second = undo.enter_context(started(folders[1], command="hub", db=database, extra=second_settings))
        second.wait_until(lambda _: True)
        key = make_key("me", "admin")
        hall, door = (
            Sensor("hall", first, make_key("hall", "sensor")),
            Sensor("door", second, make_key("door", "sensor")),
        )
        tag = {"name": "Case", "identities": [{"kind": "address", "text": "c4:7c:8d:6a:3e:7a"}]}
        tag_id = httpx.post(f"{first.url}/api/v1/tags", json=tag, headers={"X-API-Key": key}, timeout=30).json()["id"]

        def is_at(sensor: str, *hubs: Programme) -> bool:
            return all(where(hub, tag_id, key) == ("present", sensor) for hub in hubs)

        carry(tag_id, hall, [door], lambda: is_at("hall", first, second))
        carry(tag_id, door, [hall], lambda: is_at("door", first, second))
        mortal.close()
        hall.hub = second
        carry(tag_id, hall, [door], lambda: is_at("hall", second))
