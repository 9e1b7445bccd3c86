from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from db.store import Store
from db.tag_schema import METADATA, TAGS
from presence.pictures import PICTURE_TYPES
from presence.tags import (
    NEVER_HEARD,
    IdentityKind,
    IdentityRecord,
    IdentityTakenError,
    NoSuchTagError,
    TagCard,
    TagError,
    TagIcon,
    Watched,
)
from tests.presence.tag_reports import START_AT

PUMP = TagCard("Pump 3", "infusion pump", TagIcon.PUMP, "ward B\nserviced in May")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
WEBP = b"RIFF\x00\x00\x00\x00WEBP" + bytes(100)


def identity(number: int, kind: IdentityKind = IdentityKind.ADDRESS) -> IdentityRecord:
    return IdentityRecord(kind, bytes([number]) * 32, "", None, f"address (kept as {number:08x})")


def test_a_tag_is_registered_and_found(store: Store) -> None:
    """What its owner said of it, and by what it is known, comes back as it was said."""
    irk = IdentityRecord(IdentityKind.IRK, bytes(32), "", b"sealed", "IRK (kept as 00000000)")
    tag_id = store.tags.add(PUMP, [identity(1), irk], START_AT)
    row = store.tags.one(tag_id)
    assert (row.tag_id, row.card, row.added_at, row.has_picture) == (tag_id, PUMP, START_AT, False)
    assert (row.place, row.measures, row.measured_at) == (NEVER_HEARD, (), None)
    assert [record for _, record in row.identities] == [identity(1), irk]
    assert store.tags.rows() == (row,)
    assert store.tags.watched() == (Watched(tag_id, identity(1)), Watched(tag_id, irk))


def test_tags_are_listed_by_name(store: Store) -> None:
    """Capital letters make no difference to their order."""
    for number, name in enumerate(["zebra", "Bed", "apple", "bed"]):
        store.tags.add(TagCard(name), [identity(number)], START_AT)
    assert [row.card.name for row in store.tags.rows()] == ["apple", "Bed", "bed", "zebra"]


def test_a_card_is_changed(store: Store) -> None:
    """It is what was said last; a tag may keep its own name."""
    tag_id = store.tags.add(PUMP, [identity(1)], START_AT)
    store.tags.change(tag_id, replace(PUMP, note="", icon=TagIcon.BED))
    assert store.tags.one(tag_id).card == TagCard("Pump 3", "infusion pump", TagIcon.BED)
    store.tags.change(tag_id, TagCard("  Pump 4 "))
    assert store.tags.one(tag_id).card == TagCard("Pump 4")


@pytest.mark.parametrize(
    ("card", "says"),
    [
        (TagCard(""), "1 to 64"),
        (TagCard("   "), "1 to 64"),
        (TagCard("a" * 65), "1 to 64"),
        (TagCard("two\nlines"), "one line"),
        (TagCard("half \ud800"), "one line"),
        (TagCard("a", kind="b" * 41), "40"),
        (TagCard("a", note="b" * 501), "501 characters"),
    ],
)
def test_a_card_that_cannot_be_so_is_refused(store: Store, card: TagCard, says: str) -> None:
    """What is wrong is said, and nothing is kept of it."""
    with pytest.raises(TagError, match=says):
        store.tags.add(card, [identity(1)], START_AT)
    assert store.tags.rows() == ()


def test_a_name_is_one_of_a_kind(store: Store) -> None:
    """A second tag of a name is refused, whether it is new or renamed, and it is said which tag has it."""
    first = store.tags.add(PUMP, [identity(1)], START_AT)
    other = store.tags.add(TagCard("Bed"), [identity(2)], START_AT)
    with pytest.raises(TagError, match=rf"Pump 3 already \(number {first}\)"):
        store.tags.add(PUMP, [identity(3)], START_AT)
    with pytest.raises(TagError, match="Pump 3 already"):
        store.tags.change(other, PUMP)
    assert len(store.tags.rows()) == 2


def test_an_identity_is_of_one_tag(store: Store) -> None:
    """One that is taken is refused, and it is said by which tag; a tag that would have it is not registered."""
    tag_id = store.tags.add(PUMP, [identity(1)], START_AT)
    other = store.tags.add(TagCard("Bed"), [identity(2), identity(2)], START_AT)
    with pytest.raises(IdentityTakenError, match=rf"Pump 3 \(number {tag_id}\) is known by this address"):
        store.tags.add(TagCard("Case"), [identity(3), identity(1)], START_AT)
    with pytest.raises(IdentityTakenError, match="Take it away there first"):
        store.tags.add_identity(other, identity(1))
    with pytest.raises(IdentityTakenError, match="Bed is known by this address already"):
        store.tags.add_identity(other, identity(2))
    assert [row.card.name for row in store.tags.rows()] == ["Bed", "Pump 3"]


def test_identities_come_and_go_but_the_last(store: Store) -> None:
    """A tag may be known by several things, and is by one at least."""
    tag_id = store.tags.add(PUMP, [identity(1)], START_AT)
    second_id = store.tags.add_identity(tag_id, identity(2))
    [(first_id, _), (other_id, _)] = store.tags.one(tag_id).identities
    assert other_id == second_id
    store.tags.remove_identity(tag_id, first_id)
    with pytest.raises(TagError, match="not known by this"):
        store.tags.remove_identity(tag_id, first_id)
    with pytest.raises(TagError, match="nothing else"):
        store.tags.remove_identity(tag_id, second_id)
    with pytest.raises(TagError, match="something that it is known by"):
        store.tags.add(TagCard("Bed"), [], START_AT)
    assert store.tags.watched() == (Watched(tag_id, identity(2)),)


