from __future__ import annotations

from pathlib import Path

import pytest

from scans.swap import examine_swap

HEADING = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def machine(folder: Path, *swaps: str, backing: str | None = None, limit: str | None = None) -> tuple[Path, Path]:
    """A machine with these swaps: what zram writes back to, and how much swap the service may use."""
    (folder / "swaps").write_text(HEADING + "".join(f"{swap} file 102396 0 -2\n" for swap in swaps))
    if backing is not None:
        (folder / "block/zram0").mkdir(parents=True)
        (folder / "block/zram0/backing_dev").write_text(backing + "\n")
    if limit is not None:
        service = folder / "fs/cgroup/system.slice/tracking.service"
        service.mkdir(parents=True)
        (service / "memory.swap.max").write_text(limit + "\n")
    return folder, folder


def test_a_machine_without_swap_is_fine(tmp_path: Path) -> None:
    """What is in memory stays there."""
    assert examine_swap(*machine(tmp_path)).is_fine


@pytest.mark.parametrize(("backing", "is_fine"), [("none", True), ("/dev/loop0", False)])
def test_compressed_memory_is_no_disk(tmp_path: Path, backing: str, is_fine: bool) -> None:
    """Compressed memory is fine, unless it writes back to the card, as a newer Raspberry Pi OS lets it."""
    assert examine_swap(*machine(tmp_path, "/dev/zram0", backing=backing)).is_fine is is_fine


def test_swap_on_the_card_is_said_with_what_to_type(tmp_path: Path) -> None:
    """The finding names the file, and how it is switched off."""
    found = examine_swap(*machine(tmp_path, "/var/swap"))
    assert "/var/swap" in found.says
    assert "swapoff" in found.remedy


@pytest.mark.parametrize(("limit", "is_fine"), [("0", True), ("max", False)])
def test_a_service_that_may_not_be_swapped_is_fine(tmp_path: Path, limit: str, is_fine: bool) -> None:
    """The limit counts where the kernel keeps to it; without one the swap is a finding."""
    assert examine_swap(*machine(tmp_path, "/var/swap", limit=limit)).is_fine is is_fine


def test_this_machine_can_be_examined() -> None:
    """The kernel's own lists are read."""
    assert examine_swap().part == "Swap"
