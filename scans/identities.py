"""Identities: what an owner types to say by what a tag is known becomes what is kept of it.

Each identity has one canonical text, however it was typed. What is kept is that text's digest; whoever listens makes
the same texts of what is heard (`scans.registry`), and so the same digests.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from presence.tags import IdentityKind, IdentityRecord, TagError
from scans.address_text import without_addresses
from scans.beacons import IBeacon
from scans.broadcast import uuid_of_short
from scans.registry_key import RegistryKey

# Nothing that is typed here is longer: a prefix of 48 bytes, written with "0x" and a colon before each.
_LONGEST_TEXT = 300

# A local name is at most 248 bytes of UTF-8 (Bluetooth Core Specification 5.4, volume 3, part C, section 12.1).
_LONGEST_NAME_BYTES = 248

# More than this of an advertisement is its changing part; and a prefix of none would be every device of a maker.
_LONGEST_PREFIX_BYTES = 48

# How much of an identity a label shows: enough to tell two apart, too little to hold a whole address, which beacons
# like to put into their identities.
_SHOWN_BYTES = 4

_LONGEST_EXPONENT = 15
_LARGEST_HALF = 0xFFFF

_ADDRESS_BYTES = 6
_ADDRESS_SHOWN = "address"
BIND_KEY_BYTES = 16
"""The key of what a device sends encrypted is one of AES-128."""


class AddressError(Exception):
    """What was typed is no address; the message says what one looks like."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """What a typed identity means: its canonical text, what of it is shown, and see `IdentityRecord` for the rest."""

    canonical: str = field(repr=False)
    shown: str
    shape: str = ""
    secret: bytes | None = field(default=None, repr=False)


def identity_of(kind: IdentityKind, text: str, key: RegistryKey) -> IdentityRecord:
    """What is kept of an identity that an owner typed.

    Raises:
        TagError: It is no such identity; the message shows what a right one looks like.
        KeyFileError: The registry key cannot be read or written.
        SealError: Likewise, where a secret is to be sealed.
    """
    if len(text) > _LONGEST_TEXT:
        raise TagError(f"That is too long for an identity, which has {_LONGEST_TEXT} characters at most.")
    typed = _READ[kind](text.strip())
    sealed = None if typed.secret is None else key.seal(typed.secret)
    digest = digest_of(kind, typed.canonical, key)
    return IdentityRecord(kind, digest, typed.shape, sealed, _label(typed.shown, digest))


def address_record(digest: bytes) -> IdentityRecord:
    """What is kept of an address whose digest is at hand already."""
    return IdentityRecord(IdentityKind.ADDRESS, digest, "", None, _label(_ADDRESS_SHOWN, digest))


def _label(shown: str, digest: bytes) -> str:
    return f"{shown} (kept as {digest.hex()[:8]})"


def digest_of(kind: IdentityKind, canonical: str, key: RegistryKey) -> bytes:
    """The digest of an identity's canonical text; the kind is part of it."""
    return key.digest(f"{kind.value} {canonical}")


def ibeacon_text(beacon: IBeacon) -> str:
    """The canonical text of an iBeacon."""
    return f"{beacon.uuid}, {beacon.major}, {beacon.minor}"


def company_name(company_id: int) -> str:
    """How a company identifier is written: "0x0499"."""
    return f"0x{company_id:04x}"


def prefix_text(owner: str, prefix: bytes) -> str:
    """The canonical text of what data begin with, whose owner is a company identifier or a service."""
    return f"{owner}: {prefix.hex()}"


def service_name(uuid: str) -> str:
    """How a service is written: "fcd2" where it has a short identifier, else its whole UUID."""
    short = uuid[4:8]
    return short if uuid == uuid_of_short(int(short, 16)) else uuid


def address_of(text: str) -> str:
    """A Wi-Fi or Bluetooth address that somebody typed, as it is written here: in lower case, joined by colons.

    Raises:
        AddressError: It is none; what was typed is not repeated.
    """
    raw = _bytes_of(text.strip(), _ADDRESS_BYTES)
    if raw is None:
        raise AddressError('An address has twelve hexadecimal digits, for example "C4:7C:8D:6A:12:34".')
    return raw.hex(":")


