from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.tag_lines import MOST_BYTES, MOST_LINES, TagLine, tag_lines
from presence.tags import IdentityKind, TagCard, TagError, TagIcon

TITLES = "name,kind,icon,note,identity kind,identity\r\n"


def test_each_line_is_a_tag() -> None:
    """Titles in any order and case, commas or semicolons, quoted cells, a mark at the beginning of the file."""
    table = '\ufeffIdentity Kind;Name;Identity;Icon\r\naddress;"Case; large";C4:7C:8D:6A:12:34;case\r\n\r\n'
    (line,) = tag_lines(table.encode())
    assert line == TagLine(2, TagCard("Case; large", "", TagIcon.CASE), IdentityKind.ADDRESS, "C4:7C:8D:6A:12:34")
    assert "C4" not in repr(line)


def test_a_line_that_is_none_is_told_with_its_number() -> None:
    """The other lines are read all the same."""
    table = TITLES + "Bed,,,,name,Bed 7\nKey,,rocket,,name,x\nCup,,,,smell,x\n"
    first, second, third = tag_lines(table.encode())
    assert isinstance(first, TagLine)
    assert second == (3, f"There is no icon “rocket”. Choose one of {', '.join(TagIcon)}.")
    assert isinstance(third, tuple)
    assert third[1].startswith("A tag cannot be known by “smell”.")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (b"", "these are missing: identity, identity kind, name"),
        (b"name,identity\n", "these are missing: identity kind"),
        (TITLES.replace("note", "colour").encode(), "There is no column “colour”"),
        (b"\xff\xfe", "Save it as “CSV UTF-8”"),
        (b"x" * (MOST_BYTES + 1), "larger than 1,000 kB"),
        (TITLES.encode() + b'"' + b"x" * 200_000, "cannot be read as CSV"),
    ],
)
def test_what_is_no_such_table_is_refused_in_words(table: bytes, says: str) -> None:
    """The whole is refused, with what is missing."""
    with pytest.raises(TagError, match=says):
        list(tag_lines(table))


def test_a_table_has_an_end() -> None:
    """What is beyond the most lines is left out, and said to be."""
    lines = list(tag_lines((TITLES + "Bed,,,,name,Bed\n" * (MOST_LINES + 2)).encode()))
    assert len(lines) == MOST_LINES + 1
    assert isinstance(lines[-1], tuple)


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(table: bytes) -> None:
    """Whatever somebody uploads is tags, lines that failed, or a sentence."""
    with contextlib.suppress(TagError):
        assert all(isinstance(line, TagLine | tuple) for line in tag_lines(TITLES.encode() + table))
