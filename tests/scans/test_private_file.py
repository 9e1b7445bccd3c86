from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from scans.private_file import write_privately


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


def test_a_file_that_may_not_be_overwritten_is_replaced(tmp_path: Path) -> None:
    """A file that somebody made read-only is replaced all the same, or the key could not rotate."""
    if os.geteuid() == 0:
        pytest.skip("to root no file is read-only")
    path = tmp_path / "site.key"
    path.write_bytes(b"old")
    path.chmod(0o400)
    write_privately(path, "new")
    assert path.read_bytes() == b"new"
