"""The register of tags: what their owner says of them, and by what they are known."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from db.connect import Connections
from db.read_tags import TagNow, identity_record, read_tags, read_version
from db.tag_schema import TAG_IDENTITIES, TAG_REGISTER, TAGS
from db.upsert import replace_rows
from presence.pictures import picture_fault
from presence.tags import (
    IdentityKind,
    IdentityRecord,
    IdentityTakenError,
    NoSuchTagError,
    TagCard,
    TagError,
    TagRow,
    Watched,
)

# Kept in the database and sent to every page that lists tags: a photograph of 640 by 480 has some 100 kB.
_MOST_PICTURE_BYTES = 200_000
# A word of 64 bits of chance: no two states of the register share one, even after an old backup was put back.
_VERSION_BYTES = 8
# The one row of its table.
_REGISTER_ROW = 1

_NAME_LENGTH = 64
_KIND_LENGTH = 40
_NOTE_LENGTH = 500


def _nothing_newer() -> Mapping[int, TagNow]:
    return {}


class Tags:
    """The register. May be used from many threads at once.

    Args:
        connections: The database.
        newer: What is known of tags that is not written yet, by number: `db.tag_log.TagFollower.now` of whoever
            follows them in this process.
        new_version: Draws a text of so many random bytes.
    """

    def __init__(
        self,
        connections: Connections,
        newer: Callable[[], Mapping[int, TagNow]] = _nothing_newer,
        new_version: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self._connections = connections
        self._newer = newer
        self._new_version = new_version

    def add(self, card: TagCard, identities: Iterable[IdentityRecord], now_at: datetime) -> int:
        """Register a tag; returns its number.

        Raises:
            IdentityTakenError: Another tag has one of the identities.
            TagError: The card cannot be so, its name is taken, or there is no identity.
            DatabaseError: It could not be kept.
        """
        return self.add_all([(card, tuple(identities))], now_at)[0]

    def add_all(self, new: Iterable[tuple[TagCard, Sequence[IdentityRecord]]], now_at: datetime) -> tuple[int, ...]:
        """Register several tags, or none of them where one cannot be; returns their numbers.

        Raises:
            IdentityTakenError, TagError, DatabaseError: As for `add`.
        """
        checked = [(checked_card(card), {one.digest: one for one in identities}) for card, identities in new]
        if not all(records for _, records in checked):
            raise TagError("A tag needs something that it is known by on the air, for example its Bluetooth address.")
        with self._connections.write() as connection:
            tag_ids = tuple(_insert_tag(connection, card, records.values(), now_at) for card, records in checked)
            self._note_change(connection)
        return tag_ids

    def change(self, tag_id: int, card: TagCard) -> None:
        """Say something else of a tag.

        Raises:
            NoSuchTagError: There is no such tag.
            TagError: The card cannot be so, or its name is taken.
            DatabaseError: It could not be done.
        """
        card = checked_card(card)
        with self._connections.write() as connection:
            _find(connection, tag_id)
            _refuse_taken_name(connection, card.name, but=tag_id)
            connection.execute(update(TAGS).where(TAGS.c.id == tag_id).values(_card_columns(card)))
            self._note_change(connection)

    def add_identity(self, tag_id: int, record: IdentityRecord) -> int:
        """Let a tag be known by one thing more; returns the number of that.

        An address that it has already, with a key, has that key from now on.

        Raises:
            NoSuchTagError: There is no such tag.
            IdentityTakenError: It, or another tag, has it already.
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            _find(connection, tag_id)
            identity_id = _give_key(connection, tag_id, record) or _insert_identity(connection, tag_id, record)
            self._note_change(connection)
        return identity_id

    def remove_identity(self, tag_id: int, identity_id: int) -> None:
        """Let a tag be known by one thing less.

        Raises:
            NoSuchTagError: There is no such tag.
            TagError: It has no such identity, or no other.
            DatabaseError: It could not be done.
        """
        mine = TAG_IDENTITIES.c.tag_id == tag_id
        with self._connections.write() as connection:
            name = _find(connection, tag_id)
            ids = set(connection.execute(select(TAG_IDENTITIES.c.id).where(mine)).scalars())
            if identity_id not in ids:
                raise TagError(f"{name} is not known by this. Load the page again: somebody may have taken it away.")
            if len(ids) == 1:
                raise TagError(f"{name} is known by nothing else. Give it another identity first, or delete the tag.")
            connection.execute(delete(TAG_IDENTITIES).where(TAG_IDENTITIES.c.id == identity_id))
            self._note_change(connection)

    def set_picture(self, tag_id: int, content: bytes | None, media_type: str | None) -> None:
        """Give a tag a picture (PNG, JPEG or WebP, 200 kB at most), or take it away with None.

        Raises:
            NoSuchTagError: There is no such tag.
            TagError: It is no such picture, or too large.
            DatabaseError: It could not be done.
        """
        if content is not None and (fault := picture_fault(content, media_type or "", _MOST_PICTURE_BYTES)):
            raise TagError(fault)
        values = {"picture": content, "picture_type": None if content is None else media_type}
        with self._connections.write() as connection:
            _find(connection, tag_id)
            connection.execute(update(TAGS).where(TAGS.c.id == tag_id).values(values))
            self._note_change(connection)

    def picture(self, tag_id: int) -> tuple[bytes, str] | None:
        """A tag's picture and its media type; None when it has none.

        Raises:
            NoSuchTagError: There is no such tag.
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            asked = select(TAGS.c.picture, TAGS.c.picture_type).where(TAGS.c.id == tag_id)
            row = connection.execute(asked).one_or_none()
        if row is None:
            raise _no_such_tag(tag_id)
        return None if row.picture is None else (bytes(row.picture), str(row.picture_type))

    def delete(self, tag_id: int) -> None:
        """Forget a tag: its card, its identities, its place and its log.

        Alerts that were about it stay until they are old, with the name that it had: they are the history of what
        people were told.

        Raises:
            NoSuchTagError: There is no such tag.
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            _find(connection, tag_id)
            connection.execute(delete(TAGS).where(TAGS.c.id == tag_id))  # and all that hangs on it, by foreign keys
            self._note_change(connection)

    def rows(self) -> tuple[TagRow, ...]:
        """Every tag, by name.

        Raises:
            DatabaseError: The database cannot be read.
        """
        return self._rows(None)

    def one(self, tag_id: int) -> TagRow:
        """The tag of a number.

        Raises:
            NoSuchTagError: There is no such tag.
            DatabaseError: The database cannot be read.
        """
        found = self._rows(tag_id)
        if not found:
            raise _no_such_tag(tag_id)
        return found[0]

    def watched(self) -> tuple[Watched, ...]:
        """All identities of all tags, as those who listen need them.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            rows = connection.execute(select(TAG_IDENTITIES).order_by(TAG_IDENTITIES.c.id)).all()
        return tuple(Watched(row.tag_id, identity_record(row)) for row in rows)

    def register_version(self) -> str:
        """A word that is another after every change of the register; empty before the first.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_version(connection)

    def _note_change(self, connection: Connection) -> None:
        replace_rows(connection, TAG_REGISTER, [{"id": _REGISTER_ROW, "version": self._new_version(_VERSION_BYTES)}])

    def _rows(self, tag_id: int | None) -> tuple[TagRow, ...]:
        newer = self._newer()
        with self._connections.read() as connection:
            return read_tags(connection, tag_id, newer)


