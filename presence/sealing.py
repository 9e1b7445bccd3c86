"""Sealing: what must be readable again, and yet not lie open in a database."""

from __future__ import annotations

from typing import Protocol


class SealError(Exception):
    """Something sealed cannot be opened: another key sealed it, or it was changed. The message says what to do."""


class Sealer(Protocol):
    """Encrypts and decrypts under a key that never lies in the database."""

    def seal(self, plain: bytes) -> bytes:
        """Encrypt; the same bytes come out differently each time.

        Raises:
            SealError: The key cannot be read or written.
        """
        ...

    def unseal(self, sealed: bytes) -> bytes:
        """Decrypt.

        Raises:
            SealError: Another key sealed it, or it was changed.
        """
        ...
