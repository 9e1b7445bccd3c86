"""What other programmes send: each function takes any bytes, and raises when what comes of them is not lawful.

Lawful is either a refusal that says why, or what can be stored, told and sent on again.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from db.access import Access
from links.api.tags_csv import read_tags
from links.guard import Guard
from links.older_payload import decode_older
from links.wire import MOST_BATCH_BYTES, WireError, decode_batch, decode_message, encode_message
from links.wire_tags import decode_register, decode_reports
from presence.access import Identity
from presence.message import Batch
from presence.radio import Radio
from presence.scan import Heard
from presence.tag_lines import tag_lines
from presence.tags import TagError
from presence.zones import ZoneThresholds
from scans.identities import identity_of
from tests.links.test_older_payload import NOW, Key, detection, payload
from tests.links.test_wire import COUNTS, batch_of, message, observation, scan
from tests.strangers.drawing import Drawing
from tests.strangers.from_the_air import registry_key

_ZONE_OF = ZoneThresholds().zone_of
_LONGEST_REFUSAL = 1000

# What stands where something else was expected.
_ODD: tuple[object, ...] = (
    *(None, True, -1, 0, -60, 0.5, 2**31, 2**63, 2**64, 1e308, -1e308, [], {}, [[]]),
    *("", "\ud800", "\x00", "\u202eevil", "a" * 10_000, "../../etc/passwd", "=cmd()", "presence/#"),
    *("2027-03-10T08:30:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2027-03-10"),
    *("heard", "not heard"),
)


def batches(data: bytes) -> None:
    """A sensor's batch: one that is right but for some places, or any bytes at all."""
    drawing = Drawing(data)
    body = drawing.some(4096) if drawing.number(7) == 0 else _changed(_good_batch(), drawing)
    try:
        batch = decode_batch(body, _ZONE_OF)
    except WireError as error:
        check_refusal(error)
        return
    check_batch(batch)


def older_payloads(data: bytes) -> None:
    """The older BLE agent's payload, likewise, with its sensor in it or beside it."""
    drawing = Drawing(data)
    is_single = drawing.number(3) == 0
    good = json.dumps(detection() if is_single else payload(detection(), detection())).encode()
    body = drawing.some(4096) if drawing.number(7) == 0 else _changed(good, drawing)
    try:
        batch = decode_older(body, _ZONE_OF, Key(), NOW, drawing.text_up_to(80) if is_single else None)
    except WireError as error:
        check_refusal(error)
        return
    check_batch(batch)


def reports_of_tags(data: bytes) -> None:
    """Reports of tags, and the register of them."""
    drawing = Drawing(data)
    good, decode = drawing.one_of(((_REPORTS, decode_reports), (_REGISTER, decode_register)))
    body = drawing.some(4096) if drawing.number(7) == 0 else _changed(good, drawing)
    try:
        decode(body)
    except WireError as error:
        check_refusal(error)


_REPORTS = b"""{"version": 1, "sensor": "hall", "sent_at": "2027-03-10T08:30:01.250000Z", "reports": [
{"from_at": "2027-03-10T08:30:00.200000Z", "to_at": "2027-03-10T08:30:01.200000Z", "is_listening": true, "readings":
[{"tag_id": 3, "last_heard_at": "2027-03-10T08:30:01.020000Z", "sighting_count": 4, "rssi_mean_dbm": -61.5,
"measures": [{"kind": "battery_percent", "value": 81}]}]}]}"""
_REGISTER = b"""{"version": 1, "register": "9f31ab20c5d4e7f1", "watched": [{"tag_id": 3, "kind": "address",
"digest": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}]}"""


def tables_of_tags(data: bytes) -> None:
    """A table that somebody uploads, by the page and by the API."""
    drawing = Drawing(data)
    head = drawing.one_of(("name,kind,note,identity kind,identity\n", "name;identity kind;identity\n", ""))
    table = head.encode() + drawing.some(2000)
    try:
        list(tag_lines(table))
    except TagError as error:
        check_refusal(error)
    try:
        read_tags(table, lambda kind, text: identity_of(kind, text, registry_key()), ())
    except (HTTPException, RequestValidationError):
        return  # refused, with its reason


def check_refusal(error: Exception) -> None:
    """That somebody who sent nonsense is told why, and briefly."""
    assert 0 < len(str(error)) < _LONGEST_REFUSAL, error


