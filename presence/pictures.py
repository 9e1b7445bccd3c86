"""Pictures that somebody hands in: which kinds are taken, told by how they begin and not by what is said of them."""

from __future__ import annotations

PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp")


def picture_type(content: bytes) -> str | None:
    """The media type of a picture; None when it is none of `PICTURE_TYPES`.

    Told by the first bytes: PNG (its specification, 5.2), JPEG (ITU-T T.81, B.1.1.3) and WebP (RFC 9649, 2.4). SVG is
    not taken, for it may hold a script.
    """
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def picture_fault(content: bytes, media_type: str, most_bytes: int) -> str | None:
    """What is wrong with a picture that is said to be of a type, and what to do; None for nothing."""
    if len(content) > most_bytes:
        return f"The picture is larger than {most_bytes // 1000:,} kB. Make it smaller, and send it again."
    found = picture_type(content)
    if found is None:
        return "This is no PNG, JPEG or WebP picture. Save it as one of these, and send it again."
    if found != media_type:
        return f"The picture is of the type {found}. Send it as that."
    return None