def _address(text: str) -> _Typed:
    raw = _bytes_of(text, _ADDRESS_BYTES) or _bytes_of(text, _ADDRESS_BYTES + BIND_KEY_BYTES)
    if raw is None:
        raise TagError(
            'A Bluetooth address has twelve hexadecimal digits, for example "C4:7C:8D:6A:12:34". If what it tells is '
            'encrypted, its key of 32 digits follows: "C4:7C:8D:6A:12:34, 231d39c1d7cc1ab1aee224cd096db932".'
        )
    address, bind_key = raw[:_ADDRESS_BYTES], raw[_ADDRESS_BYTES:]
    if address in (bytes(_ADDRESS_BYTES), b"\xff" * _ADDRESS_BYTES):
        raise TagError("No device has that address. Look for the one that is printed on it or shown by its app.")
    shown = f"{_ADDRESS_SHOWN} and key" if bind_key else _ADDRESS_SHOWN
    return _Typed(address.hex(":"), shown, secret=bind_key or None)


def _ibeacon(text: str) -> _Typed:
    example = '"f7826da6-4fa2-4e98-8024-bc5b71e0893e, 1, 2"'
    parts = [part for part in re.split(r"[\s,;/]+", text) if part]
    if len(parts) != 3:
        raise TagError(
            f"An iBeacon is its UUID, major and minor, all three, for example {example}. "
            "A whole group of beacons (any major, any minor) cannot be one tag."
        )
    uuid = _bytes_of(parts[0], 16)
    major, minor = (_number_of(part, _LARGEST_HALF) for part in parts[1:])
    if uuid is None:
        raise TagError(f"An iBeacon's UUID has 32 hexadecimal digits, for example {example}.")
    if major is None or minor is None:
        raise TagError(f"An iBeacon's major and minor are numbers from 0 to {_LARGEST_HALF}, for example {example}.")
    beacon = IBeacon(UUID(bytes=uuid), major, minor)
    return _Typed(ibeacon_text(beacon), f"iBeacon {uuid[:_SHOWN_BYTES].hex()}…, {major}, {minor}")


def _altbeacon(text: str) -> _Typed:
    raw = _bytes_of(text, 20)
    if raw is None:
        raise TagError(
            "An AltBeacon's identity has 20 bytes, 40 hexadecimal digits, "
            'for example "2f234454cf6d4a0fadf2f4911ba9ffa600010002".'
        )
    return _Typed(raw.hex(), f"AltBeacon {raw[:_SHOWN_BYTES].hex()}…")


def _eddystone_uid(text: str) -> _Typed:
    raw = _bytes_of(text, 16)
    if raw is None:
        raise TagError(
            "An Eddystone UID has ten bytes of namespace and six of instance, 32 hexadecimal digits, "
            'for example "8b0ca750095477cb3e77 000000000001".'
        )
    return _Typed(raw.hex(), f"Eddystone UID {raw[:_SHOWN_BYTES].hex()}…")


def _eddystone_eid(text: str) -> _Typed:
    parts = [part for part in re.split(r"[\s,;/]+", text) if part]
    identity_key = _bytes_of(parts[0], 16) if len(parts) in (2, 3) else None
    exponent = _number_of(parts[1], _LONGEST_EXPONENT) if identity_key else None
    zero_at = _number_of(parts[2], 2**32 - 1) if identity_key and len(parts) == 3 else 0
    if identity_key is None or exponent is None or zero_at is None:
        raise TagError(
            "An Eddystone EID is its identity key, 32 hexadecimal digits, and its rotation exponent from 0 to 15, for "
            'example "0102030405060708090a0b0c0d0e0f10, 10". If its clock does not count the seconds since 1970, add '
            "when that clock was at zero, in seconds since 1970."
        )
    secret = identity_key + bytes([exponent]) + zero_at.to_bytes(4)
    return _Typed(f"{identity_key.hex()}, {exponent}", "Eddystone EID, told by its key", secret=secret)


def _name(text: str) -> _Typed:
    if not text or not text.isprintable() or len(text.encode()) > _LONGEST_NAME_BYTES:
        raise TagError(
            "A name is what the device calls itself, as a whole and with capital letters as it has them, in up to "
            f'{_LONGEST_NAME_BYTES} bytes, for example "Tile 7".'
        )
    return _Typed(text, f'name "{without_addresses(text)}"')


