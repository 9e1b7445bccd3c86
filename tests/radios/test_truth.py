from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bench.compare_with_truth import compare_devices, compare_scans, read_truth
from presence.radio import Radio
from tests.layouts.visit import Visit
from tests.radios.box import Box

# The first scans find the adapter and switch it; some more, so that addresses change in between.
_SCANS = 5

# In an emulated machine a start takes a minute, and a scan up to 42 s of its minute.
_PATIENCE_SECONDS = 900.0


@pytest.fixture(scope="module")
def run(box: Box, chromium: Browser) -> Iterator[Path]:
    """A folder with the truth, the database and the key of a run of some minutes, whose page somebody saw."""
    box.start({"TRACKING_SCANS_WIFI_CHANNELS": "[6]"})
    box.wait_until(lambda: len(box.scans()) >= _SCANS, _PATIENCE_SECONDS, f"{_SCANS} scans")
    page = Visit(chromium.new_page(), box.machine.url)
    page.page.set_default_timeout(_PATIENCE_SECONDS * 1000)
    page.open()
    for radio in Radio:
        page.page.wait_for_selector(f"#radio-states .radio-{radio.value}")
    page.page.close()
    box.stop()
    yield box.collect()
    box.forget()


@pytest.mark.parametrize("radio", list(Radio))
def test_what_is_stored_was_on_the_air(run: Path, radio: Radio) -> None:
    """No device is stored that sent nothing, no access point is a device, and who was certainly heard is stored."""
    compared = compare_devices(run, read_truth(run))[radio.value]
    assert compared["stored"] >= len(Radio)
    assert compared["never_on_air"] == compared["access_points_stored"] == compared["certain_and_missing"] == 0


@pytest.mark.parametrize("radio", list(Radio))
def test_each_scan_counts_what_was_there(run: Path, radio: Radio) -> None:
    """Each scan's count lies between those who were certainly heard and those who can have been."""
    compared = compare_scans(run, read_truth(run))
    heard = compared[compared["radio"] == radio.value].dropna(subset="stored")
    assert len(heard) >= _SCANS - 1  # the first may come before there is an adapter
    assert heard[(heard["stored"] < heard["at_least"]) | (heard["stored"] > heard["at_most"])].empty, str(compared)
