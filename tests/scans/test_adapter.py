from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from presence.faults import Fault, FaultReason
from scans.adapter import (
    AdapterMender,
    AdapterState,
    BluetoothState,
    RadioSwitch,
    bluetooth_state,
)
from scans.commands import CommandResult
from tests.scans.conftest import StartBluez
from tests.scans.fake_bluez import Ailment, PrivateBus

RESTART = ["systemctl", "--no-block", "--no-ask-password", "restart", "bluetooth"]
UNBLOCK = ["rfkill", "unblock", "bluetooth"]
SUDO = ["sudo", "-n"]


class FakeCommands:
    """Remembers what was to be run, and says whether it went well."""

    def __init__(self, *permitted: Sequence[str]) -> None:
        self.run: list[list[str]] = []
        self._permitted = [list(command) for command in permitted]

    def __call__(self, command: Sequence[str]) -> CommandResult:
        self.run.append(list(command))
        return CommandResult(0 if list(command) in self._permitted else 1)


def put_switch(
    folder: Path, number: int, *, name: str = "hci0", kind: str = "bluetooth", soft: int = 0, hard: int = 0
) -> Path:
    """A radio switch as the kernel shows it."""
    switch = folder / f"rfkill{number}"
    switch.mkdir()
    for attribute, value in {"name": name, "type": kind, "soft": soft, "hard": hard}.items():
        (switch / attribute).write_text(f"{value}\n")
    return switch


def state(folder: Path) -> BluetoothState:
    return asyncio.run(bluetooth_state(folder, bluetooth_folder=folder))


# What state things are in


def test_the_state_names_the_adapters(start_bluez: StartBluez, tmp_path: Path) -> None:
    """The adapters come with their names and whether they are on, and nothing that could tell them apart elsewhere."""
    start_bluez(adapters=("hci1", "hci0"))
    assert state(tmp_path) == BluetoothState(
        obstacle=None,
        adapters=(AdapterState("hci0", is_powered=True), AdapterState("hci1", is_powered=True)),
        switches=(),
    )


def test_the_state_knows_the_switches(tmp_path: Path, bus: PrivateBus) -> None:
    """The kernel's switches for Bluetooth are read, and those of other radios left alone."""
    bus.kill()
    put_switch(tmp_path, 0, name="phy0", kind="wlan", soft=1)
    put_switch(tmp_path, 1, soft=1)
    put_switch(tmp_path, 2, name="ideapad_bluetooth", hard=1)
    assert state(tmp_path).switches == (
        RadioSwitch("hci0", is_blocked_by_software=True, is_blocked_by_hardware=False),
        RadioSwitch("ideapad_bluetooth", is_blocked_by_software=False, is_blocked_by_hardware=True),
    )


def test_a_bus_without_bluez_is_not_a_machine_without_bus(bus: PrivateBus, tmp_path: Path) -> None:
    """No service on the bus and no bus are different obstacles."""
    obstacle = state(tmp_path).obstacle
    assert obstacle is not None
    assert obstacle.reason is FaultReason.NO_BLUETOOTH_SERVICE
    bus.kill()
    obstacle = state(tmp_path).obstacle
    assert obstacle is not None
    assert obstacle.reason is FaultReason.NO_DBUS


def test_where_the_kernel_has_no_bluetooth_no_service_is_asked_for(bus: PrivateBus, tmp_path: Path) -> None:
    """Without an adapter BlueZ is not started, whatever the owner types: what is missing is the adapter."""
    found = asyncio.run(bluetooth_state(tmp_path, bluetooth_folder=tmp_path / "bluetooth"))
    assert found.obstacle is not None
    assert found.obstacle.reason is FaultReason.NO_ADAPTER
    bus.kill()
    found = asyncio.run(bluetooth_state(tmp_path, bluetooth_folder=tmp_path / "bluetooth"))
    assert found.obstacle is not None
    assert found.obstacle.reason is FaultReason.NO_DBUS


def test_a_service_that_does_not_answer_hangs(start_bluez: StartBluez, tmp_path: Path) -> None:
    """A bluetoothd that is on the bus and silent is said to hang, after a bounded time."""
    start_bluez(ailment=Ailment.NEVER_ANSWERS)
    assert state(tmp_path).obstacle == Fault(FaultReason.HUNG, detail="no answer")


OFF = AdapterState("hci0", is_powered=False)
ON = AdapterState("hci1", is_powered=True)
BLOCKED = RadioSwitch("hci0", is_blocked_by_software=True, is_blocked_by_hardware=False)
MACHINE_BLOCKED = RadioSwitch("laptop", is_blocked_by_software=False, is_blocked_by_hardware=True)


