from __future__ import annotations

import asyncio
import contextlib
import random
import re
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from starlette.requests import HTTPConnection

from db.access import Access
from db.connect import Connections
from links import access_commands
from links.door import Door, TooManyTriesError
from links.guard import COOKIE
from presence.access import AccessError, Role
from tests.links.guarded import NOW_AT, PASSWORD, Guarded, guarded
from tests.sqlite import new_database

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CHANGING = "/api/v1/settings/thresholds/reset"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Guarded]:
    """A box as it comes."""
    with guarded(tmp_path) as running:
        yield running


@pytest.fixture
def browser(box: Guarded) -> Iterator[httpx.Client]:
    """A browser, as far as cookies go."""
    with box.client(origin=box.address) as client:
        yield client


class Elements(HTMLParser):
    """The elements of a page by name, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.found if found == tag]


def test_a_browser_logs_in_and_out_by_forms(browser: httpx.Client) -> None:
    """With the password it becomes the admin, and is led on; once logged out it is nobody."""
    assert browser.post(CHANGING).status_code == 401
    answer = browser.post("/api/v1/login", data={"password": PASSWORD, "next": "/devices?page=2"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/devices?page=2")
    assert browser.get("/api/v1/me").json() == {"name": "admin", "role": "admin"}
    assert browser.post(CHANGING).status_code == 200
    assert "You are logged in" in browser.get("/login").text
    answer = browser.post("/api/v1/logout", headers=FORM)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert browser.get("/api/v1/me").json() == {"name": None, "role": None}


def test_logging_out_ends_the_login_and_not_only_the_cookie(box: Guarded, browser: httpx.Client) -> None:
    """A cookie that was copied is worth nothing after the browser has logged out."""
    browser.post("/api/v1/login", json={"password": PASSWORD})
    cookie = f"{COOKIE}={browser.cookies[COOKIE]}"
    assert box.ask("POST", CHANGING, cookie=cookie).status_code == 200
    assert browser.post("/api/v1/logout").status_code == 204
    assert box.ask("POST", CHANGING, cookie=cookie).status_code == 401


def test_a_login_outlives_a_restart(box: Guarded, browser: httpx.Client) -> None:
    """What starts anew on the same database knows the browser still, for 30 days and no longer."""
    browser.post("/api/v1/login", json={"password": PASSWORD})
    anew = Access(box.connections, box.watch)
    assert anew.identity_of(browser.cookies[COOKIE], NOW_AT + timedelta(days=29)) is not None
    assert Access(box.connections, box.watch).identity_of(browser.cookies[COOKIE], NOW_AT + timedelta(days=31)) is None


def test_every_browser_is_logged_out_at_once(box: Guarded, browser: httpx.Client) -> None:
    """The admin does so on the page or by command; the password and keys go on, and a viewer may not."""
    key = box.access.make_key("grafana", Role.VIEWER, NOW_AT).key
    with box.client(X_API_Key=key) as viewer:
        assert viewer.post("/api/v1/logout/all").status_code == 403
        assert "every browser" not in viewer.get("/login").text
        for _ in range(2):
            browser.post("/api/v1/login", json={"password": PASSWORD})
        assert "Log out every browser" in browser.get("/login").text
        answer = browser.post("/api/v1/logout/all", headers=FORM)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
        assert browser.get("/api/v1/me").json() == {"name": None, "role": None}
        browser.post("/api/v1/login", json={"password": PASSWORD})
        assert access_commands.log_all_out(box.access).startswith("1 browser has to log in again")
        assert browser.get("/api/v1/me").json() == {"name": None, "role": None}
        assert viewer.get("/api/v1/me").json()["name"] == "grafana"


def test_logging_out_without_a_login_is_harmless(box: Guarded) -> None:
    """Nobody is told anything, and nothing is written."""
    assert box.ask("POST", "/api/v1/logout").status_code == 204
    assert box.ask("POST", "/api/v1/logout", cookie=f"{COOKIE}=lt_wrong").status_code == 204


def test_the_cookie_is_for_this_server_alone(box: Guarded) -> None:
    """Scripts cannot read it, other sites cannot send it, and it lasts 30 days."""
    with box.client() as client:
        said = client.post("/api/v1/login", json={"password": PASSWORD}).headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=2592000"} <= set(said.split("; "))
        assert "Secure" not in said
        # As a proxy on this machine says that it was asked over https.
        https = {"X-Forwarded-Proto": "https"}
        assert (
            "Secure" in client.post("/api/v1/login", json={"password": PASSWORD}, headers=https).headers["Set-Cookie"]
        )


def test_a_wrong_password_is_said_on_the_page(browser: httpx.Client) -> None:
    """The form comes back with what is wrong, tied to its field, and goes on to where it was going to."""
    answer = browser.post("/api/v1/login", data={"password": "wrong horse", "next": "/devices"})
    assert answer.status_code == 401
    elements = Elements(answer.text)
    password = next(one for one in elements.named("input") if one["name"] == "password")
    assert password["aria-describedby"] == "mistake"
    assert {"name": "next", "type": "hidden", "value": "/devices"} in elements.named("input")
    assert "This is not the password." in answer.text
    assert COOKIE not in browser.cookies


def test_the_page_needs_no_script_of_its_own(browser: httpx.Client) -> None:
    """A plain form, every word in HTML, and nothing from elsewhere; it is never kept in a cache."""
    answer = browser.get("/login")
    assert answer.headers["Cache-Control"] == "no-store"
    elements = Elements(answer.text)
    assert elements.named("form") == [{"method": "post", "action": "/api/v1/login"}]
    assert elements.named("script") == [{"src": "/assets/theme.js"}]
    assert not elements.named("style")
    leads = [one.get("src") or one.get("href") or "" for tag in ("a", "link", "script") for one in elements.named(tag)]
    assert leads
    assert all(re.match(r"/(?!/)", lead) for lead in leads)
    shown = [one for one in elements.named("input") if one.get("type") != "hidden" and "hidden" not in one]
    assert {one["for"] for one in elements.named("label")} == {one["id"] for one in shown} == {"password"}


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "x", "", "/" + "a" * 1001],
)
def test_nobody_is_led_elsewhere(browser: httpx.Client, target: str) -> None:
    """An address that leads away from this server is not followed."""
    assert 'name="next" value="/"' in browser.get("/login", params={"next": target}).text
    answer = browser.post("/api/v1/login", data={"password": PASSWORD, "next": target})
    assert answer.headers["Location"] == "/"


def test_what_is_quoted_on_the_page_is_text(browser: httpx.Client) -> None:
    """Nothing in the address becomes HTML."""
    page = browser.get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert Elements(page.text).named("script") == [{"src": "/assets/theme.js"}]


def test_a_viewers_key_logs_a_browser_in(box: Guarded, browser: httpx.Client) -> None:
    """Who may only look need not know the admin password; when the key is revoked, the browser is out."""
    made = box.access.make_key("front desk", Role.VIEWER, NOW_AT)
    assert browser.post("/api/v1/login", json={"password": made.key}).json() == {"name": "front desk", "role": "viewer"}
    assert browser.get("/api/v1/detections/recent").status_code == 200
    assert browser.post(CHANGING).status_code == 403
    box.access.revoke_key("front desk", NOW_AT)
    assert browser.get("/api/v1/detections/recent").status_code == 401


def test_a_sensors_key_logs_nobody_in(box: Guarded, browser: httpx.Client) -> None:
    """It cannot look, so the page says which key can."""
    made = box.access.make_key("first floor", Role.SENSOR, NOW_AT)
    answer = browser.post("/api/v1/login", data={"password": made.key})
    assert answer.status_code == 403
    assert "Take a viewer&#x27;s." in answer.text
    assert COOKIE not in browser.cookies


def test_passwords_cannot_be_tried_out(box: Guarded, browser: httpx.Client) -> None:
    """After five tries even the right one waits, a minute and then longer; once it was right, all begins anew."""
    key = box.access.make_key("front desk", Role.VIEWER, NOW_AT).key
    for number in range(5):
        assert browser.post("/api/v1/login", json={"password": f"wrong {number}..."}).status_code == 401
        # A key of another role is let in, and gives no more tries.
        assert browser.post("/api/v1/login", json={"password": key}).status_code == 200
    answer = browser.post("/api/v1/login", json={"password": PASSWORD})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    page = browser.post("/api/v1/login", data={"password": PASSWORD})
    assert (page.status_code, page.headers["Retry-After"]) == (429, "60")
    assert "Try again in 60 s." in page.text
    box.watch.seconds += 60
    assert browser.post("/api/v1/login", json={"password": "wrong again"}).status_code == 401
    assert browser.post("/api/v1/login", json={"password": PASSWORD}).headers["Retry-After"] == "120"
    # Nor is there a second way to try them.
    admin = box.access.make_key("script", Role.ADMIN, NOW_AT).key
    changed = {"old": "wrong", "new": "another one"}
    assert browser.post("/api/v1/password", json=changed, headers={"X-API-Key": admin}).status_code == 429
    box.watch.seconds += 120
    assert browser.post("/api/v1/login", json={"password": PASSWORD}).status_code == 200
    assert browser.post("/api/v1/login", json={"password": "wrong at last"}).status_code == 401
    assert browser.post("/api/v1/login", json={"password": PASSWORD}).status_code == 200


class SlowAccess(Access):
    """Checks passwords no sooner than it is told to, and counts those it works on at once."""

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections, time.monotonic)
        self.go_on = threading.Event()
        self.most_at_once = 0
        self._at_once = 0

    def check_password(self, password: str) -> bool:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        assert self.go_on.wait(60)
        is_right = super().check_password(password)
        self._at_once -= 1
        return is_right


def test_a_crowd_that_tries_at_once_waits_in_a_short_line(box: Guarded) -> None:
    """One password is checked at a time and ten may wait, so that a crowd takes no threads; others come again."""
    access = SlowAccess(box.connections)
    door = Door(access, lambda: NOW_AT, time.monotonic)

    async def try_from(number: int) -> bool:
        client = (f"192.0.2.{number}", 1)
        return await door.is_password(HTTPConnection({"type": "http", "headers": [], "client": client}), PASSWORD)

    async def try_all() -> list[bool | BaseException]:
        tries = [asyncio.create_task(try_from(number)) for number in range(12)]
        await asyncio.wait(tries[10:])
        access.go_on.set()
        return await asyncio.gather(*tries, return_exceptions=True)

    outcomes = asyncio.run(asyncio.wait_for(try_all(), 60))
    assert outcomes[:10] == [True] * 10
    assert all(isinstance(one, TooManyTriesError) for one in outcomes[10:])
    assert access.most_at_once == 1


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 422),
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"password": 5}', "application/json", 422),
        (b'{"password": "\\ud800\\ud800"}', "application/json", 422),
        (b'{"password": ""}', "application/json", 422),
        (b'{"password": "' + b"x" * 201 + b'"}', "application/json", 422),
        (b'{"password": "correct hose \xff"}', "application/json", 422),
        (b"x" * 4097, "application/json", 413),
        (b"", FORM["Content-Type"], 422),
        (b"password=%ff%00", FORM["Content-Type"], 401),
        (b"&" * 4096, FORM["Content-Type"], 422),
        (b"password=" + b"x" * 5000, FORM["Content-Type"], 413),
    ],
)
def test_what_is_no_password_is_refused_with_the_reason(
    browser: httpx.Client, body: bytes, content_type: str, status: int
) -> None:
    """Whatever a stranger sends is answered, never by an error of the server, and without repeating it."""
    answer = browser.post("/api/v1/login", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status
    assert "correct hose" not in answer.text
    assert status == 401 or len(answer.text) < 4000


def test_the_password_is_changed_by_who_knows_it(box: Guarded, browser: httpx.Client) -> None:
    """The old one is asked for; afterwards every browser is logged out, and keys go on."""
    browser.post("/api/v1/login", json={"password": PASSWORD})
    key = box.access.make_key("script", Role.ADMIN, NOW_AT).key
    for old, new, status in (("wrong", "another one", 401), (PASSWORD, "short", 422), (PASSWORD, "another one", 204)):
        assert browser.post("/api/v1/password", json={"old": old, "new": new}).status_code == status
    assert browser.get("/api/v1/me").json()["role"] is None
    assert box.ask("POST", CHANGING, x_api_key=key).status_code == 200
    assert browser.post("/api/v1/login", json={"password": PASSWORD}).status_code == 401
    assert browser.post("/api/v1/login", json={"password": "another one"}).status_code == 200


def test_the_password_is_not_changed_by_who_has_not_logged_in(box: Guarded) -> None:
    """Knowing the old password is not enough, so that it cannot be tried out past the login."""
    with box.client() as client:
        assert client.post("/api/v1/password", json={"old": PASSWORD, "new": "another one"}).status_code == 401


def test_keys_are_made_listed_and_revoked(box: Guarded, browser: httpx.Client) -> None:
    """An admin makes a key, which is told once, sees it in the list without its secret, and takes it back."""
    browser.post("/api/v1/login", json={"password": PASSWORD})
    made = browser.post("/api/v1/keys", json={"name": "grafana", "role": "viewer"})
    assert made.status_code == 201
    key, key_id = made.json()["key"], made.json()["id"]
    assert box.ask("GET", "/api/v1/detections/recent", x_api_key=key).status_code == 200
    listed = browser.get("/api/v1/keys")
    assert key not in listed.text
    assert listed.json() == [
        {
            "id": key_id,
            "name": "grafana",
            "role": "viewer",
            "made_at": "2027-03-01T12:00:00Z",
            "used_at": "2027-03-01T12:00:00Z",
            "revoked_at": None,
        }
    ]
    assert browser.post("/api/v1/keys", json={"name": "grafana", "role": "viewer"}).status_code == 409
    assert browser.delete(f"/api/v1/keys/{key_id}").status_code == 204
    assert browser.delete(f"/api/v1/keys/{key_id}").status_code == 404
    assert box.ask("GET", "/api/v1/detections/recent", x_api_key=key).status_code == 401


@pytest.mark.parametrize(
    "asked", [{}, {"name": "a", "role": "owner"}, {"name": "a\nb", "role": "viewer"}, {"name": ""}]
)
def test_a_key_that_cannot_be_is_refused(browser: httpx.Client, asked: dict[str, str]) -> None:
    """A name or a role that cannot be used is 422, with the reason."""
    browser.post("/api/v1/login", json={"password": PASSWORD})
    assert browser.post("/api/v1/keys", json=asked).status_code == 422
    assert browser.delete("/api/v1/keys/99999999999999999999").status_code == 422


def test_the_first_start_tells_the_password_once(tmp_path: Path) -> None:
    """It is printed at the first start of a new place, and at no other."""
    with contextlib.closing(Connections(new_database(tmp_path / "tracking.db"))) as connections:
        access = Access(connections, time.monotonic)
        says = access_commands.set_first_password(access, random.Random(1), NOW_AT)
        assert says is not None
        assert access.check_password(says.split()[4])
        assert access_commands.set_first_password(access, random.Random(2), NOW_AT) is None


def test_commands_make_list_and_revoke_keys(box: Guarded) -> None:
    """What is printed is the key, the keys in use, and what a revocation does."""
    access, zone = box.access, ZoneInfo("Europe/Prague")
    assert "./run keys make" in access_commands.list_keys(access, zone)
    key = access_commands.make_key(access, "grafana", Role.VIEWER, NOW_AT).splitlines()[0]
    assert access.identity_of(key, NOW_AT + timedelta(minutes=90)) is not None
    listed = access_commands.list_keys(access, zone)
    assert re.fullmatch(r"grafana +viewer +made 2027-03-01, last used 2027-03-01 14:30", listed)
    assert "grafana" in access_commands.revoke_key(access, "grafana", NOW_AT)
    with pytest.raises(AccessError, match="no key grafana"):
        access_commands.revoke_key(access, "grafana", NOW_AT)


def test_a_lost_password_is_replaced_by_command(box: Guarded) -> None:
    """One may be wished for; otherwise one is made and printed."""
    says = access_commands.set_password(box.access, "", random.Random(1), NOW_AT)
    made = re.search(r"\w{4}-\w{4}-\w{4}-\w{4}", says)
    assert made is not None
    assert box.access.check_password(made.group())
    assert "another one" not in access_commands.set_password(box.access, "another one", random.Random(1), NOW_AT)
    assert box.access.check_password("another one")
