"""The guard: stands before every route and WebSocket, finds out who asks, and lets them pass or says why not."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.access import Access
from db.errors import DatabaseError
from links.rate_limit import TokenBuckets
from links.refusals import answer_of, database_away, too_often
from presence.access import Identity, Role, needed_role

_log = logging.getLogger(__name__)

COOKIE = "tracking_login"
"""The cookie of a browser that has logged in."""

LOGIN_PATH = "/login"

# 24,000 detections a second in batches of 100, from as few as four sensors, are 60 batches a second of each; a key that
# several share gets more than three times that. Beyond it somebody is stuck in a loop.
_BATCHES_PER_SECOND = 200.0
_BATCHES_AT_ONCE = 400.0

# Names that nobody on the internet can own: RFC 6761, RFC 6762, RFC 8375, ICANN's reservation of .internal (2024), and
# two that routers give and ICANN will not sell.
_OWN_ENDINGS = (".local", ".localhost", ".home.arpa", ".internal", ".lan", ".home")

# The largest body is a batch of scans: 16 MiB, and some routes have bounds of their own below that. Who is nobody in
# particular sends the callbacks of the page, of some kilobytes each.
_MOST_BYTES = 16 * 1024 * 1024 + 1024
_MOST_BYTES_OF_STRANGERS = 256 * 1024

_READING = frozenset({"GET", "HEAD", "OPTIONS"})

# What an answer is not to be taken for, and where its address is not to be told.
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)

# What a document of ours may load and do (Content Security Policy Level 3), so that what a stranger broadcasts stays
# text even where escaping fails. Styles may be inline: plotly draws with them. Pictures may be `data:` and `blob:`:
# that is how a chart is saved, and how a picture is seen before it is sent.
_POLICY = (
    "default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class _Asker:
    identity: Identity | None
    may_look: bool


_ASKER: ContextVar[_Asker] = ContextVar("asker", default=_Asker(None, may_look=True))  # noqa: B039 - it is frozen


def current_identity() -> Identity | None:
    """Who asks what is being answered just now; None for somebody who has not said who they are."""
    return _ASKER.get().identity


def may_look() -> bool:
    """Whether who asks may see what the page shows; for what is answered to everybody, but not in full."""
    return _ASKER.get().may_look


class Guard:
    """Lets pass who may, as ASGI middleware: it must be added last, so that it comes first.

    Args:
        app: What it guards.
        access: Knows keys and logins.
        login_required: Whether even looking asks for a login.
        clock: Tells the time, aware.
        monotonic: Counts seconds.
        own_names: Names of this machine, besides those that only a LAN can have. Under any other name even looking asks
            for a login: a page from the internet can give its own name this machine's address, and would then be of
            the same origin (DNS rebinding). A cookie or key of ours is not sent to it.
        inline_scripts: Sources of the scripts that stand in a page itself, as a Content-Security-Policy names them
            (`'sha256-…'`). No other script in a page is run.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        login_required: bool,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        own_names: frozenset[str] = frozenset(),
        inline_scripts: tuple[str, ...] = (),
    ) -> None:
        self._app = app
        self._access = access
        self._login_required = login_required
        self._clock = clock
        self._own_names = frozenset(name.lower() for name in own_names)
        self._intake = TokenBuckets(_BATCHES_PER_SECOND, _BATCHES_AT_ONCE, monotonic)
        self._database_answers = True
        policy = _POLICY.format(scripts=" ".join(("'self'", *inline_scripts)))
        self._headers = (*_SECURITY_HEADERS, (b"content-security-policy", policy.encode("ascii")))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        answering = _with_headers(send, self._headers)
        try:
            asker = await self._judge(HTTPConnection(scope))
        except HTTPException as refused:
            await answer_of(refused)(scope, receive, answering)
            return
        token = _ASKER.set(asker)
        most_bytes = _MOST_BYTES if asker.identity is not None else _MOST_BYTES_OF_STRANGERS
        try:
            if scope["type"] == "websocket":
                await self._app(scope, receive, answering)
            else:
                body = _BoundedBody(receive, answering, most_bytes)
                await self._app(scope, body.receive, body.send)
        finally:
            _ASKER.reset(token)

    async def _judge(self, asked: HTTPConnection) -> _Asker:
        """Who asks.

        Raises:
            HTTPException: They may not.
        """
        if ".." in asked.scope["path"].replace("\\", "/").split("/"):
            raise HTTPException(404, "There is nothing by that name.")
        method = asked.scope.get("method", "GET")
        if (method not in _READING or asked.scope["type"] == "websocket") and _comes_from_elsewhere(asked.headers):
            raise HTTPException(
                403, "This came from a page of another address, so nothing was done. Open the page of the box itself."
            )
        is_closed = self._login_required or not self._is_own_name(asked.headers)
        needed = needed_role(method, asked.scope["path"], login_required=is_closed)
        secret = _secret_of(asked)
        try:
            identity = None if secret is None else await self._identity_of(secret)
        except DatabaseError as error:
            self._note_database(error)
            if needed is not None:
                raise database_away() from error
            return _Asker(None, may_look=not is_closed)
        if needed is not None:
            _check_role(asked, needed, identity, has_secret=secret is not None)
        if needed is Role.SENSOR and identity is not None and (wait := self._intake.wait_seconds(identity.name)):
            raise too_often(wait, "This key sends too fast.")
        is_viewer = identity is not None and identity.role.includes(Role.VIEWER)
        return _Asker(identity, may_look=is_viewer or not is_closed)

    async def _identity_of(self, secret: str) -> Identity | None:
        recalled = self._access.recall(secret)
        if recalled is not None:
            return recalled
        identity = await asyncio.to_thread(self._access.identity_of, secret, self._clock())
        self._note_database(None)
        return identity

    def _note_database(self, error: DatabaseError | None) -> None:
        """Log once when keys cannot be looked up, and once when they can again."""
        answers = error is None
        if answers != self._database_answers:
            self._database_answers = answers
            if error is not None:
                _log.error("Keys and logins cannot be looked up: %s", error)
            else:
                _log.info("Keys and logins can be looked up again")

    def _is_own_name(self, headers: Headers) -> bool:
        """Whether the name that this machine was asked by can only be its own."""
        name = _name_of(headers.get("host", ""))
        return name in self._own_names or _is_of_a_lan(name)


