"""Processor time that others have used, as the kernel counts it (proc(5), /proc/PID/stat)."""

from __future__ import annotations

import os
from pathlib import Path

from tests.postgresql import Cluster

# Fields behind the name, which is in brackets and may hold anything: 4 is the parent; 14 and 15 are the time used in
# user and kernel mode, 16 and 17 that of children that have ended; the third field is the first behind the bracket.
_PARENT, _OWN, _ENDED_CHILDREN = 4 - 3, slice(14 - 3, 16 - 3), slice(16 - 3, 18 - 3)


def process_seconds(process_id: int) -> float:
    """What a process and its threads have used so far."""
    return _seconds(_fields(process_id)[_OWN])


def database_seconds(cluster: Cluster | None) -> float:
    """What a PostgreSQL server has used so far, all its processes together; 0 for none."""
    if cluster is None:
        return 0.0
    server = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
    used = process_seconds(server) + _seconds(_fields(server)[_ENDED_CHILDREN])
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = _fields(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        if int(fields[_PARENT]) == server:
            used += _seconds(fields[_OWN])
    return used


def _fields(process_id: int) -> list[str]:
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()


def _seconds(ticks: list[str]) -> float:
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
