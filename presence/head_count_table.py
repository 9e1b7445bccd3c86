"""Head counts as a table: read from a spreadsheet, or from whatever else writes CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from presence.estimate import EstimateError

COLUMNS = ("counted_at", "people")
"""The columns that a table must have; others may stand beside them."""

MOST_LINES = 2000
"""One an hour for four months of opening hours."""

_MOST_COMPLAINTS = 10


def read_head_counts(content: bytes, time_zone: ZoneInfo) -> list[tuple[int, datetime]]:
    """People and when they were counted, line by line.

    Args:
        content: UTF-8, commas or semicolons between the cells, the names of the columns in the first line.
        time_zone: Whose clocks times without a zone were read off.

    Raises:
        EstimateError: Something in it is wrong; the message names the lines.
    """
    entries, mistakes = [], []
    for number, at, people in _lines(content):
        try:
            entries.append((int(people), moment(at, time_zone)))
        except ValueError:
            mistakes.append(number)
    if mistakes:
        told = ", ".join(map(str, mistakes[:_MOST_COMPLAINTS]))
        more = "" if len(mistakes) <= _MOST_COMPLAINTS else f" and {len(mistakes) - _MOST_COMPLAINTS} more"
        raise EstimateError(f"Write lines like 2027-03-01T10:00:00,12. These are wrong: {told}{more}.")
    if not entries:
        raise EstimateError("There is no head count in this table.")
    return entries


def moment(text: str, time_zone: ZoneInfo) -> datetime:
    """The moment that somebody wrote down, in ISO 8601; by the clocks of the place where it has no zone.

    Raises:
        ValueError: It is none.
    """
    at = datetime.fromisoformat(text)
    # A day more or less must not lead out of what a calendar holds.
    if not 2000 < at.year < 2099:
        raise ValueError("no year of this programme's")
    return (at if at.tzinfo else at.replace(tzinfo=time_zone)).astimezone(UTC)


def _lines(content: bytes) -> Iterator[tuple[int, str, str]]:
    """The lines below the names of the columns that hold anything: their numbers, moments and people."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EstimateError("This is no UTF-8. Save it as “CSV UTF-8”.") from error
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        titles = [title.strip().lower() for title in next(reader, [])]
        if missing := [name for name in COLUMNS if name not in titles]:
            raise EstimateError(f"There is no column “{missing[0]}”. Name two of them {' and '.join(COLUMNS)}.")
        when, who = (titles.index(name) for name in COLUMNS)
        for count, row in enumerate((row for row in reader if any(cell.strip() for cell in row)), 1):
            if count > MOST_LINES:
                raise EstimateError(f"A table may have {MOST_LINES} lines. Send it in parts.")
            cells = [*row, *("" for _ in titles)]
            yield reader.line_num, cells[when].strip(), cells[who].strip()
    except csv.Error as error:
        raise EstimateError(f"Line {reader.line_num} is no line of a table: {error}.") from error
