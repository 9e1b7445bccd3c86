from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from install.machine import InstallError, Machine, is_in_use
from install.service import install, installed_command, release_in_force, uninstall
from install.updating import Installed, install_again
from reviving import LOOK_SECONDS
from tests.install.machine import FakeMachine, make_machine
from tests.system.checkout import ROOT

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    return make_machine(tmp_path)


def put_on(fake: FakeMachine, what: str | None = None, now_at: datetime = NOON) -> None:
    if installed_command(fake.layout) is None:
        install(fake.layout, fake.checkout.root, now_at, fake.machine, fake.said.append, what=what or "run")
    else:
        ran = Installed(fake.layout, fake.machine, fake.said.append, lambda: None, lambda _: None, lambda: True)
        install_again(ran, fake.checkout.root, now_at, what=what)


def test_the_programme_becomes_a_service(fake: FakeMachine) -> None:
    """Code, settings, unit and user are in their places, and the service is enabled and started."""
    put_on(fake)
    layout = fake.layout
    assert (layout.current / "app.py").is_file()
    assert "app.py run\n" in layout.unit.read_text(encoding="utf-8")
    assert (layout.current / "config.toml").resolve() == layout.settings.resolve()
    assert (layout.current / "data").resolve() == layout.data.resolve()
    assert layout.data.stat().st_mode & 0o777 == 0o700
    assert fake.calls("systemctl") == ["daemon-reload", "enable tracking", "restart tracking"]
    assert fake.calls("useradd")[0].endswith("--shell /usr/sbin/nologin tracking")
    assert fake.calls("usermod") == ["--append --groups bluetooth tracking"]  # the other groups are not on this machine
    assert f"tracking:tracking {layout.data}" in fake.calls("chown")[-1]


def test_the_service_may_not_change_its_code(fake: FakeMachine) -> None:
    """What is copied is root's, and readable by all, whatever the checkout's owner allows."""
    (fake.checkout.root / "app.py").chmod(0o600)
    put_on(fake)
    assert (fake.layout.current / "app.py").stat().st_mode & 0o777 == 0o644
    assert any(call.startswith("-R root:root") for call in fake.calls("chown"))


def test_the_service_may_reach_its_code(fake: FakeMachine) -> None:
    """Every folder on the way may be entered by any user, though the programme itself makes its files for one alone."""
    mask = os.umask(0o077)
    try:
        put_on(fake)
    finally:
        os.umask(mask)
    layout = fake.layout
    for path in (layout.programme, layout.releases, layout.current.resolve(), layout.unit.parent, layout.rule.parent):
        assert path.stat().st_mode & 0o777 == 0o755, path
    assert layout.data.stat().st_mode & 0o777 == 0o700


def test_what_is_the_owners_stays_out_of_the_code(fake: FakeMachine) -> None:
    """History, data and caches of the checkout are not copied beside the code."""
    for name in (".git", ".cache", ".pytest_cache"):
        (fake.checkout.root / name).mkdir()
    put_on(fake)
    assert not {".git", ".cache", ".pytest_cache"} & {path.name for path in fake.layout.current.iterdir()}


def test_what_was_remembered_so_far_is_moved_over_and_said(fake: FakeMachine) -> None:
    """Data that `./run` made in the checkout are the service's afterwards, and the owner reads where they went."""
    (fake.checkout.root / "data" / "tracking.db").write_text("scans")
    put_on(fake)
    assert (fake.layout.data / "tracking.db").read_text() == "scans"
    assert list((fake.checkout.root / "data").iterdir()) == []
    assert any("was moved from" in line for line in fake.said)


def test_moving_over_goes_on_where_it_was_cut_off(fake: FakeMachine) -> None:
    """Half of the data, left by a power cut, is not taken for all of it: the next try brings the rest along."""
    made, half = fake.checkout.root / "data", fake.layout.data_to_be
    half.parent.mkdir(parents=True)
    half.mkdir(mode=0o700)
    (half / "reports").mkdir()
    (half / "tracking.db").write_text("scans")
    (half / "reports" / "first.txt").write_text("1")
    (made / "reports").mkdir()
    (made / "reports" / "second.txt").write_text("2")
    (made / "tracking.key").write_text("key")
    put_on(fake)
    files = {path.relative_to(fake.layout.data) for path in fake.layout.data.rglob("*") if path.is_file()}
    assert {str(path) for path in files} == {"tracking.db", "tracking.key", "reports/first.txt", "reports/second.txt"}
    assert list(made.iterdir()) == []
    assert not half.exists()
    assert fake.layout.data.stat().st_mode & 0o777 == 0o700


