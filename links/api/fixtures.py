"""Routes about fixtures: things that stay at the place, and whether they count."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path

from links.api.answers import Answer
from links.api.parameters import BODY_IS_NO_TEXT
from links.api.parts import ApiParts
from presence.estimate import FixtureDecision, FixtureRow
from presence.radio import Radio

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is none of this number."}}

_Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="Its number.")]


class FixtureAnswer(Answer):
    """A thing that stays at the place."""

    id: int
    """Its number."""
    radio: Radio
    """By which radio it is heard."""
    manufacturer: str | None
    """Its maker; null when nothing tells."""
    first_heard_at: datetime
    """Since when it is known."""
    last_heard_at: datetime
    """When it was last heard, to the hour."""
    days: int
    """On how many days it was heard."""
    nights: int
    """In how many nights."""
    decision: FixtureDecision
    """What the owner says: learned (nobody said; it does not count), excluded (it does not count), kept (it counts)."""


class FixtureForm(Answer):
    """A decision."""

    decision: FixtureDecision
    """kept lets it count as a visitor's device, excluded does not."""


def fixtures_router(parts: ApiParts) -> APIRouter:
    """The routes below /fixtures."""
    router = APIRouter(prefix="/fixtures", tags=["People"])
    kept = parts.estimating.fixtures

    @router.get("")
    def fixtures() -> list[FixtureAnswer]:
        """The things that stay at the place, those that nobody decided on first."""
        return [_fixture(row) for row in kept.rows()]

    @router.patch("/{fixture_id}", responses=_UNKNOWN | BODY_IS_NO_TEXT)
    def fixture_decide(fixture_id: _Number, form: FixtureForm) -> FixtureAnswer:
        """Say whether a thing that stays counts as a visitor's device. The past is estimated anew, aside."""
        kept.decide(fixture_id, form.decision)
        parts.changed()
        return next(_fixture(row) for row in kept.rows() if row.fixture_id == fixture_id)

    return router


def _fixture(row: FixtureRow) -> FixtureAnswer:
    return FixtureAnswer(
        id=row.fixture_id,
        radio=row.radio,
        manufacturer=row.manufacturer,
        first_heard_at=row.first_heard_at,
        last_heard_at=row.last_heard_at,
        days=row.days,
        nights=row.nights,
        decision=row.decision,
    )