def _service_data(text: str) -> _Typed:
    owner, _, rest = text.partition(":")
    uuid = _service_of(owner.strip())
    prefix = _prefix_of(rest)
    if uuid is None or prefix is None:
        raise TagError(
            "Service data are the service, a colon and what the data begin with, 1 to "
            f'{_LONGEST_PREFIX_BYTES} bytes, for example "fcd2: 4400".'
        )
    return _prefix(service_name(uuid), prefix, "service data of")


def _manufacturer_data(text: str) -> _Typed:
    owner, _, rest = text.partition(":")
    number = owner.strip().lower().removeprefix("0x")
    prefix = _prefix_of(rest)
    if not re.fullmatch(r"[0-9a-f]{1,4}", number) or prefix is None:
        raise TagError(
            "Manufacturer data are the company identifier in hexadecimal, a colon and what the data begin with, 1 to "
            f'{_LONGEST_PREFIX_BYTES} bytes, for example "0x0499: 05".'
        )
    return _prefix(company_name(int(number, 16)), prefix, "manufacturer data of")


def _prefix(owner: str, prefix: bytes, what: str) -> _Typed:
    more = "…" if len(prefix) > _SHOWN_BYTES else ""
    shown = f"{what} {owner}, beginning with {prefix[:_SHOWN_BYTES].hex()}{more}"
    return _Typed(prefix_text(owner, prefix), shown, shape=f"{owner}/{len(prefix)}")


def _irk(text: str) -> _Typed:
    raw = _bytes_of(text, 16)
    if raw is None:
        raise TagError(
            "An identity resolving key has 16 bytes, 32 hexadecimal digits, most significant byte first, for example "
            '"ec0234a357c8ad05341010a60a397d9b". Some programmes print it the other way round: if the device is not '
            "heard, turn the order of the bytes round."
        )
    return _Typed(raw.hex(), "identity resolving key", secret=raw)


_READ: dict[IdentityKind, Callable[[str], _Typed]] = {
    IdentityKind.ADDRESS: _address,
    IdentityKind.IBEACON: _ibeacon,
    IdentityKind.ALTBEACON: _altbeacon,
    IdentityKind.EDDYSTONE_UID: _eddystone_uid,
    IdentityKind.EDDYSTONE_EID: _eddystone_eid,
    IdentityKind.NAME: _name,
    IdentityKind.SERVICE_DATA: _service_data,
    IdentityKind.MANUFACTURER_DATA: _manufacturer_data,
    IdentityKind.IRK: _irk,
}


def _bytes_of(text: str, count: int) -> bytes | None:
    """So many bytes, in hexadecimal with whatever people put between the digits; None when it is anything else."""
    digits = re.sub(r"[\s:._,-]", "", text.lower().removeprefix("0x"))
    return bytes.fromhex(digits) if re.fullmatch(rf"[0-9a-f]{{{2 * count}}}", digits) else None


def _prefix_of(text: str) -> bytes | None:
    """What data begin with, 1 to 48 bytes in hexadecimal; None when it is anything else."""
    digits = re.sub(r"[\s:._…-]", "", text.lower().strip().removeprefix("0x"))
    fits = len(digits) <= 2 * _LONGEST_PREFIX_BYTES and re.fullmatch(r"(?:[0-9a-f]{2})+", digits)
    return bytes.fromhex(digits) if fits else None


def _number_of(text: str, most: int) -> int | None:
    """A decimal or hexadecimal ("0x…") number from 0 to `most`; None when it is anything else."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", text):
        number = int(text, 16)
    elif re.fullmatch(r"[0-9]{1,10}", text):
        number = int(text)
    else:
        return None
    return number if number <= most else None


def _service_of(text: str) -> str | None:
    """A service's 128-bit UUID, of its short identifier or in full; None when it is neither."""
    short = text.lower().removeprefix("0x")
    if re.fullmatch(r"[0-9a-f]{4}", short):
        return uuid_of_short(int(short, 16))
    full = _bytes_of(text, 16)
    return None if full is None else str(UUID(bytes=full))
