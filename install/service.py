"""The service: put on the machine, and taken away."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from install.layout import NAME, Layout
from install.machine import InstallError, Machine, is_in_use, make_open_folder
from install.releases import forget_releases, make_release, put_in_force, python_of

Say = Callable[[str], None]
"""Tells the owner what was done, a line each."""

# What the service's user has to be a member of, where a system has it: to speak with BlueZ, to unblock radios, and to
# run dumpcap where Debian was told that only members may.
_GROUPS = ("bluetooth", "netdev", "wireshark")


def install(layout: Layout, source: Path, now_at: datetime, machine: Machine, say: Say, *, what: str) -> None:
    """Put the programme on the machine as a service, and start it. Where it is one already, see `install_again`.

    Args:
        layout: Where to.
        source: The checkout.
        now_at: The time now.
        machine: Whose commands are used.
        say: Tells what was done.
        what: The command that the service is to run (run, sensor or hub).

    Raises:
        InstallError: It could not be done.
    """
    if not _holds_data(layout) and is_in_use(source / "data"):
        raise InstallError("The programme runs from this folder. Stop it first (Ctrl+C in its window), then try again.")
    make_user(machine, say)
    say("The programme and its packages are being copied, 500 MB, which takes a Pi some minutes ...")
    release = make_release(layout, source, machine, now_at)
    put_in_force(layout, release)
    say(f"The programme was copied to {layout.programme}; what is changed in this folder counts after an update only.")
    _take_over_settings(layout, source, machine, say)
    _take_over_data(layout, source, machine, say)
    write_unit(layout, release, what, machine)
    if what != "sensor":  # whose page shows its state, and changes nothing
        make_first_password(layout, machine, say)
    machine.run("systemctl", "enable", NAME)
    start(machine)
    forget_releases(layout, release)
    say(f"It runs as a service ({what}), under a user of its own, and starts with the machine.")


def uninstall(layout: Layout, machine: Machine, say: Say, *, delete_data: bool) -> None:
    """Stop the service, and take the programme off the machine.

    Args:
        layout: Where it lies.
        machine: Whose commands are used.
        say: Tells what was done.
        delete_data: Whether the settings and all that it remembered go as well.

    Raises:
        InstallError: It could not be done.
    """
    was_there = layout.is_installed or layout.programme.exists()
    if layout.is_installed:
        machine.run("systemctl", "disable", "--now", NAME)
        layout.unit.unlink()
        machine.run("systemctl", "daemon-reload")
    layout.rule.unlink(missing_ok=True)
    if layout.programme.exists():
        shutil.rmtree(layout.programme)
    say("The service was stopped and removed." if was_there else "There is no service of this programme to remove.")
    if not delete_data and not layout.data.exists():
        return
    if not delete_data:
        say(f"What it remembered stays in {layout.data}, its settings in {layout.settings.parent}: `./run install`")
        say("goes on with them. `./run uninstall --delete-data` deletes them for good.")
        return
    for folder in (layout.data, layout.data_to_be, layout.settings.parent):
        if folder.exists():
            shutil.rmtree(folder)
    if machine.succeeds("getent", "passwd", NAME):
        machine.run("userdel", NAME)
    say("What it remembered, its settings and its user were deleted.")


def write_unit(layout: Layout, release: Path, what: str, machine: Machine) -> None:
    """Let systemd know of the service as a release wants it, running one of its commands.

    Raises:
        InstallError: systemd does not take it.
    """
    unit = (release / "install" / layout.unit.name).read_text(encoding="utf-8").replace("@COMMAND@", what)
    for path, text in (
        (layout.unit, unit),
        (layout.rule, (release / "install" / layout.rule.name).read_text(encoding="utf-8")),
    ):
        make_open_folder(path.parent)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
    machine.run("systemctl", "daemon-reload")


def start(machine: Machine) -> None:
    """Start the service, or start it again, and wait until it is up.

    Raises:
        InstallError: It does not come up.
    """
    try:
        machine.run("systemctl", "restart", NAME)
    except InstallError as error:
        raise InstallError(f"The service does not start: `journalctl --unit {NAME} --lines 20` says why.") from error


def installed_command(layout: Layout) -> str | None:
    """What the service runs: run, sensor or hub; None when there is none."""
    if not layout.is_installed:
        return None
    found = re.search(r"^ExecStart=.* (\w+)$", layout.unit.read_text(encoding="utf-8"), re.MULTILINE)
    return None if found is None else found[1]


def release_in_force(layout: Layout) -> Path | None:
    """The release that runs; None before the first."""
    return layout.releases / layout.current.readlink().name if layout.current.is_symlink() else None


def as_service_user() -> tuple[str, ...]:
    """What a command begins with that the service's user is to run."""
    return ("runuser", "-u", NAME, "--")


