"""Swap: whether what is heard, which is in memory only, could reach a disk by it."""

from __future__ import annotations

from pathlib import Path

from presence.findings import Finding

_HEADINGS = 1
_SERVICE = "fs/cgroup/system.slice/tracking.service/memory.swap.max"


def examine_swap(processes: Path = Path("/proc"), kernel: Path = Path("/sys")) -> Finding:
    """Whether memory may be swapped to a disk.

    Args:
        processes: Where the kernel lists swaps (proc(5)).
        kernel: Where it lists devices and the limits of services (cgroups(7)).
    """
    lines = (processes / "swaps").read_text(encoding="utf-8").splitlines()[_HEADINGS:]
    on_disk = [name for name in (line.split()[0] for line in lines if line) if not _is_in_memory(name, kernel)]
    if not on_disk:
        return Finding("Swap", "none on a disk")
    if _is_service_kept_out(kernel):
        return Finding("Swap", f"on {', '.join(on_disk)}; the service is kept out of it")
    return Finding(
        "Swap",
        f"on {', '.join(on_disk)}: addresses that are in memory could reach it",
        "Switch it off, see docs/installing.md, Swap. At once, until the next start: sudo swapoff --all",
    )


def _is_in_memory(name: str, kernel: Path) -> bool:
    """Whether a swap is a compressed piece of memory, and writes nothing back to a disk (zram)."""
    device = Path(name).name
    try:
        return (kernel / "block" / device / "backing_dev").read_text(encoding="utf-8").strip() == "none"
    except OSError:  # no zram at all; or one of a kernel that knows no writing back
        return device.startswith("zram")


def _is_service_kept_out(kernel: Path) -> bool:
    """Whether the programme runs as a service that may not be swapped, in a system that keeps to that."""
    limit = kernel / _SERVICE
    return limit.is_file() and limit.read_text(encoding="utf-8").strip() == "0"
