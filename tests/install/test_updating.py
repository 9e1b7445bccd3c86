from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from db.backup import back_up
from db.errors import DatabaseError
from db.restoring import put_back
from install.machine import InstallError
from install.service import install, release_in_force
from install.updating import Installed, install_again, update
from tests.install.machine import FakeMachine, make_machine

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=30)


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    """A machine with the service on it, which has remembered a scan."""
    made = make_machine(tmp_path)
    install(made.layout, made.checkout.root, NOON, made.machine, made.said.append, what="hub")
    with sqlite3.connect(database(made)) as connection:
        connection.execute("CREATE TABLE scans (id INTEGER)")
        connection.execute("INSERT INTO scans VALUES (1)")
    connection.close()
    return made


def database(fake: FakeMachine) -> Path:
    return fake.layout.data / "tracking.db"


def installed(fake: FakeMachine, is_well: Callable[[], bool]) -> Installed:
    copy = partial(back_up, f"sqlite:///{database(fake)}", fake.layout.data / "backups", LATER)
    return Installed(fake.layout, fake.machine, fake.said.append, copy, partial(put_back, path=database(fake)), is_well)


def newer(fake: FakeMachine) -> Path:
    """A folder with a newer release."""
    folder = fake.checkout.root.parent / "newer"
    shutil.copytree(fake.checkout.root, folder, symlinks=True, ignore=shutil.ignore_patterns(".venv", "data"))
    (folder / "app.py").write_text("print('newer')\n")
    return folder


def code_in_force(fake: FakeMachine) -> str:
    return (fake.layout.current / "app.py").read_text(encoding="utf-8")


def migrate(fake: FakeMachine) -> bool:
    """What a new release does to the database at its start."""
    with sqlite3.connect(database(fake)) as connection:
        connection.execute("DROP TABLE scans")
        connection.execute("CREATE TABLE newer_scans (id INTEGER)")
    connection.close()
    return True


def tables(fake: FakeMachine) -> list[str]:
    with sqlite3.connect(database(fake)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    return [name for (name,) in rows]


def test_a_newer_release_takes_over(fake: FakeMachine) -> None:
    """It runs the same command over the same data, the database was copied, and the release before is kept."""
    before = release_in_force(fake.layout)
    update(installed(fake, lambda: True), newer(fake), LATER)
    assert code_in_force(fake) == "print('newer')\n"
    assert "app.py hub\n" in fake.layout.unit.read_text(encoding="utf-8")
    assert fake.calls("systemctl")[-3:] == ["stop tracking", "daemon-reload", "restart tracking"]
    assert [path.name for path in (fake.layout.data / "backups").iterdir()] == ["tracking-2026-12-21-120000.db"]
    assert before is not None
    assert before.exists()
    assert len(fake.calls("sync")) == 2  # both releases were on the disk before they were pointed at


def test_the_same_release_again_changes_nothing(fake: FakeMachine) -> None:
    """Where nothing newer came the owner is told so, and the release before stays the one to go back to."""
    update(installed(fake, lambda: True), folder := newer(fake), LATER)
    kept = sorted(fake.layout.releases.iterdir())
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "app.pyc").touch()
    (folder / "config.toml").write_text("[scans]\n")
    update(installed(fake, lambda: True), folder, LATER + timedelta(days=1))
    assert fake.said[-1] == f"Release {kept[-1].name}, which runs, is the same: nothing was changed."
    assert sorted(fake.layout.releases.iterdir()) == kept
    (folder / "newer.py").touch()
    update(installed(fake, lambda: True), folder, LATER + timedelta(days=2))
    assert (fake.layout.current / "newer.py").exists()


