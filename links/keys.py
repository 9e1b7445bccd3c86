"""Routes for keys: which there are, a new one, one taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, Field

from db.access import Access
from presence.access import AccessError, KeyNameTakenError, KeyRow, NoSuchKeyError, Role

# The greatest number that a row can have (a signed number of 64 bits).
_MOST_ROWS = 2**63 - 1


class WantedKey(BaseModel):
    """A key that is to be made."""

    name: str = Field(min_length=1, max_length=64, description="Who or what it is for, such as grafana.")
    role: Role = Field(description="What it lets its holder do.")


class Key(BaseModel):
    """A key, without the key itself."""

    id: int
    name: str
    role: Role
    made_at: datetime
    used_at: datetime | None = Field(description="When it was last used, to the hour; null for never.")
    revoked_at: datetime | None = Field(description="When it was taken back; null while it is good.")


class MadeKey(Key):
    """A key that was just made."""

    key: str = Field(description="The key. It is told here and nowhere else.")


def keys_router(access: Access, clock: Callable[[], datetime]) -> APIRouter:
    """The routes for keys; the guard lets none but an admin come to them.

    Args:
        access: Knows the keys.
        clock: Tells the time, aware.
    """
    router = APIRouter(prefix="/api/v1/keys", tags=["Access"])

    @router.get("")
    def list_keys() -> list[Key]:
        """All keys there ever were, the newest first."""
        return [_key(row) for row in access.list_keys()]

    @router.post("", status_code=201, responses={409: {"description": "A key in use has this name."}})
    def make_key(wanted: WantedKey) -> MadeKey:
        """Make a key. Keep it at once: it is told only here."""
        try:
            made = access.make_key(wanted.name, wanted.role, clock())
        except KeyNameTakenError as error:
            raise HTTPException(409, str(error)) from error
        except AccessError as error:
            raise HTTPException(422, str(error)) from error
        return MadeKey(**_key(made.row).model_dump(), key=made.key)

    @router.delete("/{key_id}", status_code=204, responses={404: {"description": "There is no such key in use."}})
    def revoke_key(key_id: Annotated[int, Path(ge=1, le=_MOST_ROWS)]) -> None:
        """Take a key back. It is refused at once; by other hubs of the site, within a minute."""
        try:
            access.revoke_key(key_id, clock())
        except NoSuchKeyError as error:
            raise HTTPException(404, str(error)) from error

    return router


def _key(row: KeyRow) -> Key:
    return Key(
        id=row.key_id,
        name=row.name,
        role=row.role,
        made_at=row.made_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
