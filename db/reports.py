"""Reports: text that is kept beside the database, under the time it was made."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path


def keep_report(folder: Path, text: str, made_at: datetime) -> None:
    """Write a report into a folder, which is made when it is not there; one of the same second is replaced.

    The file appears whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"report-{made_at:%Y-%m-%d-%H%M%S}.txt"
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
