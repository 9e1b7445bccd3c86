"""Connections that say nothing, little by little, too much or too many at once."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from fastapi import APIRouter, Request
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from links.impatience import Crowd, Patience
from links.server import server_with
from tests.links.served import served_app
from tests.links.waiting import PATIENCE_SECONDS, wait_until

# Far less than anybody is given, so that a test need not wait, and only for the part of a request that is tested: on a
# busy machine even a good request takes longer. Where the head is tested, good ones are tried until one is in time.
SHORT_HEAD = Patience(head_seconds=0.3)
SHORT_BODY = Patience(body_seconds=0.3)

WHOLE = b"GET / HTTP/1.1\r\nHost: box\r\n\r\n"
HALF_A_BODY = b"POST /taken HTTP/1.1\r\nHost: box\r\nContent-Length: 10\r\n\r\nabc"
HALF_OF_THE_CHUNKS = b"POST /taken HTTP/1.1\r\nHost: box\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"


def routes() -> APIRouter:
    router = APIRouter()

    @router.post("/taken")
    async def take(request: Request) -> int:
        return len(await request.body())

    @router.get("/")
    def look() -> str:
        return "here"

    @router.websocket("/ws")
    async def listen(websocket: WebSocket) -> None:
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await websocket.send_text(await websocket.receive_text())

    return router


@contextlib.contextmanager
def a_connection(place: str) -> Iterator[socket.socket]:
    host, _, port = place.partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
        yield connection


def all_that_comes(connection: socket.socket) -> bytes:
    """All that a server says until it hangs up; it fails after a long while in which it does not."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while some := connection.recv(65536):
            said += some
    return said


def is_answered(place: str) -> bool:
    """Whether a good request is; one that was cut off, or not let in, is not."""
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://{place}/", timeout=PATIENCE_SECONDS).status_code == 200
    return False


@pytest.mark.parametrize(
    "said",
    [b"", b"\r\n", b"GET / HTTP/1.1\r\nHost: box\r\nX-Slow: "],
    ids=["nothing", "an empty line", "half a head"],
)
def test_who_does_not_come_to_the_end_of_a_head_is_hung_up_on(said: bytes) -> None:
    """A connection that is opened and left, before a request or in its head, is closed in time; others are answered."""
    with served_app(server_with(routes()), patience=SHORT_HEAD) as place, a_connection(place) as slow:
        with contextlib.suppress(OSError):  # hung up on already
            slow.sendall(said)
        assert all_that_comes(slow) == b""
        wait_until(lambda: is_answered(place), "an answer")


@pytest.mark.parametrize("before", [b"", WHOLE], ids=["alone", "behind a whole request"])
@pytest.mark.parametrize("said", [HALF_A_BODY, HALF_OF_THE_CHUNKS], ids=["half a body", "half of the chunks"])
def test_who_does_not_come_to_the_end_of_a_body_is_hung_up_on(before: bytes, said: bytes) -> None:
    """A connection that is left in a body is closed in time, and what was whole in the same packet is answered."""
    with served_app(server_with(routes()), patience=SHORT_BODY) as place, a_connection(place) as slow:
        slow.sendall(before + said)
        assert all_that_comes(slow).count(b"HTTP/1.1 200") == bool(before)
        assert is_answered(place)


def test_a_second_request_is_awaited_as_long_as_the_first() -> None:
    """Who was answered, and then sends half a request more, is hung up on too."""
    with served_app(server_with(routes()), patience=SHORT_BODY) as place, a_connection(place) as slow:
        slow.sendall(WHOLE)
        assert b"200" in slow.recv(65536)
        slow.sendall(HALF_A_BODY)
        assert b"HTTP" not in all_that_comes(slow)


