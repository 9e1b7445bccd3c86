"""Writing what only its owner may read, and leaving nothing of what it replaces."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def write_privately(path: Path, text: str) -> None:
    """Replace a file in one step, with mode 0600, so that a power cut leaves either the old one or the new one.

    What the old one held is overwritten where it lay, for a file that was only replaced can be read from the free space
    of a disk: an old visitor key would be. File systems that write elsewhere (btrfs, ZFS), and the controller of a card
    or an SSD, may keep a copy all the same.

    Raises:
        OSError: It cannot be written.
    """
    beside = path.with_name(path.name + ".new")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _overwritten_at_the_end(beside):  # what a power cut left behind
        beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    with _overwritten_at_the_end(path):
        beside.replace(path)


@contextlib.contextmanager
def _overwritten_at_the_end(path: Path) -> Iterator[None]:
    """Overwrite the file that goes by this name now, once the name is another's or nobody's."""
    try:
        old = path.open("r+b", buffering=0)
    except (FileNotFoundError, PermissionError):  # nothing there, or another user's: it can be replaced all the same
        yield
        return
    with old:
        yield
        old.write(bytes(os.fstat(old.fileno()).st_size))
        os.fsync(old.fileno())
