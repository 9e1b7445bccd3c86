from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from db.connect import Connections
from db.fitting import Fitting
from db.refit import fit, order_for, refit
from db.store import Store, open_store
from presence.estimate import FixtureDecision
from presence.ranges import TimeRange
from tests.db.counting import counting_scan, counts, fixture
from tests.db.scanning import SETTINGS, minute

ROOT = Path(__file__).parents[2]
# Of a process that imports what it needs, on a machine that is busy with other tests.
PATIENCE_SECONDS = 120.0


def hear_and_count(store: Store, moments: int = 6) -> None:
    """Each ten minutes a scan, and three people for each device in it."""
    for number in range(moments):
        store.recorder.record(counting_scan(minute(10 * number), counts(number + 1)))
        store.head_counts.add(3 * (number + 1), minute(10 * number), "admin")
    store.people_sums.roll_up(minute(10 * moments))


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what is sure to come."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


def now() -> datetime:
    """An hour after the first scan."""
    return minute(60)


@contextlib.contextmanager
def fitting(url: str) -> Iterator[Fitting]:
    """What sees to it, running."""
    with contextlib.closing(Connections(url)) as connections:
        running = Fitting(connections, SETTINGS, now)
        running.start()
        try:
            yield running
        finally:
            running.stop()


def test_head_counts_change_the_estimate_of_now_and_of_the_past(store: Store) -> None:
    """After a fit the same scans mean more people, and every hour is told by that fit."""
    hear_and_count(store)
    before = store.people.people_history(TimeRange.DAY, now()).points
    plain = store.people.people_now(minute(50)).estimate
    refit(store.connections, SETTINGS, now())
    told = store.people.calibration()
    assert (told.used, told.is_fitting, told.fitted_at) == (6, False, now())
    assert told.error is not None
    assert told.plain_error is not None
    assert told.error < told.plain_error
    fitted = store.people.people_now(minute(50)).estimate
    assert plain is not None
    assert fitted is not None
    assert abs(fitted.likely - 18) < abs(plain.likely - 18)
    assert fitted.head_counts == 6
    after = store.people.people_history(TimeRange.DAY, now()).points
    assert [one.likely for one in after] != [one.likely for one in before]
    assert [one.likely is None for one in after] == [one.likely is None for one in before]


def test_each_entry_is_told_as_predicted_from_the_others(store: Store) -> None:
    """What is said beside an entry is what was learned without it."""
    hear_and_count(store)
    refit(store.connections, SETTINGS, now())
    entries = store.people.calibration().head_counts
    assert all(one.estimated is not None and abs(one.estimated - one.people) < one.people + 3 for one in entries)


def test_a_decision_on_a_fixture_changes_the_past(store: Store) -> None:
    """What was taken off the counts of an hour that is long over is put back when the owner keeps it."""
    store.recorder.record(counting_scan(minute(0), counts(8, fixture("printer"))))
    later_at = minute(3 * 1440)
    store.people_sums.roll_up(later_at)
    refit(store.connections, SETTINGS, later_at)
    before = [one.likely for one in store.people.people_history(TimeRange.WEEK, later_at).points if one.likely]
    store.fixtures.decide(store.fixtures.rows()[0].fixture_id, FixtureDecision.KEPT)
    assert store.people.calibration().is_fitting
    refit(store.connections, SETTINGS, later_at)
    after = [one.likely for one in store.people.people_history(TimeRange.WEEK, later_at).points if one.likely]
    assert len(before) == len(after) == 1
    assert after[0] > before[0]


def test_nothing_is_fitted_twice(store: Store) -> None:
    """A fit is due at the start, and after a change; the share of people who are heard is one."""
    assert fit(store.connections, SETTINGS, now())
    assert not fit(store.connections, SETTINGS, now())
    store.head_counts.add(3, minute(0), "admin")
    assert fit(store.connections, SETTINGS, now())
    assert not fit(store.connections, SETTINGS, now())
    assert fit(store.connections, replace(SETTINGS, visible_share=0.5), now())


def test_it_is_fitted_aside_soon_after_a_head_count(file_store: Store, url: str) -> None:
    """A process of its own does it, and this one never imports numpy for it."""
    hear_and_count(file_store)
    with fitting(url):
        wait_until(lambda: not file_store.people.calibration().is_fitting)
        assert file_store.people.calibration().used == 6
        file_store.head_counts.add(3, minute(0), "admin")
        wait_until(lambda: file_store.people.calibration().used == 7)


def test_a_store_is_opened_without_numpy(url: str) -> None:
    """What learning takes is spared by all who do not learn."""
    code = (
        "import sys; from db.store import open_store; import db.fitting; from tests.db.scanning import SETTINGS;"
        f"open_store({url!r}, SETTINGS).close(); sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_fit_that_is_killed_harms_nothing(file_store: Store, url: str) -> None:
    """Whatever it had done is whole, and the next one does the rest."""
    hear_and_count(file_store)
    command = [sys.executable, "-m", "db.refit"]
    for seconds in (0.2, 0.5, 0.8, 1.1):
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True)
        assert process.stdin is not None
        process.stdin.write(order_for(file_store.connections, SETTINGS, now()))
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        process.wait()
        assert file_store.people.people_now(minute(50)).estimate is not None
    with contextlib.closing(open_store(url, SETTINGS)) as again:
        refit(again.connections, SETTINGS, now())
        assert not again.people.calibration().is_fitting


def test_what_cannot_be_fitted_is_told_once(file_store: Store, url: str, caplog: pytest.LogCaptureFixture) -> None:
    """A process that ends badly is logged when that begins, with what it said."""
    file_store.head_counts.add(3, minute(0), "admin")
    says = (sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit('it is broken')")
    with contextlib.closing(Connections(url)) as connections:
        running = Fitting(connections, SETTINGS, now, says)
        running.start()
        wait_until(lambda: "it is broken" in caplog.text)
        running.stop()
    assert caplog.text.count("it is broken") == 1
