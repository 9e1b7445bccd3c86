"""Fixtures of the room that hears: a private D-Bus, and a fake BlueZ on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest

from tests.scans.fake_bluez import Ailment, FakeBluez, FakeDevice, PrivateBus, private_bus

StartBluez = Callable[..., FakeBluez]


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateBus]:
    """A D-Bus daemon of the test's own, which is the system bus for whatever asks."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed (apt: dbus-daemon)")
    with private_bus() as started:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", started.address)
        yield started


@pytest.fixture
def start_bluez(bus: PrivateBus) -> Iterator[StartBluez]:
    """Puts a fake `org.bluez` on the bus, with these devices and this ailment."""
    with ExitStack() as stack:

        def start(
            devices: Sequence[FakeDevice] = (),
            ailment: Ailment | None = None,
            adapters: Sequence[str] = ("hci0",),
        ) -> FakeBluez:
            return stack.enter_context(FakeBluez(bus.address, devices, ailment, adapters))

        yield start
