"""The visitor key: turns addresses into hashes that nobody can turn back, and is thrown away on time."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from presence.radio import Radio
from scans.private_file import write_privately

# Steps of the ratchet that one rotation may take. 200 years of days: a clock that is further off than this is not a
# clock.
_MOST_STEPS = 73_000


class KeyRotation(StrEnum):
    """How long one visitor key lasts, and with it how long a device can be recognised."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    NEVER = "never"


class KeyFileError(Exception):
    """The key file cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class VisitorKey:
    """The key of one period.

    Attributes:
        period: Day number (`date.toordinal`) of the period's first day.
        secret: 32 bytes, never shown.
        site: 16 hexadecimal digits that name the line of keys this one belongs to. Hashes of two sensors agree when
            both have the same site and period. It tells nothing about the secret.
    """

    period: int
    secret: bytes = field(repr=False)
    site: str

    def hash_of(self, radio: Radio, address: str) -> str:
        """Name a device: HMAC-SHA-256 (RFC 2104) of its address, as 64 hexadecimal digits.

        The radio is part of what is hashed, so that the same address on Wi-Fi and on Bluetooth gives two names.
        """
        return hmac.digest(self.secret, f"{radio.value} {address}".encode(), "sha256").hex()

    def stepped_to(self, period: int) -> VisitorKey:
        """The key of a later period, by one one-way step a day; the way back does not exist."""
        secret = self.secret
        for _ in range(period - self.period):
            secret = hmac.digest(secret, b"next day", "sha256")
        return VisitorKey(period, secret, self.site)


def new_key(period: int) -> VisitorKey:
    """The first key of a new line."""
    return VisitorKey(period, secrets.token_bytes(32), secrets.token_hex(8))


def period_of(now_at: datetime, rotation: KeyRotation, rotation_hour: int, time_zone: ZoneInfo) -> int:
    """Day number of the first day of the key period of a moment; a day begins at `rotation_hour`, local time."""
    day = date.fromordinal(_day_of(now_at, rotation_hour, time_zone))
    match rotation:
        case KeyRotation.DAILY:
            return day.toordinal()
        case KeyRotation.WEEKLY:
            return day.toordinal() - day.weekday()
        case KeyRotation.MONTHLY:
            return day.replace(day=1).toordinal()
        case KeyRotation.NEVER:
            return date.min.toordinal()


def _day_of(now_at: datetime, rotation_hour: int, time_zone: ZoneInfo) -> int:
    return (now_at.astimezone(time_zone).replace(tzinfo=None) - timedelta(hours=rotation_hour)).date().toordinal()


class VisitorKeys:
    """Hands out the key of the moment, and destroys the one before.

    With a path, the key lives in a file that only its owner can read, replaced as a whole at each rotation: what a
    thief finds on the card is the key of today. Without a path it lives in memory and ends with the process.
    """

    def __init__(self, path: Path | None, rotation: KeyRotation, rotation_hour: int, time_zone: ZoneInfo) -> None:
        self._path = path
        self._rotation = rotation
        self._rotation_hour = rotation_hour
        self._time_zone = time_zone
        self._key: VisitorKey | None = None
        self._stepping = threading.Lock()  # the radios and what others send ask for it

    def key_at(self, now_at: datetime, *, clock_is_right: bool = True) -> VisitorKey:
        """The key for a scan that starts at `now_at`.

        A clock that is known to be wrong never moves the key: after a power cut it may show yesterday for a while, and
        a key once stepped cannot go back to where the other sensors of the site are. Its scans belong to no day, so
        any key will do for them.

        Raises:
            KeyFileError: The key file cannot be read or written.
        """
        with self._stepping:
            return self._key_at(now_at, clock_is_right=clock_is_right)

    def _key_at(self, now_at: datetime, *, clock_is_right: bool) -> VisitorKey:
        period = period_of(now_at, self._rotation, self._rotation_hour, self._time_zone)
        key = self._key or self._read()
        if not clock_is_right and (key is None or key.period != period):
            return new_key(period)
        if key is None or not self._is_of(key, period, now_at):
            key = self._next(key, period)
            self._write(key)
        self._key = key
        return key

    def _is_of(self, key: VisitorKey, period: int, now_at: datetime) -> bool:
        """Whether a key is the one of a moment, or of a day at most ahead: a clock that was put back a little.

        The key of the day before cannot be had again, and a new one would part this sensor from its site for good.
        """
        is_a_little_ahead = period < key.period <= _day_of(now_at, self._rotation_hour, self._time_zone) + 1
        return key.period == period or is_a_little_ahead

    @property
    def site(self) -> str | None:
        """The site that the key is of, whatever the clock shows; None before the first key.

        Raises:
            KeyFileError: The key file cannot be read; it is read once.
        """
        key = self.in_force
        return None if key is None else key.site

    @property
    def in_force(self) -> VisitorKey | None:
        """The key as it stands, whatever the clock shows; it is not moved. None before the first.

        Raises:
            KeyFileError: The key file cannot be read; it is read once.
        """
        with self._stepping:
            self._key = self._key or self._read()
            return self._key

    def adopt(self, key: VisitorKey) -> None:
        """Take another site's key from here on.

        Raises:
            KeyFileError: The key file cannot be written.
        """
        self._write(key)
        self._key = key

    def _next(self, key: VisitorKey | None, period: int) -> VisitorKey:
        """Step forward; when the clock went back, or beyond reason, begin anew: an old key cannot be had again."""
        if key is None or not 0 < period - key.period <= _MOST_STEPS:
            return new_key(period)
        return key.stepped_to(period)

    def _read(self) -> VisitorKey | None:
        if self._path is None:
            return None
        try:
            stored = json.loads(self._path.read_text(encoding="ascii"))
            return VisitorKey(int(stored["period"]), bytes.fromhex(stored["secret"]), str(stored["site"]))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = (
                f"The visitor key {self._path} cannot be read ({type(error).__name__}). Delete it to begin "
                "with a new one: today's devices are then counted as new, nothing else is lost."
            )
            raise KeyFileError(message) from error

    def _write(self, key: VisitorKey) -> None:
        if self._path is None:
            return
        text = json.dumps({"period": key.period, "secret": key.secret.hex(), "site": key.site})
        try:
            write_privately(self._path, text)
        except OSError as error:
            message = (
                f"The visitor key {self._path} cannot be written ({error.strerror}). "
                "Make room on the disk and let this user write to that folder."
            )
            raise KeyFileError(message) from error
