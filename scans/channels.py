"""Which channel is listened on when."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

# How long to stay on a channel. A change costs 10 to 50 ms (starting iw, tuning, settling), so much less would be spent
# deaf. A phone that looks for networks runs through all channels in 1 to 4 s and speaks for 20 to 100 ms on each; in
# 10 s of listening 3 channels get 11 visits each this way, 13 still get 2 or 3.
_DWELL_SECONDS = 0.3


class HopPlan:
    """Visits channels in turn, each for as long as the others.

    Args:
        channels: The channels, by number; a single one is stayed on.
        dwell_seconds: How long to stay on each.
    """

    def __init__(self, channels: tuple[int, ...], dwell_seconds: float = _DWELL_SECONDS) -> None:
        self._channels = channels
        self._dwell_seconds = dwell_seconds
        self._first = 0

    def follow(self, tune: Callable[[int], bool], stopping: threading.Event) -> None:
        """Tune from channel to channel until `stopping`.

        Args:
            tune: Goes to a channel; whether it went well. A channel that is refused is left out for the rest of this
                capture, and tried again in the next: what is allowed changes with the country that is set.
            stopping: Ends it.
        """
        plan = deque(self._channels)
        plan.rotate(-self._first)
        while plan and not stopping.is_set():
            channel = plan.popleft()
            if not tune(channel):
                continue
            plan.append(channel)
            if len(plan) == 1:
                break
            stopping.wait(self._dwell_seconds)
        # The next capture goes on where this one ends, so that no channel is heard less than another.
        self._first = self._channels.index(plan[0]) if plan else 0
        stopping.wait()
