"""The table of faults: what the page said, and how long it took; docs/faults.md is made from it."""

from __future__ import annotations

from pathlib import Path

_HEAD = "| fault | what the page said | told after | well again after | the other radio |\n|---|---|---|---|---|\n"


class FaultTable:
    """Grows by a row for each fault that was tried.

    Args:
        path: The file it is written to, as Markdown; begun anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.write_text(_HEAD, encoding="utf-8")

    def add(
        self, fault: str, said: str, told_seconds: float, recovered_seconds: float, *, is_undisturbed: bool
    ) -> None:
        """Add a row; seconds are counted from the fault's beginning, and from its end."""
        others = "undisturbed" if is_undisturbed else "disturbed"
        row = f"| {fault} | {said} | {told_seconds:.0f} s | {recovered_seconds:.0f} s | {others} |\n"
        with self._path.open("a", encoding="utf-8") as table:
            table.write(row)
