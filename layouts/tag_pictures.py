"""Pictures of tags and floor plans, for those who may see where tags are."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import Any

from dash import Dash

from layouts.buttons import LARGEST_NUMBER
from layouts.needs import Managing
from layouts.needs_tags import Tagging
from presence.pictures import picture_type
from presence.plans import NoSuchPlanError
from presence.tags import NoSuchTagError

_Find = Callable[[int], tuple[bytes, str] | None]

_NOT_FOUND = ("There is no such picture.", "text/plain", 404)


class PictureError(Exception):
    """What was uploaded is no picture; the message says what would be."""


def tag_picture_path(tag_id: int) -> str:
    """Where a tag's picture is."""
    return f"/_picture/tag/{tag_id}"


def plan_picture_path(plan_id: int) -> str:
    """Where a floor plan's picture is."""
    return f"/_picture/plan/{plan_id}"


def answer_pictures(app: Dash, tagging: Tagging, managing: Managing) -> None:
    """Answer with pictures, to who may see single devices."""

    def answer(find: _Find, number: int) -> Any:  # noqa: ANN401 - what Dash's server answers with
        is_shown = managing.may_see_devices() and 0 < number <= LARGEST_NUMBER
        data, media_type, status = _found(find, number) if is_shown else _NOT_FOUND
        return app.backend.make_response(data, mimetype=media_type, status=status)

    async def answer_tag(number: int) -> Any:  # noqa: ANN401 - as above
        return await asyncio.to_thread(answer, tagging.tags.picture, number)

    async def answer_plan(number: int) -> Any:  # noqa: ANN401 - as above
        return await asyncio.to_thread(answer, tagging.plans.picture, number)

    app.backend.add_url_rule("/_picture/tag/{number}", answer_tag, methods=["GET"])
    app.backend.add_url_rule("/_picture/plan/{number}", answer_plan, methods=["GET"])


def _found(find: _Find, number: int) -> tuple[str | bytes, str, int]:
    try:
        picture = find(number)
    except (NoSuchTagError, NoSuchPlanError):
        return _NOT_FOUND
    return _NOT_FOUND if picture is None else (*picture, 200)


def uploaded(contents: object) -> bytes:
    """What a browser hands in as a data URL (RFC 2397).

    Raises:
        PictureError: It is no such thing.
    """
    try:
        return base64.b64decode(str(contents).partition(";base64,")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError("The file did not arrive whole. Choose it once more.") from error


def uploaded_picture(contents: object) -> tuple[bytes, str]:
    """A picture that a browser hands in, and its media type.

    Raises:
        PictureError: It is none.
    """
    content = uploaded(contents)
    media_type = picture_type(content)
    if media_type is None:
        raise PictureError("This is no PNG, JPEG or WebP picture. Save it as one of these, and choose it again.")
    return content, media_type