def test_one_that_does_not_answer_gives_way_to_the_one_before(fake: FakeMachine) -> None:
    """Code, packages, unit and database are again what they were, and the owner is told so."""
    before, asked = release_in_force(fake.layout), iter([True])

    def never_well() -> bool:
        if next(asked, False):
            migrate(fake)
        return False

    folder = newer(fake)
    (folder / "install" / "tracking.service").write_text("ExecStart=/newer @COMMAND@\n")
    with pytest.raises(InstallError, match="what ran before runs again"):
        update(installed(fake, never_well), folder, LATER, patience_seconds=0)
    assert release_in_force(fake.layout) == before
    assert "['" not in code_in_force(fake)
    assert "newer" not in code_in_force(fake)
    assert tables(fake) == ["scans"]
    assert "/newer" not in fake.layout.unit.read_text(encoding="utf-8")
    assert list(fake.layout.releases.iterdir()) == [before]
    assert fake.calls("systemctl")[-3:] == ["stop tracking", "daemon-reload", "restart tracking"]


def test_the_database_is_put_back_before_the_release_is(fake: FakeMachine) -> None:
    """The release before is never in force over a database that the newer one has changed, also if the power goes."""
    found: list[str] = []
    ran = installed(fake, lambda: not migrate(fake))

    def put_back_noting(copy: Path) -> None:
        found.append(code_in_force(fake))
        ran.put_back(copy)

    with pytest.raises(InstallError, match="what ran before runs again"):
        update(replace(ran, put_back=put_back_noting), newer(fake), LATER, patience_seconds=0)
    assert found == ["print('newer')\n"]
    assert tables(fake) == ["scans"]


def test_a_database_that_cannot_be_put_back_keeps_the_release_that_knows_it(fake: FakeMachine) -> None:
    """The owner is told why, and what is in force goes with the database that is there."""

    def full(_: Path) -> None:
        raise DatabaseError("no room")

    ran = replace(installed(fake, lambda: False), put_back=full)
    with pytest.raises(DatabaseError, match="no room"):
        update(ran, newer(fake), LATER, patience_seconds=0)
    assert code_in_force(fake) == "print('newer')\n"


def test_a_service_without_a_database_is_updated_too(fake: FakeMachine) -> None:
    """Where there is nothing to copy, as where a server keeps it, nothing is put back either."""
    before = release_in_force(fake.layout)
    ran = replace(installed(fake, lambda: False), copy_database=lambda: None)
    with pytest.raises(InstallError, match="what ran before runs again"):
        update(ran, newer(fake), LATER, patience_seconds=0)
    assert release_in_force(fake.layout) == before


def test_installing_again_gives_way_like_an_update(fake: FakeMachine) -> None:
    """A checkout whose code does not run leaves code, database and command as they were."""
    before, ran = release_in_force(fake.layout), installed(fake, lambda: not migrate(fake))

    def stop() -> bool:
        ran.is_well()
        raise KeyboardInterrupt

    with pytest.raises(InstallError, match="what ran before runs again"):
        install_again(replace(ran, is_well=stop), newer(fake), LATER, what="sensor")
    assert release_in_force(fake.layout) == before
    assert tables(fake) == ["scans"]
    assert "app.py hub\n" in fake.layout.unit.read_text(encoding="utf-8")
    assert [path.name for path in (fake.layout.data / "backups").iterdir()] == ["tracking-2026-12-21-120000.db"]


def test_one_that_does_not_start_gives_way_to_the_one_before(fake: FakeMachine) -> None:
    """A start that fails is enough; nobody waits for an answer that cannot come."""
    before = release_in_force(fake.layout)
    mark = fake.layout.root / "failed"
    fake.on_systemctl(f'[ "$1" != restart ] || [ -e {mark} ] || {{ touch {mark}; exit 1; }}')
    with pytest.raises(InstallError, match="what ran before runs again"):
        update(installed(fake, pytest.fail), newer(fake), LATER)
    assert release_in_force(fake.layout) == before


def test_one_whose_packages_cannot_be_had_stops_nothing(fake: FakeMachine) -> None:
    """Without its packages a release is not even tried: the service is not touched."""
    folder = newer(fake)
    (folder / "install" / "packages.sh").write_text("echo 'no network' >&2; exit 1\n")
    calls = fake.calls("systemctl")
    with pytest.raises(InstallError, match="no network"):
        update(installed(fake, pytest.fail), folder, LATER)
    assert fake.calls("systemctl") == calls


