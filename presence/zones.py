"""Zones: how near a device is, told by thresholds on its signal strength."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Zone(StrEnum):
    """Distance from the sensor, in three steps."""

    NEAR = "near"
    MEDIUM = "medium"
    FAR = "far"


class Zoning(Protocol):
    """What tells zones."""

    def zone_of(self, rssi_dbm: float | None) -> Zone | None:
        """The zone of a mean RSSI; None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class ZoneThresholds:
    """From which RSSI on a device counts as near or medium; what is weaker is far.

    Attributes:
        near_dbm: At or above this, near.
        medium_dbm: At or above this (and below near), medium. Must be below `near_dbm`.
    """

    near_dbm: int = -60
    medium_dbm: int = -75

    def __post_init__(self) -> None:
        """Refuse thresholds that would leave a zone empty.

        Raises:
            ValueError: `near_dbm` is not above `medium_dbm`.
        """
        if self.near_dbm <= self.medium_dbm:
            message = f"near ({self.near_dbm} dBm) must be above medium ({self.medium_dbm} dBm)"
            raise ValueError(message)

    def zone_of(self, rssi_dbm: float | None) -> Zone | None:
        """The zone of a signal strength; None for no reading."""
        if rssi_dbm is None:
            return None
        if rssi_dbm >= self.near_dbm:
            return Zone.NEAR
        return Zone.MEDIUM if rssi_dbm >= self.medium_dbm else Zone.FAR
