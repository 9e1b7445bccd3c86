"""Servers on loopback that take notifications, as ntfy, a webhook and a mail server do, and fail when told to."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """What came by HTTP, and how it is answered.

    Attributes:
        status: What it answers with.
        bodies: What came, whether taken or not.
        answers: While this is not set, nobody gets an answer.
    """

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[str] = []
        self.answers = threading.Event()
        self.answers.set()
        self.port = 0


@contextlib.contextmanager
def http_receiver() -> Iterator[Receiver]:
    """A web server that takes whatever is posted, until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            receiver.bodies.append(body)
            receiver.answers.wait()
            with contextlib.suppress(OSError):  # whoever waited has given up
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its parent calls it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.answers.set()
            server.shutdown()
            thread.join()
