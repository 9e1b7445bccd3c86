from __future__ import annotations

import contextlib
import gzip
import json
import random
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from db.connect import Connections
from db.outbox import Outbox, OutboxLimits
from links.payloads import OwnPayload
from links.send_http import HttpSender, HubAddress, HubAddressError
from links.uplink import RefusedError, SendError, Uplink
from links.wire import decode_batch
from presence.sensors import SensorCard
from presence.zones import ZoneThresholds
from tests.db.scanning import minute, scan
from tests.links.broker import make_certificates
from tests.links.waiting import wait_until
from tests.sqlite import new_database

KEY = "a-key-of-mine"
RECEIPT = b'{"stored":1,"repeated":0}'


class Hub(ThreadingHTTPServer):
    """A web server that answers as a test says, and remembers what came."""

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Request)
        self.daemon_threads = True
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.answer: tuple[int, bytes, dict[str, str]] = (200, RECEIPT, {})
        self.came: list[tuple[str, dict[str, str], bytes]] = []
        self.clients: set[object] = set()
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://localhost:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, as one does that does not trust a certificate, is no error here."""


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((self.path, dict(self.headers), body))
        self.server.clients.add(self.client_address)
        status, answer, headers = self.server.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(answer)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing: a test says what came."""


@contextlib.contextmanager
def hub(port: int = 0, context: ssl.SSLContext | None = None) -> Iterator[Hub]:
    server = Hub(port, context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def sending_to(url: str, ca_file: Path | None = None, *, is_older: bool = False) -> Iterator[HttpSender]:
    sender = HttpSender(HubAddress(url, KEY, ca_file), is_older=is_older)
    try:
        yield sender
    finally:
        sender.stop()


def test_a_batch_is_posted_compressed_with_the_key() -> None:
    """It goes to the route for batches, compressed, with the key, and one connection serves for many."""
    with hub() as far, sending_to(far.url + "/") as sender:
        for number in range(3):
            sender.send(b'{"number":%d}' % number)
    paths, headers, bodies = zip(*far.came, strict=True)
    assert set(paths) == {"/api/v1/batches"}
    assert [gzip.decompress(body) for body in bodies] == [b'{"number":0}', b'{"number":1}', b'{"number":2}']
    assert headers[0]["X-API-Key"] == KEY
    assert (headers[0]["Content-Type"], headers[0]["Content-Encoding"]) == ("application/json", "gzip")
    assert len(far.clients) == 1


def test_the_older_payload_has_a_route_of_its_own() -> None:
    """It is posted as it is, to the route of the older BLE agent, and any answer in JSON is a receipt."""
    with hub() as far, sending_to(far.url, is_older=True) as sender:
        far.answer = (201, b"[]", {})
        sender.send(b"{}")
    ((path, headers, body),) = far.came
    assert (path, body, headers["X-API-Key"]) == ("/api/v1/detections/bulk", b"{}", KEY)
    assert "Content-Encoding" not in headers


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_batch_that_is_wrong_is_refused_for_good(status: int) -> None:
    """The hub's own sentence says why."""
    with hub() as far, sending_to(far.url) as sender:
        far.answer = (status, json.dumps({"detail": "rssi_mean_dbm is 400\nat scan 3"}).encode(), {})
        with pytest.raises(RefusedError, match="rssi_mean_dbm is 400 at scan 3"):
            sender.send(b"{}")
        far.answer = (status, b"<html>", {})
        with pytest.raises(RefusedError) as refused:
            sender.send(b"{}")
    assert "html" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "key"),
        (403, "switched off there"),
        (404, "links.uplink_url"),
        (405, "links.uplink_url"),
        (408, "tried again"),
        (409, "Let this sensor join"),
        (418, "tried again"),
        (501, "Update"),
        (429, "tried again"),
        (500, "tried again"),
        (502, "tried again"),
        (503, "tried again"),
    ],
)
def test_what_is_not_the_batch_s_fault_keeps_it(status: int, words: str) -> None:
    """Any other answer is about the way there or passes, so that the batch is kept; the key is told to nobody."""
    with hub() as far, sending_to(far.url) as sender:
        far.answer = (status, b'{"detail":"This one is switched off.\\u001b[31m"}', {})
        with pytest.raises(SendError, match=words) as kept:
            sender.send(b"{}")
    assert str(kept.value).endswith(" It says: This one is switched off. [31m")
    assert KEY not in str(kept.value)