def checked_card(card: TagCard) -> TagCard:
    """The card without spaces around its words.

    Raises:
        TagError: It cannot be so.
    """
    name, kind, note = card.name.strip(), card.kind.strip(), card.note.strip()
    if not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
        raise TagError(f"A tag's name has 1 to {_NAME_LENGTH} characters, in one line.")
    if len(kind) > _KIND_LENGTH or not (kind == "" or kind.isprintable()):
        raise TagError(f"What sort of thing it is has to be said in one line of {_KIND_LENGTH} characters at most.")
    if len(note) > _NOTE_LENGTH:
        raise TagError(f"The note has {len(note)} characters. Shorten it to {_NOTE_LENGTH}.")
    return TagCard(name, kind, card.icon, note)


def _card_columns(card: TagCard) -> dict[str, Any]:
    return {"name": card.name, "kind": card.kind, "icon": card.icon.value, "note": card.note}


def _find(connection: Connection, tag_id: int) -> str:
    """The name of a tag.

    Raises:
        NoSuchTagError: There is no such tag.
    """
    name = connection.execute(select(TAGS.c.name).where(TAGS.c.id == tag_id)).scalar_one_or_none()
    if name is None:
        raise _no_such_tag(tag_id)
    return name


def _no_such_tag(tag_id: int) -> NoSuchTagError:
    return NoSuchTagError(f"There is no tag {tag_id}. It may have been deleted; load the list of tags again.")


def _refuse_taken_name(connection: Connection, name: str, but: int | None = None) -> None:
    found = connection.execute(select(TAGS.c.id).where(TAGS.c.name == name)).scalar_one_or_none()
    if found not in {None, but}:
        raise TagError(f"There is a tag {name} already (number {found}). Choose another name.")


def _insert_tag(connection: Connection, card: TagCard, records: Iterable[IdentityRecord], now_at: datetime) -> int:
    _refuse_taken_name(connection, card.name)
    row = {**_card_columns(card), "added_at": now_at}
    tag_id = connection.execute(insert(TAGS).returning(TAGS.c.id), row).scalar_one()
    for record in records:
        _insert_identity(connection, tag_id, record)
    return tag_id


def _give_key(connection: Connection, tag_id: int, record: IdentityRecord) -> int | None:
    """Give an address of a tag another key; returns its number, None when the tag has no such address."""
    if record.kind is not IdentityKind.ADDRESS or record.sealed is None:
        return None
    is_it = (TAG_IDENTITIES.c.tag_id == tag_id, TAG_IDENTITIES.c.digest == record.digest)
    values = {"sealed": record.sealed, "label": record.label}
    changed = update(TAG_IDENTITIES).where(*is_it).values(values).returning(TAG_IDENTITIES.c.id)
    return connection.execute(changed).scalar_one_or_none()


def _insert_identity(connection: Connection, tag_id: int, record: IdentityRecord) -> int:
    holder = (
        select(TAGS.c.id, TAGS.c.name)
        .join_from(TAGS, TAG_IDENTITIES, TAG_IDENTITIES.c.tag_id == TAGS.c.id)
        .where(TAG_IDENTITIES.c.digest == record.digest)
    )
    if (taken := connection.execute(holder).one_or_none()) is not None:
        if taken.id == tag_id:
            raise IdentityTakenError(f"{taken.name} is known by this {record.kind} already.")
        raise IdentityTakenError(
            f"The tag {taken.name} (number {taken.id}) is known by this {record.kind}. Take it away there first."
        )
    row = {
        "tag_id": tag_id,
        "kind": record.kind.value,
        "digest": record.digest,
        "shape": record.shape,
        "sealed": record.sealed,
        "label": record.label,
    }
    return connection.execute(insert(TAG_IDENTITIES).returning(TAG_IDENTITIES.c.id), row).scalar_one()
