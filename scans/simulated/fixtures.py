"""What never leaves: printer, television, beacons; and desktop computers, which are off at night."""

from __future__ import annotations

from dataclasses import dataclass

from scans.simulated import bluetooth_models, wifi_models
from scans.simulated.gadgets import BluetoothGadget, Gadget, WifiGadget, wifi_gadget
from scans.simulated.wifi_models import WifiModel


@dataclass(frozen=True, slots=True)
class Fixture:
    """A thing of the place.

    Attributes:
        gadget: What sends.
        loss_db: Its loss of signal beyond the first metre.
        always_on: Whether it is on at night.
    """

    gadget: Gadget
    loss_db: float
    always_on: bool = True


def fixtures_of(seed: int) -> tuple[Fixture, ...]:
    """All the things of the place, but for its access points (`access_points.py`)."""

    def wifi(name: str, model: WifiModel) -> WifiGadget:
        return wifi_gadget(seed, name, model, joins=True)

    # Losses by distance: 12 dB are 3 m, 17 dB 4 m, 22 dB 6.5 m, 27 dB 10 m.
    return (
        Fixture(wifi("printer", wifi_models.PRINTER), 22.0),
        Fixture(wifi("television", wifi_models.TELEVISION), 17.0),
        Fixture(BluetoothGadget("television", bluetooth_models.TELEVISION), 17.0),
        Fixture(BluetoothGadget("beacon at the entrance", bluetooth_models.IBEACON), 12.0),
        Fixture(BluetoothGadget("beacon in the café", bluetooth_models.IBEACON), 27.0),
        Fixture(BluetoothGadget("beacon at the shelves", bluetooth_models.EDDYSTONE), 21.0),
        Fixture(BluetoothGadget("thermometer", bluetooth_models.THERMOMETER), 15.0),
        Fixture(wifi("desktop at the door", wifi_models.DESKTOP_PC), 14.0, always_on=False),
        Fixture(wifi("desktop at the wall", wifi_models.DESKTOP_PC), 17.0, always_on=False),
        Fixture(wifi("desktop at the window", wifi_models.DESKTOP_PC), 20.0, always_on=False),
    )