def test_data_are_not_in_their_place_before_they_are_whole(fake: FakeMachine) -> None:
    """What stops the move in the middle leaves the service's own folder as it was: empty."""
    made = fake.checkout.root / "data"
    for name in ("tracking.db", "tracking.key"):
        (made / name).write_text(name)
    (fake.layout.data_to_be / "tracking.key" / "tracking.key").mkdir(parents=True)
    with pytest.raises(OSError, match="already exists"):
        put_on(fake)
    assert not fake.layout.data.exists()
    assert installed_command(fake.layout) is None


def test_data_that_were_whole_but_not_in_their_place_are_put_there(fake: FakeMachine) -> None:
    """Cut off after the last file, there is nothing left in the checkout, and the next try finds them all the same."""
    half = fake.layout.data_to_be
    half.mkdir(parents=True)
    (half / "tracking.db").write_text("scans")
    (fake.checkout.root / "data").rmdir()
    put_on(fake)
    assert (fake.layout.data / "tracking.db").read_text() == "scans"


def test_data_of_the_service_are_never_written_over(fake: FakeMachine) -> None:
    """A checkout with data of its own leaves those of the service alone, and says so."""
    put_on(fake)
    (fake.layout.data / "tracking.db").write_text("a year of scans")
    (fake.checkout.root / "data" / "tracking.db").write_text("an afternoon")
    put_on(fake, now_at=NOON + timedelta(days=1))
    assert (fake.layout.data / "tracking.db").read_text() == "a year of scans"
    assert (fake.checkout.root / "data" / "tracking.db").read_text() == "an afternoon"
    assert any("stays as it is" in line for line in fake.said)


def test_installing_again_changes_the_code_and_nothing_else(fake: FakeMachine) -> None:
    """Done twice, there is one service, with the settings its owner changed and the command it had."""
    put_on(fake, "hub")
    fake.layout.settings.write_text("# mine\n")
    fake.checkout.add_command("getent", "exit 0")  # the user is there by now, and so is another group
    (fake.checkout.root / "app.py").write_text("print('newer')\n")
    put_on(fake, now_at=NOON + timedelta(days=1))
    assert fake.layout.settings.read_text() == "# mine\n"
    assert installed_command(fake.layout) == "hub"
    assert (fake.layout.current / "app.py").read_text() == "print('newer')\n"
    assert fake.calls("usermod")[-1] == "--append --groups wireshark tracking"
    assert len(fake.calls("useradd")) == 1
    assert len(list(fake.layout.releases.iterdir())) == 2
    put_on(fake, now_at=NOON + timedelta(days=2))
    assert len(list(fake.layout.releases.iterdir())) == 2  # the one in force, and the one before


def test_packages_of_the_release_before_are_linked(fake: FakeMachine) -> None:
    """Where the locked packages stay the same, another release takes no room for them."""
    put_on(fake)
    put_on(fake, now_at=NOON + timedelta(days=1))
    stamps = [release / ".venv/installed" for release in fake.layout.releases.iterdir()]
    assert stamps[0].samefile(stamps[1])


def test_the_first_password_is_shown_to_the_owner_and_not_to_the_journal(fake: FakeMachine) -> None:
    """It is made before the service starts; a sensor has none, until it becomes something else."""
    put_on(fake)
    assert any("['password', '--first']" in line for line in fake.said)
    fake.said.clear()
    put_on(fake, "sensor", NOON + timedelta(days=1))
    assert not any("--first" in line for line in fake.said)
    put_on(fake, "hub", NOON + timedelta(days=2))
    assert any("['password', '--first']" in line for line in fake.said)


