from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import schemathesis
from dash import Dash, Input, Output, html
from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import Message, Receive, Scope, Send
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from db.access import Access
from db.connect import Connections
from links.api_access import declare_access
from links.guard import COOKIE, Guard, current_identity
from links.health import Watched, health_router
from presence.access import Role
from tests.links.guarded import NOW_AT, Guarded, guarded, routes
from tests.links.place import OVERVIEW
from tests.sqlite import new_database


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Guarded]:
    """A box as it comes: anybody on the LAN may look."""
    with guarded(tmp_path) as running:
        yield running


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Guarded]:
    """A box where even looking asks for a login."""
    with guarded(tmp_path, login_required=True) as running:
        yield running


def key_of(place: Guarded, role: Role) -> str:
    return place.access.make_key(f"a {role}", role, NOW_AT).key


def heard_on(place: Guarded, **headers: str) -> str:
    """What the live feed says first."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with connect(f"ws://{place.place}/ws", additional_headers=sent, open_timeout=60) as client:
        return str(client.recv(timeout=60))


def refused_on(place: Guarded, **headers: str) -> int:
    """The status with which the live feed refuses."""
    with pytest.raises(InvalidStatus) as refused:
        heard_on(place, **headers)
    return refused.value.response.status_code


def test_anybody_may_look(box: Guarded) -> None:
    """By default the page, its callbacks, sums, health, metrics and the live feed ask for nothing."""
    for path in ("/", "/devices", "/health", "/metrics", "/api/v1/statistics/realtime", "/login"):
        assert box.ask("GET", path).status_code == 200
    assert box.ask("POST", "/_dash-update-component").status_code == 200
    assert heard_on(box) == '{"name":null}'


def test_single_devices_sending_and_changing_ask_for_a_key(box: Guarded) -> None:
    """Without one the answer is 401, and says which key to make and how."""
    asked = {
        ("GET", "/api/v1/detections/recent"): "viewer",
        ("POST", "/api/v1/detections/bulk"): "sensor",
        ("POST", "/api/v1/settings/thresholds/reset"): "admin",
        ("GET", "/api/v1/keys"): "admin",
    }
    for (method, path), role in asked.items():
        answer = box.ask(method, path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert f"`./run keys make NAME --role {role}`" in answer.json()["detail"]


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_a_key_opens_what_its_role_may(box: Guarded, header: str) -> None:
    """Shown in either header, a key lets its holder do what its role may, and nothing else."""
    paths = {
        ("GET", "/api/v1/detections/recent"): {Role.VIEWER, Role.ADMIN},
        ("POST", "/api/v1/detections/bulk"): {Role.SENSOR, Role.ADMIN},
        ("POST", "/api/v1/settings/thresholds/reset"): {Role.ADMIN},
    }
    for role in Role:
        key = key_of(box, role)
        headers = {header: f"Bearer {key}" if header == "Authorization" else key}
        for (method, path), roles in paths.items():
            answer = box.ask(method, path, **headers)
            assert answer.status_code == (200 if role in roles else 403)
            assert answer.json() == {"name": f"a {role}"} or f"has {role}" in answer.json()["detail"]


def test_a_wrong_key_is_said_to_be_wrong(box: Guarded) -> None:
    """A key that is not known, or was revoked, is told apart from none."""
    key = key_of(box, Role.VIEWER)
    assert box.ask("GET", "/api/v1/detections/recent", x_api_key=key).status_code == 200
    box.access.revoke_key("a viewer", NOW_AT)
    for wrong in (key, "pk_wrong", "", "\xe9"):
        answer = httpx.get(f"{box.address}/api/v1/detections/recent", headers=[(b"x-api-key", wrong.encode("latin-1"))])
        assert answer.status_code == 401
        assert "not known here" in answer.json()["detail"]


def test_where_a_login_is_required_only_the_way_in_is_open(closed: Guarded) -> None:
    """The page, the callbacks, the feed and the sums ask for a viewer; the login page and health do not."""
    for method, path in (
        ("GET", "/"),
        ("GET", "/api/v1/statistics/realtime"),
        ("GET", "/metrics"),
        ("GET", "/api/v1/me"),
        ("POST", "/_dash-update-component"),
    ):
        assert closed.ask(method, path).status_code == 401
        assert closed.ask(method, path, x_api_key=key_of(closed, Role.VIEWER)).status_code == 200
        closed.access.revoke_key("a viewer", NOW_AT)
    assert refused_on(closed) == 401
    assert heard_on(closed, x_api_key=key_of(closed, Role.VIEWER)) == '{"name":"a viewer"}'
    for path in ("/login", "/health"):
        assert closed.ask("GET", path).status_code == 200
    for path in ("/privacy", "/privacy/poster"):
        assert closed.ask("GET", path).status_code == 404  # there is none here; the guard's own answer would be 401


def test_a_browser_is_led_to_the_login_and_back(closed: Guarded) -> None:
    """Whoever opens a page gets the login page, which knows where they wanted to go."""
    answer = closed.ask("GET", "/devices?sort=name&x=%2F", accept="text/html,*/*")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=/devices%3Fsort%3Dname%26x%3D%252F"
    page = closed.ask("GET", answer.headers["Location"])
    assert 'name="next" value="/devices?sort=name&amp;x=%2F"' in page.text


FROM_HERE = [
    {},
    {"origin": "{address}"},
    {"origin": "https://{place}"},
    {"sec_fetch_site": "same-origin", "origin": "http://name.of.proxy"},
]
FROM_ELSEWHERE = [
    {"origin": "http://elsewhere.example"},
    {"origin": "http://127.0.0.1:1"},
    {"origin": "null"},
    {"origin": "http://["},
    {"sec_fetch_site": "cross-site", "origin": "{address}"},
    {"sec_fetch_site": "same-site"},
]


def test_a_page_from_elsewhere_changes_nothing(box: Guarded) -> None:
    """Changes, callbacks and WebSockets that a browser made for another origin are refused, whatever they bring."""
    cookie = f"{COOKIE}={box.access.begin_login(NOW_AT)}"
    changing = "/api/v1/settings/thresholds/reset"
    for headers in (*FROM_HERE, *FROM_ELSEWHERE):
        sent = {name: value.format(address=box.address, place=box.place) for name, value in headers.items()}
        status = 200 if headers in FROM_HERE else 403
        assert box.ask("POST", "/_dash-update-component", **sent).status_code == status, sent
        assert box.ask("POST", changing, cookie=cookie, **sent).status_code == status, sent
        assert box.ask("GET", "/", **sent).status_code == 200, sent
        if status == 200:
            assert heard_on(box, **sent) == '{"name":null}'
        else:
            assert refused_on(box, **sent) == 403, sent


def test_health_tells_strangers_its_status_alone(tmp_path: Path) -> None:
    """Where even looking asks for a login, or under a name of the internet, the rest is for who may look."""

    def add_page(app: FastAPI) -> None:
        watched = Watched(lambda: OVERVIEW, is_listening=True)
        app.include_router(health_router(watched, lambda: 0, lambda: NOW_AT))

    with guarded(tmp_path, add_page=add_page) as box:
        keys = {role: key_of(box, role) for role in Role}
        assert "radios" in box.ask("GET", "/health").json()
        assert box.ask("GET", "/health", host="evil.example").json().keys() == {"status"}
        for role, key in keys.items():
            told = box.ask("GET", "/health", host="evil.example", x_api_key=key).json()
            assert ("radios" in told) is (role is not Role.SENSOR)


OWN_NAMES = [
    "192.168.1.5",
    "192.168.1.5:8050",
    "[fe80::1]:8050",
    "localhost:8050",
    "raspberrypi",
    "RaspberryPi.local:8050",
    "pi.lan.",
    "museum.example",
]
ANYBODYS_NAMES = ["evil.example", "192.168.1.5.evil.example", "local.evil.example:8050", "museum.example.evil"]


def test_under_a_name_of_the_internet_looking_asks_for_a_login(tmp_path: Path) -> None:
    """A page that gives its own name this machine's address (DNS rebinding) reads nothing; who logs in does."""
    path = "/api/v1/statistics/realtime"
    with guarded(tmp_path, own_names=frozenset({"Museum.example"})) as box:
        key = key_of(box, Role.VIEWER)
        for host in OWN_NAMES:
            assert box.ask("GET", path, host=host).status_code == 200, host
        for host in ANYBODYS_NAMES:
            assert box.ask("GET", path, host=host).status_code == 401, host
            assert box.ask("GET", path, host=host, x_api_key=key).status_code == 200, host
            assert box.ask("GET", "/health", host=host).status_code == 200, host


