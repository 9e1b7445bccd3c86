"""What is in the air: what each device sends and the sensor hears, in slots of ten seconds.

Live frames, live advertisements and history are all made from these, so they agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from random import Random
from typing import NamedTuple

from scans.simulated.access_points import NETWORK
from scans.simulated.dice import dice
from scans.simulated.gadgets import (
    BluetoothGadget,
    WifiGadget,
    bluetooth_address,
    bluetooth_epoch,
    random_wifi_address,
)
from scans.simulated.people import Role
from scans.simulated.presences import Presence
from scans.simulated.signal_strength import BLUETOOTH_AT_ONE_METRE_DBM, WIFI_AT_ONE_METRE_DBM, reading

SLOT_SECONDS = 10

# A device sends no more than this in a slot; its sequence numbers go up by as much from slot to slot, so that they
# only ever count up (modulo 4096).
_MOST_FRAMES = 40
_SEQUENCE_NUMBERS = 4096

# A phone scans a channel for 20 to 40 ms, and is heard on neighbouring channels too: a burst of a few frames.
_PROBE_SPACING_SECONDS = 0.021
_MEAN_PROBES = 2.5
_MOST_PROBES = 12
_MOST_ADVERTISEMENTS = 20

# A joined device that has nothing to say still tells that it sleeps or wakes: about every third frame.
_NULL_SHARE = 0.35

# An access point answers within this, and the client goes on.
_ANSWER_SECONDS = 0.012

# Times in a capture are whole microseconds.
_DIGITS = 6


class FrameKind(Enum):
    """The frames a client sends."""

    PROBE_REQUEST = auto()
    AUTHENTICATION = auto()
    ASSOCIATION_REQUEST = auto()
    DATA = auto()
    NULL = auto()


class ClientFrame(NamedTuple):
    """A frame from a client, as the sensor hears it; a tuple, since history is made of millions.

    Attributes:
        at: When, in seconds since 1970.
        kind: What it is.
        sender: Its transmitter address.
        rssi_dbm: Signal strength.
        ssid: The network it names; None for none, and for the wildcard.
        access_point: Number of the access point it is sent to; None for all.
        sequence: Its sequence number.
        gadget: The device that sent it.
        role: What the owner of that is to the place.
    """

    at: float
    kind: FrameKind
    sender: str
    rssi_dbm: int
    ssid: str | None
    access_point: int | None
    sequence: int
    gadget: WifiGadget
    role: Role

    def __repr__(self) -> str:
        return f"ClientFrame({self.kind.name} of {self.gadget.name})"


class Advertisement(NamedTuple):
    """A Bluetooth advertisement, as the sensor hears it.

    Attributes:
        at: When, in seconds since 1970.
        sender: Its address.
        rssi_dbm: Signal strength.
        epoch: Number of the address, where the device changes it.
        gadget: The device that sent it.
        role: What the owner of that is to the place.
        position: Where in the house it is (`scans.simulated.tags`); None where only chance says.
    """

    at: float
    sender: str
    rssi_dbm: int
    epoch: int
    gadget: BluetoothGadget
    role: Role
    position: float | None

    def __repr__(self) -> str:
        return f"Advertisement(of {self.gadget.name})"


def client_frames(seed: int, slot: int, devices: Iterable[tuple[WifiGadget, Presence]]) -> list[ClientFrame]:
    """What Wi-Fi clients send in a slot, in the order of time.

    Args:
        seed: The site's.
        slot: Number of the slot since 1970.
        devices: Those in reach in the minute of the slot, always in the same order.
    """
    rng = dice(seed, "wifi", slot)
    frames: list[ClientFrame] = []
    start = slot * SLOT_SECONDS
    for gadget, presence in devices:
        if gadget.access_point is not None and presence.joins_seconds < start:
            sent = _as_client(rng, start, gadget)
        else:
            sent = _as_seeker(rng, seed, slot, gadget, presence)
        mean = WIFI_AT_ONE_METRE_DBM + gadget.model.stronger_db - presence.loss_at(start)
        sequence = gadget.sequence_start + slot * _MOST_FRAMES
        for at, kind, sender, ssid, access_point in sent:
            sequence = (sequence + 1) % _SEQUENCE_NUMBERS
            rssi = reading(rng, mean)
            if rssi is not None and presence.from_seconds <= at <= presence.to_seconds:
                at_microsecond = round(at, _DIGITS)
                frames.append(
                    ClientFrame(at_microsecond, kind, sender, rssi, ssid, access_point, sequence, gadget, presence.role)
                )
    frames.sort(key=lambda frame: frame.at)
    return frames


def advertisements(seed: int, slot: int, devices: Iterable[tuple[BluetoothGadget, Presence]]) -> list[Advertisement]:
    """What Bluetooth devices advertise in a slot, in the order of time; see `client_frames`."""
    rng = dice(seed, "bluetooth", slot)
    start = slot * SLOT_SECONDS
    heard: list[Advertisement] = []
    for gadget, presence in devices:
        model = gadget.model
        if rng.random() >= model.heard_share:
            continue
        epoch = bluetooth_epoch(seed, gadget, start)
        sender = bluetooth_address(seed, gadget, epoch)
        mean = BLUETOOTH_AT_ONE_METRE_DBM + model.stronger_db - presence.loss_at(start)
        position = presence.position_at(start)
        for _ in range(_count(rng, model.advertisements, _MOST_ADVERTISEMENTS)):
            at = round(start + rng.random() * SLOT_SECONDS, _DIGITS)
            rssi = reading(rng, mean)
            if rssi is not None and presence.from_seconds <= at <= presence.to_seconds:
                heard.append(Advertisement(at, sender, rssi, epoch, gadget, presence.role, position))
    heard.sort(key=lambda advertisement: advertisement.at)
    return heard


_Sent = tuple[float, FrameKind, str, str | None, int | None]
"""A frame as sent: when, what, from which address, naming which network, to which access point."""


def _as_client(rng: Random, start: float, gadget: WifiGadget) -> list[_Sent]:
    """What a device sends that is joined to the network: data, and that it is awake or about to sleep."""
    if rng.random() >= gadget.model.joined_share:
        return []
    times = sorted(rng.random() for _ in range(_count(rng, gadget.model.data_frames, _MOST_FRAMES)))
    return [
        (
            start + time * SLOT_SECONDS,
            FrameKind.NULL if rng.random() < _NULL_SHARE else FrameKind.DATA,
            gadget.address,
            None,
            gadget.access_point,
        )
        for time in times
    ]


def _as_seeker(rng: Random, seed: int, slot: int, gadget: WifiGadget, presence: Presence) -> list[_Sent]:
    """What a device sends that looks for networks, from an address made up for this scan; and how it joins this one."""
    start = slot * SLOT_SECONDS
    sent: list[_Sent] = []
    if rng.random() < gadget.model.probing_share:
        sender = random_wifi_address(seed, gadget.name, slot) if gadget.model.randomises else gadget.address
        begin = start + rng.random() * (SLOT_SECONDS - 1)
        for number in range(_count(rng, _MEAN_PROBES, _MOST_PROBES)):
            # The wildcard first, then each network it remembers.
            ssid = gadget.networks[(number - 1) % len(gadget.networks)] if gadget.networks and number else None
            sent.append((begin + number * _PROBE_SPACING_SECONDS, FrameKind.PROBE_REQUEST, sender, ssid, None))
    if gadget.access_point is not None and presence.joins_seconds < start + SLOT_SECONDS:
        joins = min(presence.joins_seconds, start + SLOT_SECONDS - 1)
        to = gadget.access_point
        sent.append((joins, FrameKind.AUTHENTICATION, gadget.address, None, to))
        sent.append((joins + _ANSWER_SECONDS, FrameKind.ASSOCIATION_REQUEST, gadget.address, NETWORK, to))
    return sent


def _count(rng: Random, mean: float, most: int) -> int:
    """One at least, `most` at most, `mean` or a little more on average."""
    return min(1 + int(rng.expovariate(1.0 / mean)), most)