@pytest.mark.parametrize("before", [b"", WHOLE], ids=["the first", "the second"])
def test_more_bytes_give_no_more_time(before: bytes) -> None:
    """Who sends a header a while, for ever, is hung up on all the same, in whichever request."""
    with served_app(server_with(routes()), patience=SHORT_HEAD) as place, a_connection(place) as slow:
        stopping = threading.Event()

        def drip() -> None:
            with contextlib.suppress(OSError):
                slow.sendall(before + b"GET / HTTP/1.1\r\nHost: box\r\n")
                while not stopping.wait(0.05):
                    slow.sendall(b"X-Slow: 1\r\n")

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert all_that_comes(slow).count(b"HTTP/1.1 200") <= bool(before)
        stopping.set()
        dripping.join()


POST = b"POST /taken HTTP/1.1\r\nHost: box\r\nTransfer-Encoding: chunked\r\n"
MUCH = b"x" * 100_000


@pytest.mark.parametrize(
    "said",
    [
        b"GET /" + MUCH,
        b"GET / HTTP/1.1\r\nHost: box\r\nX-Long: " + MUCH,
        b"GET / HTTP/1.1\r\nHost: box\r\n" + b"X-Many: 1\r\n" * 10_000,
        POST + b"\r\n1;" + MUCH,
        POST + b"\r\n" + b"1\r\nx\r\n" * 20_000,
        POST + b"\r\n0\r\nX-After: " + MUCH,
    ],
    ids=["path", "header", "headers", "words beside a chunk", "chunks of a byte", "what follows the last chunk"],
)
def test_what_is_no_body_is_bounded(said: bytes) -> None:
    """Who sends much besides a body, which would be kept in memory, is hung up on without waiting for its end."""
    with (
        served_app(server_with(routes()), patience=Patience(head_seconds=600, body_seconds=600)) as place,
        a_connection(place) as talking,
    ):
        with contextlib.suppress(ConnectionError):
            talking.sendall(said)
        assert b" 200 " not in all_that_comes(talking)


@pytest.mark.parametrize("size", [0, 5, 1_000_000])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["known length", "chunked"])
def test_a_large_body_is_taken(size: int, is_chunked: bool) -> None:
    """A body is not counted among what surrounds it, however it is sent."""
    body = b"x" * size
    with served_app(server_with(routes())) as place:
        sent = iter([body[:7], body[7:]]) if is_chunked else body
        answer = httpx.post(f"http://{place}/taken", content=sent, timeout=PATIENCE_SECONDS)
    assert answer.json() == size


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: box\r\nHost: elsewhere\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: box\r\nHost: elsewhere\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: box\r\n\r\n" * 100,
        b"GET / HTTP/1.1\r\nHost : box\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: box\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: box\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: box\r\nContent-Length: -1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["no host", "two hosts", "two hosts of old", "many ahead", "space", "not ASCII", "two lengths", "minus", "TLS"],
)
def test_what_is_no_proper_request_is_refused(said: bytes) -> None:
    """A request that two programs could understand in two ways, or none, gets a 400 and the connection ends."""
    with served_app(server_with(routes())) as place, a_connection(place) as talking:
        talking.sendall(said)
        assert b"HTTP/1.1 400 " in all_that_comes(talking)
        assert httpx.get(f"http://{place}/", timeout=PATIENCE_SECONDS).status_code == 200


def test_some_requests_sent_ahead_are_answered_in_turn() -> None:
    """Who sends a few requests at once, as few programs do, gets an answer to each, in order."""
    with served_app(server_with(routes())) as place, a_connection(place) as talking:
        for size in range(1, 6):
            talking.sendall(b"POST /taken HTTP/1.1\r\nHost: box\r\nContent-Length: %d\r\n\r\n%b" % (size, b"x" * size))
        talking.sendall(b"GET / HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n")
        answers = all_that_comes(talking).split(b"HTTP/1.1 200 OK")
        assert [answer.rpartition(b"\r\n")[2] for answer in answers[1:]] == [b"1", b"2", b"3", b"4", b"5", b'"here"']


