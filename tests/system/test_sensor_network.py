from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.connect import Connections
from db.outbox import Outbox, OutboxLimits
from tests.links.waiting import wait_until
from tests.ports import free_port
from tests.sqlite import new_database
from tests.system.programme import join_site, started
from tests.system.sending import Sending, stored

# Scans in all, and after how many of them the network goes; it comes back once so many wait.
_COUNT = 300
_LOST_AFTER = 100
_WAITING = 100

_HUB_ADDRESS, _SENSOR_ADDRESS = "10.77.0.1", "10.77.0.2"


@dataclass(frozen=True, slots=True)
class Network:
    """Two machines as far as networks go, and a cable between them.

    Attributes:
        hub: The name of the network namespace of the hub, and of its end of the cable.
        sensor: Those of the sensor.
    """

    hub: str
    sensor: str

    def inside(self, machine: str) -> tuple[str, ...]:
        """The command that starts another one on a machine."""
        return ("ip", "netns", "exec", machine)

    def set_cable(self, state: str) -> None:
        """Plug the cable out (`down`) or in (`up`), at the end of the hub: the sensor is told nothing."""
        ip("-n", self.hub, "link", "set", self.hub, state)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def network() -> Iterator[Network]:
    """Two namespaces with a cable; a test that asks for it is skipped where this user may not make them."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root, and the command ip (apt: iproute2)")
    # An interface's name has at most 15 characters (IFNAMSIZ).
    made = Network(f"hub{os.getpid()}", f"sensor{os.getpid()}")
    with contextlib.ExitStack() as undo:
        for machine in (made.hub, made.sensor):
            try:
                ip("netns", "add", machine)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"network namespaces cannot be made here: {error.stderr.decode().strip()}")
            undo.callback(ip, "netns", "delete", machine)  # and with it its end of the cable
        cable = ("type", "veth", "peer", "name", made.sensor, "netns", made.sensor)
        ip("link", "add", made.hub, "netns", made.hub, *cable)
        for machine, address in ((made.hub, _HUB_ADDRESS), (made.sensor, _SENSOR_ADDRESS)):
            ip("-n", machine, "address", "add", f"{address}/24", "dev", machine)
            ip("-n", machine, "link", "set", machine, "up")
        yield made


def test_a_sensor_that_loses_its_network_sends_what_waits_once_it_is_back(tmp_path: Path, network: Network) -> None:
    """While the network is away scans wait at the sensor; afterwards they are stored in order, each once."""
    own, database = new_database(tmp_path / "sensor/tracking.db"), new_database(tmp_path / "tracking.db")
    port = free_port()
    first_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=_COUNT)
    join_site("hall", own, database, "--url", f"http://{_HUB_ADDRESS}:{port}", extra={})
    with started(tmp_path, command="hub", port=port, inside=network.inside(network.hub)) as hub:
        sensor = Sending(own, tmp_path, first_at, _COUNT, network.inside(network.sensor))
        try:
            sensor.wait_for(_LOST_AFTER)
            wait_until(lambda: bool(stored(database, "hall")), "a scan at the hub")
            network.set_cable("down")
            wait_until(lambda: waiting_at(own) >= _WAITING, "scans that wait")
            network.set_cable("up")
            sensor.wait_until_all_is_sent()
        finally:
            sensor.kill()
        assert hub.stop() == 0
    assert len(sensor.kept()) == _COUNT
    assert stored(database, "hall") == sensor.kept()


def waiting_at(database: str) -> int:
    """How many scans wait at the sensor with a database."""
    connections = Connections(database)
    try:
        return Outbox(connections, OutboxLimits(1, timedelta(days=1))).state().waiting_count
    finally:
        connections.close()
