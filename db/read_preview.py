"""Reading how strong the devices of the last hour were, to try on them where zones would end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from db.connect import Connections
from db.detections import rssi_of_code, unpack
from db.site_schema import DETECTIONS
from presence.radio import Radio

_LOOKED_BACK = timedelta(hours=1)


class SignalReader:
    """Reads signal strengths. May be used from many threads at once, and while scans are recorded."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def best_signals(self, now_at: datetime) -> Mapping[int, int]:
        """How many devices of the last hour had which RSSI, in whole dBm, at their strongest and at any sensor.

        Each device counts once; one that had no reading counts nowhere.

        Raises:
            DatabaseError: The database cannot be read.
        """
        best: dict[Radio, dict[int, int]] = {radio: {} for radio in Radio}
        times = {"from_at": now_at - _LOOKED_BACK, "to_at": now_at}
        with self._connections.read() as connection:
            for packed in connection.execute(_select_detections(), times):
                for radio, some in zip((Radio.WIFI, Radio.BLUETOOTH), packed, strict=True):
                    if some is not None:
                        _note_best(best[radio], some)
        return Counter(rssi for devices in best.values() for rssi in devices.values())


def _note_best(best: dict[int, int], packed: bytes) -> None:
    found = unpack(packed)
    for device_id, code in zip(found.device_ids, found.rssi_dbm, strict=True):
        rssi = rssi_of_code(code)
        if rssi is not None and rssi > best.get(device_id, -129):  # below the weakest that is packed
            best[device_id] = rssi


# Built once, as in `db.follow`.
@cache
def _select_detections() -> Select[*tuple[Any, ...]]:
    found = DETECTIONS.c
    return select(found.wifi, found.bluetooth).where(
        found.started_at > bindparam("from_at"), found.started_at <= bindparam("to_at")
    )