@pytest.mark.parametrize(("asked", "seconds"), [("7", 7.0), ("999999", 300.0), ("soon", 0.0), ("-1", 0.0), ("", 0.0)])
def test_a_hub_that_asks_to_be_left_alone_is(asked: str, seconds: float) -> None:
    """Retry-After is told to the uplink, within bounds."""
    with hub() as far, sending_to(far.url) as sender:
        far.answer = (503, b"{}", {"Retry-After": asked})
        with pytest.raises(SendError) as kept:
            sender.send(b"{}")
    assert kept.value.wait_seconds == seconds


@pytest.mark.parametrize("answer", [b"<html>Log in</html>", b"", b"[1]", b'{"stored":"1"}', b"[" * 50_000])
def test_an_answer_that_is_no_receipt_acknowledges_nothing(answer: bytes) -> None:
    """A guest network that answers everything with its log-in page has not stored anything."""
    with hub() as far, sending_to(far.url) as sender:
        far.answer = (200, answer, {})
        with pytest.raises(SendError, match="not as a hub does"):
            sender.send(b"{}")


def test_a_redirect_is_not_followed() -> None:
    """The key is shown to nobody but the hub."""
    with hub() as elsewhere, hub() as far, sending_to(far.url) as sender:
        far.answer = (307, b"", {"Location": elsewhere.url + "/api/v1/batches"})
        with pytest.raises(SendError, match="points elsewhere"):
            sender.send(b"{}")
    assert elsewhere.came == []


def test_certificates_are_verified(tmp_path: Path) -> None:
    """With the certificate to trust it is sent; without it, and under another name, nothing is."""
    certificates = make_certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with hub(context=context) as far:
        with sending_to(far.url, certificates.authority) as sender:
            sender.send(b"{}")
        with sending_to(far.url) as sender, pytest.raises(SendError, match=r"links\.uplink_ca_file"):
            sender.send(b"{}")
        other_name = far.url.replace("localhost", "127.0.0.1")
        with sending_to(other_name, certificates.authority) as sender, pytest.raises(SendError, match="another name"):
            sender.send(b"{}")
    assert len(far.came) == 1


def test_a_hub_that_is_not_there_is_said() -> None:
    """A hub that is down, one whose name nobody knows, and one that does not speak TLS are told apart."""
    with hub() as far:
        plain = far.url.replace("http:", "https:")
        with sending_to(plain) as sender, pytest.raises(SendError, match="TLS"):
            sender.send(b"{}")
    with sending_to(far.url) as sender, pytest.raises(SendError, match="not running"):
        sender.send(b"{}")
    with sending_to("http://nowhere.invalid") as sender, pytest.raises(SendError, match="not known"):
        sender.send(b"{}")


def test_settings_that_cannot_work_are_refused_at_once(tmp_path: Path) -> None:
    """A certificate file that is missing, and a key that cannot be one, are told before anything starts."""
    with pytest.raises(HubAddressError, match="cannot be read"):
        HttpSender(HubAddress("https://hub.example", KEY, tmp_path / "missing.pem"))
    with pytest.raises(HubAddressError, match="does not hold a key") as refused:
        HttpSender(HubAddress("https://hub.example", "geheim\r\nX-Other: ü", None))
    assert "geheim" not in str(refused.value)
    assert KEY not in repr(HubAddress("https://hub.example", KEY, None))


def test_nothing_is_lost_over_a_hub_that_comes_and_goes(tmp_path: Path) -> None:
    """Scans kept while the hub is away, and while it fails, arrive in order once it is back."""
    with contextlib.closing(Connections(new_database(tmp_path / "tracking.db"))) as connections:
        outbox = Outbox(connections, OutboxLimits(10**9, timedelta(days=14)))
        with hub() as first:
            port = first.server_port
        sender = HttpSender(HubAddress(f"http://localhost:{port}", KEY, None))
        payload = OwnPayload(SensorCard("box", None, None), "0" * 16, lambda: minute(0))
        uplink = Uplink(outbox, sender, payload, lambda: minute(0), random.Random(7), pauses=(0.01, 0.05))
        uplink.start()
        try:
            for number in range(5):
                uplink.keep(scan(minute(number), ["phone"]))
            wait_until(lambda: uplink.state().problem is not None, "a failure")
            with hub(port) as second:
                second.answer = (503, b"{}", {})
                wait_until(lambda: bool(second.came), "a try")
                uplink.keep(scan(minute(5), ["phone"]))
                second.answer = (200, RECEIPT, {})
                wait_until(lambda: outbox.state().waiting_count == 0, "an empty outbox")
        finally:
            uplink.stop()
    batches = [decode_batch(gzip.decompress(body), ZoneThresholds().zone_of) for _, _, body in second.came]
    began = [message.scan.started_at for batch in batches for message in batch.messages]
    assert list(dict.fromkeys(began)) == [minute(number) for number in range(6)]