@pytest.mark.parametrize(
    ("adapters", "switches", "adapter", "reason"),
    [
        ((OFF, ON), (), None, None),
        ((OFF, ON), (BLOCKED,), None, None),
        ((OFF, ON), (), "hci0", FaultReason.POWERED_OFF),
        ((OFF, ON), (BLOCKED,), "hci0", FaultReason.BLOCKED),
        ((OFF, ON), (), "hci2", FaultReason.NO_ADAPTER),
        ((OFF, ON), (BLOCKED,), "hci2", FaultReason.NO_ADAPTER),
        ((OFF,), (), None, FaultReason.POWERED_OFF),
        ((), (), None, FaultReason.NO_ADAPTER),
        ((), (MACHINE_BLOCKED,), None, FaultReason.BLOCKED),
        ((), (MACHINE_BLOCKED,), "hci0", FaultReason.BLOCKED),
    ],
)
def test_the_trouble_is_that_of_the_adapter_meant(
    adapters: tuple[AdapterState, ...],
    switches: tuple[RadioSwitch, ...],
    adapter: str | None,
    reason: FaultReason | None,
) -> None:
    """What stands in the way depends on the adapter that is to listen: a named one, or any that is on."""
    trouble = BluetoothState(None, adapters, switches).trouble_with(adapter)
    assert (trouble and trouble.reason) is reason


# What is done about it


def test_an_adapter_that_is_off_is_switched_on(start_bluez: StartBluez) -> None:
    """An adapter that is off is switched on through BlueZ."""
    bluez = start_bluez(ailment=Ailment.POWERED_OFF)
    mender = AdapterMender(None, FakeCommands())
    assert mender.recover(Fault(FaultReason.POWERED_OFF), 1) == "switched on the adapter"
    assert bluez.calls == ["Powered on"]
    assert asyncio.run(mender.trouble()) is None


@pytest.mark.parametrize("reason", [FaultReason.HUNG, FaultReason.TIMED_OUT, FaultReason.UNEXPECTED])
def test_an_adapter_that_hangs_is_power_cycled(start_bluez: StartBluez, reason: FaultReason) -> None:
    """An adapter that does not do as it is told is switched off and on."""
    bluez = start_bluez()
    commands = FakeCommands(RESTART)
    assert AdapterMender("hci0", commands).recover(Fault(reason), 1) == "power-cycled the adapter"
    assert bluez.calls == ["Powered off", "Powered on"]
    assert commands.run == []


def test_a_switch_that_is_not_answered_is_said_to_be_tried(start_bluez: StartBluez) -> None:
    """Where the adapter does not answer its switch, the attempt is told for what it is, after a bounded time."""
    start_bluez(ailment=Ailment.POWER_HANGS)
    done = AdapterMender(None, FakeCommands()).recover(Fault(FaultReason.HUNG), 1)
    assert done == "tried to power-cycle the adapter (no answer)"


def test_every_third_hang_in_a_row_restarts_the_service(start_bluez: StartBluez) -> None:
    """What two power cycles did not mend is met by a restart of the service, and again three scans later."""
    start_bluez()
    commands = FakeCommands(RESTART)
    mender = AdapterMender(None, commands)
    done = [mender.recover(Fault(FaultReason.HUNG), times) for times in range(1, 7)]
    cycled, restarted = "power-cycled the adapter", "restarted the Bluetooth service"
    assert done == [cycled, cycled, restarted, cycled, cycled, restarted]
    assert commands.run == [RESTART, RESTART]


def test_a_restart_goes_through_sudo_where_that_is_permitted() -> None:
    """A user who may not restart the service does it by sudo, without a password being asked for."""
    commands = FakeCommands([*SUDO, *RESTART])
    done = AdapterMender(None, commands).recover(Fault(FaultReason.NO_BLUETOOTH_SERVICE), 1)
    assert done == "restarted the Bluetooth service"
    assert commands.run == [RESTART, [*SUDO, *RESTART]]


def test_a_restart_that_is_not_permitted_gives_way_to_a_power_cycle(start_bluez: StartBluez) -> None:
    """Where the service may not be restarted, the adapter is power-cycled once more."""
    start_bluez()
    assert AdapterMender(None, FakeCommands()).recover(Fault(FaultReason.HUNG), 3) == "power-cycled the adapter"


def test_a_blocked_radio_is_unblocked_and_switched_on(start_bluez: StartBluez, tmp_path: Path) -> None:
    """A radio that software blocked is unblocked, and its adapter switched on."""
    bluez = start_bluez(ailment=Ailment.POWERED_OFF)
    switch = put_switch(tmp_path, 0, soft=1)

    def run(command: Sequence[str]) -> CommandResult:
        assert command == UNBLOCK
        (switch / "soft").write_text("0\n")
        return CommandResult(0)

    done = AdapterMender(None, run, tmp_path).recover(Fault(FaultReason.BLOCKED), 1)
    assert done == "unblocked Bluetooth, switched on the adapter"
    assert bluez.calls == ["Powered on"]


def test_a_switch_of_the_machine_is_not_claimed_to_be_undone(bus: PrivateBus, tmp_path: Path) -> None:
    """What a switch on the machine blocks stays blocked, and nothing is said to have been done."""
    bus.kill()
    put_switch(tmp_path, 0, hard=1)
    assert AdapterMender(None, FakeCommands(UNBLOCK), tmp_path).recover(Fault(FaultReason.BLOCKED), 1) == ""


@pytest.mark.parametrize(
    "reason", [FaultReason.NO_DBUS, FaultReason.NO_ADAPTER, FaultReason.LOST, FaultReason.NO_PERMISSION]
)
def test_what_cannot_be_mended_is_left_alone(reason: FaultReason) -> None:
    """Where there is nothing to do but try again, nothing is done."""
    commands = FakeCommands(RESTART, UNBLOCK)
    assert AdapterMender(None, commands).recover(Fault(reason), 3) == ""
    assert commands.run == []
