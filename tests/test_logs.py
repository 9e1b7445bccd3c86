from __future__ import annotations

import io
import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from logs import OURS, LogLine
from scans.bluetooth import BluetoothListener
from scans.clock import machine_clock
from scans.discovery import Discovery
from tests.scans.fake_bluez import FakeBluez, made_up_devices, private_bus

ROOT = Path(__file__).parents[1]

ADDRESS = "7a:10:5e:c4:09:be"
SPELLINGS = (
    ADDRESS,
    ADDRESS.upper(),
    ADDRESS.replace(":", "-"),
    "/org/bluez/hci0/dev_" + ADDRESS.upper().replace(":", "_"),
    "7a10.5ec4.09be",
    ADDRESS.replace(":", ""),
)


def line(message: str, *, is_for_journal: bool = False, level: int = logging.WARNING) -> str:
    record = logging.LogRecord("scans", level, "", 0, message, None, None)
    return LogLine(is_for_journal=is_for_journal).format(record)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_line_names_an_address(spelling: str) -> None:
    """However an address is spelled in what a library, a driver or an error says, the log does not have it."""
    said = line(f"cannot connect to {spelling}: timeout")
    assert "cannot connect to" in said
    assert re.sub("[^0-9a-f]", "", ADDRESS) not in re.sub("[:_.-]", "", said).lower()


def test_a_hash_stays_as_it_is() -> None:
    """A device's hashed name is longer than an address, and may be told."""
    assert "ab" * 32 in line("device " + "ab" * 32)


def test_each_line_for_the_journal_bears_its_level() -> None:
    """Every line of a message of several lines begins with the level by which the journal sorts it."""
    assert line("one\ntwo", is_for_journal=True) == "<4>WARNING one\n<4>two"
    assert line("one", is_for_journal=True, level=logging.DEBUG) == "<7>DEBUG one"


def test_whoever_logs_is_heard() -> None:
    """Every module of ours that logs is among those whose lines are written, also the lesser ones."""
    folders = (path for path in ROOT.iterdir() if path.name not in {"tests", "bench"} and path.name[0] != ".")
    sources = (file for path in folders for file in ([path] if path.suffix == ".py" else path.rglob("*.py")))
    logging_ones = {path for path in sources if "getLogger(__name__)" in path.read_text(encoding="utf-8")}
    assert logging_ones
    assert {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in logging_ones} <= set(OURS)


def test_what_nobody_caught_is_logged_without_its_address() -> None:
    """An error that ends the programme or a thread is a line of the log, its traceback free of addresses."""
    script = (
        "import os, sys, threading\n"
        "from logs import set_up_logs\n"
        "set_up_logs(sys.stderr, os.environ)\n"
        f"def fail(): raise LookupError('no {ADDRESS}')\n"
        "thread = threading.Thread(target=fail, name='radio')\n"
        "thread.start(); thread.join()\n"
        "fail()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "CRITICAL The thread 'radio' ends by an error of its own." in done.stderr
    assert "CRITICAL The programme ends by an error of its own." in done.stderr
    assert done.stderr.count("LookupError: no (address)") == 2
    assert ADDRESS not in done.stderr


def test_a_scan_logs_no_address_however_much_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every library told to say all it can, a scan of real advertisements leaves no address in the log."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed (apt: dbus-daemon)")
    said, cleaned = io.StringIO(), io.StringIO()
    devices = made_up_devices(20)
    handlers = [logging.StreamHandler(said), logging.StreamHandler(cleaned)]
    handlers[1].setFormatter(LogLine(is_for_journal=False))
    with private_bus() as bus, FakeBluez(bus.address, devices):
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
        heard: list[object] = []
        root = logging.getLogger()
        level = root.level
        try:
            root.setLevel(logging.DEBUG)
            for handler in handlers:
                root.addHandler(handler)
            BluetoothListener(Discovery(None), machine_clock().wall).listen(1, heard.append)
        finally:
            root.setLevel(level)
            for handler in handlers:
                root.removeHandler(handler)
    assert heard
    raw, clean = (written.getvalue().lower().replace("_", ":") for written in (said, cleaned))
    addresses = [device.address.lower() for device in devices]
    assert any(address in raw for address in addresses)  # or there would be nothing to take out
    assert not any(address in clean for address in addresses)
