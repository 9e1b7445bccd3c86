"""Any bytes at each boundary: some hundred here, more than a million by `python -m bench.fuzz` (docs/strangers.md)."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.strangers import from_programmes, from_the_air, names
from tests.strangers.frames import strange_frames

# Those that take a millisecond or more are tried less often, so that all of it takes seconds.
BOUNDARIES = [
    (from_the_air.lines_of_tshark, 200),
    (from_the_air.advertising_data, 200),
    (from_the_air.what_bleak_hands_over, 200),
    (from_the_air.rows_of_a_log, 200),
    (from_the_air.identities_as_typed, 200),
    (from_programmes.batches, 100),
    (from_programmes.older_payloads, 200),
    (from_programmes.reports_of_tags, 200),
    (from_programmes.tables_of_tags, 200),
    (from_programmes.requests, 100),
    (names.networks, 50),
    (names.devices, 200),
]


def _random_bytes(seed: int) -> bytes:
    """Many bytes, where hypothesis likes few and simple ones."""
    return random.Random(seed).randbytes(400)


@pytest.mark.parametrize(("check", "examples"), BOUNDARIES, ids=[check.__name__ for check, _ in BOUNDARIES])
def test_strange_bytes_do_no_harm(check: Callable[[bytes], None], examples: int) -> None:
    """Whatever bytes come, they are refused with a reason, or become what can be shown, stored and told."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=400) | st.integers(0).map(_random_bytes))
    def try_it(data: bytes) -> None:
        check(data)

    try_it()


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (apt: tshark)")
def test_strange_frames_do_no_harm(tmp_path: Path) -> None:
    """Frames with turned bits and elements that lie about their length are read by tshark, and passed over or heard."""
    assert strange_frames(random.Random(1), 3000, tmp_path) > 0