def make_user(machine: Machine, say: Say) -> None:
    """Make the service's user, where there is none, a member of the groups that it needs."""
    if not machine.succeeds("getent", "passwd", NAME):
        machine.run(
            "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", f"/var/lib/{NAME}",
            "--shell", "/usr/sbin/nologin", NAME,
        )  # fmt: skip
        say(f"A user called {NAME} was made for it, who may not log in.")
    for group in _GROUPS:
        if machine.succeeds("getent", "group", group):
            machine.run("usermod", "--append", "--groups", group, NAME)


def make_first_password(layout: Layout, machine: Machine, say: Say) -> None:
    """Make the admin password here, or the service would print it into the journal, which keeps it."""
    programme = (python_of(layout.current), layout.current / "app.py")
    for line in machine.run(*as_service_user(), *programme, "password", "--first").splitlines():
        say(line)


def _take_over_settings(layout: Layout, source: Path, machine: Machine, say: Say) -> None:
    """The settings of the checkout become the service's, unless it has some."""
    if not layout.settings.exists():
        make_open_folder(layout.settings.parent)
        shutil.copy(source / "config.toml", layout.settings)
        say(f"Its settings were copied to {layout.settings}: change them there, then `sudo systemctl restart {NAME}`.")
    machine.run("chown", "-R", f"root:{NAME}", layout.settings.parent)
    machine.run("chmod", "-R", "u=rwX,g=rX,o=", layout.settings.parent)


def _take_over_data(layout: Layout, source: Path, machine: Machine, say: Say) -> None:
    """What was remembered so far becomes the service's, unless it remembers something already.

    It is gathered beside the folder and put in its place when it is whole; cut off halfway, the next try goes on.
    """
    made, beside = source / "data", layout.data_to_be
    say_what_stays(layout, source, say)
    make_open_folder(layout.data.parent)
    if not _holds_data(layout) and (_holds_any(made) or beside.exists()):
        beside.mkdir(mode=0o700, exist_ok=True)
        if _holds_any(made):
            _move_files(made, beside)
        beside.rename(layout.data)
        say(f"What was remembered so far was moved from {made} to {layout.data}.")
    layout.data.mkdir(mode=0o700, exist_ok=True)
    machine.run("chown", "-R", f"{NAME}:{NAME}", layout.data)


def say_what_stays(layout: Layout, source: Path, say: Say) -> None:
    """Tell the owner of data in the checkout that are not taken over, since the service has some."""
    if _holds_any(source / "data") and _holds_data(layout):
        say(f"{source / 'data'} stays as it is: the service has data of its own, in {layout.data}.")


def _move_files(folder: Path, target: Path) -> None:
    # One by one, for each is whole in one of the two places at any time, whatever lies between them.
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            moved = target / path.relative_to(folder)
            moved.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.move(path, moved)
    for emptied in folder.iterdir():
        shutil.rmtree(emptied)


def _holds_data(layout: Layout) -> bool:
    return layout.data.is_dir() and any(layout.data.iterdir())


def _holds_any(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and any(folder.iterdir())
