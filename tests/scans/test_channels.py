from __future__ import annotations

import threading
from collections import Counter

from scans.channels import HopPlan


class EndsWhenQuiet(threading.Event):
    """The end of a capture, which comes when only it is waited for."""

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is None:
            self.set()
        return super().wait(timeout)


class FakeRadio:
    """Remembers to which channels it was tuned, refuses some, and ends the capture after so many."""

    def __init__(self, *refused: int) -> None:
        self.tuned: list[int] = []
        self._refused = refused

    def capture(self, plan: HopPlan, visits: int = 99) -> list[int]:
        """The channels tuned to in a capture that ends after so many, or when the radio stays where it is."""
        stopping = EndsWhenQuiet()
        tuned: list[int] = []

        def tune(channel: int) -> bool:
            tuned.append(channel)
            if len(tuned) == visits:
                stopping.set()
            return channel not in self._refused

        plan.follow(tune, stopping)
        self.tuned += tuned
        return tuned


def test_channels_are_visited_in_turn() -> None:
    """Each channel comes as often as the others."""
    assert FakeRadio().capture(HopPlan((1, 6, 11), 0.0), 7) == [1, 6, 11, 1, 6, 11, 1]


def test_the_next_capture_goes_on_where_the_last_one_ended() -> None:
    """Channels at the end of a long plan are not left out, however short the captures are."""
    plan, radio = HopPlan((1, 6, 11, 36, 40), 0.0), FakeRadio()
    for _ in range(5):
        radio.capture(plan, 3)
    assert Counter(radio.tuned) == {1: 3, 6: 3, 11: 3, 36: 3, 40: 3}


def test_a_refused_channel_is_tried_once_in_a_capture() -> None:
    """A channel that is refused is left out until the next capture tries it again."""
    plan, radio = HopPlan((1, 200, 6), 0.0), FakeRadio(200)
    assert radio.capture(plan, 6) == [1, 200, 6, 1, 6, 1]
    assert radio.capture(plan, 4) == [6, 1, 200, 6]


def test_a_channel_alone_is_stayed_on() -> None:
    """One channel, or one that is left of several, is tuned to and not left."""
    assert FakeRadio().capture(HopPlan((6,), 0.0)) == [6]
    assert FakeRadio(200).capture(HopPlan((6, 200), 0.0)) == [6, 200, 6]


def test_without_any_channel_the_end_is_waited_for() -> None:
    """When all channels are refused, the interface is left on its own until the capture ends."""
    assert FakeRadio(1, 6).capture(HopPlan((1, 6), 0.0)) == [1, 6]
