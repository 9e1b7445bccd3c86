from __future__ import annotations

from pathlib import Path

import pytest

from scans.bluez_store import examine_bluez_store


@pytest.mark.parametrize(
    ("mounts", "is_fine"),
    [
        ("/dev/mmcblk0p2 / ext4 rw 0 0\n", False),
        ("/dev/mmcblk0p2 / ext4 rw 0 0\ntmpfs {store} tmpfs rw 0 0\n", True),
        ("overlay / overlay rw 0 0\ntmpfs {parent} tmpfs rw 0 0\n", True),
        ("tmpfs / tmpfs rw 0 0\n/dev/mmcblk0p2 {store} ext4 rw 0 0\n", False),
    ],
)
def test_notes_on_a_disk_are_told(tmp_path: Path, mounts: str, is_fine: bool) -> None:
    """Where the notes lie is what is mounted nearest above them; on a disk they are a finding, with what to do."""
    store = tmp_path / "bluetooth"
    store.mkdir()
    (tmp_path / "mounts").write_text(mounts.format(store=store, parent=tmp_path), encoding="utf-8")
    found = examine_bluez_store(store, tmp_path)
    assert found.is_fine is is_fine
    assert is_fine or "docs/privacy.md" in found.remedy


def test_a_machine_without_bluez_has_no_notes(tmp_path: Path) -> None:
    """Where nothing is kept there is nothing to mend."""
    assert examine_bluez_store(tmp_path / "nowhere", tmp_path).is_fine