def test_one_interrupted_by_its_owner_is_undone(fake: FakeMachine) -> None:
    """Ctrl+C while the new release starts leaves the one before running."""
    before = release_in_force(fake.layout)

    def interrupted() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(InstallError):
        update(installed(fake, interrupted), newer(fake), LATER)
    assert release_in_force(fake.layout) == before


def test_a_database_that_cannot_be_copied_stops_the_update(fake: FakeMachine) -> None:
    """No release touches a database that could not be put back; what ran before runs again."""
    before = release_in_force(fake.layout)
    database(fake).write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(InstallError, match="what ran before runs again"):
        update(installed(fake, pytest.fail), newer(fake), LATER)
    assert release_in_force(fake.layout) == before


@pytest.mark.parametrize("is_nested", [True, False])
def test_a_release_may_come_as_an_archive(fake: FakeMachine, tmp_path: Path, is_nested: bool) -> None:
    """An archive of a forge, with one folder in it, is taken as well as one of git, without."""
    with tarfile.open(tmp_path / "newer.tar.gz", "w:gz") as archive:
        archive.add(newer(fake), "tracking-2" if is_nested else ".")
    update(installed(fake, lambda: True), tmp_path / "newer.tar.gz", LATER)
    assert code_in_force(fake) == "print('newer')\n"


def test_an_archive_may_not_reach_outside_of_itself(fake: FakeMachine, tmp_path: Path) -> None:
    """A path that leads out of the folder it is unpacked in is refused, and nothing changes."""
    (tmp_path / "evil").write_text("")
    with tarfile.open(tmp_path / "newer.tar", "w") as archive:
        archive.add(tmp_path / "evil", "../../../etc/evil")
    with pytest.raises(InstallError, match="neither a folder nor an archive"):
        update(installed(fake, pytest.fail), tmp_path / "newer.tar", LATER)


def test_only_what_is_installed_can_be_updated(tmp_path: Path) -> None:
    """Without a service the owner is told what makes one."""
    fake = make_machine(tmp_path)
    with pytest.raises(InstallError, match="run install"):
        update(installed(fake, pytest.fail), fake.checkout.root, LATER)


# ---- what the script does


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=Anna", "-c", "user.email=anna@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, "-C", folder, *words], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def clone(fake: FakeMachine, tmp_path: Path) -> FakeMachine:
    """The checkout as a clone of a repository that has gone on since, and a service that says how it was called."""
    root, origin = fake.checkout.root, tmp_path / "origin"
    (root / ".gitignore").write_text(".venv\n.cache/\ndata/\n")
    git(root, "init")
    git(root, "add", "--all")
    git(root, "commit", "--message", "first")
    subprocess.run(["git", "clone", "--quiet", root, origin], check=True)
    git(root, "remote", "add", "origin", str(origin))
    git(root, "fetch", "--quiet", "origin")
    git(root, "branch", "--set-upstream-to", "origin/main")
    (origin / "app.py").write_text("print('newest')\n")
    git(origin, "commit", "--all", "--message", "second")
    (fake.layout.current / "app.py").write_text("import sys\nprint(sys.argv[1:])\nsys.exit('broken' in sys.argv)\n")
    for name in ("git", "cp"):
        (fake.checkout.commands / name).symlink_to(shutil.which(name) or pytest.skip(f"this machine has no {name}"))
    return fake


def run(fake: FakeMachine, *words: str) -> subprocess.CompletedProcess[str]:
    return fake.checkout.run("run", *words, DESTDIR=str(fake.layout.root), CALLS=str(fake.layout.root / "calls"))


