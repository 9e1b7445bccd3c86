"""Any bytes at each boundary: some hundred here, more than a million by `python -m bench.fuzz` (docs/strangers.md)."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.strangers.boundaries import BOUNDARIES, Boundary
from tests.strangers.frames import strange_frames


def _random_bytes(seed: int) -> bytes:
    """Many bytes, where hypothesis likes few and simple ones."""
    return random.Random(seed).randbytes(400)


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=[boundary.name for boundary in BOUNDARIES])
def test_strange_bytes_do_no_harm(boundary: Boundary) -> None:
    """Whatever bytes come, they are refused with a reason, or become what can be shown, stored and told."""
    check = boundary.check()

    @settings(max_examples=boundary.examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=400) | st.integers(0).map(_random_bytes))
    def try_it(data: bytes) -> None:
        check(data)

    try_it()


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (apt: tshark)")
def test_strange_frames_do_no_harm(tmp_path: Path) -> None:
    """Frames with turned bits and elements that lie about their length are read by tshark, and passed over or heard."""
    assert strange_frames(random.Random(1), 3000, tmp_path / "strange.pcap") > 0
