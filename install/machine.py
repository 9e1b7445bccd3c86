"""The machine that the programme is installed on: its commands, and what runs on it."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


class InstallError(Exception):
    """It could not be installed, updated or removed; the message says why, what was left, and what to do."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Runs the commands of a machine.

    Attributes:
        environment: What they find in their environment; PATH says where they are looked for.
    """

    environment: Mapping[str, str]

    def run(self, *command: str | Path) -> str:
        """Run a command to its end, without input; gives what it printed.

        Raises:
            InstallError: It is not there, or failed.
        """
        words = [str(word) for word in command]
        try:
            done = subprocess.run(
                words,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise InstallError(f"The command {words[0]} cannot be started ({error.strerror}).") from error
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise InstallError(f"`{' '.join(words)}` failed{': ' + said[-1] if said else ''}.")
        return done.stdout

    def succeeds(self, *command: str | Path) -> bool:
        """Whether a command does what it should."""
        try:
            self.run(*command)
        except InstallError:
            return False
        return True


@contextlib.contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Let root have the rights of a user and no more, for as long as it works in a folder which that user may change.

    A link that was planted there leads root wherever it points, and that user nowhere new. The process can go back to
    being root (seteuid(2)), so no code of that user's may run in it.

    Args:
        name: The user's.
    """
    user, groups = pwd.getpwnam(name), os.getgroups()
    os.setgroups([])
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def make_open_folder(folder: Path) -> None:
    """Make a folder that everybody may enter, and those above it, where there are none; whatever the process's mask."""
    if not folder.is_dir():
        make_open_folder(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def is_in_use(folder: Path, processes: Path = Path("/proc")) -> bool:
    """Whether a process has a file of a folder open, as far as this user may know.

    Args:
        folder: The folder.
        processes: Where the kernel lists processes (proc(5)).
    """
    inside = f"{folder.resolve()}/"
    return any(path.startswith(inside) for process in processes.glob("[0-9]*") for path in _opened_by(process))


def _opened_by(process: Path) -> Iterator[str]:
    # A process ends, or closes a file, while it is looked at; and others' are nobody's business.
    with contextlib.suppress(OSError):
        for opened in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(opened.readlink())
