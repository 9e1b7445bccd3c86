"""The registry key: under it tags are recognised, and their secrets sealed. It belongs to the owner's own things."""

from __future__ import annotations

import hmac
import secrets
import threading
from pathlib import Path

from presence.sealing import SealError
from scans.private_file import write_privately
from scans.visitor_key import KeyFileError

_KEY_BYTES = 32

# AES-GCM: a random nonce of 96 bits (NIST SP 800-38D, section 8.2.2) goes before what is sealed, 16 bytes of tag after.
_NONCE_BYTES = 12


class RegistryKey:
    """The key of the register of tags (a `presence.sealing.Sealer`).

    Unlike the visitor key it does not rotate: tags are registered on purpose, and are to be known next year too. It
    lies in a file that only its owner can read, made at first use; without a path it lives in memory and ends with the
    process.

    Args:
        path: Where it lies; None for memory.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._secret: bytes | None = None
        self._reading = threading.Lock()  # whoever registers and whoever listens ask for it

    def secret(self) -> bytes:
        """The key itself, for a sensor that joins; 32 bytes.

        Raises:
            KeyFileError: The key file cannot be read or written.
        """
        return self._key()

    def digest(self, text: str) -> bytes:
        """What an identity is kept as: HMAC-SHA-256 (RFC 2104), 32 bytes.

        Raises:
            KeyFileError: The key file cannot be read or written.
        """
        return hmac.digest(self._key(), b"identity " + text.encode("utf-8", "surrogatepass"), "sha256")

    def seal(self, plain: bytes) -> bytes:
        """Encrypt by AES-256-GCM; the same bytes come out differently each time.

        Raises:
            SealError: The key file cannot be read or written.
        """
        # Imported here: it takes 6 MB, which a box without secrets need not pay for.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see above

        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._sealing_key()).encrypt(nonce, plain, None)

    def unseal(self, sealed: bytes) -> bytes:
        """Decrypt.

        Raises:
            SealError: Another key sealed it, it was changed, or the key file cannot be read.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see `seal`
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see `seal`

        try:
            return AESGCM(self._sealing_key()).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except (InvalidTag, ValueError) as error:
            message = (
                "What is sealed in the database was sealed under another registry key, or was changed. Put back the "
                "registry key that belongs to this database, or enter the secret again."
            )
            raise SealError(message) from error

    def _sealing_key(self) -> bytes:
        """A key of its own for sealing, so that no digest tells anything about it."""
        try:
            return hmac.digest(self._key(), b"sealing", "sha256")
        except KeyFileError as error:
            raise SealError(str(error)) from error

    def _key(self) -> bytes:
        if self._secret is None:
            with self._reading:
                self._secret = self._secret or self._read() or self._make()
        return self._secret

    def _read(self) -> bytes | None:
        if self._path is None:
            return None
        try:
            secret = bytes.fromhex(self._path.read_text(encoding="ascii"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise KeyFileError(self._unreadable(type(error).__name__)) from error
        if len(secret) != _KEY_BYTES:
            raise KeyFileError(self._unreadable("it is too short or too long"))
        return secret

    def _unreadable(self, why: str) -> str:
        return (
            f"The registry key {self._path} cannot be read ({why}). Put it back from a backup. Without one, delete it "
            "to begin with a new key: each tag's identities must then be registered again."
        )

    def _make(self) -> bytes:
        secret = secrets.token_bytes(_KEY_BYTES)
        if self._path is not None:
            try:
                write_privately(self._path, secret.hex())
            except OSError as error:
                message = (
                    f"The registry key {self._path} cannot be written ({error.strerror}). "
                    "Make room on the disk and let this user write to that folder."
                )
                raise KeyFileError(message) from error
        return secret