def check_batch(batch: Batch) -> None:
    """That what was taken can be sent on, and read again as the same."""
    assert len(batch.messages) <= 500
    for one in batch.messages:
        sent = encode_message(one)
        assert len(sent) <= MOST_BATCH_BYTES
        again = decode_message(sent, one.scan.sensor, _ZONE_OF)
        assert again.message_id == one.message_id
        assert again.scan.started_at == one.scan.started_at


@cache
def _good_batch() -> bytes:
    one = message(1, scan(Heard((observation(Radio.WIFI),), None, COUNTS)))
    return batch_of(one, message(2))


def _changed(body: bytes, drawing: Drawing) -> bytes:
    """A document in which some places hold something else, or are missing, or stand there twice."""
    said: Any = json.loads(body)
    for _ in range(1 + drawing.number(3)):
        places = list(_places(said))
        if not places:
            break
        parent, key = drawing.one_of(places)
        match drawing.number(4):
            case 0:
                del parent[key]
            case 1 if isinstance(parent, list):
                parent.append(parent[key])
            case 2:
                parent[key] = drawing.text_up_to(100)
            case _:
                parent[key] = copy.deepcopy(drawing.one_of(_ODD))
    text = json.dumps(said, ensure_ascii=bool(drawing.number(1)))
    return text.encode("utf-8", "surrogatepass")


def _places(said: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - any part of a JSON document
    items = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for key, value in list(items):
        yield said, key
        yield from _places(value)


class _NobodysAccess:
    """Knows no key, as the real one does when a key was made up; `tests.links.test_guard` has the real one."""

    def recall(self, secret: str) -> Identity | None:
        assert isinstance(secret, str)
        return None

    def identity_of(self, secret: str, now_at: datetime) -> Identity | None:
        del secret, now_at
        return None


def requests(data: bytes) -> None:
    """Any path, under any name, with any headers: a stranger gets what is open, or is refused, and never a crash."""
    drawing = Drawing(data)
    is_websocket = drawing.number(7) == 0
    names = (b"host", b"origin", b"cookie", b"x-api-key", b"authorization", b"sec-fetch-site", b"accept")
    likely = (
        *(b"raspberrypi.local:8050", b"192.168.1.5", b"[::1]:8050", b"[", b"evil.example", b"http://evil.example"),
        *(b"tracking_login=abc", b"Bearer abc", b"cross-site", b"same-origin", b"text/html"),
    )
    headers = [
        (drawing.one_of(names), drawing.one_of(likely) if drawing.number(1) else drawing.bytes_up_to(60))
        for _ in range(drawing.number(5))
    ]
    likely_paths = ("/", "/api/v1/keys", "/api/v1/statistics/realtime", "/ws", "/login", "/metrics", "/../config.toml")
    path = drawing.one_of(likely_paths)
    scope: Scope = {
        "type": "websocket" if is_websocket else "http",
        "path": path if drawing.number(1) else "/" + drawing.text_up_to(60),
        "query_string": drawing.bytes_up_to(60),
        "headers": headers,
        "asgi": {"version": "3.0"},
        "server": ("127.0.0.1", 8050),
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "extensions": {"websocket.http.response": {}},
    }
    if not is_websocket:
        scope["method"] = drawing.one_of(("GET", "POST", "DELETE", "OPTIONS", "BREW"))
    sent: list[Message] = []

    async def send(said: Message) -> None:
        sent.append(said)

    async def receive() -> Message:
        return {"type": "websocket.connect"} if is_websocket else {"type": "http.request", "body": b""}

    coroutine = _guard()(scope, receive, send)
    asyncio.run(coroutine)
    assert sent[0].get("status", 101) in {101, 200, 303, 401, 403, 404}, sent[0]
    if scope.get("method") in {"POST", "DELETE", "BREW"} and sent[0]["status"] == 200:
        assert scope["path"] in {"/_dash-update-component", "/api/v1/login", "/api/v1/logout"}, scope["path"]
    for name, value in sent[0].get("headers", ()):
        assert b"\n" not in name + value
        assert b"\r" not in name + value


@cache
def _guard() -> Guard:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    access: Access = _NobodysAccess()  # type: ignore[assignment]  # all that the guard asks of one
    return Guard(
        answer,
        access=access,
        login_required=False,
        clock=lambda: datetime(2027, 3, 1, tzinfo=UTC),
        monotonic=lambda: 0.0,
    )
