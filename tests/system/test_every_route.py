"""What an attacker on the LAN tries on each route and WebSocket of the whole programme; docs/strangers.md lists it."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from command_line import parse
from place import place_of
from presence.access import Role
from presence.overview import Activity, Phase
from showing import add_page
from telling import open_telling
from tests.links.served import served_app
from tests.sqlite import new_database
from tests.system.every_route import ADMIN, ALWAYS_OPEN, ANYBODY, SENSOR, VIEWER, routes_of
from watching import Watching

# What each table of routes asks for; None for nothing.
TABLES = ((ALWAYS_OPEN, None), (ANYBODY, None), (VIEWER, Role.VIEWER), (SENSOR, Role.SENSOR), (ADMIN, Role.ADMIN))
NEEDED = {line: role for table, role in TABLES for line in table.split("\n") if line}
ALWAYS = set(ALWAYS_OPEN.split("\n"))
REBOUND = "museum.evil.example"


@dataclass
class Hub:
    """A whole hub with its page.

    Attributes:
        place: Its host and port.
        routes: What it has.
        keys: A key of each role.
        client: Asks it, with no key.
    """

    place: str
    routes: set[str]
    keys: dict[Role, str]
    client: httpx.Client

    def ask(self, line: str, **headers: str) -> int:
        """The status of the answer to a request for a route, or of the refusal of a WebSocket; 101 for none."""
        method, path = _asked(line)
        if method == "WEBSOCKET":
            return _status_of_websocket(f"ws://{self.place}{path}", headers)
        return self.client.request(method, path, headers=headers).status_code

    def answer(self, raw: bytes) -> bytes:
        """What is answered to bytes as they are: clients put paths right before they ask."""
        host, _, port = self.place.partition(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(raw)
            return b"".join(iter(lambda: connection.recv(65536), b""))


def _asked(line: str) -> tuple[str, str]:
    method, _, path = line.partition(" ")
    filled = path.replace("{rest:path}", "nothing").replace("{file_format}", "csv").replace("{name}", "notice")
    return method, re.sub(r"\{[^}]*\}", "1", filled.replace("{path:path}", "/nowhere"))


def _status_of_websocket(url: str, headers: dict[str, str]) -> int:
    # The client names the host of the URL itself, and a second name is no request: another one is given in its place.
    host = headers.pop("Host", None)
    further = dict(headers)
    try:
        if host is None:
            with connect(url, additional_headers=further, open_timeout=60):
                return 101
        else:
            _, _, port = url.removeprefix("ws://").partition("/")[0].partition(":")
            named = url.replace("127.0.0.1", host)
            connection = socket.create_connection(("127.0.0.1", int(port)), timeout=60)
            with connection, connect(named, sock=connection, additional_headers=further, open_timeout=60):
                return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A whole hub, as app.py builds it."""
    folder: Path = tmp_path_factory.mktemp("hub")
    place = place_of(parse(["hub", "--db", new_database(folder / "hub.db")]))
    with contextlib.ExitStack() as undo:
        telling = open_telling(place, undo)
        telling.receive(undo, from_broker=False)
        telling.receive_tags(Watching(telling).take, undo, from_broker=False)
        server = telling.site_server(is_listening=False)
        add_page(telling, server, lambda: Activity(Phase.WAITING, 0, None), tuple)
        now_at = place.clock.wall()
        keys = {role: telling.access.make_key(role.value, role, now_at).key for role in Role}
        address = undo.enter_context(served_app(server))
        client = undo.enter_context(httpx.Client(base_url=f"http://{address}", timeout=60))
        yield Hub(address, routes_of(server), keys, client)


def test_every_route_has_its_rule(hub: Hub) -> None:
    """A new route or WebSocket is entered into the table by hand, by whoever knows whom it is for."""
    assert hub.routes == NEEDED.keys()


