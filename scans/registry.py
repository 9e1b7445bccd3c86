"""The registry: which of the registered tags an advertisement is of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from presence.scan import AddressKind
from presence.sealing import SealError
from presence.tags import IdentityKind, Watched
from scans.beacons import altbeacon_in, eddystone_eid_in, eddystone_uid_in, ibeacon_in
from scans.broadcast import Broadcast
from scans.ephemeral import EidWatch, IrkWatch, eid_watch_of
from scans.identities import company_name, digest_of, ibeacon_text, prefix_text, service_name
from scans.registry_key import RegistryKey

_MINUTE = 60

# What came of each address and each payload is remembered for a minute: a raw address may stay in memory for the length
# of a scan, and this is shorter than most. A busy place has 500 devices with two payloads each in that time; a flood of
# made-up ones costs their looking-up again, and at 0.3 kB an entry 5 MB.
_MOST_REMEMBERED = 16_384

# Only an address that stays names a thing; one that changes names a person's device for a quarter of an hour.
STAYING_ADDRESSES = frozenset({AddressKind.GLOBAL, AddressKind.RANDOM_STATIC, AddressKind.UNKNOWN})

_Tags = tuple[int, ...]


class Registry:
    """The identities of all tags, ready to be looked up; used by one thread at a time.

    Args:
        key: The registry key, under which the identities were kept.
        watched: The identities.

    Attributes:
        sealed_shut: Tags with a secret that cannot be opened, so that they are not recognised or understood by it.

    Raises:
        KeyFileError: The registry key cannot be read or written.
    """

    def __init__(self, key: RegistryKey, watched: Iterable[Watched]) -> None:
        self._key = key
        self._by_digest: dict[bytes, set[int]] = defaultdict(set)
        self._kinds: set[IdentityKind] = set()
        self._prefix_lengths: dict[str, set[int]] = defaultdict(set)
        self._irks: list[IrkWatch] = []
        self._eids: list[EidWatch] = []
        self._bind_keys: dict[bytes, bytes] = {}
        self._remembered: dict[object, _Tags] = {}
        self._minute = 0
        sealed_shut = []
        for one in watched:
            try:
                self._take_in(one)
            except SealError:
                sealed_shut.append(one.tag_id)
        self.sealed_shut = tuple(sealed_shut)

    def tags_of(self, broadcast: Broadcast) -> tuple[int, ...]:
        """The numbers of the tags that an advertisement is of, in order; empty for none."""
        if not self._kinds:
            return ()
        self._forget_in_time(broadcast.heard_at_seconds)
        found = set(self._recalled(broadcast.address, self._of_address, broadcast))
        if broadcast.local_name is not None:
            name = broadcast.local_name.strip()
            found.update(self._recalled(("name", name), self._known_as, IdentityKind.NAME, name))
        for company_id, data in broadcast.manufacturer_data.items():
            found.update(self._recalled((company_id, data), self._of_manufacturer_data, company_id, data))
        for service, data in broadcast.service_data.items():
            at_seconds = broadcast.heard_at_seconds
            found.update(self._recalled((service, data), self._of_service_data, service, data, at_seconds))
        return tuple(sorted(found))

    def bind_key_of(self, address_digest: bytes) -> bytes | None:
        """The key of what is sent encrypted from an address, by the digest of that; None when none was given."""
        return self._bind_keys.get(address_digest)

    def _take_in(self, one: Watched) -> None:
        record = one.identity
        if record.kind is IdentityKind.IRK:
            self._irks.append(IrkWatch(one.tag_id, self._key.unseal(record.sealed or b"")))
        elif record.kind is IdentityKind.EDDYSTONE_EID:
            self._eids.append(eid_watch_of(one.tag_id, self._key.unseal(record.sealed or b"")))
        else:
            self._by_digest[record.digest].add(one.tag_id)
            owner, _, length = record.shape.partition("/")
            if length:
                self._prefix_lengths[owner].add(int(length))
            if record.sealed is not None:
                self._bind_keys[record.digest] = self._key.unseal(record.sealed)
        self._kinds.add(record.kind)

    def _forget_in_time(self, heard_at_seconds: float) -> None:
        minute = int(heard_at_seconds // _MINUTE)
        if minute != self._minute or len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
            self._minute = minute

    def _recalled(self, fact: object, look_up: Callable[..., Iterable[int]], *heard: object) -> _Tags:
        """What came of a part of an advertisement, looked up where it was not heard in this minute."""
        known = self._remembered.get(fact)
        if known is None:
            known = self._remembered[fact] = tuple(look_up(*heard))
        return known

    def _of_address(self, broadcast: Broadcast) -> Iterator[int]:
        if broadcast.address_kind in STAYING_ADDRESSES:
            yield from self._known_as(IdentityKind.ADDRESS, broadcast.address)
        elif broadcast.address_kind is AddressKind.RESOLVABLE and self._irks:
            raw = bytes.fromhex(broadcast.address.replace(":", ""))
            yield from (irk.tag_id for irk in self._irks if irk.resolves(raw))

    def _of_manufacturer_data(self, company_id: int, data: bytes) -> Iterator[int]:
        if (beacon := ibeacon_in(company_id, data)) is not None:
            yield from self._known_as(IdentityKind.IBEACON, ibeacon_text(beacon))
        if (identity := altbeacon_in(data)) is not None:
            yield from self._known_as(IdentityKind.ALTBEACON, identity.hex())
        yield from self._by_prefix(IdentityKind.MANUFACTURER_DATA, company_name(company_id), data)

    def _of_service_data(self, service: str, data: bytes, at_seconds: float) -> Iterator[int]:
        if (identity := eddystone_uid_in(service, data)) is not None:
            yield from self._known_as(IdentityKind.EDDYSTONE_UID, identity.hex())
        if (ephemeral := eddystone_eid_in(service, data)) is not None:
            yield from (eid.tag_id for eid in self._eids if eid.is_its(ephemeral, at_seconds))
        yield from self._by_prefix(IdentityKind.SERVICE_DATA, service_name(service), data)

    def _by_prefix(self, kind: IdentityKind, owner: str, data: bytes) -> Iterator[int]:
        for length in self._prefix_lengths.get(owner, ()):
            yield from self._known_as(kind, prefix_text(owner, data[:length]))

    def _known_as(self, kind: IdentityKind, canonical: str) -> Iterable[int]:
        if kind not in self._kinds:
            return ()
        return self._by_digest.get(digest_of(kind, canonical, self._key), ())
