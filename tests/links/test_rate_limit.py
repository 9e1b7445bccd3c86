from __future__ import annotations

import pytest

from links.rate_limit import GrowingDelay, TokenBuckets, client_name
from tests.links.guarded import Stopwatch


def test_a_bucket_fills_again_with_time() -> None:
    """In the long run somebody gets so much a second, however they spread it; the wait told is the wait needed."""
    watch = Stopwatch()
    buckets = TokenBuckets(2, 3, watch)
    assert [buckets.wait_seconds("a") for _ in range(4)] == [0, 0, 0, 0.5]
    watch.seconds += 0.25
    assert buckets.wait_seconds("a") == 0.25
    watch.seconds += 0.25
    assert buckets.wait_seconds("a") == 0
    watch.seconds += 3600
    assert [buckets.wait_seconds("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_tries_cost_more_and_more_time() -> None:
    """Five are free; then the wait is a minute, and doubles up to a quarter of an hour."""
    watch = Stopwatch()
    delay = GrowingDelay(watch)
    assert [delay.wait_seconds("a") for _ in range(6)] == [0, 0, 0, 0, 0, 60]
    waits = []
    for _ in range(2000):
        waits.append(delay.wait_seconds("a"))
        watch.seconds += waits[-1]
        assert delay.wait_seconds("a") == 0
    assert waits[:6] == [60, 120, 240, 480, 900, 900]
    assert set(waits[4:]) == {900}


def test_tries_are_forgotten_after_an_hour_or_a_right_one() -> None:
    """Who mistyped this morning begins anew, and so does who knew it in the end."""
    watch = Stopwatch()
    delay = GrowingDelay(watch)
    for _ in range(5):
        delay.wait_seconds("a")
    watch.seconds += 3600
    assert [delay.wait_seconds("a") for _ in range(6)] == [0, 0, 0, 0, 0, 60]
    delay.forgive("a")
    assert delay.wait_seconds("a") == 0


def test_limits_take_bounded_memory() -> None:
    """However many addresses come, only those that tried last are remembered."""
    watch = Stopwatch()
    delay, buckets = GrowingDelay(watch), TokenBuckets(1, 1, watch)
    for number in range(4096 + 2):
        for _ in range(5):
            delay.wait_seconds(str(number))
        buckets.wait_seconds(str(number))
        if number == 2000:
            watch.seconds += 60
            delay.wait_seconds("1")
    assert delay.wait_seconds("1") == 120
    assert delay.wait_seconds("0") == 0
    assert buckets.wait_seconds("4097") == 1
    assert buckets.wait_seconds("0") == 0


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.168.1.5", "192.168.1.5"),
        ("::ffff:192.168.1.5", "192.168.1.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_an_address_stands_for_who_has_it(host: str | None, name: str) -> None:
    """Of IPv6 a whole network is one, since each machine in it has as many addresses as it likes."""
    assert client_name(host) == name
