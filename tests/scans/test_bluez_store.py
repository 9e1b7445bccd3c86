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


@pytest.mark.parametrize("is_in_memory", [True, False])
def test_what_counts_is_what_the_running_service_sees(tmp_path: Path, is_in_memory: bool) -> None:
    """Its unit may give it a folder in memory that nobody else sees, or keep it from one that others see."""
    store = tmp_path / "bluetooth"
    store.mkdir()
    on_disk, in_memory = "/dev/mmcblk0p2 / ext4 rw 0 0\n", f"tmpfs {store} tmpfs rw 0 0\n"
    (tmp_path / "mounts").write_text(on_disk if is_in_memory else on_disk + in_memory, encoding="utf-8")
    for number, name, mounts in (
        (1, "systemd", on_disk),
        (20, "bluetoothd", on_disk + in_memory if is_in_memory else on_disk),
    ):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "comm").write_text(f"{name}\n", encoding="utf-8")
        (tmp_path / str(number) / "mounts").write_text(mounts, encoding="utf-8")
    (tmp_path / "300").mkdir()  # a process that has ended since
    assert examine_bluez_store(store, tmp_path).is_fine is is_in_memory


def test_a_service_that_does_not_run_is_judged_by_what_it_will_do(tmp_path: Path) -> None:
    """Where there is no adapter BlueZ is not started; once `./run install` changed it there is nothing left to type."""
    (tmp_path / "mounts").write_text("/dev/mmcblk0p2 / ext4 rw 0 0\n", encoding="utf-8")
    (tmp_path / "tracking.conf").touch()
    assert examine_bluez_store(tmp_path, tmp_path, tmp_path / "tracking.conf").is_fine
    assert not examine_bluez_store(tmp_path, tmp_path, tmp_path / "unchanged.conf").is_fine


def test_a_machine_without_bluez_has_no_notes(tmp_path: Path) -> None:
    """Where nothing is kept there is nothing to mend."""
    assert examine_bluez_store(tmp_path / "nowhere", tmp_path).is_fine
