"""The network of the place."""

from __future__ import annotations

from dataclasses import dataclass, field

NETWORK = "City Library"


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """An access point of the place.

    Attributes:
        bssid: Its address.
        channel: Where it sends.
        rssi_dbm: How strongly it is heard, on average.
    """

    bssid: str = field(repr=False)
    channel: int
    rssi_dbm: float


ACCESS_POINTS = (
    AccessPoint("24:5a:4c:10:2e:61", channel=1, rssi_dbm=-48.0),
    AccessPoint("24:5a:4c:10:31:9c", channel=11, rssi_dbm=-63.0),
)
# What the access points lead to: the far end of data from the distribution system.
ROUTER_ADDRESS = "24:5a:4c:0f:77:02"
