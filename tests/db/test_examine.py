from __future__ import annotations

from pathlib import Path

from db.examine import examine_database
from db.store import open_store
from tests.db.scanning import SETTINGS
from tests.postgresql import Cluster


def test_a_database_not_made_yet_is_fine(tmp_path: Path) -> None:
    """Before the first start there is nothing to mend."""
    assert all(finding.is_fine for finding in examine_database(f"sqlite:///{tmp_path}/inner/tracking.db"))


def test_a_whole_database_is_fine(tmp_path: Path) -> None:
    """A database that can be read and written is fine, and its size is told."""
    open_store(f"sqlite:///{tmp_path}/tracking.db", SETTINGS).close()
    finding = examine_database(f"sqlite:///{tmp_path}/tracking.db")[0]
    assert finding.is_fine
    assert "whole" in finding.says


def test_a_damaged_database_is_said_with_a_remedy(tmp_path: Path) -> None:
    """A file that is no database is not fine, and the remedy names the backup."""
    (tmp_path / "tracking.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    finding = examine_database(f"sqlite:///{tmp_path}/tracking.db")[0]
    assert "damaged" in finding.says
    assert "backup" in finding.remedy


def test_a_database_on_a_server_is_asked(postgresql: Cluster) -> None:
    """One that answers is fine; one that does not is told with what to do, and nothing is looked for on the disk."""
    (fine,) = examine_database(postgresql.new_database())
    assert (fine.is_fine, fine.says) == (True, "its server answers")
    (wrong,) = examine_database(postgresql.url_of("nowhere"))
    assert not wrong.is_fine
    assert "no such database" in wrong.remedy
