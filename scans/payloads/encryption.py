"""Encryption: payloads that only the owner's key opens are made what they were before they were encrypted.

Both formats are AES-128 in CCM (RFC 3610) with a tag of four bytes. A wrong key is taken for the right one once in
2^32 packets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from scans.broadcast import Broadcast, uuid_of_short
from scans.payloads import bthome, xiaomi

_TAG_BYTES = 4


@dataclass(frozen=True, slots=True)
class Sealed:
    """A payload that is encrypted.

    Attributes:
        nonce: What the key was used with, once.
        content: The encrypted bytes, and the tag after them.
        additional: What the tag is made of besides.
        head: What goes before the content once that is open, so that nothing looks encrypted any more.
    """

    nonce: bytes
    content: bytes
    additional: bytes
    head: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of opening an advertisement.

    Attributes:
        broadcast: The advertisement as it would be without encryption; unchanged when the key does not fit.
        key_fits: Whether the key opened it.
    """

    broadcast: Broadcast
    key_fits: bool


def without_encryption(broadcast: Broadcast, bind_key: bytes) -> Opened | None:
    """Open what is encrypted in an advertisement; None when nothing is that could be opened.

    Args:
        broadcast: The advertisement. Its address is part of the encryption.
        bind_key: The key, 16 bytes.
    """
    address = bytes.fromhex(broadcast.address.replace(":", ""))
    for service, sealed_in in _SEALED_IN.items():
        sealed = sealed_in(broadcast.service_data.get(service, b""), address)
        if sealed is not None:
            content = _open(sealed, bind_key)
            if content is None:
                return Opened(broadcast, key_fits=False)
            data = {**broadcast.service_data, service: sealed.head + content}
            return Opened(replace(broadcast, service_data=data), key_fits=True)
    return None


def _open(sealed: Sealed, bind_key: bytes) -> bytes | None:
    """What is in a sealed payload; None when the key does not fit."""
    # Imported here: it takes 6 MB, which a box without such tags need not pay for.
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM  # noqa: PLC0415 - see above

    try:
        return AESCCM(bind_key, tag_length=_TAG_BYTES).decrypt(sealed.nonce, sealed.content, sealed.additional)
    except InvalidTag:
        return None


def _bthome(data: bytes, address: bytes) -> Sealed | None:
    """Source: bthome.io/encryption: device information, content, a counter of four bytes, the tag."""
    if len(data) < 1 + 4 + _TAG_BYTES or not bthome.is_encrypted(data):
        return None
    counter, tag = data[-8:-4], data[-4:]
    nonce = address + bthome.SERVICE_V2.to_bytes(2, "little") + data[:1] + counter
    return Sealed(nonce, data[1:-8] + tag, b"", bthome.head_in_clear(data))


def _mibeacon(data: bytes, address: bytes) -> Sealed | None:
    """Source: github.com/MiEcosystem/miio_open, the description of MiBeacon, versions 4 and 5.

    After the head come the content, three bytes that make the frame's counter longer, and the tag.
    """
    at = xiaomi.encrypted_from(data)
    if at is None or len(data) < at + 3 + _TAG_BYTES:
        return None
    longer_counter, tag = data[-7:-4], data[-4:]
    product_and_counter = data[2:5]
    nonce = address[::-1] + product_and_counter + longer_counter
    return Sealed(nonce, data[at:-7] + tag, b"\x11", xiaomi.head_in_clear(data, at))


_SEALED_IN: dict[str, Callable[[bytes, bytes], Sealed | None]] = {
    uuid_of_short(bthome.SERVICE_V2): _bthome,
    uuid_of_short(xiaomi.MIBEACON_SERVICE): _mibeacon,
}
