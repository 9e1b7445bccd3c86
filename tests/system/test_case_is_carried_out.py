"""The demonstration's library at one o'clock, when its projector case leaves the house."""

from __future__ import annotations

import contextlib
import random
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app import build_box
from command_line import parse
from db.alert_rules import AlertRules
from db.channels import Channels
from hearing import build_ear, simulated_site
from links.access_commands import set_password
from place import place_of
from presence.alerts import Channel
from presence.overview import Activity, Phase
from scans.clock import Clock
from showing import add_page
from telling import open_telling
from tests.layouts.visit import PATIENCE_MS
from tests.links.broker import Mosquitto, mosquitto
from tests.links.served import served_app
from tests.links.test_home_assistant import Played
from tests.links.waiting import wait_until
from tests.sqlite import new_database
from watching import Watching, register_demo_tags

# The case goes out at one; until then it must have been heard for a while.
BEGIN_AT = datetime(2027, 3, 10, 12, 59, 30, tzinfo=UTC)
PASSWORD = "correct horse battery"  # noqa: S105 - of a test


class Webhook(ThreadingHTTPServer):
    """Somebody's own server, which alerts are posted to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Posted)
        self.bodies: list[str] = []
        self.has_one = threading.Event()


class _Posted(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.has_one.set()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server
        server.shutdown()
        serving.join()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path / "broker") as running:
        yield running


def settle(monkeypatch: pytest.MonkeyPatch, broker: Mosquitto) -> None:
    """The settings of the library."""
    for name, value in {
        "PRESENCE_TIME_ZONE": "UTC",
        "SCANS_WIFI_ENABLED": "false",
        "LINKS_BROKER_HOST": "127.0.0.1",
        "LINKS_BROKER_PORT": str(broker.port),
        "LINKS_BROKER_TLS": "false",
        "LINKS_BROKER_TOPIC": "museum",
        "LINKS_HOME_ASSISTANT": "true",
    }.items():
        monkeypatch.setenv(f"TRACKING_{name}", value)


def alerts_told(home: Played) -> list[bytes]:
    """What stands at the broker of alerts."""
    return [payload for topic, payload in home.topics.items() if topic.startswith("museum/alerts/") and payload]


def test_a_case_that_leaves_the_house_is_told_on_the_page_by_mqtt_and_by_webhook(
    chromium: Browser, webhook: Webhook, broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within seconds of its leaving the alert shows and is told, once; somebody acknowledges it on the page."""
    settle(monkeypatch, broker)
    ahead = BEGIN_AT - datetime.now(UTC)
    clock = Clock(lambda: datetime.now(UTC) + ahead, time.monotonic, lambda: True)
    place = replace(place_of(parse(["run", "--demo", "--db", new_database(tmp_path / "demo.db")])), clock=clock)
    with contextlib.ExitStack() as undo:
        telling = open_telling(place, undo)
        site = simulated_site(place)
        register_demo_tags(telling.store, site, telling.registry_key, clock.wall())
        connections = telling.store.connections
        address = f"json://127.0.0.1:{webhook.server_port}/"
        channel_id = Channels(connections, telling.registry_key).add(Channel("mine", address))
        (row,) = AlertRules(connections).all()
        AlertRules(connections).change(
            row.rule_id, replace(row.rule, channel_ids=frozenset({channel_id})), clock.wall()
        )
        telling.ear = build_ear(place, telling.registry_key)
        watching = Watching(telling)
        telling.notify(undo)
        telling.announce(undo)
        home = undo.enter_context(contextlib.closing(Played(broker)))
        box = build_box(telling, site, telling.store.recorder.record)
        server = telling.site_server(is_listening=True)
        add_page(telling, server, lambda: Activity(Phase.WAITING, 1, timedelta(seconds=30)), tuple)
        set_password(telling.access, PASSWORD, random.SystemRandom(), clock.wall())
        undo.callback(box.stop)
        box.start()
        undo.callback(watching.stop)
        watching.start()
        url = f"http://{undo.enter_context(served_app(server))}"

        page = chromium.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{url}/login")
        page.get_by_label(re.compile("password", re.IGNORECASE)).fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{url}/")
        page.goto(f"{url}/alerts")
        expect(page.get_by_text("Nothing is the matter.")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator("#alerts-open")).to_contain_text("Projector case", timeout=120_000)
        assert webhook.has_one.wait(60)
        wait_until(lambda: any(b"Projector case" in payload for payload in alerts_told(home)), "the alert by MQTT")
        page.locator("#alerts-open").get_by_role("button", name=re.compile("Acknowledge")).click()
        expect(page.locator("#alerts-open")).to_contain_text("admin", timeout=PATIENCE_MS)
        page.close()
    assert len(webhook.bodies) == 1
    assert "Projector case" in webhook.bodies[0]
