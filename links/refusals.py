"""Refusals: a status, and a sentence that says what to do."""

from __future__ import annotations

import math

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse


def answer_of(refused: HTTPException) -> JSONResponse:
    """The answer that says why something was not done, in the form that FastAPI gives it inside of routes."""
    return JSONResponse({"detail": refused.detail}, refused.status_code, refused.headers)


def too_often(wait_seconds: float, why: str) -> HTTPException:
    """The refusal of who asks too often, with when to come back (RFC 6585, section 4)."""
    seconds = math.ceil(wait_seconds)
    return HTTPException(429, f"{why} Try again in {seconds} s.", {"Retry-After": str(seconds)})


def database_away() -> HTTPException:
    """The refusal where the database does not answer; what is wrong with it is in the log, for its owner."""
    return HTTPException(503, "The database does not answer. Try again in a minute.")
