"""The two radios a sensor listens with."""

from __future__ import annotations

from enum import StrEnum


class Radio(StrEnum):
    """A radio; its value is the name stored and sent, its label the one shown."""

    WIFI = "wifi"
    BLUETOOTH = "bluetooth"

    @property
    def label(self) -> str:
        """The name shown to people."""
        return "Wi-Fi" if self is Radio.WIFI else "Bluetooth"
