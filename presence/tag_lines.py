"""Tags in a table: a line of CSV (RFC 4180) for each, as people write them in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from presence.tags import IdentityKind, TagCard, TagError, TagIcon

COLUMNS = ("name", "kind", "icon", "note", "identity kind", "identity")
"""The titles of the columns, in any order; kind, icon and note may be missing."""

_NEEDED = frozenset({"name", "identity kind", "identity"})
MOST_BYTES = 1_000_000
"""What a table may have: some 5,000 lines with long notes."""
MOST_LINES = 1000
"""More tags than a site has; each is written by itself, and a Pi writes some twenty in a second."""


@dataclass(frozen=True, slots=True)
class TagLine:
    """A tag as a line of a table has it.

    Attributes:
        line: The number of the line; the titles are in line 1.
        card: What its owner says of it.
        identity_kind: By what it is known.
        identity: As it was typed; a secret.
    """

    line: int
    card: TagCard
    identity_kind: IdentityKind
    identity: str = field(repr=False)


def tag_lines(content: bytes) -> Iterator[TagLine | tuple[int, str]]:
    """The tags of a table in UTF-8; in the place of a line that is none, its number and why.

    Raises:
        TagError: The whole is no such table; the message says what is missing.
    """
    if len(content) > MOST_BYTES:
        raise TagError(f"The file is larger than {MOST_BYTES // 1000:,} kB. Divide it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TagError("The file is not in UTF-8. Save it as “CSV UTF-8”.") from error
    first_line = text.partition("\n")[0]
    # Spreadsheets of many countries set a semicolon, since their numbers have a comma.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first_line else ",")
    try:
        titles = [title.strip().lower() for title in next(reader, [])]
        _check_titles(titles)
        yield from _lines(reader, titles)
    except csv.Error as error:
        raise TagError(f"The file cannot be read as CSV: {error}.") from error


def _check_titles(titles: list[str]) -> None:
    if missing := sorted(_NEEDED - set(titles)):
        raise TagError(f"The first line must have the titles of the columns; these are missing: {', '.join(missing)}.")
    if unknown := sorted(set(titles) - set(COLUMNS)):
        raise TagError(f"There is no column “{unknown[0][:40]}”. The columns are {', '.join(COLUMNS)}.")


def _lines(reader: Iterator[list[str]], titles: list[str]) -> Iterator[TagLine | tuple[int, str]]:
    for line, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if line > MOST_LINES + 1:
            yield line, f"This and what follows was left out: a file has {MOST_LINES} tags at most."
            return
        yield _line(line, dict(zip(titles, (cell.strip() for cell in cells), strict=False)))


def _line(line: int, cells: dict[str, str]) -> TagLine | tuple[int, str]:
    icon, known_by = cells.get("icon", "").lower() or TagIcon.TAG.value, cells.get("identity kind", "").lower()
    if icon not in set(TagIcon):
        return line, f"There is no icon “{icon[:40]}”. Choose one of {', '.join(TagIcon)}."
    if known_by not in set(IdentityKind):
        return line, f"A tag cannot be known by “{known_by[:40]}”. Choose one of {', '.join(IdentityKind)}."
    card = TagCard(cells.get("name", ""), cells.get("kind", ""), TagIcon(icon), cells.get("note", ""))
    return TagLine(line, card, IdentityKind(known_by), cells.get("identity", ""))
