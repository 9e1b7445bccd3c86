"""Routes about settings that may be changed while running: where zones end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from links.api.answers import Answer
from links.api.parameters import BODY_IS_NO_TEXT, refusal
from links.api.parts import ApiParts
from presence.zones import Zone, ZoneThresholds

_Threshold = Annotated[int, Field(ge=-127, le=-1)]


class ThresholdsForm(Answer):
    """Where zones end."""

    near_threshold: _Threshold
    """From this signal strength on, in dBm, a device is near."""
    medium_threshold: _Threshold
    """From this on, and below near, it is medium; what is weaker is far. Must be below near."""


class ThresholdsAnswer(Answer):
    """Where zones end now."""

    near_threshold: int
    """From this signal strength on, in dBm, a device is near."""
    medium_threshold: int
    """From this on, and below near, it is medium; what is weaker is far."""
    description: dict[Zone, str]
    """The same in words."""
    is_default: bool
    """Whether that is what config.toml says."""


class Recalculated(Answer):
    """Detections whose zone was told anew: none, since what was heard before keeps the zone it had then."""

    total_detections: int = 0
    """Always 0."""
    updated_to_near: int = 0
    """Always 0."""
    updated_to_medium: int = 0
    """Always 0."""
    updated_to_far: int = 0
    """Always 0."""


class ThresholdsChanged(Answer):
    """What became of a change."""

    message: str
    """In words."""
    thresholds: ThresholdsForm
    """What holds from the next scan on."""
    recalculated: Recalculated = Recalculated()
    """For clients of the older BLE agent's backend, which changed the past too."""


def settings_router(parts: ApiParts) -> APIRouter:
    """The routes below /settings."""
    router = APIRouter(prefix="/settings/thresholds", tags=["Settings"])

    @router.get("")
    def thresholds() -> ThresholdsAnswer:
        """Where zones end: from which signal strength on a device is near or medium."""
        changed = parts.overrides.thresholds()
        now = changed or parts.thresholds
        return ThresholdsAnswer(
            near_threshold=now.near_dbm,
            medium_threshold=now.medium_dbm,
            description={
                Zone.NEAR: f"RSSI ≥ {now.near_dbm} dBm",
                Zone.MEDIUM: f"{now.medium_dbm} dBm ≤ RSSI < {now.near_dbm} dBm",
                Zone.FAR: f"RSSI < {now.medium_dbm} dBm",
            },
            is_default=changed is None,
        )

    @router.put("", responses=BODY_IS_NO_TEXT)
    def thresholds_change(form: ThresholdsForm) -> ThresholdsChanged:
        """Let zones end elsewhere, from the next scan on. What was heard before keeps its zone."""
        if form.near_threshold <= form.medium_threshold:
            raise refusal("near_threshold", "it must be above medium_threshold", "body")
        parts.overrides.set_thresholds(ZoneThresholds(form.near_threshold, form.medium_threshold), parts.clock())
        return ThresholdsChanged(message="Zones end here from the next scan on.", thresholds=form)

    @router.post("/reset")
    def thresholds_reset() -> ThresholdsChanged:
        """Let zones end where config.toml says."""
        parts.overrides.reset_thresholds()
        near, medium = parts.thresholds.near_dbm, parts.thresholds.medium_dbm
        return ThresholdsChanged(
            message="Zones end where config.toml says, from the next scan on.",
            thresholds=ThresholdsForm(near_threshold=near, medium_threshold=medium),
        )

    return router
