"""Draws values out of bytes, so that whatever finds bytes (hypothesis, atheris, a random mutation) finds inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

_Item = TypeVar("_Item")


class Drawing:
    """Bytes that are used up from the front; all that is drawn after their end is zero or empty."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, most: int) -> int:
        """A whole number from 0 to `most`."""
        size = max(1, (most.bit_length() + 7) // 8)
        return int.from_bytes(self.some(size), "big") % (most + 1)

    def one_of(self, items: Sequence[_Item]) -> _Item:
        """One of some items."""
        return items[self.number(len(items) - 1)]

    def some(self, count: int) -> bytes:
        """The next bytes, as far as there are any."""
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def bytes_up_to(self, most: int) -> bytes:
        """Some bytes, how many is drawn too."""
        return self.some(self.number(most))

    def text_up_to(self, most: int) -> str:
        """Text of as many bytes; each that is no UTF-8 becomes a replacement character."""
        return self.bytes_up_to(most).decode("utf-8", "replace")

    @property
    def is_over(self) -> bool:
        """Whether all is used up."""
        return self._at >= len(self._data)
