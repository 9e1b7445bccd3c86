"""Identities that change: resolvable private addresses told by an IRK, and Eddystone EIDs told by their key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

_BLOCK_BYTES = 16

# A beacon may be off by what its clock drifted (150 ppm, 13 s a day) and by up to the day of a power loss, since its
# clock is to be written down once a day (eddystone-eid/eid-computation.md, "Recovering from power loss").
_SKEW_SECONDS = 86_400
# Identifiers that are made ready on each side of the one expected. With a rotation of 1,024 s, the usual one, a day is
# 84; with quicker ones the day is cut short, since each takes 0.1 kB of memory.
_MOST_ON_EACH_SIDE = 256

# The counter of a beacon has 32 bits.
_COUNTER = 2**32


class IrkWatch:
    """A device that is told by its identity resolving key.

    Args:
        tag_id: Which tag it is.
        irk: The key, 16 bytes, most significant first.
    """

    def __init__(self, tag_id: int, irk: bytes) -> None:
        self.tag_id = tag_id
        self._encryptor = _ecb(irk)

    def resolves(self, address: bytes) -> bool:
        """Whether an address, six bytes as they are written, was made with the key.

        Source: Bluetooth Core Specification 5.4, volume 3, part H, section 2.2.2: ah(k, r) are the 24 least significant
        bits of AES-128 of r, where r are the address's upper 24 bits and the result its lower ones (volume 6, part B,
        section 1.3.2.3).
        """
        block = bytes(_BLOCK_BYTES - 3) + address[:3]
        return self._encryptor.update(block)[-3:] == address[3:]


class EidWatch:
    """A beacon that is told by its Eddystone-EID identity key.

    Args:
        tag_id: Which tag it is.
        identity_key: 16 bytes.
        exponent: It takes a new identifier every 2^exponent seconds.
        zero_at_seconds: When its clock was at zero, in seconds since 1970.
    """

    def __init__(self, tag_id: int, identity_key: bytes, exponent: int, zero_at_seconds: int) -> None:
        self.tag_id = tag_id
        self._identity_key = identity_key
        self._exponent = exponent
        self._zero_at_seconds = zero_at_seconds
        self._reach = min(max(_SKEW_SECONDS >> exponent, 1), _MOST_ON_EACH_SIDE)
        self._ready: dict[bytes, int] = {}
        self._ready_for: int | None = None
        self._off_by = 0

    def is_its(self, ephemeral: bytes, at_seconds: float) -> bool:
        """Whether it is the beacon that goes by these eight bytes at a moment, in seconds since 1970.

        Each time that it is, how far its clock is off is learnt, and looked around from there the next time.
        """
        expected = int(at_seconds - self._zero_at_seconds) >> self._exponent
        self._make_ready(expected + self._off_by)
        found = self._ready.get(ephemeral)
        if found is None:
            return False
        self._off_by = found - expected
        return True

    def _make_ready(self, turn: int) -> None:
        """Have the identifiers around a turn at hand; they are made anew once the middle has moved by a quarter."""
        if self._ready_for is not None and abs(turn - self._ready_for) <= self._reach // 4:
            return
        turns = range(turn - self._reach, turn + self._reach + 1)
        self._ready = {self._identifier(number): number for number in turns}
        self._ready_for = turn

    def _identifier(self, turn: int) -> bytes:
        return eid_at(self._identity_key, self._exponent, (turn << self._exponent) % _COUNTER)


def eid_watch_of(tag_id: int, secret: bytes) -> EidWatch:
    """The beacon of what is sealed of it: identity key, exponent, and when its clock was at zero."""
    return EidWatch(tag_id, secret[:16], secret[16], int.from_bytes(secret[17:21]))


def eid_at(identity_key: bytes, exponent: int, counter: int) -> bytes:
    """The eight bytes a beacon goes by when its clock shows `counter`, in seconds.

    Source: github.com/google/eddystone, eddystone-eid/eid-computation.md: a temporary key for each 65,536 s is made
    with the identity key, and with that the identifier.
    """
    temporary_key = _ecb(identity_key).update(bytes(11) + b"\xff" + bytes(2) + (counter >> 16).to_bytes(2))
    start = counter >> exponent << exponent
    return _ecb(temporary_key).update(bytes(11) + bytes([exponent]) + start.to_bytes(4))[:8]


def _ecb(key: bytes) -> CipherContext:
    """AES-128 of single blocks, which is what both specifications are made of."""
    # Imported here: it takes 6 MB, which a box without such tags need not pay for.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 - see above

    return Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - blocks of random bits, one by one
