"""Writes JSON lines as Parquet, in a process of its own, for `db.export`: `python -m db.write_parquet FILE < LINES`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import islice

import pandas as pd
from fastparquet import write  # type: ignore[import-untyped]  # it ships no types

# Rows of a group, which is what is in memory at once: some 30 MB.
_ROWS_AT_ONCE = 50_000

# 15 bytes a row where devices stay for ten scans, 116 without; pandas, DuckDB, Spark and R all read it.
_COMPRESSION = "ZSTD"

_COLUMNS = {
    "id": "int64",
    "radio": "object",
    "device_hash": "object",
    "rssi": "float64",
    "zone": "object",
    "timestamp": "datetime64[ms]",
    "device_id": "object",
}


def write_parquet(lines: Iterable[str], path: str) -> None:
    """Write a line a row; without a line, a file that holds the columns only."""
    waiting = iter(lines)
    some = list(islice(waiting, _ROWS_AT_ONCE))
    write(path, _frame(some), compression=_COMPRESSION, object_encoding="utf8")
    while some := list(islice(waiting, _ROWS_AT_ONCE)):
        write(path, _frame(some), compression=_COMPRESSION, object_encoding="utf8", append=True)


def _frame(lines: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame([json.loads(line) for line in lines], columns=list(_COLUMNS))
    at = pd.to_datetime(frame["timestamp"], format="ISO8601", utc=True)
    frame["timestamp"] = at.dt.tz_convert(None)  # fastparquet writes times without a zone
    return frame.astype(_COLUMNS)


if __name__ == "__main__":
    write_parquet(sys.stdin, sys.argv[1])
