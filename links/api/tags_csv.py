"""Tags as a table: one line an identity, read from a spreadsheet and written for one."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from fastapi.exceptions import RequestValidationError

from db.export import defused
from db.tags import checked_card
from links.api.parameters import refusal
from presence.tags import IdentityKind, IdentityRecord, TagCard, TagError, TagRow

MOST_CSV_BYTES = 1_000_000
"""How large a table may be."""
# Each costs some statements in one transaction, which nobody else can write in: three seconds of a Pi.
_MOST_LINES = 1000
_MOST_COMPLAINTS = 50

_COLUMNS = ("name", "kind", "note", "identity kind", "identity")

Identify = Callable[[IdentityKind, str], IdentityRecord]


def written_tags(rows: Iterable[TagRow]) -> bytes:
    """Tags as CSV. An identity is told by its label, for the identity itself is not kept."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for row in rows:
        for _, one in row.identities:
            cells = (row.card.name, row.card.kind, row.card.note, one.kind.value, one.label)
            writer.writerow([defused(cell) for cell in cells])
    return text.getvalue().encode()


@dataclass(slots=True)
class _New:
    card: TagCard
    records: list[IdentityRecord] = field(default_factory=list)


class _Table:
    """The tags of a table so far, beside those there are."""

    def __init__(self, known: Sequence[TagRow]) -> None:
        self.new: dict[str, _New] = {}
        self._names = {row.card.name: row.tag_id for row in known}
        self._taken = {one.digest: row.card.name for row in known for _, one in row.identities}

    def add(self, card: TagCard, record: IdentityRecord) -> None:
        """Take a line.

        Raises:
            TagError: It does not go together with others, or with the tags there are.
        """
        if card.name in self._names:
            number = self._names[card.name]
            raise TagError(f"There is a tag {card.name} already (number {number}). Choose another name.")
        if record.digest in self._taken:
            raise TagError(f"The tag {self._taken[record.digest]} is known by this {record.kind}.")
        new = self.new.setdefault(card.name, _New(card))
        if new.card != card:
            raise TagError(f"An earlier line says something else of {card.name}. Say the same, or change the name.")
        self._taken[record.digest] = card.name
        new.records.append(record)


def read_tags(
    body: bytes, identify: Identify, known: Sequence[TagRow]
) -> list[tuple[TagCard, Sequence[IdentityRecord]]]:
    """The tags of a table.

    Args:
        body: The table: UTF-8, commas or semicolons between the cells, the names of the columns in the first line.
        identify: What is kept of an identity.
        known: The tags there are.

    Raises:
        RequestValidationError: Something in it is wrong; every line that is wrong is told.
        SealError: Identities cannot be kept just now.
    """
    table = _Table(known)
    mistakes: list[tuple[int, str]] = []
    for number, cells in _lines(body):
        try:
            table.add(*_tag_in(cells, identify))
        except TagError as error:
            mistakes.append((number, str(error)))
    if mistakes:
        raise _complaint(mistakes)
    if not table.new:
        raise refusal("line 1", "There is no tag in this table.", "body")
    return [(one.card, one.records) for one in table.new.values()]


def _lines(body: bytes) -> Iterator[tuple[int, list[str]]]:
    """The lines below the names of the columns that hold anything, with their numbers, their cells in our order."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refusal("line 1", "This is no UTF-8. Save it as “CSV UTF-8”.", "body") from error
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        titles = [title.strip().lower() for title in next(reader, [])]
        if missing := [name for name in ("name", "identity kind", "identity") if name not in titles]:
            raise refusal("line 1", f"There is no column “{missing[0]}”. Name: {', '.join(_COLUMNS)}.", "body")
        order = [titles.index(name) if name in titles else None for name in _COLUMNS]
        for count, row in enumerate((row for row in reader if any(cell.strip() for cell in row)), 1):
            if count > _MOST_LINES:
                raise refusal("table", f"A table may have {_MOST_LINES} lines. Send it in parts.", "body")
            yield reader.line_num, ["" if at is None or at >= len(row) else _cell(row[at]) for at in order]
    except csv.Error as error:
        raise refusal(f"line {reader.line_num}", f"This is no table: {error}.", "body") from error


def _cell(text: str) -> str:
    """What is meant by a cell: without the ' before what a spreadsheet would take for a formula."""
    text = text.strip()
    return text[1:] if text.startswith("'") and defused(text[1:]) == text else text


def _tag_in(cells: list[str], identify: Identify) -> tuple[TagCard, IdentityRecord]:
    name, kind, note, identity_kind, identity = cells
    try:
        by = IdentityKind(identity_kind.lower())
    except ValueError as error:
        kinds = ", ".join(IdentityKind)
        raise TagError(f"There is no such kind of identity. Take one of these: {kinds}.") from error
    return checked_card(TagCard(name, kind, note=note)), identify(by, identity)


def _complaint(mistakes: Sequence[tuple[int, str]]) -> RequestValidationError:
    told = [_mistake(says, f"line {number}") for number, says in mistakes[:_MOST_COMPLAINTS]]
    if len(mistakes) > _MOST_COMPLAINTS:
        told.append(_mistake(f"{len(mistakes) - _MOST_COMPLAINTS} more lines are wrong.", "table"))
    return RequestValidationError(told)


def _mistake(says: str, where: str) -> dict[str, object]:
    return {"type": "value_error", "loc": ("body", where), "msg": says, "input": None}
