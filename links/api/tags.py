"""Routes about tags: the register, and what is held near to be registered."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Response

from links.api.parameters import BODY_IS_NO_TEXT
from links.api.parts import ApiParts
from links.api.pictures import BODY_REFUSED, PICTURE_ANSWER, PICTURE_BODY, Sent, SentPicture, body_of, picture_answer
from links.api.tag_answers import (
    IdentityAnswer,
    IdentityForm,
    NearbyAnswer,
    NearbyForm,
    TagAnswer,
    TagCardForm,
    TagForm,
    nearby_answer,
    tag_answer,
)
from links.api.tags_csv import MOST_CSV_BYTES, read_tags, written_tags

# The greatest number that a row can have (a signed number of 64 bits).
_MOST_ROWS = 2**63 - 1

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such tag."}}
_TAKEN: dict[int | str, dict[str, Any]] = {409: {"description": "Another tag is known by this."}}
_CSV_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
_CSV_ANSWER: dict[int | str, dict[str, Any]] = {200: {"description": "The tags.", "content": {"text/csv": {}}}}

TagId = Annotated[int, Path(ge=1, le=_MOST_ROWS, description="The number of a tag.")]


def tags_router(parts: ApiParts) -> APIRouter:
    """The routes below /tags, but for what was logged."""
    router = APIRouter(tags=["Tags"])
    # In this order, for each path is tried in turn, and a number stands for any word.
    _add_register(router, parts)
    _add_csv(router, parts)
    _add_nearby(router, parts)
    _add_one(router, parts)
    _add_identities(router, parts)
    _add_picture(router, parts)
    return router


def _add_register(router: APIRouter, parts: ApiParts) -> None:
    tagged = parts.tagged

    @router.get("/tags")
    def tags() -> list[TagAnswer]:
        """Every tag, by name: what it is, by what it is known, and where it is."""
        return [tag_answer(row) for row in tagged.tags.rows()]

    @router.post("/tags", status_code=201, responses=_TAKEN | BODY_IS_NO_TEXT)
    def tag_add(form: TagForm) -> TagAnswer:
        """Register a tag. It is listened for from now on."""
        records = [tagged.identify(one.kind, one.text) for one in form.identities]
        tag_id = tagged.tags.add(form.card(), records, parts.clock())
        parts.changed()
        return tag_answer(tagged.tags.one(tag_id))


def _add_csv(router: APIRouter, parts: ApiParts) -> None:
    tagged = parts.tagged

    @router.get("/tags.csv", responses=_CSV_ANSWER, response_class=Response)
    def tags_export() -> Response:
        """Every tag as a table for spreadsheets, a line for each identity. Of that, what is shown of it is told."""
        headers = {"Content-Disposition": 'attachment; filename="tags.csv"'}
        return Response(written_tags(tagged.tags.rows()), media_type="text/csv; charset=utf-8", headers=headers)

    @router.post("/tags.csv", status_code=201, responses=_TAKEN | BODY_REFUSED, openapi_extra=_CSV_BODY)
    def tags_import(sent: Annotated[Sent, Depends(body_of(MOST_CSV_BYTES))]) -> list[TagAnswer]:
        """Register the tags of a table: name, kind, note, identity kind, identity; all of them, or none.

        A name that stands in several lines is one tag with several identities. Each line that is wrong is told with
        its number.
        """
        new = read_tags(sent.content, tagged.identify, tagged.tags.rows())
        added = set(tagged.tags.add_all(new, parts.clock()))
        parts.changed()
        return [tag_answer(row) for row in tagged.tags.rows() if row.tag_id in added]


def _add_nearby(router: APIRouter, parts: ApiParts) -> None:
    tagged = parts.tagged
    is_deaf: dict[int | str, dict[str, Any]] = {501: {"description": "This machine does not hear Bluetooth."}}

    @router.get("/tags/nearby", responses=is_deaf)
    def tags_nearby() -> list[NearbyAnswer]:
        """The strongest transmitters very near to this machine that are no tags yet: hold yours near, and ask again."""
        if tagged.ear is None:
            raise _does_not_hear()
        return [nearby_answer(one) for one in tagged.ear.nearby()]

    @router.post("/tags/nearby", status_code=201, responses=_TAKEN | is_deaf | BODY_IS_NO_TEXT)
    def tag_add_nearby(form: NearbyForm) -> TagAnswer:
        """Register what is held near."""
        if tagged.ear is None:
            raise _does_not_hear()
        record = tagged.ear.identify(form.token, form.identity)
        tag_id = tagged.tags.add(form.card(), [record], parts.clock())
        parts.changed()
        return tag_answer(tagged.tags.one(tag_id))


def _does_not_hear() -> HTTPException:
    return HTTPException(501, "This machine does not hear Bluetooth. Hold the tag near to one that does.")


def _add_one(router: APIRouter, parts: ApiParts) -> None:
    tagged = parts.tagged

    @router.get("/tags/{tag_id}", responses=_UNKNOWN)
    def tag(tag_id: TagId) -> TagAnswer:
        """One tag."""
        return tag_answer(tagged.tags.one(tag_id))

    @router.put("/tags/{tag_id}", responses=_UNKNOWN | BODY_IS_NO_TEXT)
    def tag_change(tag_id: TagId, form: TagCardForm) -> TagAnswer:
        """Say something else of a tag; what is left out becomes empty."""
        tagged.tags.change(tag_id, form.card())
        parts.changed()
        return tag_answer(tagged.tags.one(tag_id))

    @router.delete("/tags/{tag_id}", status_code=204, responses=_UNKNOWN)
    def tag_delete(tag_id: TagId) -> None:
        """Forget a tag, and its log."""
        tagged.tags.delete(tag_id)
        parts.changed()


def _add_identities(router: APIRouter, parts: ApiParts) -> None:
    tagged = parts.tagged

    @router.post("/tags/{tag_id}/identities", status_code=201, responses=_UNKNOWN | _TAKEN | BODY_IS_NO_TEXT)
    def tag_identity_add(tag_id: TagId, form: IdentityForm) -> IdentityAnswer:
        """Let a tag be known by one thing more."""
        record = tagged.identify(form.kind, form.text)
        number = tagged.tags.add_identity(tag_id, record)
        parts.changed()
        return IdentityAnswer(id=number, kind=record.kind, label=record.label)

    @router.delete("/tags/{tag_id}/identities/{identity_id}", status_code=204, responses=_UNKNOWN)
    def tag_identity_delete(
        tag_id: TagId, identity_id: Annotated[int, Path(ge=1, le=_MOST_ROWS, description="The identity's number.")]
    ) -> None:
        """Let a tag be known by one thing less; the last cannot be taken away."""
        tagged.tags.remove_identity(tag_id, identity_id)
        parts.changed()


def _add_picture(router: APIRouter, parts: ApiParts) -> None:
    tagged = parts.tagged

    @router.get("/tags/{tag_id}/picture", responses=_UNKNOWN | PICTURE_ANSWER, response_class=Response)
    def tag_picture(tag_id: TagId) -> Response:
        """The picture of a tag."""
        found = tagged.tags.picture(tag_id)
        if found is None:
            raise HTTPException(404, "There is no picture of this tag.")
        return picture_answer(*found)

    @router.put(
        "/tags/{tag_id}/picture", status_code=204, responses=_UNKNOWN | BODY_REFUSED, openapi_extra=PICTURE_BODY
    )
    def tag_picture_set(tag_id: TagId, sent: SentPicture) -> None:
        """Give a tag a picture: PNG, JPEG or WebP, 200 kB at most."""
        tagged.tags.set_picture(tag_id, sent.content, sent.media_type)
        parts.changed()

    @router.delete("/tags/{tag_id}/picture", status_code=204, responses=_UNKNOWN)
    def tag_picture_delete(tag_id: TagId) -> None:
        """Take the picture of a tag away."""
        tagged.tags.set_picture(tag_id, None, None)
        parts.changed()
