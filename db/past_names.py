"""Past names: the networks that devices asked for are forgotten with the visitor key they were remembered under."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from db.connect import Connections
from db.schema import SCANS, WIFI_DEVICES

# Devices looked at in one step: some 10 ms on a PC, for which a scan may have to wait. A busy place has 43,000 a day, a
# city's hub 36 million: twenty steps a minute are 57 million a day.
_STEP = 2_000


class PastNames:
    """Goes through the devices in the order in which they came, up to the first under the key in force.

    A name that nobody else asks for would let its device be told again on another day, which the change of the key is
    to prevent. An index of devices with names would be a page more to write for each scan that brings one; so each
    device is looked at: when its key goes, when the next one goes, for what a sensor that was cut off sends late may
    bring names back, and after a start.

    Args:
        connections: The database.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._key_period: int | None = None
        self._looked_at = self._again_from = 0

    def forget_some(self) -> int:
        """Forget the names that some devices of past keys asked for.

        Of those who are present `db.followed` leaves them out when they leave.

        Returns:
            How many devices were looked at; 0 when there is nothing left to do.

        Raises:
            DatabaseError: It could not be done; the same devices are looked at again.
        """
        with self._connections.write() as connection:
            looked_at, count = self._look_on(connection)
        self._looked_at = looked_at
        return count

    def _look_on(self, connection: Connection) -> tuple[int, int]:
        """Forget the names of the next devices; the last of them, and how many they are."""
        key_period = _key_in_force(connection)
        if key_period is None:
            return self._looked_at, 0
        if key_period != self._key_period:
            self._key_period = key_period
            self._looked_at, self._again_from = self._again_from, self._looked_at
        device = WIFI_DEVICES.c
        next_ones = select(device.id, device.key_period, device.ssids).where(device.id > self._looked_at)
        looked_at, named, count = self._looked_at, [], 0
        for row in connection.execute(next_ones.order_by(device.id).limit(_STEP)):
            if row.key_period >= key_period:
                break
            count += 1
            looked_at = row.id
            if row.ssids:
                named.append(row.id)
        if named:
            connection.execute(update(WIFI_DEVICES).where(device.id.in_(named)).values(ssids=None))
        return looked_at, count


def _key_in_force(connection: Connection) -> int | None:
    """The key period of the newest scan whose clock was right; None when there is none."""
    newest = select(SCANS.c.key_period).where(SCANS.c.clock_is_right).order_by(SCANS.c.started_at.desc()).limit(1)
    return connection.execute(newest).scalar()
