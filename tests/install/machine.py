"""A machine in a folder: a root folder of its own, and stand-ins for the commands that change a machine."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from install.layout import Layout
from install.machine import Machine
from tests.system.checkout import ROOT, Checkout, make_checkout

_RADIO_COMMANDS = ("tshark", "iw", "ip", "rfkill", "bluetoothctl")
_RECORDED = ("systemctl", "useradd", "usermod", "userdel", "chown", "sync")


@dataclass(frozen=True, slots=True)
class FakeMachine:
    """A machine and a checkout on it.

    Attributes:
        checkout: The checkout, everything in it installed.
        layout: Where the programme is to lie.
        said: What the installer said.
    """

    checkout: Checkout
    layout: Layout
    said: list[str]

    @property
    def machine(self) -> Machine:
        """Its commands, and what every Debian has besides."""
        return Machine({"PATH": f"{self.checkout.commands}:/usr/bin:/bin", "CALLS": str(self.layout.root / "calls")})

    def calls(self, name: str) -> list[str]:
        """What a command was called with, a line a call."""
        calls = self.layout.root / "calls"
        lines = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
        return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]

    def on_systemctl(self, script: str) -> None:
        """Let `systemctl` do something, after it was noted that it was called."""
        self.checkout.add_command("systemctl", f'echo "systemctl $*" >> "$CALLS"\n{script}')


def make_machine(folder: Path) -> FakeMachine:
    """A machine on which nothing is installed yet, with a checkout that was run before."""
    checkout = make_checkout(folder)
    shutil.copy(ROOT / "config.toml", checkout.root)
    checkout.install_venv("requirements.txt")
    (checkout.root / "data").mkdir()
    # All packages are there; a test that wants to know puts the real script back.
    (checkout.root / "install" / "packages.sh").write_text("exit 0\n")
    for name in _RADIO_COMMANDS:
        checkout.add_command(name)
    for name in _RECORDED:
        checkout.add_command(name, f'echo "{name} $*" >> "$CALLS"')
    checkout.add_command("getent", 'case "$*" in "group bluetooth") exit 0 ;; *) exit 2 ;; esac')
    checkout.add_command("runuser", 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    root = folder / "root"
    root.mkdir()
    return FakeMachine(checkout, Layout(root), [])
