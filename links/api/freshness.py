"""Freshness: an answer that a client has already is not made again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zlib import crc32

from fastapi import HTTPException, Request, Response

# Answers also change without a scan: minutes pass, retention forgets, somebody changes a setting.
_LONGEST_SECONDS = 60

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "What you have (named by If-None-Match) is still so. The answer is empty."}
}


def revalidated(latest_scan_id: Callable[[], int | None], clock: Callable[[], datetime]) -> Callable[..., None]:
    """What a router depends on whose answers a client may keep, and ask whether they still hold (RFC 9110, 13.1.2).

    The tag of an answer names the newest scan, the minute, and what was asked for.
    """

    def revalidate(request: Request, response: Response) -> None:
        asked = crc32(f"{request.url.path}?{request.url.query}".encode())
        minute = int(clock().timestamp()) // _LONGEST_SECONDS
        tag = f'W/"{latest_scan_id() or 0}-{minute}-{asked:x}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        known = {one.strip() for one in request.headers.get("If-None-Match", "").split(",")}
        if tag in known:
            raise HTTPException(304, headers=headers)
        response.headers.update(headers)

    return revalidate
