"""Installing: the commands `install`, `update` and `uninstall`, as root carries them out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from config import load_config
from db.backup import back_up
from db.connect import file_of
from install.layout import NAME, Layout
from install.machine import InstallError, Machine
from install.service import as_service_user, install, uninstall
from install.updating import Installed, update
from link_settings import page_address
from links.examine import is_answering
from place import HOME, Place


def install_service(place: Place, what: str | None, environment: Mapping[str, str] = os.environ) -> int:
    """Put the programme on this machine as a service."""
    layout, machine = _layout(environment), Machine(environment)
    _check_folders(place, layout)
    say = partial(print, flush=True)
    install(layout, HOME, place.clock.wall(), machine, say, what=what)
    installed = replace(place, config=load_config(layout.settings, {}))
    for path in _unreadable(installed, layout, machine):
        print(f"The service cannot read {path}, which its settings name. Copy it to {layout.settings.parent}, and name")
        print(f"that in {layout.settings}; then `sudo systemctl restart {NAME}`.")
    print(f"Open the page at {page_address(installed)}")
    print(f"Whether it runs:  systemctl status {NAME}        what it says:  journalctl --unit {NAME}")
    print(f"Stop it:          sudo systemctl stop {NAME}     remove it:     ./run uninstall")
    return 0


def uninstall_service(environment: Mapping[str, str] = os.environ, *, delete_data: bool) -> int:
    """Take the programme off this machine."""
    uninstall(_layout(environment), Machine(environment), partial(print, flush=True), delete_data=delete_data)
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
    layout, machine = _layout(environment), Machine(environment)
    file = file_of(place.database_url)
    if file is None and not is_copied:
        raise InstallError(
            "The database is kept by a server, where an update cannot be undone from here. Copy it with `pg_dump`, "
            "then add --database-is-copied."
        )
    links = place.config.links
    installed = Installed(
        layout,
        machine,
        partial(print, flush=True),
        None if file is None else partial(_copy_database, place, machine),
        file,
        partial(is_answering, links.port, is_https=bool(links.tls_certificate_file)),
    )
    update(installed, source, place.clock.wall())
    return 0


def _copy_database(place: Place, machine: Machine) -> Path:
    copy = back_up(place.database_url, place.folder / "backups", place.clock.wall())
    machine.run("chown", "-R", f"{NAME}:{NAME}", copy.parent)
    return copy.resolve()  # the folder is a link in each release, and the owner is told where it leads


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
