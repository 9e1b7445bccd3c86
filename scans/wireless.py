"""Wireless interfaces of this machine: what the kernel shows of them, and the commands that change them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SYS = Path("/sys")

# ARPHRD_IEEE80211, …_PRISM and …_RADIOTAP (linux/if_arp.h): the types that only an interface in monitor mode has.
_MONITOR_TYPES = {801, 802, 803}
_IFF_UP = 0x1  # linux/if.h

# Each of these commands takes milliseconds, and up to 2 s while a USB adapter wakes up.
_COMMAND_SECONDS = 5.0

# Where Debian keeps iw and rfkill, which is not on every user's path.
_ROOTS_FOLDERS = "/usr/sbin:/sbin"

_REFUSED = ("not permitted", "permission denied", "not authorized", "insufficient privileges")

_FREQUENCY = re.compile(r"^\s*\* (\d+)(?:\.\d+)? MHz \[\d+\](?! \(disabled\))", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered: whether it did what it should, and its words."""

    is_done: bool
    said: str

    @property
    def is_refused(self) -> bool:
        """Whether this user may not do that."""
        said = self.said.lower()
        return not self.is_done and any(mark in said for mark in _REFUSED)


RunCommand = Callable[[Sequence[str]], Answer]
"""Runs a command for a bounded time, without asking anybody anything. Never raises."""


@dataclass(frozen=True, slots=True)
class Interface:
    """A wireless interface.

    Attributes:
        name: Such as "wlan1".
        is_monitor: Whether it is in monitor mode.
        is_up: Whether somebody brought it up: an administrator, or a programme that manages networks.
        is_connected: Whether it is on a network now, or is one.
    """

    name: str
    is_monitor: bool
    is_up: bool
    is_connected: bool


@dataclass(frozen=True, slots=True)
class Adapter:
    """A wireless adapter: what the kernel calls a phy. It can have several interfaces, and has one channel at a time.

    Attributes:
        phy: Its name, such as "phy0".
        interfaces: Its interfaces, by name; one that others took into a namespace of theirs is not among them.
        rfkill: Number of its switch in the kernel; None when it has none.
        is_blocked: Whether that switch is off.
        is_blocked_for_good: Whether a switch or key on the machine did that, which no programme can undo.
    """

    phy: str
    interfaces: tuple[Interface, ...]
    rfkill: int | None
    is_blocked: bool
    is_blocked_for_good: bool


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an adapter can do: whether it has monitor mode, and to which frequencies (MHz) it may be tuned here."""

    has_monitor_mode: bool
    frequencies_mhz: frozenset[int]


def run_command(command: Sequence[str]) -> Answer:
    """Run a command for 5 s at most; one that is missing, or takes longer, has not done what it should."""
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:{_ROOTS_FOLDERS}", "LC_ALL": "C"}
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except OSError as error:
        return Answer(is_done=False, said=f"{command[0]}: {error.strerror}")
    except subprocess.TimeoutExpired:
        return Answer(is_done=False, said=f"{command[0]}: no answer for {_COMMAND_SECONDS:.0f} s")
    return Answer(is_done=ended.returncode == 0, said=ended.stdout)


def run_permitted(run: RunCommand, command: Sequence[str]) -> Answer:
    """Run a command as this user, or else as root where sudo permits it without a password."""
    answer = run(command)
    if not answer.is_refused:
        return answer
    as_root = run(["sudo", "-n", *command])
    return as_root if as_root.is_done else answer


def adapters(sys: Path = _SYS) -> tuple[Adapter, ...]:
    """The wireless adapters of this machine, by name."""
    interfaces = list(_interfaces(sys / "class/net"))
    return tuple(
        _adapter(folder, tuple(interface for phy, interface in interfaces if phy == folder.name))
        for folder in sorted(sys.glob("class/ieee80211/*"))
    )


def own_addresses(sys: Path = _SYS) -> frozenset[str]:
    """The hardware addresses of this machine's interfaces, at this moment."""
    return frozenset(filter(None, (_said(path) for path in sys.glob("class/net/*/address")))) - {"00:00:00:00:00:00"}


def abilities_of(iw_phy_info: str) -> Abilities:
    """What `iw phy NAME info` says that an adapter can do."""
    modes = re.search(r"Supported interface modes:\n((?:\s+\* .*\n)+)", iw_phy_info)
    has_monitor_mode = modes is not None and re.search(r"\* monitor$", modes[1], re.MULTILINE) is not None
    return Abilities(has_monitor_mode, frozenset(map(int, _FREQUENCY.findall(iw_phy_info))))


def frequency_of(channel: int) -> int:
    """The middle of a channel of 2.4 or 5 GHz, in MHz (IEEE 802.11-2020, annex E and section 17.3.8.4.2)."""
    if channel == 14:
        return 2484
    return (2407 if channel < 14 else 5000) + 5 * channel


def _interfaces(folder: Path) -> Iterator[tuple[str, Interface]]:
    """The wireless interfaces, each with the phy it is of; one that vanishes while it is read is not there."""
    for path in sorted(folder.glob("*/phy80211")):
        about = path.parent
        with suppress(OSError, ValueError):
            yield (
                path.resolve(strict=True).name,
                Interface(
                    name=about.name,
                    is_monitor=int(_said(about / "type")) in _MONITOR_TYPES,
                    is_up=bool(int(_said(about / "flags"), 16) & _IFF_UP),
                    is_connected=_said(about / "operstate") == "up",
                ),
            )


def _adapter(folder: Path, interfaces: tuple[Interface, ...]) -> Adapter:
    switch = next(folder.glob("rfkill[0-9]*"), None)
    is_hard = switch is not None and _said(switch / "hard") == "1"
    return Adapter(
        phy=folder.name,
        interfaces=interfaces,
        rfkill=None if switch is None else int(switch.name.removeprefix("rfkill")),
        is_blocked=is_hard or (switch is not None and _said(switch / "soft") == "1"),
        is_blocked_for_good=is_hard,
    )


def _said(path: Path) -> str:
    """What a file of the kernel's says; nothing when what it is about has just gone."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
