"""Installing: the commands `install`, `update` and `uninstall`, as root carries them out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from config import load_config
from db.backup import back_up
from db.connect import file_of
from db.errors import DatabaseError
from db.restoring import put_back
from install.bluez_notes import keep_notes_in_memory, keep_notes_on_disk
from install.layout import NAME, Layout
from install.machine import InstallError, Machine, acting_as
from install.service import as_service_user, install, installed_command, release_in_force, uninstall
from install.updating import Installed, install_again, update
from link_settings import page_address
from links.examine import is_answering
from place import HOME, Place, with_absolute_path


def install_service(
    place: Place, what: str | None, environment: Mapping[str, str] = os.environ, *, is_copied: bool = False
) -> int:
    """Put the programme on this machine as a service; where it is one already, its code.

    Args:
        place: That of the folder it is installed from.
        what: The command that the service runs; None for the same as before, at first run.
        environment: That of the commands.
        is_copied: As in `update_service`.

    Raises:
        InstallError: It could not be done.
    """
    layout, machine = _layout(environment), Machine(environment)
    _check_folders(place, layout)
    ran, say = installed_command(layout), partial(print, flush=True)
    if (what or ran) != "hub":  # which hears nothing itself
        keep_notes_in_memory(layout, HOME, machine, say)
    if ran is None or release_in_force(layout) is None:
        install(layout, HOME, place.clock.wall(), machine, say, what=what or ran or "run")
    else:
        before = _installed(_place_of_service(place, layout), layout, machine, is_copied=is_copied)
        install_again(before, HOME, place.clock.wall(), what=what)
    installed = _place_of_service(place, layout)
    for path in _unreadable(installed, layout, machine):
        print(f"The service cannot read {path}, which its settings name. Copy it to {layout.settings.parent}, and name")
        print(f"that in {layout.settings}; then `sudo systemctl restart {NAME}`.")
    print(f"Open the page at {page_address(installed)}")
    print(f"Whether it runs:  systemctl status {NAME}        what it says:  journalctl --unit {NAME}")
    print(f"Stop it:          sudo systemctl stop {NAME}     remove it:     ./run uninstall")
    return 0


def uninstall_service(environment: Mapping[str, str] = os.environ, *, delete_data: bool) -> int:
    """Take the programme off this machine."""
    layout, machine = _layout(environment), Machine(environment)
    uninstall(layout, machine, partial(print, flush=True), delete_data=delete_data)
    keep_notes_on_disk(layout, machine)
    return 0


def update_service(
    place: Place, source: Path, environment: Mapping[str, str] = os.environ, *, is_copied: bool = False
) -> int:
    """Let a newer release of the programme take over from this one.

    Args:
        place: Whose database and page it is.
        source: A folder or an archive with the newer one.
        environment: That of the commands.
        is_copied: Whether the owner made a copy of a database that a server keeps.

    Raises:
        InstallError: It did not take over.
    """
    installed = _installed(place, _layout(environment), Machine(environment), is_copied=is_copied)
    update(installed, source, place.clock.wall())
    return 0


def _place_of_service(place: Place, layout: Layout) -> Place:
    """The place by the settings of the service in place of the folder's."""
    config = load_config(layout.settings, {})
    return replace(place, config=config, database_url=with_absolute_path(config.db.url, layout.current))


def _installed(place: Place, layout: Layout, machine: Machine, *, is_copied: bool) -> Installed:
    """The service as it is before another release takes over."""
    file = file_of(place.database_url)
    if file is None and not is_copied:
        raise InstallError(
            "The database is kept by a server, where an update cannot be undone from here. Copy it with `pg_dump`, "
            "then add --database-is-copied."
        )
    links = place.config.links
    return Installed(
        layout,
        machine,
        partial(print, flush=True),
        partial(_copy_database, place.database_url, layout, place.clock.wall()),
        partial(_put_back, place.database_url),
        partial(is_answering, links.port, is_https=bool(links.tls_certificate_file)),
    )


def _copy_database(url: str, layout: Layout, now_at: datetime) -> Path | None:
    # As its user: who took the service over could plant a link in its folder that leads root elsewhere.
    file = file_of(url)
    if file is None or not file.exists():
        return None
    with acting_as(NAME):
        return back_up(url, layout.data / "backups", now_at)


def _put_back(url: str, copy: Path) -> None:
    file = file_of(url)
    if file is None:
        return
    try:
        with acting_as(NAME):
            put_back(copy, file)
    except DatabaseError as error:
        raise InstallError(
            f"{error} The service is stopped, with the new release in force: `sudo systemctl start {NAME}` tries that "
            "again."
        ) from error


def _layout(environment: Mapping[str, str]) -> Layout:
    return Layout(Path(environment.get("DESTDIR") or "/"))


def _check_folders(place: Place, layout: Layout) -> None:
    """Refuse settings that keep the database in a file, or the keys, where the service could not write.

    Raises:
        InstallError: They do.
    """
    file = file_of(place.database_url)
    for folder in {place.folder, *([] if file is None else [file.parent])}:
        if folder.resolve() not in {(HOME / "data").resolve(), layout.data.resolve()}:
            raise InstallError(
                f"The settings keep data in {folder}, where a service may not write. Move them to {HOME / 'data'}, let "
                'db.url in config.toml be "sqlite:///data/" and the name of the file, and db.folder "". Then try again.'
            )


def _unreadable(place: Place, layout: Layout, machine: Machine) -> list[str]:
    """The files that the settings name and the service cannot read."""
    links = place.config.links
    named = (
        links.tls_certificate_file,
        links.tls_key_file,
        links.uplink_key_file,
        links.uplink_ca_file,
        links.broker_ca_file,
        links.broker_password_file,
    )
    # A relative name begins at the programme's folder.
    can_read = (*as_service_user(), "test", "-r")
    return [name for name in named if name and not machine.succeeds(*can_read, layout.current / name)]
