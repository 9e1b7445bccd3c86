"""Traces: what counting goes by. A sender has an address still; a trace has none, and is forgotten after the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from presence.scan import AddressKind

# What tells families knows every kind of payload, which a hub need not load.
if TYPE_CHECKING:
    from scans.families import Family


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What one address sent in one scan.

    Attributes:
        scan_at: When the scan began, in seconds since 1970.
        first_at: When the first of it was heard.
        last_at: When the last was.
        sendings: Probe requests, or advertisements.
        bursts: Groups of them.
        readings: How many of its frames had an RSSI.
        rssi_dbm: Their mean; None without any.
        fingerprint: Of its probe requests; None when they tell none (Wi-Fi).
        first_sequence: Sequence number of the first probe request; None without any.
        last_sequence: Of the last.
    """

    scan_at: float
    first_at: float
    last_at: float
    sendings: int
    bursts: int
    readings: int
    rssi_dbm: float | None
    fingerprint: int | None = field(default=None, repr=False)
    first_sequence: int | None = field(default=None, repr=False)
    last_sequence: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sender:
    """One address in one scan, as the fold hands it over. It never leaves `scans/`, and its repr hides the address.

    Attributes:
        address: Who sent it.
        address_kind: What kind of address that is.
        is_joined: Whether it sent to an access point as its client, or to become one (Wi-Fi).
        company_id: The company identifier of its payload; None when there is none (Bluetooth).
        family: What kind of thing it is (Bluetooth; None otherwise).
        glimpse: What it sent.
    """

    address: str = field(repr=False)
    address_kind: AddressKind
    is_joined: bool
    company_id: int | None
    family: Family | None
    glimpse: Glimpse

    @property
    def is_stable(self) -> bool:
        """Whether the address stays: made by its maker, or kept for a network, or (Bluetooth) until a restart."""
        return self.is_joined or self.address_kind in {AddressKind.GLOBAL, AddressKind.RANDOM_STATIC}

    @property
    def trace(self) -> Trace:
        """The same without its address."""
        return Trace(self.address_kind, self.is_stable, self.family, (self.glimpse,))


@dataclass(frozen=True, slots=True)
class Trace:
    """One address in the window, without the address.

    Attributes:
        address_kind: What kind of address it is.
        is_stable: Whether it stays.
        family: What kind of thing it is (Bluetooth; None otherwise).
        glimpses: What it sent, scan by scan, the earliest first; never empty.
    """

    address_kind: AddressKind
    is_stable: bool
    family: Family | None
    glimpses: tuple[Glimpse, ...]


Join = Callable[[Sequence[Trace]], Sequence[int]]
"""Tells which addresses are of the same device: a number for each trace, equal for those of one device."""
