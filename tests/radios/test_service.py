from __future__ import annotations

from collections.abc import Iterator

import pytest

from presence.radio import Radio
from tests.radios.box import Box

# In an emulated machine a start takes a minute, copying the programme several, and a scan up to 42 s of its minute.
_PATIENCE_SECONDS = 900.0

_SERVICE = "systemctl show --value --property"


@pytest.fixture(scope="module")
def service(box: Box) -> Iterator[Box]:
    """The guest with the programme installed as a service, and taken away again."""
    box.machine.run("systemctl stop tracking")  # which may run from the folder
    box.machine.do("cd /home/pi/tracking && sudo -u pi ./run install", _PATIENCE_SECONDS)
    yield box
    box.machine.do("cd /home/pi/tracking && sudo -u pi ./run uninstall --delete-data", _PATIENCE_SECONDS)


def started_count(box: Box) -> int:
    """How often systemd started the service again."""
    return int(box.machine.do(f"{_SERVICE} NRestarts tracking"))


def test_the_service_hears_both_radios(service: Box) -> None:
    """Confined, as a user of its own, it sets up the Wi-Fi adapter, hears both radios, and remembers."""
    service.wait_until(
        lambda: any(all(scan.by_radio[radio].is_whole for radio in Radio) for scan in service.scans()),
        _PATIENCE_SECONDS,
        "a scan that heard both radios",
    )


def test_bluez_notes_nothing_on_the_card(service: Box) -> None:
    """What BlueZ keeps of the devices that were heard is in memory, and `doctor` says so."""
    said = service.machine.run("cd /home/pi/tracking && sudo -u pi ./run doctor", _PATIENCE_SECONDS).output
    assert "/var/lib/bluetooth is in memory" in said
    assert service.machine.do("find /var/lib/bluetooth -path '*/cache/*'") == ""


def test_the_service_has_two_rights_and_no_more(service: Box) -> None:
    """It is not root, has CAP_NET_ADMIN and CAP_NET_RAW, can get no other right, and runs under a filter of calls."""
    status = service.machine.do(f"cat /proc/{service.process()}/status")
    told = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    assert told["Uid"].split()[0] != "0"
    assert int(told["CapEff"], 16) == int(told["CapBnd"], 16) == 1 << 12 | 1 << 13  # linux/capability.h
    assert (told["NoNewPrivs"].strip(), told["Seccomp"].strip()) == ("1", "2")


def test_commands_in_the_folder_reach_the_service(service: Box) -> None:
    """What the user pi types is carried out over the service's data, which the user cannot read."""
    service.command("count", "3")
    assert "3" in service.command("count", "--list")
    assert service.machine.run("sudo -u pi cat /var/lib/tracking/tracking.db").status != 0


def test_of_all_services_it_may_restart_bluetooth(service: Box) -> None:
    """As its user, without root, Bluetooth can be restarted; it cannot be stopped, and no other can be restarted."""
    as_user = "setpriv --reuid tracking --regid tracking --init-groups --no-new-privs systemctl --no-ask-password"
    before = service.machine.do(f"{_SERVICE} MainPID bluetooth")
    service.machine.do(f"{as_user} restart bluetooth")
    assert service.machine.do(f"{_SERVICE} MainPID bluetooth") != before
    for refused in ("stop bluetooth", "restart tracking", "restart systemd-journald"):
        said = service.machine.run(f"{as_user} {refused}")
        assert said.status != 0, refused
        assert "authentication" in said.output.lower(), said.output


def test_a_programme_that_stands_still_is_started_again(service: Box) -> None:
    """Stopped dead, so that not even its watch looks any more, it is aborted by systemd and begins afresh."""
    before = started_count(service)
    service.machine.do(f"kill -STOP {service.process()}")
    service.wait_until(lambda: started_count(service) > before, _PATIENCE_SECONDS, "another start")
    service.wait_until(lambda: service.ask("/health") is not None, _PATIENCE_SECONDS, "an answer")


def test_a_release_that_does_not_start_gives_way_to_the_one_before(service: Box) -> None:
    """An update to a programme that ends at once leaves what ran before running, over the same data."""
    before = service.machine.do("readlink /opt/tracking/current")
    service.machine.do(
        # Without the packages, for which there is no room in memory.
        "rm -rf /run/broken && mkdir /run/broken && cd /home/pi/tracking && "
        "tar --create --exclude=./.venv --exclude=./data . | tar --extract --directory /run/broken && "
        "echo 'raise SystemExit(1)' >/run/broken/app.py",
        300,
    )
    update = "cd /home/pi/tracking && sudo -u pi ./run update /run/broken"
    assert service.machine.run(update, 2 * _PATIENCE_SECONDS).status == 1
    assert service.machine.do("readlink /opt/tracking/current") == before
    service.wait_until(lambda: service.ask("/health") is not None, _PATIENCE_SECONDS, "an answer")