def test_a_programme_that_runs_in_the_folder_is_to_be_stopped_first(fake: FakeMachine) -> None:
    """Its database cannot be moved from under it."""
    database = fake.checkout.root / "data" / "tracking.db"
    with subprocess.Popen(
        ["sh", "-c", f'exec 3>"{database}"; echo; exec sleep 600'], stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        with pytest.raises(InstallError, match="Stop it first"):
            put_on(fake)
        running.kill()
    assert not fake.layout.programme.exists()
    assert not is_in_use(database.parent)


def test_a_release_is_made_by_its_own_scripts(fake: FakeMachine) -> None:
    """What it needs is looked for by the scripts that came with it; where all is there, they do nothing."""
    shutil.copy(ROOT / "install" / "packages.sh", fake.checkout.root / "install")
    fake.checkout.add_command("apt-get", 'echo "apt-get $*" >> "$CALLS"')
    put_on(fake)
    assert (fake.layout.current / ".venv/installed").is_file()
    assert fake.calls("apt-get") == []
    assert not (fake.layout.current / ".cache").exists()


def test_half_a_release_is_none(fake: FakeMachine) -> None:
    """What fails while it is being copied leaves nothing behind, and the service as it was."""
    put_on(fake)
    before = release_in_force(fake.layout)
    (fake.checkout.root / "install" / "packages.sh").write_text("echo 'the card is full' >&2; exit 1\n")
    with pytest.raises(InstallError, match="the card is full"):
        put_on(fake, now_at=NOON + timedelta(days=1))
    assert release_in_force(fake.layout) == before
    assert [release.name for release in fake.layout.releases.iterdir()] == ["2026-11-21-120000"]


def test_a_service_that_does_not_start_is_said_with_where_to_look(fake: FakeMachine) -> None:
    """The owner is told which command shows why."""
    fake.on_systemctl('case "$1" in restart) echo "Job for tracking.service failed" >&2; exit 1 ;; esac')
    with pytest.raises(InstallError, match="journalctl --unit tracking"):
        put_on(fake)


def test_removing_keeps_what_was_remembered(fake: FakeMachine) -> None:
    """The service and its code are gone, data and settings stay, and installing again goes on with them."""
    put_on(fake)
    (fake.layout.data / "tracking.db").write_text("a year of scans")
    uninstall(fake.layout, fake.machine, fake.said.append, delete_data=False)
    assert not fake.layout.programme.exists()
    assert not fake.layout.unit.exists()
    assert not fake.layout.rule.exists()
    assert "disable --now tracking" in fake.calls("systemctl")
    assert str(fake.layout.data) in "".join(fake.said)
    put_on(fake, now_at=NOON + timedelta(days=1))
    assert (fake.layout.data / "tracking.db").read_text() == "a year of scans"


def test_removing_deletes_everything_when_asked_to(fake: FakeMachine) -> None:
    """With the data go the settings, the keys and the user; done again it says that there is none, and does nothing."""
    put_on(fake)
    fake.layout.data_to_be.mkdir()  # of an installation that was cut off before
    (fake.layout.data_to_be / "tracking.key").write_text("key")
    fake.checkout.add_command("getent", "exit 0")
    uninstall(fake.layout, fake.machine, fake.said.append, delete_data=True)
    left = [path for path in fake.layout.root.rglob("*") if path.is_file() and path.name != "calls"]
    assert left == []
    assert fake.calls("userdel") == ["tracking"]
    fake.said.clear()
    uninstall(fake.layout, fake.machine, fake.said.append, delete_data=False)
    assert fake.said == ["There is no service of this programme to remove."]


def test_a_command_that_is_missing_is_named() -> None:
    """What a machine lacks is told by its name, and no traceback."""
    with pytest.raises(InstallError, match="systemctl cannot be started"):
        Machine({"PATH": "/nowhere"}).run("systemctl", "stop")


def unit_file(folder: Path) -> Path:
    path = folder / "tracking.service"
    text = (ROOT / "install" / "tracking.service").read_text(encoding="utf-8")
    path.write_text(text.replace("@COMMAND@", "run"), encoding="utf-8")
    return path


def systemd_analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60, check=False)


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """There is nothing in it that systemd does not know; only the programme is not there yet."""
    done = systemd_analyze("verify", unit_file(tmp_path))
    complaints = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert [line for line in complaints if "tracking.service" in line] == []


def test_systemd_finds_the_service_well_confined(tmp_path: Path) -> None:
    """By systemd's own measure, from 0 (safe) to 10, the service stands below 3.5, radios and network included."""
    done = systemd_analyze("security", "--offline=true", unit_file(tmp_path))
    if "Unknown option" in done.stderr or "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot judge a file")
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) < 3.5


@pytest.mark.parametrize("never", ["network-online", "time-sync", "Requires=", "Wants=", "After="])
def test_the_service_waits_for_nothing_that_may_never_come(never: str) -> None:
    """Neither a network nor a clock nor Bluetooth is waited for."""
    assert never not in (ROOT / "install" / "tracking.service").read_text(encoding="utf-8")


def test_the_question_for_the_clock_is_allowed() -> None:
    """Without it every clock would be taken for one that no time server keeps right."""
    unit = (ROOT / "install" / "tracking.service").read_text(encoding="utf-8")
    assert "ProtectClock=" not in re.sub(r"(?m)^#.*$", "", unit)
    assert re.search(r"(?m)^SystemCallFilter=@system-service adjtimex clock_adjtime$", unit)


def test_the_watchdog_is_patient_with_a_busy_machine() -> None:
    """The unit's two minutes are several times what lies between two signs of life."""
    unit = (ROOT / "install" / "tracking.service").read_text(encoding="utf-8")
    found = re.search(r"(?m)^WatchdogSec=(\d+)min$", unit)
    assert found is not None
    assert int(found[1]) * 60 >= 4 * LOOK_SECONDS
