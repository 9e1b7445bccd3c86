from __future__ import annotations

import random
import time
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from presence.scan import AddressKind
from scans.joining import joined
from scans.traces import Glimpse, Trace

MODEL, OTHER_MODEL = 7, 8


def glimpse(
    minute: int,
    sequence: int | None,
    *,
    second: float = 0.0,
    seconds: float = 0.1,
    rssi_dbm: float | None = -50.0,
    fingerprint: int | None = MODEL,
) -> Glimpse:
    """A search of three frames in the scan of a minute."""
    at = 60.0 * minute
    last = None if sequence is None else (sequence + 2) % 4096
    first_at = at + second
    return Glimpse(at, first_at, first_at + seconds, 3, 1, 3, rssi_dbm, fingerprint, sequence, last)


def trace(*glimpses: Glimpse) -> Trace:
    return Trace(AddressKind.RANDOMISED, is_stable=False, family=None, glimpses=glimpses)


def device_count(traces: Sequence[Trace]) -> int:
    return len(set(joined(traces)))


def searches(
    first_sequence: int, step: int = 40, minutes: Sequence[int] = range(10), second: float = 0.0
) -> list[Trace]:
    """What a phone sends that takes a new address each minute, and goes on with its sequence numbers."""
    return [trace(glimpse(minute, (first_sequence + minute * step) % 4096, second=second)) for minute in minutes]


def test_nobody_is_nobody() -> None:
    """Without addresses there are no devices."""
    assert joined([]) == []


def test_models_are_told_apart() -> None:
    """Addresses that say different things of themselves are never of one device."""
    assert device_count([trace(glimpse(0, 1)), trace(glimpse(1, 20, fingerprint=OTHER_MODEL))]) == 2


def test_addresses_that_say_nothing_stand_alone() -> None:
    """Without a fingerprint nothing joins two addresses."""
    assert device_count([trace(glimpse(minute, 20 * minute, fingerprint=None)) for minute in range(5)]) == 5


def test_a_phone_that_goes_on_with_its_numbers_is_one() -> None:
    """Ten addresses whose sequence numbers follow each other, past 4095 too, are one device."""
    assert device_count(searches(3900)) == 1


def test_a_phone_whose_numbers_are_random_is_one() -> None:
    """Ten addresses with numbers as random as they are themselves are one device, but for rare chances."""
    counts = []
    for seed in range(100):
        rng = random.Random(seed)
        counts.append(device_count([trace(glimpse(minute, rng.randrange(4096))) for minute in range(10)]))
    assert counts.count(1) >= 90


def test_a_phone_without_numbers_is_one() -> None:
    """Where no sequence numbers are known, addresses that say the same are one device."""
    assert device_count([trace(glimpse(minute, None)) for minute in range(10)]) == 1


def test_equal_phones_are_told_apart_by_their_numbers() -> None:
    """Three phones of one model, each with a line of numbers of its own, are three devices, and not mixed up."""
    phones = [searches(first, second=second) for first, second in ((100, 0), (1500, 2), (2900, 4))]
    numbers = joined([one for phone in phones for one in phone])
    assert [len(set(numbers[at : at + 10])) for at in (0, 10, 20)] == [1, 1, 1]
    assert len(set(numbers)) == 3


def test_two_addresses_at_the_same_moment_are_two_devices() -> None:
    """A phone uses one address at a time, so that two that say the same and overlap in each scan are of two phones."""
    rng = random.Random(1)
    interleaved = [
        trace(glimpse(minute, rng.randrange(4096), second=second, seconds=3.0))
        for minute in range(6)
        for second in (0, 1)
    ]
    assert device_count(interleaved) == 2


def test_an_address_that_stays_for_a_while_is_one_device() -> None:
    """An address that is heard in several scans is never divided, though another is heard between."""
    kept = trace(*(glimpse(minute, 100 + 40 * minute) for minute in range(5)))
    assert len(set(joined([kept, *searches(2000, minutes=range(5), second=1.0)]))) == 2


def test_a_phone_that_begins_its_numbers_anew_stays_one() -> None:
    """A line of numbers that ends as another begins is one device, where both lasted for two scans or more."""
    assert device_count([*searches(100, minutes=range(5)), *searches(2200, minutes=range(5, 10))]) == 1


def test_strength_helps_where_numbers_leave_it_open() -> None:
    """Of two lines that an address may follow as well, it follows the one that is as strong."""
    near = trace(glimpse(0, 1000, rssi_dbm=-45.0))
    far = trace(glimpse(0, 1001, second=1.0, rssi_dbm=-80.0))
    later = [trace(glimpse(1, 1040, rssi_dbm=-46.0)), trace(glimpse(1, 1042, second=1.0, rssi_dbm=-79.0))]
    numbers = joined([near, far, *later])
    assert numbers == [0, 1, 0, 1]


def test_a_flood_of_one_model_is_joined_in_bounded_time() -> None:
    """Five thousand addresses that say the same, at random, are at most the devices that can be told apart."""
    rng = random.Random(1)
    flood = [
        trace(glimpse(minute, rng.randrange(4096), second=10 * rng.random(), seconds=rng.random()))
        for minute in range(10)
        for _ in range(500)
    ]
    begun = time.process_time()
    assert device_count(flood) <= 64
    assert time.process_time() - begun < 10.0


@given(
    st.lists(
        st.builds(
            lambda minutes, sequences, second, rssi, fingerprint: trace(
                *(
                    glimpse(minute, sequence, second=second, rssi_dbm=rssi, fingerprint=fingerprint)
                    for minute, sequence in zip(sorted(minutes), sequences, strict=False)
                )
            ),
            st.sets(st.integers(0, 9), min_size=1, max_size=3),
            st.lists(st.one_of(st.none(), st.integers(0, 4095)), min_size=3, max_size=3),
            st.floats(0, 9),
            st.one_of(st.none(), st.floats(-100, -20)),
            st.one_of(st.none(), st.integers(1, 3)),
        ),
        max_size=30,
    )
)
def test_whatever_is_heard_has_an_answer(traces: list[Trace]) -> None:
    """Each address has one device, which is named by one of its addresses, and says the same of itself throughout."""
    numbers = joined(traces)
    assert len(numbers) == len(traces)
    for own, number in enumerate(numbers):
        assert numbers[number] == number
        assert traces[own].glimpses[0].fingerprint == traces[number].glimpses[0].fingerprint
