"""Forgetting: one person's traces, by command. The programme need not be stopped for it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

from db.connect import file_of
from db.forget import Forgotten, Known, forget_device
from db.store import Store
from links.wire_forget import without_devices
from place import Place
from presence.radio import Radio
from presence.tags import IdentityKind
from scans.fixtures import fixture_text
from scans.identities import address_of, identity_of
from scans.visitor_key import VisitorKey

# Longer than any way to write an address.
_LONGEST_LINE = 100


def forget(place: Place, given: str | None, *, tags_too: bool) -> int:
    """Remove what can be found of a device, and say what was removed and what cannot be found.

    Args:
        place: Whose database it is.
        given: The device's address, as it was typed behind the command; None asks for it. It is neither kept nor shown.
        tags_too: Whether a tag that is known by it is forgotten too, with its log.

    Raises:
        AddressError: It is no address.
        KeyFileError: A key cannot be read.
        DatabaseError: It could not be done.
    """
    address = address_of(_asked() if given is None else given)
    key, registry = place.visitor_keys().in_force, place.registry_key()
    known = Known(
        key_period=0 if key is None else key.period,
        hashes={} if key is None else {radio: key.hash_of(radio, address) for radio in Radio},
        fixture_digests=frozenset(registry.digest(fixture_text(radio, address)).hex() for radio in Radio),
    )
    with contextlib.closing(place.open_store()) as store:
        forgotten = forget_device(store.connections, known, without_devices)
        tags = _tags_of(store, identity_of(IdentityKind.ADDRESS, address, registry).digest)
        if tags_too:
            for tag_id in tags:
                store.tags.delete(tag_id)
        is_site = len(store.sensors.all(place.clock.wall())) > 1
        lines = [_removed(forgotten), *_about_tags(tags, tags_too=tags_too), *_left(place, key, is_site=is_site)]
        print("\n".join(lines), flush=True)
        if file_of(place.database_url) is not None:
            print("Now that is overwritten, which takes a minute or two where the database is large.", flush=True)
        store.connections.overwrite_deleted()
        if file_of(place.database_url) is not None:
            print("What was deleted is overwritten.")
    return 0


def _asked() -> str:
    """The address, from whoever sits there or from what was piped in: so it is in no history of commands."""
    if sys.stdin.isatty():
        print("The device's Wi-Fi or Bluetooth address, such as C4:7C:8D:6A:12:34: ", end="", flush=True)
    return sys.stdin.readline(_LONGEST_LINE)


def _tags_of(store: Store, digest: bytes) -> dict[int, str]:
    """The tags that are known by an address, by number, with their names."""
    numbers = {watched.tag_id for watched in store.tags.watched() if watched.identity.digest == digest}
    return {row.tag_id: row.card.name for row in store.tags.rows() if row.tag_id in numbers}


def _removed(forgotten: Forgotten) -> str:
    if not forgotten.is_anything:
        return "Nothing was found under the key in force, so there was nothing to remove."
    parts = (
        _counted(forgotten.device_count, "device"),
        _counted(forgotten.visit_count, "visit that had ended", "visits that had ended"),
        f"its place in {_counted(forgotten.scan_count, 'scan')}",
        _counted(forgotten.fixture_count, "thing that stays", "things that stay"),
        f"its place in {_counted(forgotten.unsent_count, 'scan')} waiting to be sent",
    )
    return f"Removed: {'; '.join(parts)}. Sums stay, which tell of nobody."


def _about_tags(tags: dict[int, str], *, tags_too: bool) -> Iterator[str]:
    for name in tags.values():
        if tags_too:
            yield f"The tag {name} is forgotten, and where it was."
        else:
            yield f"It is registered as the tag {name}, which stays. With --tags that is forgotten too."


def _left(place: Place, key: VisitorKey | None, *, is_site: bool) -> Iterator[str]:
    """What could not be removed, and what to do about it."""
    if key is not None:
        if (begun_at := _begun_at(place, key)) is None:
            yield "The key in force never ends (scans.key_rotation), so all that was ever kept was looked through."
        else:
            yield (
                f"What was kept before {begun_at:%A, %d %B, %H:%M} has a name under a key that is gone. Nobody can "
                "tell any more which of it was this device, and so it cannot be removed; it goes when it is old."
            )
        if copies := _copies_since(place.folder, begun_at):
            listed = "\n".join(f"  {path}" for path in copies)
            yield f"Copies of the database that were made since may still hold it. Delete them:\n{listed}"
    if is_site:
        yield "A sensor that has not sent all yet may still hold it: type the same there too."
    yield (
        "While the device is here and switched on it is heard again, and counted anew. Whoever does not want that "
        "switches Wi-Fi and Bluetooth off; docs/privacy.md says why there is no list of whom not to count."
    )


def _begun_at(place: Place, key: VisitorKey) -> datetime | None:
    """When the key came into force; None for one that is for ever."""
    if key.period == date.min.toordinal():
        return None
    hour = time(place.config.scans.key_rotation_hour)
    return datetime.combine(date.fromordinal(key.period), hour, place.time_zone)


def _copies_since(folder: Path, begun_at: datetime | None) -> list[Path]:
    """Backups, those that were broken off too, and databases that were set aside with their logs."""
    since = 0.0 if begun_at is None else begun_at.timestamp()
    names = ("backups/*.db", "backups/*.new*", "*-damaged-*.db*", "*-replaced-*.db*")
    copies = [path for name in names for path in folder.glob(name)]
    return sorted(path for path in copies if path.stat().st_mtime >= since)


def _counted(count: int, one: str, more: str | None = None) -> str:
    return f"1 {one}" if count == 1 else f"{count} {more or f'{one}s'}"