def test_without_a_login_only_what_is_open_is_answered(hub: Hub) -> None:
    """Each route asks for a key or does not, as the table says."""
    answers = {line: hub.ask(line) for line in NEEDED}
    assert {line for line, status in answers.items() if status == 401} == {
        line for line, role in NEEDED.items() if role
    }
    # Nobody uses Dash's own WebSocket, so it lets in nobody. What is no callback, Dash answers with a 500 of no words.
    assert {line for line, status in answers.items() if status == 403} == {"WEBSOCKET /_dash-ws-callback"}
    assert not {line for line, status in answers.items() if status >= 500 and "/_dash-" not in line}


def test_a_key_of_another_role_opens_nothing(hub: Hub) -> None:
    """A viewer changes nothing, and a sensor neither looks nor changes."""
    wrong = {Role.VIEWER: (Role.SENSOR,), Role.SENSOR: (Role.VIEWER,), Role.ADMIN: (Role.VIEWER, Role.SENSOR)}
    for line, needed in NEEDED.items():
        for role in wrong.get(needed, ()) if needed else ():
            assert hub.ask(line, **{"X-API-Key": hub.keys[role]}) == 403, (line, role)


@pytest.mark.parametrize(
    "told",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
    ids=["cross-site", "same-site", "another origin", "no origin"],
)
def test_a_page_of_another_address_changes_nothing(hub: Hub, told: dict[str, str]) -> None:
    """Whatever key it brings, each change and each WebSocket that it asks for is refused."""
    for line in NEEDED:
        if not line.startswith("GET "):
            assert hub.ask(line, **told, **{"X-API-Key": hub.keys[Role.ADMIN]}) == 403, line


def test_under_a_name_of_the_internet_every_route_asks_for_a_login(hub: Hub) -> None:
    """A page that gives its own name this machine's address (DNS rebinding) gets the way in, and nothing else."""
    for line in NEEDED:
        status = hub.ask(line, Host=REBOUND)
        assert (status == 401) is (line not in ALWAYS), (line, status)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../app.py",
        "/assets/..%2fapp.py",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets//etc/passwd",
        "/assets/..%5capp.py",
        "/_dash-component-suites/dash/../../../../etc/passwd",
        "/_dash-component-suites/dash/..%2f..%2f..%2fapp.py",
        "/_dash-component-suites/dash/..%5c..%5capp.py",
        "/api/v1/export/detections/..%2f..%2fetc%2fpasswd",
        "/api/v1/export/counts/csv%00.txt",
        "/privacy/..%2f..%2fetc%2fpasswd",
        "/_picture/plan/..%2f..%2fapp.py",
        "/_picture/tag/1%00",
        "/api/v1/tags/..%2fkeys",
        "/%2e%2e/%2e%2e/etc/passwd",
    ],
)
def test_no_path_leads_out(hub: Hub, path: str) -> None:
    """Dots, slashes and zeros in names, however written, bring no file that is not meant to be served."""
    key = hub.keys[Role.ADMIN]
    said = hub.answer(f"GET {path} HTTP/1.1\r\nHost: box\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n".encode())
    status = int(said.split(b" ", 2)[1])
    assert status < 500, said
    assert b"import argparse" not in said
    assert b"root:" not in said


@pytest.mark.parametrize(
    "path", ["/_dash-update-component", "/api/v1/login", "/api/v1/detections/bulk", "/api/v1/rules"]
)
def test_a_body_without_end_is_not_taken(hub: Hub, path: str) -> None:
    """Who is nobody is cut off after a quarter of a megabyte at most, an admin after as much as a batch may have."""

    def endless(pieces: int) -> Iterator[bytes]:
        yield from (b" " * 65_536 for _ in range(pieces))

    assert _refused(hub, path, endless(64), {}) in {401, 413}
    assert _refused(hub, path, endless(300), {"X-API-Key": hub.keys[Role.ADMIN]}) in {403, 413}


def _refused(hub: Hub, path: str, body: Iterator[bytes], headers: dict[str, str]) -> int:
    """The status, or 413 where the connection was closed while the body was still being sent."""
    try:
        return hub.client.post(path, content=body, headers={"Content-Type": "application/json", **headers}).status_code
    except httpx.WriteError:
        return 413
