"""The truth about the simulated site: what tests and benchmarks compare with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from presence.radio import Radio
from presence.tags import IdentityKind, TagCard
from scans.simulated.people import Role


@dataclass(frozen=True, slots=True)
class TrueVisit:
    """One person's stay.

    Attributes:
        person: Name of the person; the same on another visit.
        role: Visitor, staff, or passer-by (who is not in the place).
        arrived_at: When.
        left_at: When.
        wifi_devices: Names of the Wi-Fi devices carried; empty for none.
        bluetooth_devices: Names of the Bluetooth devices carried; empty for none.
    """

    person: str
    role: Role
    arrived_at: datetime
    left_at: datetime
    wifi_devices: tuple[str, ...]
    bluetooth_devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrueSender:
    """One address that was heard, and whose it is.

    Attributes:
        radio: The radio that heard it.
        address: The address, as in `scans.sighting.Sighting`.
        device: Name of the device; the same under each of its addresses.
        role: What its owner is to the place: a visitor, staff, a passer-by, or nobody's (a fixture).
    """

    radio: Radio
    address: str = field(repr=False)
    device: str
    role: Role


@dataclass(frozen=True, slots=True)
class TrueTag:
    """A thing of the place's own, which nobody has registered yet.

    Attributes:
        device: Name of the device, as in `TrueSender`.
        card: What its owner would say of it.
        kind: By what it is to be known.
        identity: That identity, as its owner would type it.
    """

    device: str
    card: TagCard
    kind: IdentityKind
    identity: str = field(repr=False)
