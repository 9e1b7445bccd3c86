"""What is held near the box, so that it can be registered by one click, without anybody seeing its address."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from presence.tags import IdentityKind, IdentityRecord, Nearby, TagError
from scans.address_text import without_addresses
from scans.beacons import altbeacon_in, eddystone_eid_in, eddystone_uid_in, ibeacon_in
from scans.broadcast import Broadcast
from scans.folding import Maker
from scans.identities import address_record, digest_of, ibeacon_text, identity_of
from scans.registry import STAYING_ADDRESSES
from scans.registry_key import RegistryKey

# A tag in the hand beside the box reads −30 to −50 dBm; one at two metres −60 and weaker.
_NEAR_DBM = -55.0
# A reading from which on something is followed. Fading moves single readings by 6 dB (`scans.simulated`: 3 dB of
# deviation), and only what is near now is worth its hashing.
_WORTH_FOLLOWING_DBM = -61

# Of the old mean, what remains at a new reading: three readings weigh as much as all before.
_KEPT_SHARE = 0.75

_SHOWN_SECONDS = 10.0
_REMEMBERED_SECONDS = 300.0
_MOST_SHOWN = 12
# A flood of made-up addresses drives out only what was heard longest ago; each takes under 2 kB.
_MOST_REMEMBERED = 256

_LONGEST_NAME = 40
_TOKEN_BYTES = 9

# So many digits of its address, in a row, are not shown in a transmitter's name, where makers like to put them.
_TELLING_DIGITS = 4


@dataclass(slots=True)
class _Transmitter:
    """What is remembered of one; nothing of it is its address.

    Attributes:
        token: What stands for it.
        rssi_dbm: Smoothed.
        heard_seconds: When it was heard last, by the monotonic clock.
        says: What can be said of it.
        identities: What it could be registered by, as text; of an address, nothing but that it has one.
    """

    token: str
    rssi_dbm: float
    heard_seconds: float
    says: str = ""
    identities: dict[IdentityKind, str] = field(default_factory=dict)


class Neighbourhood:
    """The transmitters very near to the box; used by one thread at a time.

    Args:
        key: The registry key.
        monotonic: Seconds that only ever go forward.
        maker: Names makers; None names none.
    """

    def __init__(self, key: RegistryKey, monotonic: Callable[[], float], maker: Maker | None) -> None:
        self._key = key
        self._monotonic = monotonic
        self._maker = maker
        # By the digest of the address, the one heard longest ago first: no raw address outlives its scan.
        self._known: OrderedDict[bytes, _Transmitter] = OrderedDict()

    def hear(self, broadcast: Broadcast, *, is_tag: bool) -> None:
        """Take an advertisement in; one of a tag is that tag's, and no longer shown."""
        if broadcast.rssi_dbm is None or (broadcast.rssi_dbm < _WORTH_FOLLOWING_DBM and not self._known):
            return
        digest = digest_of(IdentityKind.ADDRESS, broadcast.address, self._key)
        if is_tag:
            self._known.pop(digest, None)
            return
        known = self._known.get(digest)
        if known is None:
            if broadcast.rssi_dbm < _WORTH_FOLLOWING_DBM:
                return
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            known = self._known[digest] = _Transmitter(token, float(broadcast.rssi_dbm), 0.0)
        known.rssi_dbm = _KEPT_SHARE * known.rssi_dbm + (1 - _KEPT_SHARE) * broadcast.rssi_dbm
        known.heard_seconds = self._monotonic()
        known.identities.update(_identities_in(broadcast))
        known.says = _says(broadcast, self._maker) or known.says
        self._known.move_to_end(digest)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)

    def strongest(self) -> tuple[Nearby, ...]:
        """The strongest that are near, and were heard in the last ten seconds, the strongest first."""
        self._forget()
        now = self._monotonic()
        near = [
            one
            for one in self._known.values()
            if one.rssi_dbm >= _NEAR_DBM and now - one.heard_seconds <= _SHOWN_SECONDS and one.identities
        ]
        near.sort(key=lambda one: one.rssi_dbm, reverse=True)
        return tuple(
            Nearby(one.token, one.rssi_dbm, one.says, _steadiest_first(one.identities), now - one.heard_seconds)
            for one in near[:_MOST_SHOWN]
        )

    def identify(self, token: str, kind: IdentityKind) -> IdentityRecord:
        """What is kept of a transmitter that was shown, by the kind of identity chosen.

        Raises:
            TagError: It was forgotten, or has no such identity.
        """
        self._forget()
        for digest, one in self._known.items():
            if one.token == token:
                if kind not in one.identities:
                    raise TagError(f"It cannot be registered by {kind.value}. Choose another of its identities.")
                if kind is IdentityKind.ADDRESS:
                    return address_record(digest)
                return identity_of(kind, one.identities[kind], self._key)
        raise TagError("It was not heard for five minutes and is forgotten. Hold it near once more.")

    def _forget(self) -> None:
        oldest = self._monotonic() - _REMEMBERED_SECONDS
        while self._known and next(iter(self._known.values())).heard_seconds < oldest:
            self._known.popitem(last=False)


