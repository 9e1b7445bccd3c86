from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.packed_counts import pack, unpack
from presence.counts import COUNTED_NAMES, RSSI_CUTS_DBM, Counted, FixtureHeard, RadioCounts
from tests.db.counting import counts, fixture

NUMBERS = st.integers(0, 100_000) | st.integers(0, 12)
CUTS = st.lists(NUMBERS, min_size=len(RSSI_CUTS_DBM), max_size=len(RSSI_CUTS_DBM)).map(
    lambda numbers: tuple(sorted(numbers, reverse=True))
)
COUNTED = st.tuples(*(CUTS for _ in COUNTED_NAMES)).map(lambda cuts: Counted(*cuts))
FIXTURES = st.builds(
    FixtureHeard,
    digest=st.integers(1, 500).map(lambda number: f"{number:064x}"),
    manufacturer=st.none() | st.just("Brother"),
    sendings=NUMBERS,
    bursts=NUMBERS,
    window_sendings=NUMBERS,
    window_bursts=NUMBERS,
    window_scans=st.integers(0, 20),
    cut=st.integers(0, len(RSSI_CUTS_DBM) - 1),
    is_carried=st.booleans(),
)
RADIO_COUNTS = st.builds(
    RadioCounts,
    scan=COUNTED,
    window=COUNTED,
    window_scans=st.integers(0, 20),
    fixtures=st.lists(FIXTURES, max_size=30, unique_by=lambda one: one.digest).map(tuple),
)


@given(RADIO_COUNTS)
def test_counts_come_out_as_they_went_in(given_counts: RadioCounts) -> None:
    """Whatever was counted is unpacked as it was packed, with its fixtures."""
    ids = {one.digest: int(one.digest, 16) for one in given_counts.fixtures}
    by_id = {int(one.digest, 16): (one.digest, one.manufacturer) for one in given_counts.fixtures}
    assert unpack(pack(given_counts, ids), by_id) == given_counts


def test_a_fixture_that_is_not_known_is_counted_as_anybody() -> None:
    """It is left out of the list, and the counts stay as they are."""
    heard = counts(3, fixture("printer"))
    assert unpack(pack(heard, {}), {}) == counts(3)
    assert unpack(pack(heard, {fixture("printer").digest: 7}), {}) == counts(3)


def test_a_quiet_scan_takes_some_dozens_of_bytes() -> None:
    """Twenty devices that thin out from cut to cut take less than 80 bytes a radio."""
    thinning = (20, 18, 15, 11, 7, 4, 2, 1)
    counted = Counted(*(thinning for _ in COUNTED_NAMES))
    assert len(pack(RadioCounts(counted, counted, 10), {})) < 80


@pytest.mark.parametrize("packed", [b"", b"\x02abc", b"\x01", b"\x01\xff", pack(counts(5), {})[:-3]])
def test_what_is_damaged_is_refused(packed: bytes) -> None:
    """Another version, and bytes that end too soon, are told apart from counts."""
    with pytest.raises(ValueError, match="These counts are"):
        unpack(packed, {})
