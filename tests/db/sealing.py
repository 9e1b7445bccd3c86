"""A sealer for tests."""

from __future__ import annotations

from presence.sealing import SealError


class Reversing:
    """A sealer that anybody could break; it opens nothing once its key is lost."""

    has_key = True

    def seal(self, plain: bytes) -> bytes:
        return plain[::-1]

    def unseal(self, sealed: bytes) -> bytes:
        if not self.has_key:
            raise SealError("The key is another one.")
        return sealed[::-1]
