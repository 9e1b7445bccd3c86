from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from db.backup import Backup, back_up, list_backups
from db.buckets import local_day
from db.daily_backup import BackupPlan, DailyBackups
from db.errors import DatabaseError
from db.store import Store
from tests.db.damaging import DAMAGES
from tests.db.scanning import PRAGUE, minute, scan

PLAN = BackupPlan(daily=3, weekly=4, hour=3, time_zone=PRAGUE)
# Three o'clock in Prague, a Wednesday.
NIGHT_AT = datetime(2027, 3, 10, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def daily(url: str, folder: Path, plan: BackupPlan = PLAN, *, is_clock_right: bool = True) -> DailyBackups:
    return DailyBackups(
        url,
        folder,
        plan,
        clock=lambda: NIGHT_AT,
        is_clock_right=lambda: is_clock_right,
        damaged=lambda: None,
    )


def test_a_backup_is_made_once_a_day_at_its_hour(file_store: Store, url: str, tmp_path: Path) -> None:
    """The first at once, since there is none; then one when the hour has come, however often it is asked."""
    file_store.recorder.record(scan(minute(0), ["a"]))
    backups = daily(url, tmp_path / "backups")
    asked = [NIGHT_AT - timedelta(hours=5) + step * timedelta(minutes=30) for step in range(60)]
    made = [at for at in asked if backups.step(at)]
    assert made == [NIGHT_AT - timedelta(hours=5), NIGHT_AT, NIGHT_AT + DAY]
    assert [backup.made_at for backup in list_backups(url, tmp_path / "backups")] == sorted(made, reverse=True)
    assert backups.notice() is None


def test_what_was_missed_while_the_power_was_off_is_made_up_for(file_store: Store, url: str, tmp_path: Path) -> None:
    """A box that was off at the hour makes one when it is on again."""
    file_store.recorder.record(scan(minute(0), ["a"]))
    assert daily(url, tmp_path).step(NIGHT_AT)
    again = daily(url, tmp_path)
    assert [again.step(NIGHT_AT + timedelta(hours=hours)) for hours in (23, 30, 31)] == [False, True, False]


@pytest.mark.parametrize("days", [1, 2, 9, 40, 400])
def test_so_many_days_and_weeks_are_kept(tmp_path: Path, days: int) -> None:
    """Of a row of days the last three are kept, and the last day of each of the last four weeks; no others."""
    made = [Backup(tmp_path / f"{n}", NIGHT_AT - n * DAY, 1, is_daily=True) for n in range(days)]
    # Today is a Wednesday: the Sundays before it were 3, 10 and 17 days ago, and this week's last day is today.
    kept = {tmp_path / f"{number}" for number in (0, 1, 2, 3, 10, 17) if number < days}
    assert {one.path for one in made} - {one.path for one in PLAN.outdated(made)} == kept


def test_old_backups_are_deleted_and_those_made_by_hand_are_not(url: str, tmp_path: Path) -> None:
    """Whatever the owner made stays until the owner deletes it."""
    by_hand = back_up(url, tmp_path, NIGHT_AT - 300 * DAY)
    backups = daily(url, tmp_path, BackupPlan(daily=2, weekly=0, hour=3, time_zone=PRAGUE))
    assert all(backups.step(NIGHT_AT + number * DAY) for number in range(4))
    kept = list_backups(url, tmp_path)
    assert [one.made_at for one in kept] == [NIGHT_AT + 3 * DAY, NIGHT_AT + 2 * DAY, NIGHT_AT - 300 * DAY]
    assert kept[-1].path == by_hand


def test_nothing_is_made_under_a_wrong_clock(url: str, tmp_path: Path) -> None:
    """A backup is named by the clock; one of the future, from a clock that was wrong, is in no other's way."""
    assert not daily(url, tmp_path, is_clock_right=False).step(NIGHT_AT)
    assert daily(url, tmp_path).step(NIGHT_AT + 200 * DAY)
    backups = daily(url, tmp_path)
    assert [backups.step(NIGHT_AT + number * DAY) for number in range(5)] == [True] * 5


def test_without_room_none_is_made(url: str, tmp_path: Path) -> None:
    """A copy that would not leave the room it is to leave is not begun."""
    with pytest.raises(DatabaseError, match="is to leave"):
        back_up(url, tmp_path, NIGHT_AT, spare_bytes=10**18)
    assert list(tmp_path.glob("*.new*")) == list(tmp_path.glob("*-daily-*")) == []


def test_a_folder_that_cannot_be_looked_into_is_said_clearly(url: str, tmp_path: Path) -> None:
    """The owner is told of the folder, also where even what was left there could not be looked for."""
    with pytest.raises(DatabaseError, match="Choose another folder"):
        back_up(url, tmp_path / ("x" * 300), NIGHT_AT)


def test_a_copy_that_is_broken_off_leaves_nothing(url: str, tmp_path: Path) -> None:
    """Whatever ends the copying, half a copy with hashed names in it does not stay on the card."""

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(url, tmp_path / "backups", NIGHT_AT, rest=stop)
    assert list((tmp_path / "backups").iterdir()) == []


def test_an_old_one_that_cannot_be_deleted_is_tried_again(url: str, tmp_path: Path) -> None:
    """The owner hears of it, and when it went the notice goes, though no backup is due by then."""
    backups = daily(url, tmp_path)
    for number in range(3):
        assert backups.step(NIGHT_AT + number * DAY)
    old = min(one.path for one in list_backups(url, tmp_path))
    old.unlink()
    old.mkdir()
    (old / "in the way").touch()
    last_at = NIGHT_AT + 20 * DAY
    assert not backups.step(last_at)
    notice = backups.notice()
    assert notice is not None
    assert "cannot be deleted" in notice.says
    (old / "in the way").unlink()
    old.rmdir()
    assert not backups.step(last_at + timedelta(hours=1))
    assert backups.notice() is None


def test_where_none_can_be_made_the_owner_hears_why(url: str, tmp_path: Path) -> None:
    """Nothing half-made is left, it is said on the page, and tried again after an hour."""
    (tmp_path / "backups").write_text("a file is in the way of the folder")
    backups = daily(url, tmp_path / "backups")
    assert not backups.step(NIGHT_AT)
    notice = backups.notice()
    assert notice is not None
    assert (notice.part, notice.since_at) == ("backup", NIGHT_AT)
    assert "No backup was made" in notice.says
    (tmp_path / "backups").unlink()
    assert [backups.step(NIGHT_AT + timedelta(minutes=minutes)) for minutes in (30, 60)] == [False, True]
    assert backups.notice() is None


def test_damage_is_told_and_no_good_backup_goes(file_store: Store, url: str, tmp_path: Path) -> None:
    """Looking through the copy finds damage that nobody came across; the last good backups stay."""
    for number in range(30):
        file_store.recorder.record(scan(minute(number), [f"{number} {name}" for name in range(60)]))
    file_store.close()
    told: list[str] = []
    backups = DailyBackups(
        url,
        tmp_path,
        BackupPlan(daily=1, weekly=0, hour=3, time_zone=PRAGUE),
        clock=lambda: NIGHT_AT,
        is_clock_right=lambda: True,
        damaged=lambda: told.append("damaged"),
    )
    assert backups.step(NIGHT_AT)
    good = list_backups(url, tmp_path)
    DAMAGES["overwritten"](Path(url.removeprefix("sqlite:///")))
    assert not backups.step(NIGHT_AT + DAY)
    assert told == ["damaged"]
    assert list_backups(url, tmp_path) == good
    assert [one.name for one in tmp_path.glob("*.new")] == []


def test_a_backup_is_of_one_moment_though_scans_come_between(file_store: Store, url: str, tmp_path: Path) -> None:
    """What is recorded while it is copied is not in it, and does not make the copying begin again."""
    file_store.recorder.record(scan(minute(0), [str(name) for name in range(8000)]))
    rests: list[int] = []

    def record_another() -> None:
        rests.append(len(rests))
        file_store.recorder.record(scan(minute(len(rests)), ["late"]))

    path = back_up(url, tmp_path, minute(0), rest=record_another)
    with contextlib.closing(sqlite3.connect(path)) as copy:
        assert copy.execute("SELECT count(*) FROM scans").fetchone() == (1,)
    assert 2 <= len(rests) <= path.stat().st_size // 2**20 + 1


@pytest.mark.parametrize(
    ("zone", "changes_on"),
    [("Europe/Berlin", datetime(2027, 3, 28, tzinfo=UTC)), ("America/New_York", datetime(2027, 11, 7, tzinfo=UTC))],
)
@pytest.mark.parametrize("hour", [1, 2, 3])
def test_where_clocks_change_one_is_due_a_day(zone: str, changes_on: datetime, hour: int) -> None:
    """The hour that is skipped or lived twice makes one due, no more and no less."""
    plan = BackupPlan(daily=3, weekly=4, hour=hour, time_zone=ZoneInfo(zone))
    asked = [changes_on - DAY + step * timedelta(minutes=10) for step in range(6 * 24 * 3)]
    due = {plan.due_since(at) for at in asked}
    assert len({local_day(at, plan.time_zone) for at in due}) == len(due)
    assert all(plan.due_since(at) <= at for at in asked)
    assert max(at - plan.due_since(at) for at in asked) < timedelta(hours=25)