def test_who_waits_for_the_end_of_a_connection_is_told_though_another_request_waits_behind() -> None:
    """A route that is being answered learns that its asker has gone, also when the asker had sent a request ahead."""
    begun, ended = threading.Event(), threading.Event()
    router = routes()

    @router.get("/long")
    async def wait(request: Request) -> None:
        begun.set()
        while (await request.receive())["type"] != "http.disconnect":
            pass
        ended.set()

    with served_app(server_with(router)) as place:
        with a_connection(place) as talking:
            talking.sendall(b"GET /long HTTP/1.1\r\nHost: box\r\n\r\nGET / HTTP/1.1\r\nHost: box\r\n\r\n")
            assert begun.wait(PATIENCE_SECONDS)
        assert ended.wait(PATIENCE_SECONDS)


def test_a_websocket_may_be_silent() -> None:
    """Who listens to the feed need not say anything: no part of a request is awaited from it."""
    with served_app(server_with(routes()), patience=SHORT_HEAD) as place, joined(place) as websocket:
        with served_app(server_with(routes()), patience=SHORT_HEAD) as other, a_connection(other) as slow:
            assert all_that_comes(slow) == b""  # as long as that takes, the first one is silent
        websocket.send("still here")
        assert websocket.recv(timeout=PATIENCE_SECONDS) == "still here"


def joined(place: str) -> ClientConnection:
    """A WebSocket whose head was in time."""
    all_joined: list[ClientConnection] = []

    def joins() -> bool:
        with contextlib.suppress(OSError, InvalidHandshake):
            all_joined.append(connect(f"ws://{place}/ws", open_timeout=PATIENCE_SECONDS))
        return bool(all_joined)

    wait_until(joins, "a WebSocket")
    return all_joined[0]


def test_there_is_a_most_of_connections() -> None:
    """One beyond it is hung up on at once; when one has ended, HTTP or WebSocket, the next is let in."""
    with served_app(server_with(routes()), most=2) as place:
        with a_connection(place) as first:
            first.sendall(WHOLE)
            assert b"200" in first.recv(65536)
            with connect(f"ws://{place}/ws") as websocket, a_connection(place) as third:
                websocket.send("one")
                assert websocket.recv(timeout=PATIENCE_SECONDS) == "one"
                assert all_that_comes(third) == b""
        wait_until(lambda: is_answered(place), "being let in again")  # what has just ended may be counted for a moment


def test_one_address_cannot_take_all() -> None:
    """Each address has so many connections, a network of IPv6 is one, and this machine itself has what there is."""
    crowd = Crowd(per_address=2, most=6)
    assert [crowd.let_in(number, "192.168.1.5") for number in range(3)] == [True, True, False]
    assert [crowd.let_in(f"six {host}", host) for host in ("fd00::1", "fd00::2", "fd00::3")] == [True, True, False]
    crowd.leave(0)
    crowd.leave(0)
    assert crowd.let_in("again", "192.168.1.5")
    assert [crowd.let_in(f"own {number}", "127.0.0.1") for number in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: box\r\nX-Long: " + b"a" * 4_000_000 + b"\r\n\r\n",
        b"GET /?" + b"a" * 4_000_000 + b" HTTP/1.1\r\nHost: box\r\n\r\n",
        b"\x16\x03\x01 this is TLS",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /taken HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 30\r\n\r\nabc",
    ],
    ids=["a long header", "a long path", "no HTTP", "two names", "two lengths"],
)
def test_what_is_no_request_is_refused(said: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """Headers of megabytes, and what is no HTTP, are not answered, and the log has no word of it."""
    with served_app(server_with(routes())) as place:
        with a_connection(place) as connection:
            with contextlib.suppress(OSError):  # hung up on in the middle
                connection.sendall(said)
                connection.shutdown(socket.SHUT_WR)
            assert b"200" not in all_that_comes(connection)[:20]
        assert is_answered(place)
    assert capfd.readouterr().err == ""
