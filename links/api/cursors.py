"""Cursors: where a page of a list ended, as a word that is handed back to have the next."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress

from links.api.parameters import refusal
from presence.pages import PageKey

# What a cursor holds: whole numbers. With at most 18 digits each fits into the 64 bits of a database.
_CURSOR = re.compile(r"-?\d{1,18}(,-?\d{1,18})*", re.ASCII)
MOST_CURSOR = 128
"""How long a cursor may be, in characters."""


def cursor_after(key: PageKey | None) -> str | None:
    """The cursor of the page that follows; None when there is none."""
    return None if key is None else urlsafe_b64encode(",".join(map(str, key)).encode()).decode().rstrip("=")


def key_of(cursor: str, length: int) -> PageKey:
    """Where the page before ended, in so many numbers.

    Raises:
        RequestValidationError: This is no such cursor.
    """
    with suppress(ValueError):  # what is no cursor is refused below
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        if _CURSOR.fullmatch(text) and text.count(",") == length - 1:
            return tuple(map(int, text.split(",")))
    raise refusal("cursor", "this is no cursor; take next_cursor of a page as it is")
