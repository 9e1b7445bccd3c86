"""What a sensor sends: its scans as this programme's batch, or as the older BLE agent's payload."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from links.moments import iso
from links.wire import decode_message, encode_batch
from links.wire_forms import MOST_MESSAGES
from presence.scan import DeviceObservation, Heard
from presence.sensors import SensorCard
from presence.zones import Zone

# Where this programme's batch goes by HTTP, at a hub. By MQTT: `links.broker.BrokerSettings.scans_topic`.
BATCHES_PATH = "/api/v1/batches"
# Where its reports of tags go, and where the register of tags stands that it listens by. By MQTT: as above.
TAG_REPORTS_PATH = "/api/v1/tag-reports"
REGISTER_PATH = "/api/v1/sensor/register"
# Where the older BLE agent sends, and so where receivers of its payload listen.
OLDER_PATH = "/api/v1/detections/bulk"
OLDER_TOPIC = "tfg/detections/raw"


class Payload(Protocol):
    """A way to write scans that wait as one body to send.

    Attributes:
        most_messages: How many scans one body holds at most.
    """

    most_messages: int

    def encode(self, bodies: Sequence[bytes], waiting_count: int) -> bytes | None:
        """Scans, as `links.wire.encode_message` made them, as one body; None when there is nothing in them to send.

        Args:
            bodies: The scans, oldest first.
            waiting_count: Scans that wait besides these.
        """


class OwnPayload:
    """This programme's batch: everything of a scan, faults included.

    Args:
        card: Who heard them.
        site: 16 hexadecimal digits that name the site whose key their hashes are made with.
        clock: Tells the time, aware.
    """

    def __init__(self, card: SensorCard, site: str, clock: Callable[[], datetime]) -> None:
        self.most_messages = MOST_MESSAGES
        self._card = card
        self._site = site
        self._clock = clock

    def encode(self, bodies: Sequence[bytes], waiting_count: int) -> bytes:
        """As `Payload` says; there is always something to send, for a radio that was not heard is told too."""
        return encode_batch(self._card, self._site, self._clock(), waiting_count, bodies)


class OlderPayload:
    """The older BLE agent's payload: the Bluetooth devices of one scan, and neither Wi-Fi nor faults.

    Args:
        card: Who heard them.
        zone_of: Tells the zone of a mean RSSI.
    """

    def __init__(self, card: SensorCard, zone_of: Callable[[float | None], Zone | None]) -> None:
        self.most_messages = 1
        self._card = card
        self._zone_of = zone_of

    def encode(self, bodies: Sequence[bytes], waiting_count: int) -> bytes | None:  # noqa: ARG002 - it has no place for it
        """As `Payload` says. Bluetooth that was not heard sends nothing, for here that would read as nobody there."""
        (body,) = bodies
        scan = decode_message(body, self._card.name, self._zone_of).scan
        if not isinstance(scan.bluetooth, Heard):
            return None
        named = {"name": self._card.name, "location": self._card.place}
        said = {
            "device_id": self._card.name,
            "timestamp": iso(scan.started_at),
            **{key: value for key, value in named.items() if value is not None},
            "detections": [_detection(one) for one in scan.bluetooth.observations if one.rssi_mean_dbm is not None],
        }
        return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


def _detection(observation: DeviceObservation) -> dict[str, object]:
    """One device as the older BLE agent writes it: whole decibels, its zone in capitals."""
    return {
        "device_hash": observation.device_hash,
        "rssi": round(observation.rssi_mean_dbm or 0),
        "zone": observation.zone.name if observation.zone else None,
        "timestamp": iso(observation.last_heard_at),
    }
