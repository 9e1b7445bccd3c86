"""A machine's Wi-Fi: the kernel's files about it, and the commands that change it, answering as the real ones do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scans.commands import CommandResult

# What iw 5.19 and ip say of mac80211 under Linux 6.1. The modes are those of the Pi's own Wi-Fi, and of an adapter that
# has monitor mode.
MODES = "\tSupported interface modes:\n\t\t * IBSS\n\t\t * managed\n\t\t * AP\n"
MODES_WITH_MONITOR = (
    "\tSupported interface modes:\n\t\t * IBSS\n\t\t * managed\n\t\t * AP\n\t\t * AP/VLAN\n\t\t * monitor\n"
    "\t\t * mesh point\n\t\t * P2P-client\n\t\t * P2P-GO\n\t\t * outside context of a BSS\n\tBand 1:\n"
)
ADDRESS = "3: {name}    inet 192.168.99.2/24 scope global {name}\\       valid_lft forever preferred_lft forever\n"
ROUTE = "default via 192.168.99.1 \n"
INFO = "Interface {name}\n\tifindex 3\n\twdev 0x1\n\taddr 00:c0:ca:99:00:00\n\ttype {kind}\n\twiphy 0\n{channel}"
TUNED = "\tchannel 6 (2437 MHz), width: 20 MHz (no HT), center1: 2437 MHz\n"

BUSY = CommandResult(240, complaint="command failed: Device or resource busy (-16)")
DISABLED = CommandResult(234, complaint="command failed: Invalid argument (-22)")
IN_FILE_TABLE = CommandResult(233, complaint="command failed: Too many open files in system (-23)")
NO_DEVICE = CommandResult(237, complaint="command failed: No such device (-19)")
UNSUPPORTED = CommandResult(161, complaint="command failed: Operation not supported (-95)")
NOT_PERMITTED = CommandResult(255, complaint="command failed: Operation not permitted (-1)")
RFKILL_NOT_PERMITTED = CommandResult(1, complaint="rfkill: cannot open /dev/rfkill: Permission denied")
RF_KILLED = CommandResult(2, complaint="RTNETLINK answers: Operation not possible due to RF-kill")
SUDO_ASKS = CommandResult(1, complaint="sudo: a password is required")
DONE = CommandResult(0)

READING = ("info", "show")


@dataclass
class FakeWifi:
    """The Wi-Fi of a machine, in a folder.

    Attributes:
        kernel: What stands for /sys/class.
        ran: The commands that were run, each as one string.
        answers: What a command answers instead, for those that start with the key.
    """

    kernel: Path
    ran: list[str] = field(default_factory=list)
    answers: dict[str, CommandResult] = field(default_factory=dict)

    def plug(self, phy: str = "phy0", *, has_monitor_mode: bool = True) -> None:
        """An adapter, without interfaces."""
        put(self.kernel / "ieee80211" / phy, name=phy)
        put(self.kernel / "ieee80211" / phy / f"rfkill{phy[3:]}", soft="0", hard="0")
        self.answers[f"iw phy {phy} info"] = CommandResult(0, MODES_WITH_MONITOR if has_monitor_mode else MODES)

    def unplug(self, phy: str = "phy0") -> None:
        """The adapter goes, and its interfaces with it."""
        for folder in self.kernel.glob("net/*/phy80211"):
            if folder.readlink().name == phy:
                self.remove(folder.parent.name)
        (self.kernel / "ieee80211" / phy).rename(self.kernel / f"unplugged-{phy}")

    def add(self, name: str, phy: str = "phy0", *, kind: str = "managed", is_up: bool = False) -> None:
        """An interface of an adapter, which is plugged in when it is not."""
        if not (self.kernel / "ieee80211" / phy).exists():
            self.plug(phy)
        folder = self.kernel / "net" / name
        put(folder, type="1", flags="0x1002", address="00:C0:ca:99:00:00", carrier="")
        (folder / "phy80211").symlink_to(self.kernel / "ieee80211" / phy)
        self.set(name, kind=kind, is_up=is_up)

    def connect(self, name: str) -> None:
        """An interface gets on a network."""
        self.set(name, is_up=True)
        put(self.kernel / "net" / name, carrier="1")

    def set(self, name: str, *, kind: str | None = None, is_up: bool | None = None) -> None:
        """Somebody changes an interface."""
        folder = self.kernel / "net" / name
        if kind is not None:
            put(folder, type="803" if kind == "monitor" else "1", kind=kind)
        if is_up is not None:
            put(folder, flags="0x1003" if is_up else "0x1002")

    def remove(self, name: str) -> None:
        """Somebody deletes an interface."""
        folder = self.kernel / "net" / name
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    def block(self, phy: str = "phy0", *, by: str = "soft") -> None:
        """Somebody blocks an adapter, by software or by a switch; the kernel takes its interfaces down."""
        put(self.kernel / "ieee80211" / phy / f"rfkill{phy[3:]}", **{by: "1"})
        for folder in self.kernel.glob("net/*/phy80211"):
            if folder.readlink().name == phy:
                self.set(folder.parent.name, is_up=False)

    def state(self) -> dict[str, tuple[str, bool]]:
        """Each interface with its kind, and whether it is up."""
        return {folder.name: (self._kind(folder.name), self._is_up(folder.name)) for folder in self._interfaces()}

    def changes(self) -> list[str]:
        """The commands that changed something, or tried to."""
        return [command for command in self.ran if not any(word in command.split() for word in READING)]

    def __call__(self, command: Sequence[str]) -> CommandResult:
        """Run a command."""
        self.ran.append(" ".join(command))
        for start, answer in self.answers.items():
            if self.ran[-1].startswith(start):
                return answer
        return self._carried_out([word for word in command if word not in {"sudo", "-n"}])

    def _carried_out(self, command: list[str]) -> CommandResult:
        match command:
            case ["ip", "-o", *_]:
                return DONE
            case ["rfkill", "unblock", number]:
                put(self.kernel / "ieee80211" / f"phy{number}" / f"rfkill{number}", soft="0")
                return DONE
            case ["iw", "phy", phy, "interface", "add", name, "type", kind]:
                if name in self.state():
                    return IN_FILE_TABLE
                self.add(name, phy, kind=kind)
                return DONE
            case ["ip", "link", "set", name, *asked] | ["iw", "dev", name, *asked] if name in self.state():
                return self._done_to(name, asked)
        return NO_DEVICE

    def _done_to(self, name: str, asked: list[str]) -> CommandResult:
        match asked:
            case ["up"] if self._is_blocked(name):
                return RF_KILLED
            case ["up" | "down"]:
                self.set(name, is_up=asked == ["up"])
            case ["info"]:
                channel = TUNED if self._is_up(name) and self._kind(name) == "monitor" else ""
                return CommandResult(0, INFO.format(name=name, kind=self._kind(name), channel=channel))
            case ["set", "type", _] if self._is_up(name):
                return BUSY
            case ["set", "type", kind]:
                self.set(name, kind=kind)
            case ["del"]:
                self.remove(name)
            case ["set", "channel" | "freq", _]:
                others = [kind for kind, is_up in self.state().values() if is_up and kind != "monitor"]
                return BUSY if others or not self._is_up(name) else DONE
        return DONE

    def _interfaces(self) -> list[Path]:
        return [folder.parent for folder in sorted(self.kernel.glob("net/*/phy80211"))]

    def _kind(self, name: str) -> str:
        return (self.kernel / "net" / name / "kind").read_text().strip()

    def _is_up(self, name: str) -> bool:
        return (self.kernel / "net" / name / "flags").read_text().strip() == "0x1003"

    def _is_blocked(self, name: str) -> bool:
        switches = (self.kernel / "net" / name / "phy80211").glob("rfkill*/*")
        return any(path.read_text().strip() == "1" for path in switches)


def put(folder: Path, **files: str) -> None:
    """Write files as the kernel does, each with a line."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")
