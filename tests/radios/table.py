"""The table of faults: what the page said, and how long it took; docs/faults.md is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_HEAD = "| fault | what the page said | told after | well again after | the other radio |\n|---|---|---|---|---|\n"


@dataclass(frozen=True, slots=True)
class FaultRow:
    """What came of one fault.

    Attributes:
        fault: What happened.
        said: What the page said.
        told_seconds: From the fault's beginning until the page said so; None where there is no such moment.
        recovered_seconds: From the fault's end until all was well; None where there is no such moment.
        is_undisturbed: Whether the other radio heard all scans whole; None where it is about both.
    """

    fault: str
    said: str
    told_seconds: float | None
    recovered_seconds: float | None
    is_undisturbed: bool | None = None


class FaultTable:
    """Grows by a row for each fault that was tried.

    Args:
        path: The file it is written to, as Markdown; begun anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.write_text(_HEAD, encoding="utf-8")

    def add(self, row: FaultRow) -> None:
        """Write a row down at once: what follows may fail."""
        other = {None: "–", True: "undisturbed", False: "disturbed"}[row.is_undisturbed]
        cells = (row.fault, row.said, _seconds(row.told_seconds), _seconds(row.recovered_seconds), other)
        with self._path.open("a", encoding="utf-8") as table:
            table.write(f"| {' | '.join(cells)} |\n")


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.0f} s"