def test_every_answer_says_what_browsers_must_not_do(box: Guarded) -> None:
    """Answers, refusals and answers for paths that are not there carry the same headers."""
    for method, path in (("GET", "/"), ("POST", "/api/v1/detections/bulk"), ("GET", "/nowhere")):
        headers = box.ask(method, path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'self'", "script-src 'self'", "frame-ancestors 'self'", "form-action 'self'"} < set(policy)


def test_a_key_that_sends_without_end_is_slowed_down(box: Guarded) -> None:
    """After 400 batches at once the answer is 429 with when to come back; another key goes on, and so does this one."""
    key, other = key_of(box, Role.SENSOR), key_of(box, Role.ADMIN)
    with box.client(x_api_key=key) as client:
        statuses = [client.post("/api/v1/detections/bulk").status_code for _ in range(401)]
        assert statuses == [200] * 400 + [429]
        answer = client.post("/api/v1/detections/bulk")
        assert answer.headers["Retry-After"] == "1"
        assert box.ask("POST", "/api/v1/detections/bulk", x_api_key=other).status_code == 200
        box.watch.seconds += 0.006
        assert client.post("/api/v1/detections/bulk").status_code == 200
        assert client.post("/api/v1/detections/bulk").status_code == 429


def test_while_the_database_is_away_what_is_open_is_answered(box: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    """Who was let in a minute ago still is, and another key is told to come back; the log says it once, and its end."""
    caplog.set_level(logging.INFO, "links")
    key, lately = key_of(box, Role.VIEWER), key_of(box, Role.ADMIN)
    assert box.ask("GET", "/api/v1/detections/recent", x_api_key=lately).status_code == 200
    with box.connections.write() as connection:
        connection.execute(text("ALTER TABLE access_keys RENAME TO away"))
    assert box.ask("GET", "/api/v1/detections/recent", x_api_key=lately).status_code == 200
    for _ in range(2):
        assert box.ask("GET", "/health", x_api_key=key).json() == {"name": None}
        answer = box.ask("GET", "/api/v1/detections/recent", x_api_key=key)
        assert (answer.status_code, answer.json()["detail"]) == (
            503,
            "The database does not answer. Try again in a minute.",
        )
    with box.connections.write() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO access_keys"))
    assert box.ask("GET", "/api/v1/detections/recent", x_api_key=key).status_code == 200
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert key not in caplog.text


def test_callbacks_of_the_page_know_who_asks(tmp_path: Path) -> None:
    """What the guard found out reaches Dash's callbacks, on the server's loop and on the threads they work on."""

    def add_page(app: FastAPI) -> None:
        page = Dash(
            __name__,
            server=cast("Callable[[], FastAPI]", app),
            serve_locally=True,
            add_log_handler=False,
            enable_mcp=False,
        )
        page.layout = html.Div([html.Button(id="reset"), html.P(id="answer")])

        @page.callback(Output("answer", "children"), Input("reset", "n_clicks"))
        async def reset(_clicks: int) -> str:
            on_thread = await asyncio.to_thread(current_identity)
            assert on_thread == current_identity()
            return "nobody" if on_thread is None else f"{on_thread.name}, {on_thread.role}"

        page._setup_server()  # type: ignore[no-untyped-call]  # noqa: SLF001 - as layouts.page does

    with guarded(tmp_path, add_page=add_page) as box:
        cookie = f"{COOKIE}={box.access.begin_login(NOW_AT)}"
        assert _reset(box) == "nobody"
        assert _reset(box, cookie=cookie) == "admin, admin"
        assert _reset(box, x_api_key=key_of(box, Role.SENSOR)) == "a sensor, sensor"


def test_who_asked_is_forgotten_when_the_answer_is_given(tmp_path: Path) -> None:
    """What runs on afterwards in the same task is nobody's."""
    answered: list[str | None] = []

    async def answer(_scope: Scope, _receive: Receive, _send: Send) -> None:
        identity = current_identity()
        answered.append(None if identity is None else identity.name)

    async def send(_message: Message) -> None:
        raise AssertionError

    async def receive() -> Message:
        raise AssertionError

    with contextlib.closing(Connections(new_database(tmp_path / "tracking.db"))) as connections:
        access = Access(connections, time.monotonic)
        key = access.make_key("grafana", Role.VIEWER, NOW_AT).key
        guard = Guard(answer, access=access, login_required=True, clock=lambda: NOW_AT, monotonic=time.monotonic)
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"x-api-key", key.encode())]}

        async def ask() -> None:
            await guard(scope, receive, send)
            answered.append(None if current_identity() is None else "somebody")

        asyncio.run(ask())
    assert answered == ["grafana", None]


