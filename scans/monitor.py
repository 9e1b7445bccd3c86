"""The Wi-Fi interface in monitor mode: found, switched, kept so, moved over the channels, and put back."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from pathlib import Path

from presence.faults import Fault, FaultReason
from scans.channels import HopPlan
from scans.commands import CommandResult, RunCommand, as_permitted, run_command
from scans.interfaces import (
    KERNEL_FOLDER,
    WirelessInterface,
    has_other_network,
    has_phy,
    kernel_text,
    trouble_in_mid_capture,
    wireless_interface,
    wireless_interfaces,
)

_log = logging.getLogger(__name__)

# Names of interfaces have at most 15 characters (IFNAMSIZ less one, netdevice(7)); "mon" takes three.
_STEM_CHARACTERS = 12

_BLOCKED = Fault(FaultReason.BLOCKED)
_UNBLOCKED = "unblocked Wi-Fi"

_TUNED_TO = re.compile(r"channel \d+ \((\d+) MHz\)")


def own_addresses(kernel: Path = KERNEL_FOLDER) -> frozenset[str]:
    """Addresses of all network interfaces of this machine, in lower case with colons: it is nobody's phone.

    Args:
        kernel: Where the kernel lists devices.
    """
    addresses = {kernel_text(path).lower() for path in kernel.glob("net/*/address")}
    return frozenset(addresses - {"", "00:00:00:00:00:00"})  # the latter is loopback's


class MonitorInterface:
    """A Wi-Fi interface in monitor mode (a `scans.wifi.CaptureSource`).

    The interface that connects this machine to a network is never cut off: only a second one beside it is tried.

    Args:
        name: Name of the interface; None takes what is there.
        may_switch: Whether an interface may be switched to monitor mode, or one in monitor mode be added.
        channels: Channels to listen on in turn, by their numbers at 2.4 GHz (1 to 14) and 5 GHz (36 and above).
        run: Runs iw, ip and rfkill.
        kernel: Where the kernel lists devices.
    """

    def __init__(
        self,
        name: str | None,
        may_switch: bool,
        channels: tuple[int, ...],
        run: RunCommand = run_command,
        kernel: Path = KERNEL_FOLDER,
    ) -> None:
        self._name = name
        self._may_switch = may_switch
        self._plan = HopPlan(channels)
        self._run = run
        self._kernel = kernel
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._using: WirelessInterface | None = None
        # What had to be done the last time.
        self._done_before: frozenset[str] = frozenset()
        # By interface, the commands that put it back as it was found.
        self._undo: dict[str, list[list[str]]] = {}

    def prepare(self) -> str | Fault:
        """Make sure that an interface listens in monitor mode; see `scans.wifi.CaptureSource.prepare`.

        When all is well as it was a minute ago, this reads a few files of the kernel's and runs nothing.
        """
        deeds: list[str] = []
        with self._lock:
            ready = self._put_right(deeds)
        for deed in deeds:
            if deed not in self._done_before:  # or what another programme undoes each minute would fill the log
                _log.info("Wi-Fi: %s.", deed)
        self._done_before = frozenset(deeds)
        return ready

    def attend(self, stopping: threading.Event) -> None:
        """Visit the channels in turn until `stopping`; see `scans.wifi.CaptureSource.attend`.

        While its adapter is connected to a network, all channels are refused: then it listens on that network's.
        """
        self._plan.follow(self._tune, stopping)

    def trouble(self) -> Fault | None:
        """What became of the interface in use; see `scans.wifi.CaptureSource.trouble`."""
        return None if self._using is None else trouble_in_mid_capture(self._using.name, self._kernel)

    def recover(self, fault: Fault) -> str:
        """Put right what can be; see `scans.wifi.CaptureSource.recover`."""
        deeds: list[str] = []
        with self._lock:
            self._unblock(deeds)  # tshark calls an interface that was blocked just down
            ready = self._put_right(deeds)
            if fault.reason is FaultReason.HUNG and isinstance(ready, str):
                self._restart(ready, deeds)
        return ", ".join(deeds)

    def close(self) -> None:
        """Put back what was changed; see `scans.wifi.CaptureSource.close`. It cannot be used afterwards."""
        self._closing.set()  # whoever holds the lock changes nothing more, and lets go of it soon
        with self._lock:
            while self._undo:
                self._put_back(*self._undo.popitem())

    def _put_right(self, deeds: list[str]) -> str | Fault:
        """Make an interface ready, and note what had to be done for it."""
        if self._closing.is_set():
            return Fault(FaultReason.LOST, "The Wi-Fi interface was put back as it was: the programme stops.")
        known = self._using
        if known is not None:
            now = wireless_interface(known.name, self._kernel)
            if now is None and self._may_switch and has_phy(known.phy, self._kernel):
                return self._add(known.name, known.phy, deeds)
            if now is not None and now.is_monitor:
                return self._adopt(now, deeds)
        return self._find(deeds)

    def _find(self, deeds: list[str]) -> str | Fault:
        """Look for an interface to listen with: one in monitor mode, else one to switch, else one to add to."""
        everything = wireless_interfaces(self._kernel)
        meant = [interface for interface in everything if self._name in (None, interface.name)]
        if not meant:
            return Fault(FaultReason.NO_INTERFACE, f"There is no Wi-Fi interface {self._name}." if self._name else "")
        phys = {interface.phy for interface in meant}
        monitors = [interface for interface in everything if interface.is_monitor and interface.phy in phys]
        if monitors:
            return self._adopt(
                min(monitors, key=lambda monitor: (monitor.name != self._name, not monitor.is_up)), deeds
            )
        if not self._may_switch:
            told = "config.toml does not allow to switch it (scans.wifi_switch_to_monitor)"
            return Fault(FaultReason.NOT_MONITOR_MODE, f"{meant[0].name} is not in monitor mode, and {told}.")
        return self._make_monitor(meant, deeds)

    def _make_monitor(self, interfaces: Sequence[WirelessInterface], deeds: list[str]) -> str | Fault:
        """Switch the first interface that nobody needs; else add one beside one that is needed.

        To switch is better: alone on its adapter, an interface is free to change channels.
        """
        faults: list[Fault] = []
        able = []
        for interface in interfaces:
            fault = self._inability(interface)
            if fault is None:
                able.append(interface)
            else:
                faults.append(fault)
        for interface in able:
            if self._is_free(interface) and self._switch(interface, deeds):
                return self._adopt_named(interface.name, deeds)
        for interface in able:
            added = self._add(f"{interface.name[:_STEM_CHARACTERS]}mon", interface.phy, deeds)
            if isinstance(added, str):
                return added
            faults.append(_beside(interface, added))
        # An adapter that could listen, but for something, says more than one that never will.
        return min(faults, key=lambda fault: fault.reason is FaultReason.NOT_MONITOR_MODE)

    def _inability(self, interface: WirelessInterface) -> Fault | None:
        """Why an interface's adapter cannot listen; None when it can."""
        told = self._run(["iw", "phy", interface.phy, "info"])
        if not told.succeeded:
            return _fault_of(told)
        if "* monitor" not in (line.strip() for line in told.output.splitlines()):
            return Fault(FaultReason.NOT_MONITOR_MODE, f"The adapter of {interface.name} has no monitor mode.")
        return None if interface.blocking_switch is None else _BLOCKED

    def _is_free(self, interface: WirelessInterface) -> bool:
        """Whether nobody needs the interface: the machine may be reachable by it alone.

        One that is on but not connected may be just about to be, so it is left alone where no other network is.
        """
        if interface.has_carrier or (interface.is_up and not has_other_network(interface.name, self._kernel)):
            return False
        addresses = self._run(["ip", "-o", "address", "show", "dev", interface.name])
        routes = self._run(["ip", "-o", "route", "show", "default", "dev", interface.name])
        if any(not told.succeeded or told.output.strip() for told in (addresses, routes)):
            return False
        return "type managed" in self._run(["iw", "dev", interface.name, "info"]).output

    def _switch(self, interface: WirelessInterface, deeds: list[str]) -> bool:
        """Switch an interface to monitor mode; whether it went well. Otherwise it is as it was."""
        name = interface.name
        back = [_down(name), ["iw", "dev", name, "set", "type", "managed"]]
        if interface.is_up:
            back.append(_up(name))
        self._undo.setdefault(name, back)
        if self._change(_down(name)).succeeded:
            if self._change(["iw", "dev", name, "set", "type", "monitor"]).succeeded:
                deeds.append(f"switched {name} to monitor mode")
                return True
            if interface.is_up:
                as_permitted(self._run, _up(name))
        return False

    def _add(self, name: str, phy: str, deeds: list[str]) -> str | Fault:
        """Add an interface in monitor mode to an adapter, or one again that somebody deleted."""
        added = self._change(["iw", "phy", phy, "interface", "add", name, "type", "monitor"])
        if not added.succeeded:
            return _fault_of(added)
        is_again = name in self._undo
        self._undo.setdefault(name, [["iw", "dev", name, "del"]])
        deeds.append(f"{'re-created' if is_again else 'created'} the monitor interface {name}")
        return self._adopt_named(name, deeds)

    def _adopt_named(self, name: str, deeds: list[str]) -> str | Fault:
        interface = wireless_interface(name, self._kernel)
        if interface is None:
            return Fault(FaultReason.LOST)
        if not interface.is_monitor:
            return Fault(FaultReason.NOT_MONITOR_MODE, f"{name} did not go into monitor mode.")
        return self._adopt(interface, deeds)

    def _adopt(self, interface: WirelessInterface, deeds: list[str]) -> str | Fault:
        """Use an interface in monitor mode; bring it up when it is down."""
        name = interface.name
        if interface.blocking_switch is not None:
            self._using = interface
            return _BLOCKED
        if name not in self._undo:
            self._undo[name] = self._as_found(interface)
        self._using = interface
        if not interface.is_up:
            raised = self._change(_up(name))
            if not raised.succeeded:
                return _fault_of(raised)
            if not deeds:  # what was created, switched or unblocked comes up as a part of that
                deeds.append(f"brought {name} up")
        return name

    def _as_found(self, interface: WirelessInterface) -> list[list[str]]:
        """What puts an interface back that was in monitor mode already: its channel, or down."""
        if not interface.is_up:
            return [_down(interface.name)]
        tuned = _TUNED_TO.search(self._run(["iw", "dev", interface.name, "info"]).output)
        return [["iw", "dev", interface.name, "set", "freq", tuned[1]]] if tuned else []

    def _unblock(self, deeds: list[str]) -> None:
        """Free what is used or could be; a switch on the machine itself cannot be moved from here."""
        for interface in wireless_interfaces(self._kernel):
            switch = interface.blocking_switch
            if switch is None or not self._is_meant(interface) or self._inability(interface) != _BLOCKED:
                continue
            self._change(["rfkill", "unblock", switch])
            now = wireless_interface(interface.name, self._kernel)
            if now is not None and now.blocking_switch is None and _UNBLOCKED not in deeds:
                deeds.append(_UNBLOCKED)

    def _is_meant(self, interface: WirelessInterface) -> bool:
        if self._using is not None:
            return interface.phy == self._using.phy
        return self._name in (None, interface.name)

    def _restart(self, name: str, deeds: list[str]) -> None:
        if self._change(_down(name)).succeeded and self._change(_up(name)).succeeded:
            deeds.append(f"restarted {name}")

    def _tune(self, channel: int) -> bool:
        """Go to a channel; whether it went well."""
        if self._using is None:
            return False
        return self._change(["iw", "dev", self._using.name, "set", "channel", str(channel)]).succeeded

    def _change(self, command: list[str]) -> CommandResult:
        """Change something, unless everything is being put back."""
        if self._closing.is_set():
            return CommandResult(None, complaint="the programme stops")
        return as_permitted(self._run, command)

    def _put_back(self, name: str, commands: Sequence[Sequence[str]]) -> None:
        """Put an interface back, unless somebody did or it is gone: what is in use for a network now stays so."""
        interface = wireless_interface(name, self._kernel)
        if interface is None or not interface.is_monitor:
            return
        for command in commands:
            result = as_permitted(self._run, command)
            if not result.succeeded:
                _log.warning("Wi-Fi: %s was not put back as it was found: %s", name, result.complaint)


def _down(name: str) -> list[str]:
    return ["ip", "link", "set", name, "down"]


def _up(name: str) -> list[str]:
    return ["ip", "link", "set", name, "up"]


def _beside(interface: WirelessInterface, fault: Fault) -> Fault:
    """A refused addition, in words for the owner, who may not know why none was switched."""
    if fault.reason is not FaultReason.UNEXPECTED:
        return fault
    told = f"{interface.name} may be needed for the network, and its adapter does not listen beside that"
    return Fault(FaultReason.NOT_MONITOR_MODE, f"{told} ({fault.detail}).")


def _fault_of(failed: CommandResult) -> Fault:
    """What a command that failed says about the interface."""
    said = failed.complaint.lower()
    if failed.is_refusal:
        return Fault(FaultReason.NO_PERMISSION, failed.complaint)
    if "rf-kill" in said:
        return _BLOCKED
    if "no such device" in said or "cannot find device" in said:
        return Fault(FaultReason.LOST)
    if "did not end" in said:
        return Fault(FaultReason.HUNG, failed.complaint)
    return Fault(FaultReason.UNEXPECTED, failed.complaint)