# Remembered, for one client asks by one name: to read an address takes half of the time that judging a request does.
@lru_cache(64)
def _is_of_a_lan(name: str) -> bool:
    """Whether this is a name that nobody on the internet can have, or an address."""
    if "." not in name or name.endswith(_OWN_ENDINGS):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name_of(host: str) -> str:
    """The name in a Host header, without port, brackets and a last dot."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().rstrip(".")


def _secret_of(asked: HTTPConnection) -> str | None:
    """The key or login that somebody brings; None for none."""
    key = asked.headers.get("x-api-key")
    if key is not None:
        return key
    scheme, _, token = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return asked.cookies.get(COOKIE)


def _comes_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that a page of another origin made this request.

    Browsers say where every change and every WebSocket comes from (Fetch Standard, section 3.2; RFC 6455, section 4.1),
    and no page can make them say otherwise. Programs say nothing, and no page makes them do what they do.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return False
    scheme, _, place = origin.lower().partition("://")
    return _without_port_of(scheme, place) != _without_port_of(scheme, headers.get("host", "").lower())


def _without_port_of(scheme: str, place: str) -> str:
    return place.removesuffix({"http": ":80", "https": ":443"}.get(scheme, ""))


def _check_role(asked: HTTPConnection, needed: Role, identity: Identity | None, *, has_secret: bool) -> None:
    if identity is not None:
        if not identity.role.includes(needed):
            raise HTTPException(
                403, f"{identity.name} may not do this: it asks for the role {needed}, and has {identity.role}."
            )
        return
    is_page = asked.scope["type"] == "http" and asked.scope["method"] == "GET"
    if is_page and "text/html" in asked.headers.get("accept", ""):
        query = asked.scope["query_string"].decode("latin-1")
        target = quote(asked.scope["path"] + (f"?{query}" if query else ""), safe="/")
        raise HTTPException(303, "Log in first.", {"Location": f"{LOGIN_PATH}?next={target}"})
    unknown = "This key is not known here, or was revoked. " if has_secret else ""
    raise HTTPException(
        401,
        f"{unknown}This asks for a key of the role {needed} in the header X-API-Key, "
        f"or for a login at {LOGIN_PATH}. `./run keys make NAME --role {needed}` makes a key.",
        {"WWW-Authenticate": "Bearer"},  # RFC 9110, section 15.5.2, asks for one
    )


class _BoundedBody:
    """A request's body, up to a bound; beyond it the answer is 413, whatever becomes of the request behind it."""

    def __init__(self, receive: Receive, send: Send, most_bytes: int) -> None:
        self._receive = receive
        self._send = send
        self._most_bytes = most_bytes
        self._received = 0
        self._has_begun = False
        self._is_refused = False

    async def receive(self) -> Message:
        """The next part of it."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
        if self._received <= self._most_bytes:
            return message
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Hand on the answer, or the refusal in its place."""
        if self._received > self._most_bytes and not self._has_begun:
            if not self._is_refused:
                self._is_refused = True
                refused = HTTPException(413, f"A body may have {self._most_bytes // 1024:,} KiB. Log in, or send less.")
                await answer_of(refused)({"type": "http"}, self.receive, self._send)
            return
        self._has_begun = True
        await self._send(message)


def _with_headers(send: Send, further: tuple[tuple[bytes, bytes], ...]) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            headers = list(message.get("headers", ()))
            said = {name.lower() for name, _ in headers}
            message["headers"] = [*headers, *(one for one in further if one[0] not in said)]
        await send(message)

    return send_with_headers
