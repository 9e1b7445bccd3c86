"""The way of tags to a hub over HTTP: reports are posted, the register is asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from links.payloads import REGISTER_PATH, TAG_REPORTS_PATH
from links.send_http import CA_SETTING, HubAddress, hub_pool, judge
from links.unreachable import why_unreachable
from links.uplink import SendError
from links.wire import WireError
from links.wire_tags import MOST_REGISTER_BYTES, decode_register
from presence.tags import Watched

# A tag that was just registered is listened for by every sensor within this.
_REGISTER_SECONDS = 15.0


class HttpTagLine:
    """Speaks with a hub over HTTP (a `links.tag_uplink.TagLine`). For one thread.

    Args:
        hub: How to reach it.
        monotonic: Seconds that only ever go forward.
    """

    def __init__(self, hub: HubAddress, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Prepare; nothing is opened yet.

        Raises:
            HubAddressError: The settings cannot be used.
        """
        self._url = hub.url.rstrip("/")
        self._far = f"The hub at {self._url}"
        self._monotonic = monotonic
        self._pool = hub_pool(hub, {})
        self._etag: str | None = None
        self._asked_at: float | None = None

    def start(self) -> None:
        """Nothing to do: the connection is made when there is something to send."""

    def stop(self) -> None:
        """Close the connection."""
        self._pool.clear()

    def send(self, body: bytes) -> None:
        """Post reports."""
        response, answer = self._ask("POST", TAG_REPORTS_PATH, body, {"Content-Type": "application/json"})
        judge(response, self._far, answer)
        try:
            is_receipt = isinstance(json.loads(answer)["taken"], int)
        except (ValueError, RecursionError, TypeError, KeyError):
            is_receipt = False
        if not is_receipt:
            raise SendError(f"{self._far} answers, but not as a hub does. Check links.uplink_url.")

    def register(self) -> tuple[Watched, ...] | None:
        """The register when it is another than before; it is asked for every 15 s."""
        now = self._monotonic()
        if self._asked_at is not None and now - self._asked_at < _REGISTER_SECONDS:
            return None
        headers = {} if self._etag is None else {"If-None-Match": self._etag}
        response, answer = self._ask("GET", REGISTER_PATH, None, headers)
        if response.status != 304:
            judge(response, self._far, answer)
            try:
                _, watched = decode_register(answer)
            except WireError as error:
                raise SendError(f"{self._far} answers, but not as a hub does. {error}") from error
            self._etag = response.headers.get("ETag")
        self._asked_at = now
        return None if response.status == 304 else watched

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[BaseHTTPResponse, bytes]:
        try:
            response = self._pool.request(
                method,
                self._url + path,
                body=body,
                headers={**self._pool.headers, **headers},
                retries=False,
                preload_content=False,
            )
            try:
                return response, response.read(MOST_REGISTER_BYTES + 1)
            finally:
                response.close()
        except (HTTPError, OSError) as error:
            raise SendError(why_unreachable(error, self._far, CA_SETTING)) from error
