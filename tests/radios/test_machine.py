from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.radios.box import Box, ScanTold
from tests.radios.faults import PATIENCE_SECONDS, all_heard
from tests.radios.shown import ShownPage
from tests.radios.table import FaultRow, FaultTable

# To the last byte, so that not even a log that has room of its own can grow.
_FILL = (
    "fallocate --length $(df --output=avail --block-size=1 / | tail -n 1) /filler; "
    "dd if=/dev/zero of=/filler2 bs=4k 2>/dev/null; sync"
)
_FREE = "rm -f /filler /filler2; sync"

# Seconds: 200 days ahead, an hour back, 200 days back.
_STEPS = {"+200 days": 17_280_000, "−1 hour": -3_600, "−200 days": -17_280_000}


def number_of_latest(box: Box) -> int:
    """Number of the latest scan; 0 before the first."""
    scans = box.scans()
    return scans[-1].number if scans else 0


def test_full_disk_is_told_and_recording_goes_on_when_there_is_room(
    running: Box, page: ShownPage, table: FaultTable
) -> None:
    """While the disk is full the page says that nothing is recorded; with room again it is, without a restart."""
    running.wait_until(lambda: all_heard(running.scans()), PATIENCE_SECONDS, "both radios heard before")
    process = running.process()
    running.machine.run(_FILL, PATIENCE_SECONDS)
    began = time.monotonic()
    running.wait_until(lambda: "The disk is full" in page.notices(), PATIENCE_SECONDS, "the page tells of a full disk")
    told_seconds, said = time.monotonic() - began, page.notices()
    running.machine.do(_FREE, PATIENCE_SECONDS)
    ended, before = time.monotonic(), number_of_latest(running)
    running.wait_until(lambda: number_of_latest(running) > before, PATIENCE_SECONDS, "scans recorded again")
    recovered_seconds = time.monotonic() - ended
    running.wait_until(lambda: not page.notices(), PATIENCE_SECONDS, "the page says so no more")
    table.add(FaultRow("disk full, freed again", said, told_seconds, recovered_seconds))
    assert all_heard(running.scans())
    assert running.process() == process


def test_damaged_database_is_set_aside_and_a_new_one_begun(running: Box, page: ShownPage, table: FaultTable) -> None:
    """The page names what a damaged database is called now, and the last backup; scans go on in a new one."""
    running.wait_until(lambda: all_heard(running.scans()), PATIENCE_SECONDS, "both radios heard before")
    backup = running.command("backup").split()[-1]
    process = running.process()
    running.damage_database()
    began = time.monotonic()
    running.wait_until(lambda: "was damaged" in page.notices(), PATIENCE_SECONDS, "the page tells of the damage")
    told_seconds, said = time.monotonic() - began, page.notices()
    running.wait_until(lambda: all_heard(running.scans()), PATIENCE_SECONDS, "both radios heard again")
    table.add(FaultRow("database file damaged", said, told_seconds, time.monotonic() - began))
    assert backup.rsplit("/", 1)[-1] in said
    assert running.process() == process


@pytest.mark.parametrize("step", _STEPS)
def test_clock_that_jumps_stops_nothing(running: Box, page: ShownPage, table: FaultTable, step: str) -> None:
    """After a jump of the clock, ahead or back, scans go on as they are due, without a restart."""
    process, before = running.process(), number_of_latest(running)
    set_to = running.machine.do(f"date --set=@$(($(date +%s) + {_STEPS[step]})) >/dev/null; date +%s")
    jumped_at, ended = datetime.fromtimestamp(int(set_to), UTC), time.monotonic()
    running.wait_until(
        lambda: any(scan.number > before and began_soon_after(jumped_at, scan) for scan in running.scans()),
        PATIENCE_SECONDS,
        f"a scan that began after {step}",
    )
    recovered_seconds = time.monotonic() - ended
    said = "the clock of this box is not right yet" if page.says_clock_is_wrong() else "nothing: scans go on"
    table.add(FaultRow(f"clock set {step}", said, None, recovered_seconds))
    assert all_heard(running.scans())
    assert running.process() == process


def began_soon_after(jumped_at: datetime, scan: ScanTold) -> bool:
    """Whether a scan began by the clock as it was set; one that was under way then began by the clock before."""
    return timedelta(0) <= scan.started_at - jumped_at <= timedelta(seconds=PATIENCE_SECONDS)
