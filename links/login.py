"""Logging in and out: the page for browsers, and the same for programs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException

from db.access import Access
from links.door import Door, TooManyTriesError
from links.guard import COOKIE, LOGIN_PATH, current_identity
from links.login_page import LOGIN_ROUTE, LOGOUT_ALL_ROUTE, LOGOUT_ROUTE, logged_in_page, login_page
from links.refusals import too_often
from presence.access import AccessError, Role

# A password of 200 characters, each of four bytes that a form writes with three letters, and where to go next.
_MOST_BYTES = 4096
_COOKIE_SECONDS = 30 * 24 * 3600

# A path of this server: one that begins with two slashes, or a backslash, is another server to a browser.
_LOCAL_TARGET = re.compile(r"/(?![/\\])[^\x00-\x20\\]{0,1000}")

_FORM = "application/x-www-form-urlencoded"
_TOO_MANY_TRIES = "There were too many tries."


class Login(BaseModel):
    """What somebody logs in with."""

    password: str = Field(min_length=1, max_length=200, description="The admin password, or a viewer's or admin's key.")
    next: str = Field(default="/", description="Where a browser goes then: a path of this server.")


class NewPassword(BaseModel):
    """A change of the admin password."""

    old: str = Field(max_length=200, description="The password so far.")
    new: str = Field(min_length=8, max_length=200, description="The new one.")


class Me(BaseModel):
    """Who asks."""

    name: str | None = Field(description="The name of the key, or admin; null for somebody who has not logged in.")
    role: Role | None = Field(description="What they may do beyond what everybody may.")


_Given = TypeVar("_Given", Login, NewPassword)


def login_router(access: Access, door: Door, clock: Callable[[], datetime], site_name: str) -> APIRouter:
    """The routes to log in and out, to ask who one is, and to change the password.

    Args:
        access: Knows logins and the password.
        door: Checks who wants to log in.
        clock: Tells the time, aware.
        site_name: Name of the place, for the page; empty for none.
    """
    router = APIRouter(tags=["Access"])
    _add_page(router, site_name)
    _add_login(router, door, site_name)
    _add_logout(router, access)
    _add_logout_of_all(router, access)
    _add_password(router, access, door, clock)

    @router.get("/api/v1/me")
    def me() -> Me:
        """Who asks, and with which role."""
        identity = current_identity()
        return Me(name=None, role=None) if identity is None else Me(name=identity.name, role=identity.role)

    return router


def _add_page(router: APIRouter, site_name: str) -> None:
    @router.get(LOGIN_PATH, include_in_schema=False)
    def page(next: str = "/") -> HTMLResponse:  # noqa: A002 - as addresses call it everywhere
        identity = current_identity()
        html = login_page(site_name, _local(next)) if identity is None else logged_in_page(identity)
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})


def _add_login(router: APIRouter, door: Door, site_name: str) -> None:
    @router.post(
        LOGIN_ROUTE,
        response_model=Me,
        openapi_extra=_taking(Login, "application/json", _FORM),
        responses={
            303: {"description": "The password in a form was right; this is where to go next."},
            403: {"description": "It is the key of a sensor, which cannot look."},
            **_REFUSALS,
        },
    )
    async def log_in(request: Request) -> Response:
        """Log a browser in for 30 days, by a cookie. Programs bring their key with each request instead.

        Each address has five tries; then it must wait, a minute at first and twice as long each time.
        """
        target = "/"
        try:
            given = await _read(request, Login)
            target = _local(given.next)
            return await _log_in(request, door, given.password, target)
        except HTTPException as refused:
            if not _is_form(request):
                raise
            html = login_page(site_name, target, refused.detail)
            return HTMLResponse(html, refused.status_code, refused.headers)


async def _log_in(request: Request, door: Door, password: str, target: str) -> Response:
    try:
        entered = await door.let_in(request, password)
    except TooManyTriesError as error:
        raise too_often(error.wait_seconds, _TOO_MANY_TRIES) from error
    if entered is None:
        raise HTTPException(401, "This is not the password. Look for capitals, and try again.")
    identity, secret = entered
    if identity.role is Role.SENSOR:
        raise HTTPException(403, "This is the key of a sensor: it can send, but not look. Take a viewer's.")
    answer = (
        RedirectResponse(target, 303)
        if _is_form(request)
        else JSONResponse({"name": identity.name, "role": identity.role})
    )
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=_COOKIE_SECONDS,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",  # not even sent along when a link on another page leads here
    )
    return answer


def _add_logout(router: APIRouter, access: Access) -> None:
    @router.post(LOGOUT_ROUTE, status_code=204, responses={303: {"description": "A form was sent; where to go next."}})
    def log_out(request: Request) -> Response:
        """Log this browser out. Harmless for one that is not logged in."""
        token = request.cookies.get(COOKIE)
        if token is not None and current_identity() is not None:
            access.end_login(token)
        answer = RedirectResponse(LOGIN_PATH, 303) if _is_form(request) else Response(status_code=204)
        answer.delete_cookie(COOKIE)
        return answer


def _add_logout_of_all(router: APIRouter, access: Access) -> None:
    @router.post(
        LOGOUT_ALL_ROUTE, status_code=204, responses={303: {"description": "A form was sent; where to go next."}}
    )
    def log_all_out(request: Request) -> Response:
        """Log every browser out, this one too. Keys stay as they are."""
        access.end_all_logins()
        answer = RedirectResponse(LOGIN_PATH, 303) if _is_form(request) else Response(status_code=204)
        answer.delete_cookie(COOKIE)
        return answer


def _add_password(router: APIRouter, access: Access, door: Door, clock: Callable[[], datetime]) -> None:
    @router.post(
        "/api/v1/password",
        status_code=204,
        openapi_extra=_taking(NewPassword, "application/json"),
        responses=_REFUSALS,
    )
    async def change_password(request: Request) -> Response:
        """Change the admin password. Every browser is logged out by it, this one too; keys stay as they are."""
        given = await _read(request, NewPassword)
        try:
            is_right = await door.is_password(request, given.old)
        except TooManyTriesError as error:
            raise too_often(error.wait_seconds, _TOO_MANY_TRIES) from error
        if not is_right:
            raise HTTPException(401, "The old password is not right, so nothing was changed.")
        try:
            await asyncio.to_thread(access.set_password, given.new, clock())
        except AccessError as error:
            raise HTTPException(422, str(error)) from error
        answer = Response(status_code=204)
        answer.delete_cookie(COOKIE)
        return answer


_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "The password is wrong."},
    413: {"description": "It is too long."},
    422: {"description": "It cannot be read."},
    429: {"description": "There were too many tries."},
}


def _taking(kind: type[BaseModel], *media_types: str) -> dict[str, Any]:
    """What a route takes, for the OpenAPI document: it reads the body itself, to stop at one that is too long."""
    content = {media_type: {"schema": kind.model_json_schema()} for media_type in media_types}
    return {"requestBody": {"required": True, "content": content}}


async def _read(request: Request, kind: type[_Given]) -> _Given:
    """What a request's body holds, as a form or as JSON.

    Raises:
        HTTPException: It is too long, or something else.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise HTTPException(413, f"This is longer than {_MOST_BYTES} bytes.")
    try:
        return kind.model_validate(_fields(body)) if _is_form(request) else kind.model_validate_json(body)
    except ValidationError as error:
        # Without what was given: it may be a password.
        mistakes = [f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in error.errors()]
        raise HTTPException(422, f"{'; '.join(mistakes)}.") from error


def _fields(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith(_FORM)


def _local(target: str) -> str:
    """Where to go next, if that is a path of this server; else the page."""
    return target if _LOCAL_TARGET.fullmatch(target) else "/"
