from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from presence.estimate import EstimateError
from presence.head_count_table import MOST_LINES, read_head_counts

PRAGUE = ZoneInfo("Europe/Prague")


def test_a_table_is_read_in_whatever_form_spreadsheets_write_it() -> None:
    """Semicolons, other columns, empty lines, and times with a zone or by the clocks of the place."""
    table = "\ufeffwho;People;counted_at\r\nme;12;2027-03-01T10:00\r\n;;\r\nyou;0;2027-03-01 10:00:00+00:00\r\n"
    assert read_head_counts(table.encode(), PRAGUE) == [
        (12, datetime(2027, 3, 1, 9, tzinfo=UTC)),
        (0, datetime(2027, 3, 1, 10, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (b"", "no column"),
        (b"counted_at\n", "no column"),
        (b"counted_at,people\n", "no head count"),
        (b"counted_at,people\n2027-03-01T10:00,12\nyesterday,1\n2027-03-01T10:00,many\n2027-03-01\n", "wrong: 3, 4, 5"),
        (b"counted_at,people\n0001-01-01,1\n", "wrong: 2"),
        (b"\xff\xfe", "UTF-8"),
        (b'counted_at,people\n2027-03-01,"' + b"x" * 200_000 + b'"', "no line of a table"),
        (b"counted_at,people\n" + b"2027-03-01,1\n" * (MOST_LINES + 1), "lines"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(table: bytes, says: str) -> None:
    """The reason says which lines to mend."""
    with pytest.raises(EstimateError, match=says):
        read_head_counts(table, PRAGUE)