def test_an_address_is_given_a_key_later_and_another(store: Store) -> None:
    """It stays the same identity; one of another tag is not touched, and without a key nothing is new."""
    tag_id = store.tags.add(PUMP, [identity(1)], START_AT)
    other = store.tags.add(TagCard("Bed"), [identity(2)], START_AT)
    ((number, _),) = store.tags.one(tag_id).identities
    for sealed in (b"first", b"second"):
        keyed = replace(identity(1), sealed=sealed, label="address and key")
        version = store.tags.register_version()
        assert store.tags.add_identity(tag_id, keyed) == number
        assert store.tags.one(tag_id).identities == ((number, keyed),)
        assert store.tags.register_version() != version
        with pytest.raises(IdentityTakenError, match="Pump 3"):
            store.tags.add_identity(other, keyed)
    with pytest.raises(IdentityTakenError, match="already"):
        store.tags.add_identity(tag_id, identity(1))


def test_an_identity_of_another_tag_is_not_taken_away(store: Store) -> None:
    """Its number alone is not enough."""
    tag_id = store.tags.add(PUMP, [identity(1), identity(2)], START_AT)
    other = store.tags.add(TagCard("Bed"), [identity(3), identity(4)], START_AT)
    with pytest.raises(TagError):
        store.tags.remove_identity(other, store.tags.one(tag_id).identities[0][0])
    assert len(store.tags.watched()) == 4


@pytest.mark.parametrize(("content", "media_type"), list(zip((PNG, JPEG, WEBP), PICTURE_TYPES, strict=True)))
def test_a_tag_has_a_picture(store: Store, content: bytes, media_type: str) -> None:
    """It is kept as it came, told by its first bytes, and taken away again."""
    tag_id = store.tags.add(PUMP, [identity(1)], START_AT)
    assert store.tags.picture(tag_id) is None
    store.tags.set_picture(tag_id, content, media_type)
    assert store.tags.picture(tag_id) == (content, media_type)
    assert store.tags.one(tag_id).has_picture
    store.tags.set_picture(tag_id, None, None)
    assert store.tags.picture(tag_id) is None
    assert not store.tags.one(tag_id).has_picture


@pytest.mark.parametrize(
    ("content", "media_type", "says"),
    [
        (b"", "image/png", "no PNG"),
        (b"<svg onload='alert(1)'/>", "image/svg+xml", "no PNG"),
        (b"GIF89a" + bytes(100), "image/gif", "no PNG"),
        (PNG, "image/jpeg", "of the type image/png"),
        (PNG, None, "of the type image/png"),
        (PNG + bytes(200_000), "image/png", "larger than 200 kB"),
    ],
)
def test_what_is_no_picture_is_refused(store: Store, content: bytes, media_type: str | None, says: str) -> None:
    """Only what is small and begins as a picture of its type is kept."""
    tag_id = store.tags.add(PUMP, [identity(1)], START_AT)
    with pytest.raises(TagError, match=says):
        store.tags.set_picture(tag_id, content, media_type)
    assert store.tags.picture(tag_id) is None


def test_a_tag_that_is_not_there_is_said_not_to_be(store: Store) -> None:
    """Every question and command about it says so, and changes nothing."""
    tag_id = store.tags.add(PUMP, [identity(1)], START_AT)
    store.tags.delete(tag_id)
    version = store.tags.register_version()
    for ask in (
        lambda: store.tags.one(tag_id),
        lambda: store.tags.change(tag_id, PUMP),
        lambda: store.tags.add_identity(tag_id, identity(2)),
        lambda: store.tags.remove_identity(tag_id, 1),
        lambda: store.tags.set_picture(tag_id, PNG, "image/png"),
        lambda: store.tags.picture(tag_id),
        lambda: store.tags.delete(tag_id),
    ):
        with pytest.raises(NoSuchTagError, match=f"no tag {tag_id}"):
            ask()
    assert store.tags.register_version() == version


def test_a_number_is_never_given_twice(store: Store) -> None:
    """Alerts and sensors may still speak of a tag that was deleted."""
    first = store.tags.add(PUMP, [identity(1)], START_AT)
    store.tags.delete(first)
    assert store.tags.add(PUMP, [identity(1)], START_AT) > first


def test_the_version_changes_with_every_change(store: Store) -> None:
    """Sensors ask by it: it is another after each change, and the same while nothing changes."""
    versions = [store.tags.register_version()]
    tag_id = store.tags.add(PUMP, [identity(1)], START_AT)
    versions.append(store.tags.register_version())
    for change in (
        lambda: store.tags.change(tag_id, TagCard("Bed")),
        lambda: store.tags.add_identity(tag_id, identity(2)),
        lambda: store.tags.remove_identity(tag_id, store.tags.one(tag_id).identities[0][0]),
        lambda: store.tags.set_picture(tag_id, PNG, "image/png"),
        lambda: store.tags.delete(tag_id),
    ):
        change()
        versions.append(store.tags.register_version())
    assert len(set(versions)) == 7
    assert versions[0] == ""
    with pytest.raises(TagError):
        store.tags.add(TagCard(""), [identity(1)], START_AT)
    assert store.tags.register_version() == versions[-1]


def test_deleting_a_tag_leaves_nothing_of_it(store: Store) -> None:
    """No table of tags has a row of it any more."""
    tag_id = store.tags.add(PUMP, [identity(1)], START_AT)
    store.tags.delete(tag_id)
    with store.connections.read() as connection:
        assert connection.execute(select(func.count()).select_from(TAGS)).scalar_one() == 0
        for table in METADATA.sorted_tables:
            if "tag_id" in table.c:
                assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0, table.name
