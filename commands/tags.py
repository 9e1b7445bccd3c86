"""Registering: the owner's own things, by command. The programme need not run for it, and hears of it when it does."""

from __future__ import annotations

import argparse
import contextlib

from place import Place
from presence.tags import IdentityKind, NoSuchTagError, TagCard, TagRow, Whereabouts
from scans.identities import identity_of


def list_tags(place: Place) -> int:
    """Print the tags, and where each is."""
    with contextlib.closing(place.open_store()) as store:
        rows = store.tags.rows()
    print("\n".join(_line(place, row) for row in rows) or "There is no tag yet. `./run tags add --help` tells how.")
    return 0


def add_tag(place: Place, card: TagCard, kind: IdentityKind, identity: str) -> int:
    """Register a tag."""
    record = identity_of(kind, identity, place.registry_key())
    with contextlib.closing(place.open_store()) as store:
        store.tags.add(card, [record], place.clock.wall())
    print(f"{card.name} is registered: {record.label}. It is listened for from now on.")
    return 0


def delete_tag(place: Place, name: str) -> int:
    """Forget a tag and its log."""
    with contextlib.closing(place.open_store()) as store:
        found = [row.tag_id for row in store.tags.rows() if row.card.name == name]
        if not found:
            raise NoSuchTagError(f"There is no tag {name}. `./run tags` lists them.")
        store.tags.delete(found[0])
    print(f"{name} is forgotten, and where it was.")
    return 0


def _line(place: Place, row: TagRow) -> str:
    known_by = ", ".join(identity.label for _, identity in row.identities) or "nothing yet"
    return f"{row.card.name}: {_where(place, row)}; known by {known_by}"


def _where(place: Place, row: TagRow) -> str:
    known = row.place
    if known.sensor is None or known.last_heard_at is None:
        return "never heard"
    heard_at = f"{known.last_heard_at.astimezone(place.time_zone):%d %B, %H:%M}"
    match known.whereabouts:
        case Whereabouts.PRESENT:
            return f"at {known.sensor}"
        case Whereabouts.AWAY:
            return f"away, last heard at {known.sensor} on {heard_at}"
        case Whereabouts.UNKNOWN:
            return f"unknown while {known.sensor} does not listen, last heard on {heard_at}"


def tags_as_asked(place: Place, arguments: argparse.Namespace) -> int:
    """List tags, register one or forget one."""
    match arguments.action:
        case "add":
            card = TagCard(arguments.name, arguments.kind, note=arguments.note)
            return add_tag(place, card, IdentityKind(arguments.by), arguments.identity)
        case "delete":
            return delete_tag(place, arguments.name)
        case _:
            return list_tags(place)
