"""The Bluetooth adapter: what state it is in, and how it is put right, through BlueZ's D-Bus, rfkill and systemd."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dbus_fast import BusType, DBusError, Message, MessageFlag, MessageType, Variant
from dbus_fast.aio import MessageBus

from presence.faults import Fault, FaultReason
from scans.bluetooth_faults import detail_of, fault_of_error
from scans.commands import RunCommand, run_command

_BLUEZ = "org.bluez"
_ADAPTER = "org.bluez.Adapter1"
_PROPERTIES = "org.freedesktop.DBus.Properties"

# The kernel's list of radio switches (Linux Documentation/ABI/stable/sysfs-class-rfkill); anyone may read it.
_RFKILL_FOLDER = Path("/sys/class/rfkill")

# There only where the kernel has ever had an adapter: without it, systemd does not start BlueZ, however often it is
# told to (ConditionPathIsDirectory= in BlueZ's bluetooth.service).
_BLUETOOTH_FOLDER = Path("/sys/class/bluetooth")

# BlueZ answers a question in milliseconds, also on a Pi 3, and switches an adapter in 1 to 2 s. A machine starved of
# everything takes more than 2 (docs/virtual-radios.md): a scan that heard everybody is not called hung for that.
_ANSWER_SECONDS = 5.0
_SWITCH_SECONDS = 3.0

# A bluetoothd that has only begun knows its adapter, and has switched it on, within 2 s on a Pi 3.
_COMING_SECONDS = 5.0
_LOOK_SECONDS = 0.2

# A power cycle mends most hangs. What two of them in a row did not mend is in bluetoothd, and its restart costs other
# programmes their connections.
_RESTART_EVERY = 3

# One refusal may be another programme's moment; two in a row are a discovery state that is stuck in bluetoothd and that
# only a power cycle clears (github.com/bluez/bluez/issues/807).
_BUSY_IS_STUCK = 2

_MENDED_BY_POWER_CYCLE = {FaultReason.HUNG, FaultReason.TIMED_OUT, FaultReason.BUSY, FaultReason.UNEXPECTED}


@dataclass(frozen=True, slots=True)
class AdapterState:
    """An adapter as BlueZ knows it: its name, such as "hci0", whether it is switched on, and whether it discovers."""

    name: str
    is_powered: bool
    is_discovering: bool = False


@dataclass(frozen=True, slots=True)
class RadioSwitch:
    """A switch of the kernel's for Bluetooth.

    Attributes:
        name: What it switches, such as "hci0".
        is_blocked_by_software: Whether `rfkill block` or a desktop switched it off.
        is_blocked_by_hardware: Whether a switch or key on the machine did; no programme can undo that.
    """

    name: str
    is_blocked_by_software: bool
    is_blocked_by_hardware: bool


@dataclass(frozen=True, slots=True)
class BluetoothState:
    """What stands between this programme and hearing Bluetooth.

    Attributes:
        obstacle: Why BlueZ cannot be asked (no bus, no service, no permission, no answer); None when it answers.
        adapters: The adapters it has, by name; empty also when it cannot be asked.
        switches: The kernel's switches for Bluetooth, by name.
    """

    obstacle: Fault | None
    adapters: tuple[AdapterState, ...]
    switches: tuple[RadioSwitch, ...]

    def trouble_with(self, adapter: str | None) -> Fault | None:
        """What stands in the way of listening with the named adapter, or with any (None); None when nothing does."""
        if self.obstacle is not None:
            return self.obstacle
        meant = [state for state in self.adapters if adapter in (None, state.name)]
        if any(state.is_powered for state in meant):
            return None
        if any(_is_blocked(switch) for switch in self.switches if _concerns(switch, adapter)):
            return Fault(FaultReason.BLOCKED)
        return Fault(FaultReason.POWERED_OFF if meant else FaultReason.NO_ADAPTER)

    def is_discovering(self, adapter: str | None) -> bool:
        """Whether the named adapter, or any (None), discovers for anybody."""
        return any(state.is_discovering for state in self.adapters if adapter in (None, state.name))


async def bluetooth_state(
    rfkill_folder: Path = _RFKILL_FOLDER,
    answer_seconds: float = _ANSWER_SECONDS,
    bluetooth_folder: Path = _BLUETOOTH_FOLDER,
) -> BluetoothState:
    """Find out what state Bluetooth is in; changes nothing, and never raises.

    Args:
        rfkill_folder: Where the kernel lists its radio switches.
        answer_seconds: How long BlueZ may take to answer.
        bluetooth_folder: Where the kernel lists its adapters.
    """
    switches = _switches(rfkill_folder)
    try:
        async with asyncio.timeout(answer_seconds), _system_bus() as bus:
            return BluetoothState(None, await _adapters(bus), switches)
    except Exception as error:  # noqa: BLE001 - what D-Bus, sockets and BlueZ raise: each is an obstacle
        return BluetoothState(_obstacle(error, bluetooth_folder), (), switches)


def _obstacle(error: Exception, bluetooth_folder: Path) -> Fault:
    fault = fault_of_error(error)
    if fault.reason is FaultReason.NO_BLUETOOTH_SERVICE and not bluetooth_folder.is_dir():
        return replace(fault, reason=FaultReason.NO_ADAPTER)
    return fault


class AdapterMender:
    """Knows what state the adapter is in, and puts it right (a `scans.discovery.AdapterCare`).

    Args:
        adapter: Name of the adapter; None for any.
        run: Runs rfkill and systemctl.
        rfkill_folder: Where the kernel lists its radio switches.
        answer_seconds: How long BlueZ may take to answer.
        bluetooth_folder: Where the kernel lists its adapters.
    """

    def __init__(
        self,
        adapter: str | None,
        run: RunCommand = run_command,
        rfkill_folder: Path = _RFKILL_FOLDER,
        answer_seconds: float = _ANSWER_SECONDS,
        bluetooth_folder: Path = _BLUETOOTH_FOLDER,
    ) -> None:
        self._adapter = adapter
        self._run = run
        self._rfkill_folder = rfkill_folder
        self._answer_seconds = answer_seconds
        self._bluetooth_folder = bluetooth_folder

    async def trouble(self, *, while_discovering: bool = False) -> Fault | None:
        """What stands in the way of listening, now; None when nothing does.

        Args:
            while_discovering: Whether an adapter that does not discover is one that was lost: bluetoothd was restarted,
                and knows nothing of what was asked of it before.
        """
        state = await bluetooth_state(self._rfkill_folder, self._answer_seconds, self._bluetooth_folder)
        fault = state.trouble_with(self._adapter)
        if fault is None and while_discovering and not state.is_discovering(self._adapter):
            return Fault(FaultReason.LOST, detail="the discovery was ended")
        return fault

    async def adapter_comes(self) -> bool:
        """Wait a moment for an adapter that the kernel has; see `scans.discovery.AdapterCare.adapter_comes`."""
        end = asyncio.get_running_loop().time() + _COMING_SECONDS
        while (fault := await self.trouble()) is not None:
            is_coming = fault.reason in {FaultReason.NO_ADAPTER, FaultReason.POWERED_OFF} and self._is_in_kernel()
            if not is_coming or asyncio.get_running_loop().time() > end:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        return True

    def recover(self, fault: Fault, times_in_a_row: int) -> str:
        """Try to put `fault` right, which is the last of so many in a row.

        Returns:
            What was done, in a few words for the owner; empty when nothing was.
        """
        if fault.reason is FaultReason.BLOCKED:
            return self._unblock()
        if fault.reason is FaultReason.POWERED_OFF:
            return self._switch(is_cycle=False)
        if fault.reason is FaultReason.NO_BLUETOOTH_SERVICE:
            return self._restart_service()
        if fault.reason not in _MENDED_BY_POWER_CYCLE:
            return ""
        if fault.reason is FaultReason.BUSY and times_in_a_row < _BUSY_IS_STUCK:
            return ""
        restarted = self._restart_service() if times_in_a_row % _RESTART_EVERY == 0 else ""
        return restarted or self._switch(is_cycle=True)

    def _is_in_kernel(self) -> bool:
        """Whether the kernel has the adapter: each has a switch of its name."""
        names = {switch.name for switch in _switches(self._rfkill_folder)}
        return any(name.startswith("hci") and self._adapter in (None, name) for name in names)

    def _unblock(self) -> str:
        if not self._may(["rfkill", "unblock", "bluetooth"]):
            return ""
        if any(_is_blocked(switch) for switch in _switches(self._rfkill_folder) if _concerns(switch, self._adapter)):
            return ""
        return f"unblocked Bluetooth, {self._switch(is_cycle=False)}"

    def _restart_service(self) -> str:
        """Without waiting for it: a bluetoothd that hangs is killed by systemd only after 90 s."""
        restarted = self._may(["systemctl", "--no-block", "--no-ask-password", "restart", "bluetooth"])
        return "restarted the Bluetooth service" if restarted else ""

    def _may(self, command: list[str]) -> bool:
        """Run a command as this user, or else as root where sudo permits it without a password."""
        return self._run(command).succeeded or self._run(["sudo", "-n", *command]).succeeded

    def _switch(self, *, is_cycle: bool) -> str:
        doing, done = ("power-cycle", "power-cycled") if is_cycle else ("switch on", "switched on")
        error = asyncio.run(_switched(self._adapter, (False, True) if is_cycle else (True,)))
        return f"{done} the adapter" if error is None else f"tried to {doing} the adapter ({detail_of(error)})"


async def _switched(adapter: str | None, steps: Sequence[bool]) -> Exception | None:
    """Switch the adapter on or off, step by step; the error of the last step, None when it did as it was told."""
    failed: Exception | None = None
    for is_on in steps:
        try:
            async with asyncio.timeout(_SWITCH_SECONDS), _system_bus() as bus:
                await _set_powered(bus, adapter, is_on=is_on)
                failed = None
        except Exception as error:  # noqa: BLE001 - what D-Bus, sockets and BlueZ raise; an adapter that hangs is switched on all the same
            failed = error
    return failed


async def _set_powered(bus: MessageBus, adapter: str | None, *, is_on: bool) -> None:
    names = [state.name for state in await _adapters(bus) if adapter in (None, state.name)]
    if not names:
        raise DBusError("org.bluez.Error.DoesNotExist", "no such adapter")
    body = [_ADAPTER, "Powered", Variant("b", is_on)]
    await _call(bus, f"/org/bluez/{names[0]}", f"{_PROPERTIES}.Set", "ssv", body)


async def _adapters(bus: MessageBus) -> tuple[AdapterState, ...]:
    """The adapters, asked for one by one: BlueZ's list of all objects holds every device it has heard lately too."""
    [node] = await _call(bus, "/org/bluez", "org.freedesktop.DBus.Introspectable.Introspect")
    found = []
    for name in sorted(re.findall(r'<node name="(hci\d+)"', node)):
        [properties] = await _call(bus, f"/org/bluez/{name}", f"{_PROPERTIES}.GetAll", "s", [_ADAPTER])
        found.append(AdapterState(name, *(bool(properties[said].value) for said in ("Powered", "Discovering"))))
    return tuple(found)


