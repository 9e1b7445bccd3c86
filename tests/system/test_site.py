from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.layouts.visit import PATIENCE_MS
from tests.links.broker import USER, make_certificates, mosquitto
from tests.postgresql import Cluster
from tests.system.programme import Programme, carry_out, join_site, started

# Two sensors that listen for a second each may hear no phone in common at first, and do within some of these.
OFTEN = {"TRACKING_SCANS_INTERVAL_SECONDS": "30"}


@contextlib.contextmanager
def sensor(folder: Path, hub: Programme, database: str, by: str, extra: dict[str, str]) -> Iterator[Programme]:
    """A sensor on a simulated site, enrolled and joined by the commands."""
    folder.mkdir()
    own = f"sqlite:///{folder}/tracking.db"
    join_site(folder.name, own, database, "--place", "by the door", "--by", by, "--url", hub.url, extra=extra)
    with started(folder, "--demo", command="sensor", db=own, extra=OFTEN) as running:
        yield running


def test_two_sensors_a_broker_and_a_hub_on_postgresql_show_one_page(
    chromium: Browser, postgresql: Cluster, tmp_path: Path
) -> None:
    """One sensor sends by HTTP, the other by MQTT over TLS; both stand on the hub's page, and a phone counts once."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed (apt: tshark)")
    database, hub_folder = postgresql.new_database(), tmp_path / "hub"
    hub_folder.mkdir()
    certificates = make_certificates(tmp_path / "certificates")
    password = tmp_path / "password"
    password.write_text("a password of mine\n")
    with mosquitto(tmp_path / "broker", certificates=certificates, asks_password=True) as broker:
        extra = {
            "TRACKING_DB_FOLDER": str(hub_folder),
            "TRACKING_LINKS_BROKER_HOST": "localhost",
            "TRACKING_LINKS_BROKER_PORT": str(broker.port),
            "TRACKING_LINKS_BROKER_USER": USER,
            "TRACKING_LINKS_BROKER_PASSWORD_FILE": str(password),
            "TRACKING_LINKS_BROKER_CA_FILE": str(certificates.authority),
        }
        with (
            started(hub_folder, command="hub", db=database, extra=extra) as hub,
            contextlib.ExitStack() as sensors,
        ):
            hub.wait_until(lambda health: health["parts"]["broker"]["is_fine"])
            some = [
                sensors.enter_context(sensor(tmp_path / name, hub, database, by, extra))
                for name, by in (("stairs", "http"), ("cafe", "mqtt"))
            ]
            hub.wait_until(lambda health: health["sensors"]["heard"] == 2)
            for one in some:
                one.wait_until(lambda health: health["parts"]["uplink"]["waiting"] == 0)
            check_numbers(hub)
            check_page(chromium, hub)
            check_older_agent(hub, database, extra)
            assert [one.stop() for one in (*some, hub)] == [0, 0, 0]


def check_numbers(hub: Programme) -> None:
    """Those whom both sensors hear are one each: fewer devices than the sensors have, added up."""
    hub.wait_until(lambda _health: 0 < unique(hub) < unique(hub, "stairs") + unique(hub, "cafe"))
    names = {one["device_id"] for one in httpx.get(f"{hub.url}/api/v1/devices/", timeout=30).json()}
    assert names == {"stairs", "cafe"}


def unique(hub: Programme, sensor: str | None = None) -> int:
    """Devices of the last minutes: of a sensor, or of all."""
    asked = {"minutes": 30} | ({} if sensor is None else {"device_id": sensor})
    answer = httpx.get(f"{hub.url}/api/v1/statistics/realtime", params=asked, timeout=30)
    return int(answer.json()["total"]["unique_devices"])


def check_page(chromium: Browser, hub: Programme) -> None:
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{hub.url}/sensors")
    expect(page.locator("#sensors-summary")).to_have_text("2 sensors, all heard.", timeout=PATIENCE_MS)
    expect(page.locator("#sensor-rows")).to_contain_text("stairs")
    page.goto(hub.url)
    expect(page.locator("#people-reading")).to_contain_text(re.compile(r"\d"), timeout=PATIENCE_MS)
    page.close()


def check_older_agent(hub: Programme, database: str, extra: dict[str, str]) -> None:
    """A program that only knows the older BLE agent's routes stores its detections, with a key, and finds them."""
    made = carry_out("keys", "make", "older", "--role", "sensor", "--db", database, extra=extra).stdout.split()[0]
    body = {"device_id": "older", "detections": [{"device_hash": "ab" * 32, "rssi": -50, "zone": "NEAR"}]}
    bulk = f"{hub.url}/api/v1/detections/bulk"
    assert httpx.post(bulk, json=body, timeout=30).status_code == 401
    answer = httpx.post(bulk, json=body, headers={"X-API-Key": made}, timeout=30)
    assert (answer.status_code, answer.json()["stored"]) == (200, 1), answer.text
    hub.wait_until(lambda health: health["sensors"]["heard"] == 3)
