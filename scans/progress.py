"""Progress: when the loop that runs every minute last got on."""

from __future__ import annotations

from collections.abc import Callable


class Progress:
    """Remembers the last moment at which a minute was got through. May be used from several threads.

    Args:
        monotonic: Seconds that only ever go forward.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._at = monotonic()  # the programme has just begun

    def note(self) -> None:
        """A minute was got through."""
        self._at = self._monotonic()

    def seconds_since(self) -> float:
        """Seconds since the last one, or since the beginning."""
        return self._monotonic() - self._at
