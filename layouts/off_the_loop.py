"""Keeping the event loop free for others while the page is drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any


def off_the_loop(work: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """Run a callback on a thread: Dash on FastAPI calls plain ones on the event loop, where a slow read stops all.

    The thread sees the context variables of the request, such as who asks.
    """

    @wraps(work)
    async def run(*args: object) -> object:
        return await asyncio.to_thread(work, *args)

    return run
