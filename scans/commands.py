"""Commands of the system that set up the radios (iw, ip, rfkill, systemctl), run for a bounded time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

# These commands ask the kernel one thing, which takes milliseconds. A driver that hangs holds them for ever.
_COMMAND_SECONDS = 3.0

# A killed command is gone at once, unless its driver hangs: then it is left behind.
_KILL_SECONDS = 0.3

# Where Debian keeps iw and ip, and does not look for an ordinary user.
_SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")

# What of a command's words is kept: they go into a fault's detail, which is at most a line.
_COMPLAINT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended.

    Attributes:
        status: Its exit status; None when it could not be started, or did not end in time.
        output: What it printed.
        complaint: What it said went wrong, in a line; empty when it said nothing.
    """

    status: int | None
    output: str = ""
    complaint: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether it did what it should."""
        return self.status == 0

    @property
    def is_refusal(self) -> bool:
        """Whether this user may not do that."""
        said = self.complaint.lower()
        return not self.succeeded and ("not permitted" in said or "permission denied" in said)


RunCommand = Callable[[Sequence[str]], CommandResult]
"""Runs a command, for a bounded time and without asking anybody anything. Never raises."""


def run_command(command: Sequence[str]) -> CommandResult:
    """Run a command for 3 s at most, in plain English, without input."""
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS))
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PATH": folders, "LC_ALL": "C"},
        )
    except OSError as error:
        return CommandResult(None, complaint=f"{command[0]} cannot be started: {error.strerror}")
    try:
        output, errors = process.communicate(timeout=_COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        _abandon(process)
        return CommandResult(None, complaint=f"{command[0]} did not end within {_COMMAND_SECONDS:g} s")
    lines = errors.strip().splitlines()
    return CommandResult(process.returncode, output, lines[-1][:_COMPLAINT_CHARACTERS] if lines else "")


def as_permitted(run: RunCommand, command: Sequence[str]) -> CommandResult:
    """Run a command as this user; where that is not permitted, as root, if sudo allows it without a password."""
    result = run(command)
    if not result.is_refusal:
        return result
    as_root = run(["sudo", "-n", *command])
    return result if as_root.complaint.startswith("sudo") else as_root


def _abandon(process: subprocess.Popen[str]) -> None:
    """Kill without waiting for long: a process that hangs in the kernel does not end (nor may root's be killed)."""
    with suppress(PermissionError):
        process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=_KILL_SECONDS)
