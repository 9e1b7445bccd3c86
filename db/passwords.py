"""The admin password, as it is kept: through argon2, so that who reads the database cannot try out passwords fast."""

from __future__ import annotations

import threading
import unicodedata

from db.errors import DatabaseError
from presence.access import AccessError

# The least that OWASP's Password Storage Cheat Sheet asks of argon2id. argon2-cffi's own default of 64 MiB is heavy for
# a Pi of 1 GB.
_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1

_SHORTEST = 8
# Beyond this nobody types it, and argon2 would work on whatever a stranger sends.
_LONGEST = 200

# One after another: those who try passwords take 19 MiB and a core of this machine, and no more.
_HASHING = threading.Lock()


def encoded(password: str) -> str:
    """What is kept of a password.

    Raises:
        AccessError: It is too short or too long.
    """
    if not _is_of_length(password):
        raise AccessError(f"A password has {_SHORTEST} to {_LONGEST} characters.")
    from argon2 import PasswordHasher  # noqa: PLC0415 - loaded where somebody logs in, which may be never

    with _HASHING:
        return PasswordHasher(_PASSES, _MEMORY_KIB, _LANES).hash(_bytes(password))


def is_password(password: str, kept: str) -> bool:
    """Whether a password is the one that was kept.

    Raises:
        DatabaseError: What was kept is damaged.
    """
    if not _is_of_length(password):
        return False
    from argon2 import PasswordHasher  # noqa: PLC0415 - as above
    from argon2.exceptions import InvalidHashError, VerifyMismatchError  # noqa: PLC0415 - as above

    try:
        with _HASHING:
            return PasswordHasher(_PASSES, _MEMORY_KIB, _LANES).verify(kept, _bytes(password))
    except VerifyMismatchError:
        return False
    except InvalidHashError as error:
        raise DatabaseError(
            "What the database holds of the password is damaged. Set another with `./run password`."
        ) from error


def _is_of_length(password: str) -> bool:
    return _SHORTEST <= len(password) <= _LONGEST


def _bytes(password: str) -> bytes:
    """The same bytes for the same characters, whichever way a keyboard composes them (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")
