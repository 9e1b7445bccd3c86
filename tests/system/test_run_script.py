from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.system.checkout import Checkout, make_checkout

RADIO_COMMANDS = ("tshark", "iw", "ip", "rfkill", "bluetoothctl")
LOG_APT = 'echo "$@" >> "$HOME/apt.calls"'


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout in which everything is installed and whose machine has every command."""
    made = make_checkout(tmp_path)
    made.install_venv("requirements.txt")
    for name in RADIO_COMMANDS:
        made.add_command(name)
    made.add_command("apt-get", LOG_APT)
    return made


def apt_calls(checkout: Checkout) -> str:
    calls = checkout.root / "apt.calls"
    return calls.read_text() if calls.exists() else ""


def test_second_start_installs_nothing_and_says_nothing(checkout: Checkout) -> None:
    """When all is there, the programme starts at once: no apt, no pip, not a word of the script."""
    done = checkout.run("run", "report")
    assert (done.returncode, done.stderr, apt_calls(checkout)) == (0, "", "")


def test_arguments_and_folder_reach_the_programme_as_typed(checkout: Checkout, tmp_path: Path) -> None:
    """The programme gets every argument unchanged and stays in the folder the user is in."""
    elsewhere = tmp_path / "a folder"
    elsewhere.mkdir()
    done = checkout.run("run", "replay", "my walk.pcap", "--json", "", cwd=elsewhere)
    assert done.stdout == f"{elsewhere} ['replay', 'my walk.pcap', '--json', '']\n"


def test_can_be_started_through_a_link(checkout: Checkout, tmp_path: Path) -> None:
    """A symbolic link to the script, as in ~/bin, finds the checkout."""
    (tmp_path / "tracking").symlink_to(checkout.root / "run")
    done = subprocess.run(
        [tmp_path / "tracking", "report"], env=checkout.environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_it_may_be_started_by_another_shell(checkout: Checkout) -> None:
    """Typed as `sh run`, as one is used to from other programmes, it is the same."""
    done = subprocess.run(
        ["sh", checkout.root / "run", "report"], env=checkout.environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{Path.cwd()} ['report']\n", "")


def test_signals_reach_the_programme(checkout: Checkout) -> None:
    """The script becomes the programme, so what stops the one stops the other."""
    (checkout.root / "app.py").write_text(
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('up', flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen(
        [checkout.root / "run", "report"], env=checkout.environment(), stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "up\n"
        started.send_signal(signal.SIGTERM)
        assert started.wait(timeout=30) == 7


@pytest.mark.parametrize(
    ("command", "packages"),
    [
        ([], ["tshark", "bluez"]),
        (["run"], ["tshark", "bluez"]),
        (["--port", "8051"], ["tshark", "bluez"]),
        (["doctor"], ["tshark", "bluez"]),
        (["--demo"], ["tshark"]),
        (["replay", "walk.pcap"], ["tshark"]),
        (["report"], []),
        (["run", "--help"], []),
    ],
)
def test_only_what_a_command_needs_is_installed(checkout: Checkout, command: list[str], packages: list[str]) -> None:
    """A command asks apt for the parts it uses, and for no others."""
    checkout.remove_command("tshark")
    checkout.remove_command("bluetoothctl")
    checkout.run("run", *command)
    assert [word for word in apt_calls(checkout).split() if word in {"tshark", "bluez"}] == packages


def test_says_what_is_installed_and_why_before_apt_begins(checkout: Checkout) -> None:
    """One line names each missing package with its purpose, on stderr, so that stdout stays the programme's."""
    checkout.remove_command("tshark")
    done = checkout.run("run", "replay", "walk.pcap")
    assert done.stderr.startswith("Missing, to be installed with apt now: tshark (reads Wi-Fi frames).")
    assert done.stdout == f"{checkout.root} ['replay', 'walk.pcap']\n"


def test_goes_on_when_apt_fails(checkout: Checkout) -> None:
    """Offline, the programme starts with what there is, after what apt said and what to do."""
    checkout.remove_command("tshark")
    checkout.add_command("apt-get", "echo 'E: Unable to fetch some archives'; exit 100")
    done = checkout.run("run", "--demo")
    assert "E: Unable to fetch some archives" in done.stderr
    assert "Check that this machine is online" in done.stderr
    assert done.stdout == f"{checkout.root} ['--demo']\n"


def test_goes_on_without_apt(checkout: Checkout) -> None:
    """On a system without apt the demonstration starts, and the user hears what is missing."""
    checkout.remove_command("tshark")
    checkout.remove_command("apt-get")
    done = checkout.run("run", "--demo")
    assert "Missing: tshark (reads Wi-Fi frames). This system has no apt" in done.stderr
    assert done.returncode == 0


def test_32_bit_system_is_refused(checkout: Checkout) -> None:
    """There are packages without 32-bit builds, so such a system is told which one to install."""
    (checkout.root / ".venv/installed").unlink()
    checkout.add_command("getconf", "echo 32")
    done = checkout.run("run")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Raspberry Pi OS (64-bit)" in done.stderr


def test_old_python_is_refused(checkout: Checkout) -> None:
    """A Python before 3.11 is named, with the systems that have a newer one."""
    (checkout.root / ".venv/installed").unlink()
    checkout.add_command("python3", 'case "$*" in *version_info*) exit 1 ;; --version) echo Python 3.9.2 ;; esac')
    done = checkout.run("run")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Python 3.11 or newer is needed, and this is Python 3.9.2" in done.stderr


@pytest.mark.parametrize("change", ["no stamp", "another lock", "another Python"])
def test_what_is_not_in_step_is_installed_afresh(checkout: Checkout, change: str) -> None:
    """An interrupted installation, a changed lock, a new Python: each is noticed, and nothing half-made is started."""
    stamp = checkout.root / ".venv/installed"
    match change:
        case "no stamp":
            stamp.unlink()
        case "another lock":
            stamp.write_text(stamp.read_text().replace("requirements.txt", "requirements-old.txt"))
        case _:
            stamp.write_text(stamp.read_text().replace("Python 3", "Python 2"))
    done = checkout.run("run", "report", PIP_NO_INDEX="1", PIP_FIND_LINKS="", PIP_CONFIG_FILE="/dev/null")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Installing the Python packages into .venv." in done.stderr
    assert "The Python packages could not be installed" in done.stderr
    assert not stamp.exists()