def test_the_script_fetches_what_is_newest(clone: FakeMachine) -> None:
    """The running release is handed what the repository has now; when it runs, the checkout follows."""
    done = run(clone, "update")
    archive = clone.checkout.root / ".cache/update.tar"
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"['update', '{archive}']\n"
    with tarfile.open(archive) as told:
        member = told.extractfile("app.py")
        assert member is not None
        assert member.read() == b"print('newest')\n"
    assert (clone.checkout.root / "app.py").read_text() == "print('newest')\n"


def test_a_failed_update_leaves_the_checkout_as_it_was(clone: FakeMachine) -> None:
    """The folder does not run ahead of the service."""
    before = git(clone.checkout.root, "rev-parse", "HEAD")
    assert run(clone, "update", "--database-is-copied", "broken").returncode == 1
    assert git(clone.checkout.root, "rev-parse", "HEAD") == before


def test_a_checkout_changed_by_hand_is_left_alone(clone: FakeMachine) -> None:
    """Its own changes stay, and the owner is told why the folder did not follow."""
    (clone.checkout.root / "app.py").write_text("mine\n")
    done = run(clone, "update")
    assert done.returncode == 0
    assert "This folder was changed by hand" in done.stderr
    assert (clone.checkout.root / "app.py").read_text() == "mine\n"


def test_a_folder_may_be_named_in_place_of_the_repository(clone: FakeMachine, tmp_path: Path) -> None:
    """It reaches the running release with its whole path."""
    (tmp_path / "newer").mkdir()
    assert run(clone, "update", "../newer").stdout == f"['update', '{tmp_path / 'newer'}']\n"


def test_commands_reach_the_service(fake: FakeMachine) -> None:
    """What is typed in the checkout is carried out by the service's user, over the service's data."""
    fake.checkout.add_command(
        "setpriv", 'echo "setpriv $*" >> "$CALLS"; while [ "$1" != -- ]; do shift; done; shift; exec "$@"'
    )
    (fake.layout.current / "app.py").write_text("import sys\nprint('service', sys.argv[1:])\n")
    assert run(fake, "count", "12").stdout == "service ['count', '12']\n"
    assert run(fake, "doctor").stdout == "service ['doctor']\n"
    plain, with_radios = fake.calls("setpriv")
    assert plain.startswith("--reuid tracking --regid tracking --init-groups -- ")
    assert "+net_admin,+net_raw" in with_radios
    for own in (["report", "--demo"], ["report", "--db", "sqlite:///other.db"], ["report", "--help"]):
        assert "service" not in run(fake, *own).stdout


def test_a_second_programme_beside_the_service_is_refused(fake: FakeMachine) -> None:
    """`./run` says that it runs already, where to look, and how to end that."""
    done = run(fake)
    assert done.returncode == 1
    assert "systemctl status tracking" in done.stderr
    assert "./run uninstall" in done.stderr


@pytest.mark.parametrize("words", [("install", "hub"), ("uninstall", "--delete-data")])
def test_what_changes_the_machine_is_done_as_root(fake: FakeMachine, words: tuple[str, ...]) -> None:
    """The checkout's own programme does it, and not the one that is installed."""
    fake.checkout.add_command("sudo", 'echo "sudo $*" >> "$CALLS"; [ "$1" = -- ] || exit 0; shift; exec "$@"')
    done = run(fake, *words)
    assert done.stdout == f"{fake.checkout.root} {list(words)}\n"
    assert os.geteuid() == 0 or any(str(fake.checkout.root / "app.py") in call for call in fake.calls("sudo"))


def test_root_leaves_no_files_in_the_owners_folder(fake: FakeMachine) -> None:
    """What Python would keep of the modules that root imports is not kept: the owner could not replace it."""
    (fake.checkout.root / "app.py").write_text("import imported\n")
    (fake.checkout.root / "imported.py").write_text("")
    assert run(fake, "uninstall").returncode == 0
    assert not (fake.checkout.root / "__pycache__").exists()


def test_without_a_service_there_is_nothing_to_update(tmp_path: Path) -> None:
    """A folder that is started by hand is updated by hand."""
    done = run(make_machine(tmp_path), "update")
    assert done.returncode == 1
    assert "git pull" in done.stderr
