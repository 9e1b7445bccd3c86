from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn

from links.server import ServerError, create_server, lan_address, open_port
from presence.faults import Fault, FaultReason
from presence.overview import Overview, RadioState
from presence.radio import Radio

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
HEARD = RadioState(Radio.WIFI, 3, None, AT, None)
UNHEARD = RadioState(Radio.BLUETOOTH, None, Fault(FaultReason.NO_DBUS), None, AT)
OVERVIEW = Overview(
    as_of_at=AT,
    last_scan_at=AT,
    clock_is_right=True,
    wifi=HEARD,
    bluetooth=UNHEARD,
    people_now=3,
    people_now_with_ratio=3,
    visible_share=0.8,
    present_count=4,
    hold_minutes=5,
    zones_now={},
    wifi_total=9,
    bluetooth_total=0,
    average_time_spent_minutes=None,
    time_spent_since_at=None,
    saved_at=None,
)


@pytest.fixture
def answers() -> list[Overview]:
    """What the server is told the place is like; the last one counts."""
    return [OVERVIEW]


@pytest.fixture
def address(answers: list[Overview]) -> Iterator[str]:
    """A real server on a free port."""
    listening = open_port("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_server(lambda: answers[-1]), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


def test_health_says_what_each_radio_hears(address: str) -> None:
    """A box with one radio heard is healthy, and names the fault of the other."""
    answer = httpx.get(f"{address}/health", timeout=60)
    assert answer.status_code == 200
    assert answer.json()["radios"]["bluetooth"] == {"device_count": None, "fault": "no_dbus", "last_heard_at": None}
    assert answer.json()["last_scan_at"] == "2027-03-01T12:00:00Z"


def test_health_is_503_when_nothing_is_heard(address: str, answers: list[Overview]) -> None:
    """A box that hears nothing does not do its work."""
    answers.append(replace(OVERVIEW, people_now=None))
    assert httpx.get(f"{address}/health", timeout=60).status_code == 503


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_route_for_programs_is_404(address: str, method: str) -> None:
    """A programme that asks for what is not there is told so, and not given a page."""
    answer = httpx.request(method, f"{address}/api/v1/nothing", timeout=60)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no route /api/v1/nothing."


def test_a_port_in_use_is_said_with_another_to_choose() -> None:
    """A second start on the same port says what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"--port {port + 1}"):
            open_port("127.0.0.1", port)


def test_a_host_that_is_not_this_machine_is_said_clearly() -> None:
    """An address of somebody else cannot be served on, and the settings are named."""
    with pytest.raises(ServerError, match=r"config\.toml"):
        open_port("192.0.2.1", 8050)


def test_the_address_on_the_lan_is_an_address() -> None:
    """What is printed for others to open is an IPv4 address."""
    assert socket.inet_aton(lan_address())