async def _call(bus: MessageBus, path: str, method: str, signature: str = "", body: Sequence[Any] = ()) -> list[Any]:
    """Call a method of BlueZ, without letting the bus start it.

    Raises:
        DBusError: BlueZ or the bus refused.
    """
    interface, _, member = method.rpartition(".")
    reply = await bus.call(
        Message(
            destination=_BLUEZ,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
            flags=MessageFlag.NO_AUTOSTART,
        )
    )
    if reply.message_type is MessageType.ERROR:
        raise DBusError(reply.error_name or "", str(reply.body[0]) if reply.body else "")
    return list(reply.body)


@asynccontextmanager
async def _system_bus() -> AsyncIterator[MessageBus]:
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    try:
        yield bus
    finally:
        bus.disconnect()
        with suppress(Exception):  # a bus that died says so once more; whoever asked it was told
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # dbus-fast names none


def _switches(folder: Path) -> tuple[RadioSwitch, ...]:
    """The kernel's switches for Bluetooth; one that vanishes while it is read is not there."""
    found = []
    for switch in sorted(folder.glob("rfkill*")):
        with suppress(OSError):
            if _said(switch, "type") == "bluetooth":
                found.append(
                    RadioSwitch(_said(switch, "name"), _said(switch, "soft") == "1", _said(switch, "hard") == "1")
                )
    return tuple(found)


def _said(switch: Path, attribute: str) -> str:
    return (switch / attribute).read_text(encoding="ascii", errors="replace").strip()


def _is_blocked(switch: RadioSwitch) -> bool:
    return switch.is_blocked_by_software or switch.is_blocked_by_hardware


def _concerns(switch: RadioSwitch, adapter: str | None) -> bool:
    """Whether a switch cuts off this adapter: its own does, and one of the machine's, which bears no adapter's name."""
    return adapter is None or switch.name == adapter or not switch.name.startswith("hci")
