from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from presence.faults import Fault, FaultReason
from presence.radio import Radio
from scans.adapter import AdapterMender
from scans.bluetooth import BluetoothListener
from scans.clock import machine_clock
from scans.commands import CommandResult
from scans.discovery import Discovery
from scans.monitor import MonitorInterface
from scans.outages import Outage
from scans.patience import PatientRadio
from scans.wifi import WifiListener
from tests.scans.test_sensor import Seconds, sensor

MINUTE = 60.0

HUNG, LOST = Fault(FaultReason.HUNG), Fault(FaultReason.LOST, "the discovery was ended")


def said(caplog: pytest.LogCaptureFixture, faults: Callable[[int], Fault | None], minutes: int) -> list[str]:
    """What is logged of so many minutes."""
    caplog.set_level(logging.DEBUG)
    hand = [0.0]
    outage = Outage(Radio.BLUETOOTH, lambda: hand[0])
    for minute in range(minutes):
        hand[0] = minute * MINUTE
        outage.note(faults(minute))
    return [f"{record.levelname} {record.getMessage()}" for record in caplog.records]


def test_an_hour_of_a_broken_radio_is_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    """One line when it breaks, and one when it is heard again."""
    broke, back = said(caplog, lambda minute: HUNG if 10 <= minute < 70 else None, 120)
    assert broke.startswith("WARNING Bluetooth: ")
    assert back == "INFO Bluetooth is heard again."


def test_each_reason_of_an_outage_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Reasons that take turns for an hour are a line each."""
    lines = said(caplog, lambda minute: (HUNG, LOST)[minute % 2] if minute < 60 else None, 80)
    assert [line.split()[0] for line in lines] == ["WARNING", "WARNING", "INFO"]


def test_a_radio_that_comes_and_goes_is_said_to(caplog: pytest.LogCaptureFixture) -> None:
    """Heard every other minute for ten hours, it is four lines; it is heard again when that lasts."""
    lines = said(caplog, lambda minute: HUNG if minute < 600 and minute % 2 == 0 else None, 640)
    assert [line.split()[0] for line in lines] == ["WARNING", "INFO", "WARNING", "INFO"]
    assert "comes and goes" in lines[2]


def test_two_outages_a_day_apart_are_two(caplog: pytest.LogCaptureFixture) -> None:
    """Each has its beginning and its end."""
    lines = said(caplog, lambda minute: HUNG if minute % 720 == 5 else None, 1440)
    assert [line.split()[0] for line in lines] == ["WARNING", "INFO", "WARNING", "INFO"]
    assert not any("comes and goes" in line for line in lines)


def test_a_machine_without_radios_says_so_in_two_lines(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the road that real radios take, an hour without an interface and without D-Bus is one line for each."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")

    def refuse(command: object) -> CommandResult:
        del command
        return CommandResult(1, complaint="not here")

    clock = machine_clock()
    wifi = WifiListener(MonitorInterface(None, True, (1,), refuse, tmp_path), frozenset)  # noqa: FBT003 - it may switch
    discovery = Discovery(None, care=AdapterMender(None, refuse, tmp_path))
    bluetooth = BluetoothListener(discovery, clock.wall)
    seconds = Seconds()
    hearing = sensor(
        seconds,
        PatientRadio(Radio.WIFI, lambda: wifi, 60),
        PatientRadio(Radio.BLUETOOTH, lambda: bluetooth, 60),
    )
    for _ in range(60):
        hearing.scan()
        seconds.elapsed += MINUTE
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("scans")]
    assert [line.partition(":")[0] for line in lines] == ["Wi-Fi", "Bluetooth"]
