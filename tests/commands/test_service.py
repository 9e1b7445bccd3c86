from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from commands.service import install_service, update_service
from config import Config, DbSection
from install.layout import Layout
from install.machine import InstallError
from place import HOME, Place, with_absolute_path
from scans.clock import machine_clock
from scans.manufacturers import Manufacturers


def place(url: str, folder: str = "") -> Place:
    config = Config(db=DbSection(url=url, folder=folder))
    return Place(
        config=config,
        is_demo=False,
        database_url=url,
        time_zone=ZoneInfo("UTC"),
        clock=machine_clock(),
        manufacturers=Manufacturers(),
    )


@pytest.mark.parametrize("has_folder", [True, False])
def test_data_where_a_service_may_not_write_are_refused(tmp_path: Path, has_folder: bool) -> None:
    """A database or keys in a folder of the owner's own stop it before anything is done, and it says what to change."""
    elsewhere = place("postgresql://hub@db/site", str(tmp_path)) if has_folder else place(f"sqlite:///{tmp_path}/a.db")
    with pytest.raises(InstallError, match="where a service may not write"):
        install_service(elsewhere, None, {"DESTDIR": str(tmp_path / "root"), "PATH": "/nowhere"})
    assert not (tmp_path / "root").exists()


def test_what_is_said_of_a_service_stays_true(tmp_path: Path) -> None:
    """Its folder of data is told by its own name, and not by that of a release, which goes with a later update."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "data").symlink_to("kept")
    assert with_absolute_path("sqlite:///data/a.db", tmp_path) == f"sqlite:///{tmp_path.resolve()}/kept/a.db"


def test_a_database_of_a_server_is_the_owners_to_copy(tmp_path: Path) -> None:
    """Before an update changes it for good, the owner is asked for a copy."""
    with pytest.raises(InstallError, match="pg_dump"):
        update_service(place("postgresql://hub@db/site"), tmp_path, {"DESTDIR": str(tmp_path), "PATH": "/nowhere"})


def test_so_it_is_when_a_service_is_installed_again(tmp_path: Path) -> None:
    """By the settings of the service, whatever those of the folder say; nothing has been done by then."""
    layout = Layout(tmp_path)
    layout.programme.mkdir(parents=True)
    layout.current.symlink_to("releases/first")
    for path, text in (
        (layout.unit, "ExecStart=/python /app.py hub\n"),
        (layout.settings, '[db]\nurl = "postgresql://hub@db/site"\n'),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    folder = place(f"sqlite:///{HOME}/data/tracking.db")
    with pytest.raises(InstallError, match="pg_dump"):
        install_service(folder, None, {"DESTDIR": str(tmp_path), "PATH": "/nowhere"})
