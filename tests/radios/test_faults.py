from __future__ import annotations

import time

import pytest

from presence.faults import advice_for
from presence.radio import Radio
from tests.radios.box import Box, ScanTold
from tests.radios.faults import FAULTS, PATIENCE_SECONDS, RadioFault, all_heard
from tests.radios.shown import ShownPage
from tests.radios.table import FaultRow, FaultTable

# A fault may come, and go, in the middle of a scan: the one after that must know.
_SCANS_TO_KNOW = 2


def since(scans: list[ScanTold], number: int) -> list[ScanTold]:
    """The scans after that of a number."""
    return [scan for scan in scans if scan.number > number]


def words_of(text: str) -> str:
    """A text as the page shows it: commands are set apart by their looks."""
    return " ".join(text.replace("`", "").split())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_told_and_gone_again(running: Box, page: ShownPage, table: FaultTable, fault: RadioFault) -> None:
    """A broken radio is told on the page with its reason, disturbs no other, and is heard again without a restart."""
    running.wait_until(lambda: all_heard(running.scans()), PATIENCE_SECONDS, "both radios heard before")
    process, before = running.process(), running.scans()[-1].number
    running.machine.do(fault.injection, PATIENCE_SECONDS)
    began = time.monotonic()

    def reason() -> str:
        told = (scan.by_radio[fault.radio].reason for scan in since(running.scans(), before))
        return next((text for text in told if text in fault.reasons), "")

    running.wait_until(lambda: bool(reason()), PATIENCE_SECONDS, f"{fault.name}: one of {sorted(fault.reasons)}")
    advice = {words_of(advice_for(fault.radio, one)) for one in fault.reasons}

    def said() -> str:
        shown = page.radio(fault.radio)
        return next((text for text in advice if text in shown), "")

    running.wait_until(lambda: bool(said()), PATIENCE_SECONDS, f"{fault.name} on the page")
    told_seconds, said_on_page = time.monotonic() - began, said()
    ended, last = time.monotonic(), running.scans()[-1].number
    if fault.end:
        running.machine.do(fault.end, PATIENCE_SECONDS)
    running.wait_until(
        lambda: any(scan.by_radio[fault.radio].is_whole for scan in since(running.scans(), last)),
        PATIENCE_SECONDS,
        f"heard again after {fault.name}",
    )
    recovered_seconds = time.monotonic() - ended
    scans = since(running.scans(), before)
    (other,) = (radio for radio in Radio if radio is not fault.radio)
    disturbed = [scan.number for scan in scans if not scan.by_radio[other].is_whole]
    table.add(FaultRow(fault.name, said_on_page, told_seconds, recovered_seconds, is_undisturbed=not disturbed))
    assert not disturbed
    assert reason() in {scan.by_radio[fault.radio].reason for scan in scans[:_SCANS_TO_KNOW]}
    assert any(scan.by_radio[fault.radio].is_whole for scan in since(scans, last)[:_SCANS_TO_KNOW])
    assert running.process() == process
