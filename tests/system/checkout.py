"""A checkout of only the scripts, with a stand-in for the programme, on a machine that has only the named commands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What every Debian has; the scripts may use no more than this without saying that it is missing.
BASE_COMMANDS = """
    awk bash cat cut dirname env flock getconf getent grep id mkdir mv readlink rm sh sha256sum stat sync tail timeout
    tr
"""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder with the scripts, and the commands its machine has."""

    root: Path
    commands: Path

    def add_command(self, name: str, script: str = "exit 0") -> None:
        """Put a command on the machine that does what the shell script says."""
        command = self.commands / name
        command.unlink(missing_ok=True)
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)

    def remove_command(self, name: str) -> None:
        """Take a command off the machine; the scripts look in /usr/sbin as well, where it must not be found either."""
        if Path("/usr/sbin").samefile("/usr/bin"):
            pytest.skip("this system keeps all commands in one folder, so that none can be hidden")
        (self.commands / name).unlink()

    def run(self, *command: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the checkout to its end, without a terminal."""
        return subprocess.run(
            [self.root / command[0], *command[1:]],
            cwd=cwd or self.root,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a login that knows only this machine's commands."""
        return {"PATH": str(self.commands), "HOME": str(self.root), **more}

    def install_venv(self, *locks: str) -> None:
        """Leave behind what a finished installation leaves: an environment and its stamp."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.root / ".venv"], check=True)
        stamp = subprocess.run(
            [
                "bash",
                "-c",
                f"root={self.root}; . install/python_packages.sh; describe_python_packages {' '.join(locks)}",
            ],
            cwd=self.root,
            capture_output=True,
            check=True,
        )
        (self.root / ".venv/installed").write_bytes(stamp.stdout)


def make_checkout(folder: Path) -> Checkout:
    """Copy the scripts and locks into `folder`, beside a programme that prints what it was started with."""
    checkout = Checkout(folder / "checkout", folder / "commands")
    checkout.root.mkdir()
    checkout.commands.mkdir()
    for name in ("run", "check", "requirements.txt", "requirements-check.txt"):
        shutil.copy(ROOT / name, checkout.root)
    shutil.copytree(ROOT / "install", checkout.root / "install")
    (checkout.root / "app.py").write_text("import os, sys\nprint(os.getcwd(), sys.argv[1:])\n")
    for name in BASE_COMMANDS.split():
        (checkout.commands / name).symlink_to(shutil.which(name) or pytest.skip(f"this machine has no {name}"))
    (checkout.commands / "python3").symlink_to(Path(sys.executable).resolve())
    checkout.add_command("sudo", 'while [ "$1" != -- ] && [ "$1" != true ]; do shift; done; shift; exec "$@"')
    return checkout
