from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scans.private_file import write_privately

# The user that has nothing, on Debian.
_NOBODY = 65534


def test_what_is_replaced_is_overwritten_where_it_lay(tmp_path: Path) -> None:
    """Whoever still has the replaced file open finds zeros in it, and so does whoever reads the free space."""
    path = tmp_path / "site.key"
    write_privately(path, "the key of yesterday")
    with path.open("rb") as old:
        write_privately(path, "the key of today")
        assert old.read() == bytes(len("the key of yesterday"))
    assert path.read_text(encoding="utf-8") == "the key of today"


def test_what_a_power_cut_left_behind_is_overwritten(tmp_path: Path) -> None:
    """A key that was being written when the power went is not left in the free space either."""
    left_behind = tmp_path / "site.key.new"
    left_behind.write_bytes(b"half a key")
    with left_behind.open("rb") as old:
        write_privately(tmp_path / "site.key", "a whole key")
        assert old.read() == bytes(len(b"half a key"))
    assert [path.name for path in tmp_path.iterdir()] == ["site.key"]


def test_it_is_for_its_owner_only(tmp_path: Path) -> None:
    """Others on the machine cannot read it, before as after it is replaced."""
    path = tmp_path / "site.key"
    for text in ("first", "second"):
        write_privately(path, text)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder of an ordinary user, as whom the test goes on where it is root's: to root no file is read-only."""
    with tempfile.TemporaryDirectory() as name:
        was_root = os.geteuid() == 0
        if was_root:
            os.chown(name, _NOBODY, -1)
            os.seteuid(_NOBODY)
        yield Path(name)
        if was_root:
            os.seteuid(0)


def test_a_file_that_may_not_be_overwritten_is_replaced(own_folder: Path) -> None:
    """A file that somebody made read-only is replaced all the same, or the key could not rotate."""
    path = own_folder / "site.key"
    path.write_bytes(b"old")
    path.chmod(0o400)
    write_privately(path, "new")
    assert path.read_bytes() == b"new"
