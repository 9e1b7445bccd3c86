from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.daily_backup import BackupPlan, DailyBackups
from db.errors import DatabaseError
from tests.db.scanning import PRAGUE, minute, scan
from tests.sqlite import new_database
from tests.system.test_keeping import keeping_of, minutes_in, opened, place_of, recording


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB, in memory."""
    folder = tmp_path / "card"
    folder.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk, and not in every container")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(card: Path) -> Path:
    """Take all the room there is left."""
    path = card / "photographs"
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return path


def test_a_full_disk_is_said_and_when_it_is_freed_no_minute_is_missing(card: Path) -> None:
    """Listening goes on, the page says why nothing is recorded, reading works, and it resumes by itself."""
    path = card / "tracking.db"
    new_database(path)
    place = place_of(path)
    keeping = keeping_of(place)
    with opened(place.database_url) as store:
        keeping.watch(store.connections, lambda: None)
        recording(keeping, 0, 1)(store)
        photographs = fill(card)
        # Large ones, for there may be room left in the log of the database.
        for number in range(2, 6):
            with contextlib.suppress(DatabaseError):
                heard = [f"{number} {name}" for name in range(4000)]
                keeping.remember(store.recorder.record, lambda _: None, scan(minute(number), heard))
        (notice,) = keeping.notices()
        assert "The disk is full" in notice.says
        assert store.reader.overview(minute(5)).last_scan_at is not None
        photographs.unlink()
        recording(keeping, 6)(store)
        assert keeping.notices() == ()
    assert minutes_in(path) == [0, 1, 2, 3, 4, 5, 6]


def test_without_room_a_backup_is_left_out_and_the_scans_have_the_room(card: Path) -> None:
    """A disk nearly full is not filled by a backup; the page says so, and nothing half-made is left."""
    url = new_database(card / "tracking.db")
    backups = DailyBackups(
        url,
        card / "backups",
        BackupPlan(daily=3, weekly=4, hour=3, time_zone=PRAGUE),
        clock=lambda: minute(0),
        is_clock_right=lambda: True,
        damaged=lambda: None,
    )
    assert not backups.step(minute(0))
    notice = backups.notice()
    assert notice is not None
    assert "is to leave 200 MB" in notice.says
    assert list((card / "backups").iterdir()) == []
