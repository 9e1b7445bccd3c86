"""Access: who may do what. One table of rules for every route, and no more roles than there are kinds of asker."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AccessError(Exception):
    """A key, a name or a password cannot be what was asked for; the message says why and what to do."""


class NoSuchKeyError(AccessError):
    """There is no such key, or it was revoked before."""


class KeyNameTakenError(AccessError):
    """A key that is in use has this name already."""


class Role(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    """May look, also at single devices, and export them."""
    SENSOR = "sensor"
    """May send scans in, and nothing else: who takes a sensor from its wall cannot look with its key."""
    ADMIN = "admin"
    """May do everything."""

    def includes(self, needed: Role) -> bool:
        """Whether who has this role may do what asks for another one."""
        return self is needed or self is Role.ADMIN


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who has said who they are, and was believed.

    Attributes:
        name: The name of their key, or "admin" for who logged in with the password.
        role: What they may do.
    """

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as a list of keys shows it: without the key.

    Attributes:
        key_id: Its number.
        name: Who or what it was made for.
        role: What it lets its holder do.
        made_at: When it was made.
        used_at: When it was last used, to the hour; None for never.
        revoked_at: When it was taken back; None while it is good.
    """

    key_id: int
    name: str
    role: Role
    made_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made.

    Attributes:
        row: It, as the list will show it.
        key: The key itself. Nobody can tell it again.
    """

    row: KeyRow
    key: str = field(repr=False)


# What anybody on the LAN may read, and whatever lies below: counts, and the state of the site, of nobody in particular.
# Here /devices are the sensors, as the older BLE agent called them. A route that is not listed asks for a viewer's
# key, so that one that is forgotten here is closed, not open.
_OPEN_READS = (
    "/api/v1/statistics",
    "/api/v1/people",
    "/api/v1/head-counts",
    "/api/v1/head-counts.csv",
    "/api/v1/fixtures",
    "/api/v1/visits",
    "/api/v1/scans",
    "/api/v1/radios",
    "/api/v1/faults",
    "/api/v1/sensors",
    "/api/v1/devices",
    "/api/v1/detections/count",
    "/api/v1/settings/thresholds",
    "/api/v1/health",
    "/api/v1/me",
    "/api/v1/docs",
    "/api/v1/openapi.json",
)

# Never closed, or nobody could log in: the page for it and what it is drawn with, which holds nothing of the place.
# Who watches over the box has no key either, and hears no more than whether it works.
_LOGIN_PAGE = "/login"
# Who is counted can read why.
_ALWAYS_OPEN_READS = (_LOGIN_PAGE, "/health", "/assets", "/privacy")
_ALWAYS_OPEN_POSTS = ("/api/v1/login", "/api/v1/logout")

# What even to read is for the admin: keys, whom alerts go to, and strangers' devices, whom the owner of a tag lets be
# listed for a moment to find theirs.
_CLOSED_READS = ("/api/v1/keys", "/api/v1/channels", "/api/v1/tags/nearby")

# What a sensor sends, and the register of tags that it listens by.
_SENSOR_POSTS = ("/api/v1/detections", "/api/v1/batches", "/api/v1/tag-reports")
_SENSOR_READS = ("/api/v1/sensor/register",)

# Whoever may see an alert may say that they know of it. Asking what other settings would have said changes nothing, but
# takes a Pi some seconds, so not everybody may.
_FOR_VIEWERS = re.compile(r"/api/v1/(alerts/[0-9]+/acknowledge|people/what-if)", re.ASCII)

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def needed_role(method: str, path: str, *, login_required: bool) -> Role | None:
    """The role that a request asks for; None when anybody may.

    Args:
        method: Its HTTP method; that of a WebSocket is GET (RFC 6455, section 4.1).
        path: Its path, decoded as the router sees it.
        login_required: Whether even looking asks for a login.
    """
    if _is_always_open(method, path):
        return None
    needed = _needed_to_read(path) if method in _READING else _needed_to_change(method, path)
    return Role.VIEWER if needed is None and login_required else needed


def _is_always_open(method: str, path: str) -> bool:
    if method == "POST":
        return path in _ALWAYS_OPEN_POSTS
    return method in _READING and any(_is_below(path, one) for one in _ALWAYS_OPEN_READS)


def _needed_to_read(path: str) -> Role | None:
    # What closes looks at beginnings and what opens at whole names, so that an odd path is closed rather than open.
    if path.startswith(_CLOSED_READS):
        return Role.ADMIN
    if path in _SENSOR_READS:
        return Role.SENSOR
    if path.startswith("/api"):
        return None if any(_is_below(path, one) for one in _OPEN_READS) else Role.VIEWER
    return None


def _needed_to_change(method: str, path: str) -> Role | None:
    if method == "POST" and any(_is_below(path, one) for one in _SENSOR_POSTS):
        return Role.SENSOR
    if method == "POST" and _FOR_VIEWERS.fullmatch(path):
        return Role.VIEWER
    # By these the page reads as well as it changes. Whatever changes something asks for the role itself.
    if method == "POST" and path.startswith("/_dash-"):
        return None
    return Role.ADMIN


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


# Without the look-alikes i, l, o, 0 and 1. 16 of 31 characters are 79 bits, more than anybody tries in a lifetime.
_EASY_TO_TYPE = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS = 4
_GROUP_LENGTH = 4


def first_password(rng: random.Random) -> str:
    """A password that is easy to copy from a screen by hand, such as 7kbm-w2hx-rr9d-e4ta.

    Args:
        rng: What to draw from; `secrets.SystemRandom()`, for anything else can be foretold.
    """
    return "-".join("".join(rng.choices(_EASY_TO_TYPE, k=_GROUP_LENGTH)) for _ in range(_GROUPS))
