"""Pictures that are sent to the API, and handed out by it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Response
from starlette.requests import ClientDisconnect

from presence.pictures import PICTURE_TYPES

PICTURE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {one: {"schema": {"type": "string", "format": "binary"}} for one in PICTURE_TYPES},
    }
}
"""What the document of the API says of a route that takes a picture."""

PICTURE_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": {one: {} for one in PICTURE_TYPES}}
}
BODY_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"description": "The connection ended within the body."},
    413: {"description": "It is too large."},
    422: {"description": "It is not what it should be; the answer says why."},
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What somebody sent.

    Attributes:
        content: The body.
        media_type: Of what type it is said to be; empty when nothing is said.
    """

    content: bytes
    media_type: str


def body_of(most_bytes: int) -> Callable[[Request], Awaitable[Sent]]:
    """Takes a body of so many bytes at most: no more is held, whatever is sent."""

    async def take(request: Request) -> Sent:
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > most_bytes:
                    raise HTTPException(413, f"This may have {most_bytes // 1000:,} kB. Make it smaller.")
        except ClientDisconnect as error:
            raise HTTPException(400, "The connection ended within the body.") from error
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Sent(bytes(body), media_type)

    return take


# Whoever keeps pictures says how large each may be, in a sentence of its own; this bounds what is held of a body.
_MOST_BYTES = 4_000_000
SentPicture = Annotated[Sent, Depends(body_of(_MOST_BYTES))]


def picture_answer(content: bytes, media_type: str) -> Response:
    """A picture as it is handed out: to be asked for again, and kept by nobody in between."""
    return Response(content, media_type=media_type, headers={"Cache-Control": "private, no-cache"})
