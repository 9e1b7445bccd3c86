"""Updating: another release takes over, or all is as it was before: code, packages and database."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from install.layout import NAME, Layout
from install.machine import InstallError, Machine
from install.releases import forget_releases, is_same_code, make_release, put_in_force, unpacked
from install.service import (
    Say,
    installed_command,
    make_first_password,
    make_user,
    release_in_force,
    say_what_stays,
    start,
    write_unit,
)

# From the start to the first answer a Pi takes some 20 s; one that brings a big database up to date, minutes.
_ANSWER_SECONDS = 300.0
_ASK_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Installed:
    """What runs now, and how it is asked how it is.

    Attributes:
        layout: Where it lies.
        machine: Whose commands are used.
        say: Tells the owner what was done.
        copy_database: Makes a checked copy of the database, and gives its path; None where there is no file to copy.
        put_back: Lets such a copy be the database again, once and for all when it returns.
        is_well: Asks the running programme, once, whether it answers and can do its work.
    """

    layout: Layout
    machine: Machine
    say: Say
    copy_database: Callable[[], Path | None]
    put_back: Callable[[Path], None]
    is_well: Callable[[], bool]


def install_again(installed: Installed, source: Path, now_at: datetime, *, what: str | None) -> None:
    """Let the code of a checkout take over from what is installed, as an update does.

    Args:
        installed: What runs now.
        source: The checkout.
        now_at: The time now.
        what: The command that the service runs from now on (run, sensor or hub); None for the same as before.

    Raises:
        InstallError: It did not take over. What ran before runs again, and the message says so.
    """
    make_user(installed.machine, installed.say)
    say_what_stays(installed.layout, source, installed.say)
    update(installed, source, now_at, what=what, even_if_same=True)  # perhaps because something is broken
    installed.machine.run("systemctl", "enable", NAME)


def update(
    installed: Installed,
    source: Path,
    now_at: datetime,
    patience_seconds: float = _ANSWER_SECONDS,
    *,
    what: str | None = None,
    even_if_same: bool = False,
) -> None:
    """Let the programme of a folder or an archive take over.

    Args:
        installed: What runs now.
        source: The folder or archive.
        now_at: The time now.
        patience_seconds: How long the new release may take until it answers.
        what: The command that the service runs from now on; None for the same as before.
        even_if_same: Whether it does so too where it is what runs. Otherwise it would push the release before out.

    Raises:
        InstallError: It did not take over. What ran before runs again, and the message says so.
    """
    layout, machine, say = installed.layout, installed.machine, installed.say
    before, ran = release_in_force(layout), installed_command(layout)
    if before is None or ran is None:
        raise InstallError("The programme is not installed as a service here. `./run install` does that.")
    say("The new release is being prepared, which takes a Pi some minutes; the service runs on meanwhile ...")
    with unpacked(source, machine) as folder:
        if not even_if_same and is_same_code(before, folder):
            say(f"Release {before.name}, which runs, is the same: nothing was changed.")
            return
        release = make_release(layout, folder, machine, now_at)
    say(f"Release {release.name} is ready; the service stops for a moment.")
    copy = None
    try:
        machine.run("systemctl", "stop", NAME)
        copy = installed.copy_database()
        if copy is not None:
            say(f"The database was copied to {copy}.")
        put_in_force(layout, release)
        write_unit(layout, release, what or ran, machine)
        if ran == "sensor" and what in {"run", "hub"}:
            make_first_password(layout, machine, say)
        start(machine)
        _wait_until_well(installed.is_well, patience_seconds)
    except BaseException as error:  # whatever it was, also Ctrl+C: what ran before is to run again
        _go_back(installed, before, copy, ran)
        shutil.rmtree(release)
        raise InstallError(
            f"The update failed, and what ran before runs again. With the new release: {error}"
        ) from error
    forget_releases(layout, release, before)
    say(f"Release {release.name} runs, and answers. The one before is kept until the next update.")


def _go_back(installed: Installed, before: Path, copy: Path | None, what: str) -> None:
    """Let the release before run again, with the database as it was when it stopped.

    Raises:
        InstallError: It does not start either.
    """
    layout, machine = installed.layout, installed.machine
    installed.say("The new release does not do its work: going back to the one before.")
    machine.succeeds("systemctl", "stop", NAME)
    if copy is not None:  # first, or a power cut would leave the release before on a database that is too new for it
        installed.put_back(copy)
    put_in_force(layout, before)
    write_unit(layout, before, what, machine)
    start(machine)


def _wait_until_well(is_well: Callable[[], bool], patience_seconds: float) -> None:
    end = time.monotonic() + patience_seconds
    while not is_well():
        if time.monotonic() > end:
            raise InstallError(f"It did not answer within {patience_seconds / 60:.0f} minutes.")
        time.sleep(_ASK_EVERY_SECONDS)
