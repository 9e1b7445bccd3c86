"""A hub, three sensors that are processes of their own, and a beacon that is carried past them.

Each sensor has a bus and a BlueZ of its own, on which the real BleakScanner runs.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.layouts.visit import PATIENCE_MS
from tests.links.broker import PASSWORD, USER, make_certificates, mosquitto
from tests.scans.fake_bluez import FakeBluez, FakeDevice, private_bus
from tests.system.programme import PATIENCE_SECONDS, Programme, carry_out, join_site, started

CASE = "c0:00:00:00:00:01"
# At the sensor, and two rooms away: 35 dB are far more than the 12 that are believed at the second reading.
NEAR_DBM, AWAY_DBM = -55, -90
# How each is enrolled.
SENSORS = {"stairs": "http", "hall": "mqtt", "cafe": "http"}


class Site:
    """A hub whose sensors hear what they are told to.

    Args:
        hub: The hub.
        key: Of an admin.
        radios: What each sensor hears.
    """

    def __init__(self, hub: Programme, key: str, radios: dict[str, FakeBluez]) -> None:
        self.hub = hub
        self.radios = radios
        self._api = httpx.Client(base_url=f"{hub.url}/api/v1", headers={"X-API-Key": key}, timeout=30)

    def ask(self, path: str) -> Any:  # noqa: ANN401 - what JSON holds
        """What the hub answers."""
        answer = self._api.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def add(self, path: str, form: dict[str, object]) -> dict[str, Any]:
        """What the hub says of what was added."""
        answer = self._api.post(path, json=form)
        assert answer.status_code == 201, answer.text
        added: dict[str, Any] = answer.json()
        return added

    def carry(self, to: str) -> None:
        """Carry the case to a sensor."""
        for name, radio in self.radios.items():
            radio.move(CASE, NEAR_DBM if name == to else AWAY_DBM)

    def wait_for(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds, while the hub runs."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert self.hub.process.poll() is None, self.hub.log.read_text(encoding="utf-8")
            assert time.monotonic() < ends, f"waited in vain for {what}"
            time.sleep(0.1)

    def close(self) -> None:
        """Ask no more."""
        self._api.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A hub with three sensors: two send by HTTP, one by MQTT over TLS with a password."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed (apt: dbus-daemon)")
    certificates = make_certificates(tmp_path / "certificates")
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    folder = tmp_path / "hub"
    folder.mkdir()
    database = f"sqlite:///{folder}/tracking.db"
    with contextlib.ExitStack() as undo:
        broker = undo.enter_context(mosquitto(tmp_path / "broker", certificates=certificates, asks_password=True))
        extra = {
            "TRACKING_LINKS_BROKER_HOST": "localhost",
            "TRACKING_LINKS_BROKER_PORT": str(broker.port),
            "TRACKING_LINKS_BROKER_USER": USER,
            "TRACKING_LINKS_BROKER_PASSWORD_FILE": str(password),
            "TRACKING_LINKS_BROKER_CA_FILE": str(certificates.authority),
        }
        hub = undo.enter_context(started(folder, command="hub", db=database, extra=extra))
        hub.wait_until(lambda health: health["parts"]["tag_broker"]["is_fine"])
        key = carry_out("keys", "make", "tester", "--role", "admin", "--db", database).stdout.split()[0]
        radios = {}
        for name, by in SENSORS.items():
            join_site(
                name, f"sqlite:///{tmp_path}/{name}/tracking.db", database, "--by", by, "--url", hub.url, extra=extra
            )
            radios[name] = undo.enter_context(sensor(tmp_path / name))
        site = Site(hub, key, radios)
        undo.callback(site.close)
        yield site


@contextlib.contextmanager
def sensor(folder: Path) -> Iterator[FakeBluez]:
    """A sensor that has joined, and what it hears: the case, from far away."""
    beacon = FakeDevice(CASE, "public", AWAY_DBM)
    with private_bus() as bus, FakeBluez(bus.address, [beacon], round_seconds=0.5) as radio:
        extra = {"DBUS_SYSTEM_BUS_ADDRESS": bus.address, "TRACKING_SCANS_WIFI_ENABLED": "false"}
        with started(folder, command="sensor", extra=extra):
            yield radio


def tags_page(chromium: Browser, hub: Programme) -> Page:
    """The view of tags, as the admin sees it."""
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{hub.url}/login")
    page.get_by_label(re.compile("password", re.IGNORECASE)).fill(hub.admin_password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{hub.url}/")
    page.goto(f"{hub.url}/tags")
    return page


def test_a_tag_is_followed_past_three_sensors_and_alerts_once(site: Site, chromium: Browser) -> None:
    """Where it is carried the API and the page say so, each stay is written, and one alert opens beyond its bounds."""
    identity = {"kind": "address", "text": CASE}
    tag_id = site.add("/tags", {"name": "Case", "identities": [identity]})["id"]
    page = tags_page(chromium, site.hub)

    def is_at(sensor: str) -> bool:
        where = site.ask(f"/tags/{tag_id}")["where"]
        return (where["whereabouts"], where["sensor"]) == ("present", sensor)

    def stays() -> list[str]:
        return [stay["sensor"] for stay in reversed(site.ask(f"/tags/{tag_id}/stays")["stays"])]

    def stay_at(sensor: str, so_far: list[str]) -> None:
        site.carry(sensor)
        site.wait_for(lambda: is_at(sensor), f"the case at {sensor}")
        expect(page.locator("#tag-rows")).to_contain_text(
            re.compile(rf"(near|from) {sensor}", re.IGNORECASE), timeout=PATIENCE_MS
        )
        site.wait_for(lambda: stays()[-len(so_far) :] == so_far, f"the stay at {sensor}")

    stay_at("stairs", ["stairs"])
    site.add(
        "/rules",
        {"name": "Bounds", "kind": "tag left boundary", "boundary": {"sensors": ["stairs", "hall"]}},
    )
    stay_at("hall", ["stairs", "hall"])
    assert site.ask("/alerts")["alerts"] == []
    stay_at("cafe", ["stairs", "hall", "cafe"])
    site.wait_for(lambda: site.ask("/alerts")["alerts"] != [], "the alert")
    stay_at("hall", ["stairs", "hall", "cafe", "hall"])
    site.wait_for(lambda: site.ask("/alerts")["alerts"][0]["closed_at"] is not None, "the end of the alert")
    page.close()
    (alert,) = site.ask("/alerts")["alerts"]
    assert (alert["subject"]["name"], alert["kind"]) == ("Case", "tag left boundary")
    ended = [stay["to_at"] is not None for stay in site.ask(f"/tags/{tag_id}/stays")["stays"]]
    assert ended == [False] + [True] * (len(ended) - 1)