def _reset(box: Guarded, **headers: str) -> str:
    asked = {
        "output": "answer.children",
        "outputs": {"id": "answer", "property": "children"},
        "inputs": [{"id": "reset", "property": "n_clicks", "value": 1}],
        "changedPropIds": ["reset.n_clicks"],
    }
    with box.client(**headers) as client:
        answer = client.post("/_dash-update-component", json=asked)
    words: str = answer.json()["response"]["answer"]["children"]
    return words


def test_the_document_of_the_api_says_whom_each_route_lets_in(tmp_path: Path) -> None:
    """It is still valid, and agrees with the guard on every route."""
    said: list[dict[str, Any]] = []

    def add_page(app: FastAPI) -> None:
        app.include_router(routes())
        declare_access(app, login_required=False)
        said.append(app.openapi())

    with guarded(tmp_path, add_page=add_page) as box:
        schemathesis.openapi.from_dict(said[0]).validate()
        operations = [
            (method, path, operation)
            for path, methods in said[0]["paths"].items()
            for method, operation in methods.items()
        ]
        assert len(operations) > 10
        for method, path, operation in operations:
            is_open = "security" not in operation
            answer = box.ask(method.upper(), path.replace("{key_id}", "1"))
            assert (answer.status_code != 401) is is_open
            assert is_open or "For the role" in operation["description"]
        assert box.ask("GET", "/api/v1/openapi.json").json() == said[0]