# An identity that its owner set says more than one that its maker did, and a name may be that of all of its kind.
_STEADINESS = (
    IdentityKind.IBEACON,
    IdentityKind.ALTBEACON,
    IdentityKind.EDDYSTONE_UID,
    IdentityKind.ADDRESS,
    IdentityKind.NAME,
)


def _steadiest_first(kinds: Iterable[IdentityKind]) -> tuple[IdentityKind, ...]:
    return tuple(sorted(kinds, key=_STEADINESS.index))


def _identities_in(broadcast: Broadcast) -> Iterator[tuple[IdentityKind, str]]:
    """What it could be registered by; none for a phone, whose address changes and which tells nothing that stays."""
    if broadcast.address_kind in STAYING_ADDRESSES:
        yield IdentityKind.ADDRESS, ""
    if (name := broadcast.local_name) is not None and name.strip() and name.isprintable():
        yield IdentityKind.NAME, name
    for company_id, data in broadcast.manufacturer_data.items():
        if (beacon := ibeacon_in(company_id, data)) is not None:
            yield IdentityKind.IBEACON, ibeacon_text(beacon)
        if (identity := altbeacon_in(data)) is not None:
            yield IdentityKind.ALTBEACON, identity.hex()
    for service, data in broadcast.service_data.items():
        if (identity := eddystone_uid_in(service, data)) is not None:
            yield IdentityKind.EDDYSTONE_UID, identity.hex()


def _says(broadcast: Broadcast, maker: Maker | None) -> str:
    """What can be said of it: what kind of beacon it is, its name, its maker."""
    company_id = next(iter(broadcast.manufacturer_data), None)
    made_by = maker(broadcast.address, broadcast.address_kind, company_id) if maker else None
    said = (*_beacons_in(broadcast), _shown_name(broadcast), f"made by {made_by}" if made_by else "")
    return ", ".join(filter(None, said))


def _beacons_in(broadcast: Broadcast) -> Iterator[str]:
    for company_id, data in broadcast.manufacturer_data.items():
        if (beacon := ibeacon_in(company_id, data)) is not None:
            yield f"iBeacon {str(beacon.uuid)[:8]}…, {beacon.major}, {beacon.minor}"
        if altbeacon_in(data) is not None:
            yield "AltBeacon"
    for service, data in broadcast.service_data.items():
        if eddystone_uid_in(service, data) is not None:
            yield "Eddystone UID"
        if eddystone_eid_in(service, data) is not None:
            yield "Eddystone EID"


def _shown_name(broadcast: Broadcast) -> str:
    """Its name in quotes, bounded, and without the part of its address that makers like to put into it."""
    name = "".join(filter(str.isprintable, broadcast.local_name or "")).strip()
    if not name:
        return ""
    digits = broadcast.address.replace(":", "")
    backwards = "".join(reversed(broadcast.address.split(":")))
    for telling in (digits, backwards):
        name = _without_part_of(telling, name)
    return f"“{without_addresses(name)[:_LONGEST_NAME]}”"


def _without_part_of(digits: str, name: str) -> str:
    """A name without the longest run of these digits that is in it."""
    lowered = name.lower()
    for length in range(len(digits), _TELLING_DIGITS - 1, -1):
        for start in range(len(digits) - length + 1):
            at = lowered.find(digits[start : start + length])
            if at >= 0:
                return name[:at] + "…" + name[at + length :]
    return name
