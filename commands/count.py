"""Counting: heads that the owner counted, by command. The programme need not run for it, and learns when it does."""

from __future__ import annotations

import argparse
import contextlib
from datetime import datetime
from pathlib import Path

from place import Place
from presence.estimate import EstimateError, HeadCount
from presence.head_count_table import moment, read_head_counts

# Who says so, where a key has a name elsewhere.
_MADE_BY = "command line"


def add_head_count(place: Place, people: int, at: str | None) -> int:
    """Take in that so many people are there, or were."""
    counted_at = place.clock.wall() if at is None else _moment(place, at)
    with contextlib.closing(place.open_store()) as store:
        number = store.head_counts.add(people, counted_at, _MADE_BY)
        entry = store.people.head_count(number)
    print(f"Thank you. {_line(place, entry)}")
    if entry.estimated is None:
        print("Nothing was heard about then, so nothing can be learned from it.")
    return 0


def list_head_counts(place: Place) -> int:
    """Print what was counted, the latest first, and how far off the estimate is."""
    with contextlib.closing(place.open_store()) as store:
        told = store.people.calibration()
    entries = [entry for entry in told.head_counts if not entry.is_deleted]
    print("\n".join(_line(place, entry) for entry in entries) or "Nobody has counted yet: `./run count N`.")
    if told.error is not None and told.plain_error is not None:
        print(f"The estimate is off by {told.error:.1f} people; without head counts, by {told.plain_error:.1f}.")
    return 0


def delete_head_count(place: Place, number: int) -> int:
    """Take an entry back."""
    with contextlib.closing(place.open_store()) as store:
        store.head_counts.delete(number, place.clock.wall())
    print(f"Head count {number} is deleted. On the page it can be brought back for a day.")
    return 0


def import_head_counts(place: Place, table: Path) -> int:
    """Take in the entries of a table, all or none."""
    try:
        content = table.read_bytes()
    except OSError as error:
        raise EstimateError(f"The table {table} cannot be read: {error.strerror}.") from error
    entries = read_head_counts(content, place.time_zone)
    with contextlib.closing(place.open_store()) as store:
        count = len(store.head_counts.add_all(entries, _MADE_BY))
    print(f"{count} head counts were taken in.")
    return 0


def _moment(place: Place, text: str) -> datetime:
    try:
        return moment(text, place.time_zone)
    except ValueError as error:
        raise EstimateError("Write the time like 2027-03-01T10:00.") from error


def _line(place: Place, entry: HeadCount) -> str:
    local = entry.counted_at.astimezone(place.time_zone)
    estimated = "nothing heard then" if entry.estimated is None else f"estimated {entry.estimated:.0f}"
    return f"{entry.head_count_id}: {local:%d %B %Y, %H:%M}, {entry.people} people, {estimated}"


def count_as_asked(place: Place, arguments: argparse.Namespace) -> int:
    """Take in how many people were counted, list what was, or take an entry back."""
    if arguments.list:
        return list_head_counts(place)
    if arguments.delete is not None:
        return delete_head_count(place, arguments.delete)
    if arguments.table is not None:
        return import_head_counts(place, arguments.table)
    return add_head_count(place, arguments.people, arguments.at)
