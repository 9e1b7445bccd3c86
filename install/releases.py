"""Releases: the code and its packages, side by side, so that going back is to point at the one before."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from install.layout import Layout
from install.machine import InstallError, Machine, make_open_folder

# What a checkout holds beside the programme: its history, what was made in it, and what is its owner's.
_NOT_CODE = frozenset({".git", ".venv", ".cache", "data", "config.toml"})
_MADE_BY_TOOLS = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"})

# By these a folder is known to hold the programme.
_MARKS = ("run", "app.py", "requirements.txt")


def make_release(layout: Layout, source: Path, machine: Machine, now_at: datetime) -> Path:
    """Copy the programme into a release of its own, with its packages. The one in force stays so.

    Args:
        layout: Where releases lie.
        source: A folder with the programme.
        machine: Whose commands are used.
        now_at: Names the release.

    Raises:
        InstallError: It could not be made; nothing is left of it.
    """
    release = layout.releases / f"{now_at:%Y-%m-%d-%H%M%S}"
    try:
        _copy_code(source, release)
        (release / "data").symlink_to(os.path.relpath(layout.data, release))
        (release / "config.toml").symlink_to(os.path.relpath(layout.settings, release))
        _copy_packages(layout, source, release, machine)
        machine.run("bash", release / "install" / "packages.sh")
        # The service may not write beside its code, so what Python would write there at its first start is made now.
        machine.run(python_of(release), "-m", "compileall", "-q", "-x", r"/(\.venv|tests|bench)/", release)
        machine.run("chown", "-R", "root:root", release)
        machine.run("chmod", "-R", "u+rwX,go+rX,go-w", release)
        machine.run("sync")  # or a power cut after it is pointed at would find its files empty
    except (InstallError, OSError) as error:
        shutil.rmtree(release, ignore_errors=True)  # half a release is none, and the first error is the one to tell
        raise InstallError(f"The programme could not be copied to {release.parent}: {error}") from error
    return release


def python_of(release: Path) -> Path:
    """The Python of a release, with its packages."""
    return release / ".venv/bin/python"


def _copy_code(source: Path, release: Path) -> None:
    if not all((source / mark).is_file() for mark in _MARKS):
        raise InstallError(f"there is no programme in {source}")

    def ignore(folder: str, _: list[str]) -> frozenset[str]:
        return _not_code(is_at_top=Path(folder) == source)

    make_open_folder(release.parent)
    shutil.copytree(source, release, symlinks=True, ignore=ignore)


def _copy_packages(layout: Layout, source: Path, release: Path, machine: Machine) -> None:
    """Take over the packages of the checkout, or of the release before, where they are those that are locked.

    Of the release before they are linked, not copied: nothing changes a package's files, and they are 400 MB.
    """
    for folder, how in ((layout.current / ".venv", ("-l",)), (source / ".venv", ())):
        if _is_locked_as(folder, release / "requirements.txt"):
            machine.run("cp", "-a", *how, f"{folder.resolve()}/.", release / ".venv")
            return


def _is_locked_as(packages: Path, lock: Path) -> bool:
    stamp = packages / "installed"
    return stamp.is_file() and hashlib.sha256(lock.read_bytes()).hexdigest() in stamp.read_text(encoding="utf-8")


def is_same_code(one: Path, other: Path) -> bool:
    """Whether two folders hold the same programme, whatever packages, settings and data lie beside it."""
    return _code_in(one) == _code_in(other)


def _code_in(folder: Path) -> dict[Path, str]:
    """The digest of each file of the programme, by its path in the folder."""
    found = {}
    for within, folders, names in os.walk(folder):
        left_out = _not_code(is_at_top=Path(within) == folder)
        folders[:] = [name for name in folders if name not in left_out]
        for path in (Path(within) / name for name in names if name not in left_out):
            if not path.is_symlink():
                found[path.relative_to(folder)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _not_code(*, is_at_top: bool) -> frozenset[str]:
    return _MADE_BY_TOOLS | _NOT_CODE if is_at_top else _MADE_BY_TOOLS


def put_in_force(layout: Layout, release: Path) -> None:
    """Point at a release, in one step."""
    beside = layout.current.with_name("current.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(Path("releases") / release.name)
    beside.replace(layout.current)


def forget_releases(layout: Layout, *kept: Path) -> None:
    """Delete all releases but some."""
    for release in layout.releases.iterdir():
        if release.name not in {one.name for one in kept}:
            shutil.rmtree(release)


@contextmanager
def unpacked(source: Path, machine: Machine) -> Iterator[Path]:
    """A folder with the programme: the one given, or what an archive (tar, compressed or not) holds.

    Raises:
        InstallError: There is neither.
    """
    if source.is_dir():
        yield source.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="tracking-update-") as folder:
        try:
            _unpack(source, folder, machine)
        except InstallError as error:
            raise InstallError(f"{source} is neither a folder nor an archive that can be read ({error}).") from error
        inside = list(Path(folder).iterdir())
        # Archives made by a forge hold one folder, those of `git archive` the files themselves.
        yield inside[0] if len(inside) == 1 and inside[0].is_dir() else Path(folder)


def _unpack(archive: Path, folder: str, machine: Machine) -> None:
    # By tar, which follows no link that the archive itself brought: the tarfile of Debian 12's Python (3.11.2) has no
    # filters yet (PEP 706), and would.
    names = machine.run("tar", "--list", "--file", archive).splitlines()
    if outside := next((name for name in names if name.startswith("/") or ".." in Path(name).parts), None):
        raise InstallError(f"{outside} leads out of it")
    machine.run("tar", "--extract", "--no-same-owner", "--file", archive, "--directory", folder)
