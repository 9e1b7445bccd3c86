"""The door: checks who wants to log in, and how often they try."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from starlette.requests import HTTPConnection

from db.access import Access
from links.rate_limit import GrowingDelay, client_name
from presence.access import Identity, Role

# Passwords that wait to be checked, a moment each, one after another: more than these were not typed by people.
_MOST_WAITING = 10


class TooManyTriesError(Exception):
    """A password was not looked at, since too many were tried.

    Attributes:
        wait_seconds: How long to wait before the next try.
    """

    def __init__(self, wait_seconds: float) -> None:
        super().__init__("There were too many tries.")
        self.wait_seconds = wait_seconds


class Door:
    """Lets in who knows the password. One check at a time, so that those who try keep no thread from others.

    Args:
        access: Knows the password, keys and logins.
        clock: Tells the time, aware.
        monotonic: Counts seconds.
    """

    def __init__(self, access: Access, clock: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._access = access
        self._clock = clock
        self._tries = GrowingDelay(monotonic)
        self._one_by_one = asyncio.Lock()
        self._waiting = 0

    async def is_password(self, asked: HTTPConnection, password: str) -> bool:
        """Whether this is the admin password.

        Raises:
            TooManyTriesError: It was not looked at.
            DatabaseError: The database cannot be read.
        """
        if self._waiting >= _MOST_WAITING:
            raise TooManyTriesError(_MOST_WAITING)
        client = client_name(asked.client.host if asked.client else None)
        if wait_seconds := self._tries.wait_seconds(client):
            raise TooManyTriesError(wait_seconds)
        self._waiting += 1
        try:
            async with self._one_by_one:
                is_right = await asyncio.to_thread(self._access.check_password, password)
        finally:
            self._waiting -= 1
        if is_right:
            self._tries.forgive(client)
        return is_right

    async def let_in(self, asked: HTTPConnection, secret: str) -> tuple[Identity, str] | None:
        """Who logs in with the password or a key, and what their browser is to keep; None for who may not.

        A key may be tried as often as one likes, for it cannot be guessed. Nor does a right one end the wait of who
        tries passwords: otherwise who holds any key could try them for ever.

        Raises:
            TooManyTriesError: It was not looked at.
            DatabaseError: The database cannot be read or written.
        """
        holder = await asyncio.to_thread(self._access.identity_of, secret, self._clock())
        if holder is not None:
            return holder, secret
        if not await self.is_password(asked, secret):
            return None
        return Identity("admin", Role.ADMIN), await asyncio.to_thread(self._access.begin_login, self._clock())
