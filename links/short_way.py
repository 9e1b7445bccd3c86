"""The short way: what is posted hundreds of times a second is answered in front of what pages need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from links.refusals import answer_of

Answer = Callable[[Request], Awaitable[object]]
"""What answers a request, by what can be written as JSON. Raises HTTPException."""


class ShortWay:
    """Answers some routes at once, as ASGI middleware: add it after the page and before the guard.

    On the way to a route lie the compression of answers, the page's middleware and FastAPI's reading of parameters, a
    third of a millisecond together on a PC, which a batch of 100 detections needs none of. The same routes are declared
    to FastAPI for the API's document, with the same functions to answer.

    Args:
        app: What answers all else.
        posted: What answers a POST, by its path.
    """

    def __init__(self, app: ASGIApp, *, posted: Mapping[str, Answer]) -> None:
        self._app = app
        self._posted = posted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        answer = self._posted.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        try:
            said = JSONResponse(await answer(Request(scope, receive)))
        except HTTPException as refused:
            said = answer_of(refused)
        await said(scope, receive, send)
