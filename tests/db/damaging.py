"""Damage as cards and power cuts do it, to the file of a database that nobody has open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def _overwritten(path: Path) -> None:
    """Bytes in the middle are others."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8192] = b"\xa5" * 8192
    path.write_bytes(content)


def _cut_off(path: Path) -> None:
    """The second half is gone."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _emptied(path: Path) -> None:
    """Everything is gone but the name."""
    path.write_bytes(b"")


def _replaced(path: Path) -> None:
    """It is something else altogether."""
    path.write_bytes(b"this is no database, but it is long enough to be looked at" * 100)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "overwritten": _overwritten,
    "cut off": _cut_off,
    "emptied": _emptied,
    "replaced": _replaced,
}
