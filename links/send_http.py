"""Sending to a hub over HTTP: one connection kept open, compressed, with the sensor's key."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from links.errors import LinkSettingsError
from links.payloads import BATCHES_PATH, OLDER_PATH
from links.unreachable import CertificateFileError, trusting, why_unreachable
from links.uplink import RefusedError, SendError

CA_SETTING = "links.uplink_ca_file"
# A hub on a LAN answers at once; one over a mobile line, with a megabyte to store, within half a minute.
_PATIENCE = Timeout(connect=5.0, read=30.0)
# Half of a batch is hexadecimal digits, which halve at the fastest level as at the slowest.
_COMPRESSION = 1
# An answer is a number or a sentence; more than this is not from a hub.
_MOST_ANSWER_BYTES = 16_384
_LONGEST_SENTENCE = 200
# However long a hub asks to be left alone.
_LONGEST_WAIT_SECONDS = 300.0

# Statuses (RFC 9110, RFC 6585) that say the batch is wrong. All others are about the way to the hub, or pass.
_FOR_GOOD = frozenset({400, 413, 422})
_ADVICE = {
    401: "does not know this sensor's key. Let it join again, or check links.uplink_key_file.",
    403: "takes no scans from this sensor: its key may be another's, or the sensor switched off there.",
    404: "takes no scans at this address. Check links.uplink_url.",
    405: "takes no scans at this address. Check links.uplink_url.",
    409: "takes no scans of another site. Let this sensor join its site, or check links.uplink_url.",
    408: "found the line too slow. It is tried again.",
    429: "is sent more than it takes in. It is tried again.",
    501: "is of another version than this sensor. Update the older of both.",
    503: "cannot take scans just now. It is tried again.",
}


class HubAddressError(LinkSettingsError):
    """The settings for the hub cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class HubAddress:
    """How to reach the hub; from config.toml.

    Attributes:
        url: Its address, for example https://hub.example:8050.
        key: The key it gave this sensor; None for none.
        ca_file: The certificate to trust with https, as PEM; None for those that the whole world trusts.
    """

    url: str
    key: str | None = field(repr=False)
    ca_file: Path | None


class HttpSender:
    """Posts bodies of JSON to a hub. For one thread.

    Args:
        hub: How to reach it.
        is_older: Whether they are the older BLE agent's payload. It has a route of its own, is not compressed, and any
            answer in JSON is taken for a receipt.
    """

    def __init__(self, hub: HubAddress, *, is_older: bool = False) -> None:
        """Prepare; nothing is opened yet.

        Raises:
            HubAddressError: The settings cannot be used.
        """
        self._url = hub.url.rstrip("/") + (OLDER_PATH if is_older else BATCHES_PATH)
        self._far = f"The hub at {hub.url.rstrip('/')}"
        self._is_older = is_older
        headers = {"Content-Type": "application/json"}
        if not is_older:
            headers["Content-Encoding"] = "gzip"
        self._pool = hub_pool(hub, headers)

    @property
    def problem(self) -> str | None:
        """None: between two requests nothing is known of the hub."""
        return None

    def start(self) -> None:
        """Nothing to do: the connection is made when there is something to send."""

    def stop(self) -> None:
        """Close the connection, unless something is on its way."""
        self._pool.clear()

    def send(self, body: bytes) -> None:
        """As `links.uplink.Sender` says. Without retries no redirect is followed, which would show others the key."""
        packed = body if self._is_older else gzip.compress(body, _COMPRESSION, mtime=0)
        try:
            response = self._pool.request("POST", self._url, body=packed, retries=False, preload_content=False)
            try:
                answer = response.read(_MOST_ANSWER_BYTES)
            finally:
                response.close()  # what was read to its end has gone back to the pool by now
        except (HTTPError, OSError) as error:
            raise SendError(why_unreachable(error, self._far, CA_SETTING)) from error
        self._judge(response, answer)

    def _judge(self, response: BaseHTTPResponse, answer: bytes) -> None:
        judge(response, self._far, answer)
        if not self._is_acknowledgement(answer):
            raise SendError(f"{self._far} answers, but not as a hub does. Check links.uplink_url.")

    def _is_acknowledgement(self, answer: bytes) -> bool:
        """Whether it is a hub that says so, and not the log-in page of a guest network."""
        try:
            said = json.loads(answer)
        except (ValueError, RecursionError):
            return False
        return self._is_older or (isinstance(said, dict) and isinstance(said.get("stored"), int))


def hub_pool(hub: HubAddress, headers: Mapping[str, str]) -> PoolManager:
    """A connection to a hub, which is made when it is needed.

    Args:
        hub: How to reach it.
        headers: Sent with each request, besides the sensor's key.

    Raises:
        HubAddressError: The settings cannot be used.
    """
    sent = dict(headers)
    if hub.key is not None:
        if not (hub.key.isascii() and hub.key.isprintable()):
            raise HubAddressError("The file links.uplink_key_file does not hold a key. Let the sensor join again.")
        sent["X-API-Key"] = hub.key
    try:
        context = trusting(hub.ca_file, CA_SETTING) if parse_url(hub.url).scheme == "https" else None
    except CertificateFileError as error:
        raise HubAddressError(str(error)) from error
    except HTTPError as error:
        raise HubAddressError(f"{hub.url!r} (links.uplink_url) is not the address of a hub.") from error
    return PoolManager(num_pools=1, headers=sent, timeout=_PATIENCE, ssl_context=context)


def judge(response: BaseHTTPResponse, far: str, answer: bytes) -> None:
    """Let pass what a hub took.

    Args:
        response: Its answer.
        far: What the hub is called in a sentence.
        answer: The body of the answer.

    Raises:
        RefusedError: What was sent can never be taken.
        SendError: It was not taken; it may be later.
    """
    if 200 <= response.status < 300:
        return
    if response.status in _FOR_GOOD:
        raise RefusedError(f"{far} refuses it ({response.status}).{_words_of(answer)}")
    if 300 <= response.status < 400:
        raise SendError(f"{far} points elsewhere. Check links.uplink_url, and whether it is to be https.")
    words = _ADVICE.get(response.status, f"answers with {response.status}. It is tried again.")
    raise SendError(f"{far} {words}{_words_of(answer)}", _wait_seconds(response))


def _words_of(answer: bytes) -> str:
    """What the hub says is wrong, as far as it can be shown: it goes into the log and onto the page."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return ""
    detail = said.get("detail") if isinstance(said, dict) else None
    if not isinstance(detail, str):
        return ""
    return " It says: " + "".join(letter if letter.isprintable() else " " for letter in detail[:_LONGEST_SENTENCE])


def _wait_seconds(response: BaseHTTPResponse) -> float:
    """How long the hub asks to be left alone, as Retry-After says it in seconds (RFC 9110, 10.2.3)."""
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_WAIT_SECONDS) if asked.isascii() and asked.isdigit() else 0.0
