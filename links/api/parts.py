"""What the API is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from db.overrides import Overrides
from db.read_detections import DetectionReader
from db.read_pages import PageReader
from db.read_statistics import Statistics
from db.reader import Reader
from db.sensors import Sensors
from db.settings import StoreSettings
from presence.zones import ZoneThresholds


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the API is made from; each may raise DatabaseError, which the server answers with 503.

    Attributes:
        reader: Reads the place now.
        statistics: Reads what was counted.
        detections: Reads single detections.
        pages: Reads long lists.
        sensors: The sensors of the site.
        overrides: Settings changed while running.
        thresholds: Where zones end unless they were changed: what config.toml says.
        settings: How the store remembers.
        rehash: What the older BLE agent's hash of a device became when it was taken in, under the key of today.
        clock: Tells the time, aware.
    """

    reader: Reader
    statistics: Statistics
    detections: DetectionReader
    pages: PageReader
    sensors: Sensors
    overrides: Overrides
    thresholds: ZoneThresholds
    settings: StoreSettings
    rehash: Callable[[str], str]
    clock: Callable[[], datetime]
