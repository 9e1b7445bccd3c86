from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from command_line import parse
from scans.simulated.capture import PCAP_HEADER, captured_frames
from scans.simulated.site import SimulatedSite
from tests.ports import free_port
from tests.scans.fake_bluez import FakeBluez, made_up_devices, private_bus
from tests.system.programme import CAPTURES, ROOT, carry_out, started


def is_whole(database: Path) -> bool:
    with sqlite3.connect(database) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def scan_count(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        return int(connection.execute("SELECT count(*) FROM scans").fetchone()[0])


def needs_tshark() -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")


def test_a_demonstration_hears_and_remembers(tmp_path: Path) -> None:
    """A demonstration has a week behind it, hears both radios through tshark and the scanner, and stops when asked."""
    needs_tshark()
    # Time enough for everybody who is there to be heard, and a history of a thousand scans.
    listening = {"TRACKING_SCANS_LISTEN_SECONDS": "10", "TRACKING_SCANS_INTERVAL_SECONDS": "600"}
    with started(tmp_path, "--demo", extra=listening) as programme:
        before = programme.wait_until(lambda health: health["last_scan_at"] is not None)
        now = programme.wait_until(lambda health: health["last_scan_at"] != before["last_scan_at"])
        assert all(radio["fault"] is None for radio in now["radios"].values())
        assert now["radios"]["bluetooth"]["device_count"] > 0
        assert programme.stop() == 0
    assert scan_count(tmp_path / "tracking.db") > 1000
    assert "Traceback" not in programme.log.read_text(encoding="utf-8")
    assert "Warning" not in programme.log.read_text(encoding="utf-8")


def test_what_was_recorded_survives_kill_9(tmp_path: Path) -> None:
    """Killed in the middle of writing, three times, the database is whole, loses nothing, and goes on."""
    database = tmp_path / "tracking.db"
    counts = [0]
    for _ in range(3):
        with started(tmp_path, "--demo", extra={"TRACKING_SCANS_INTERVAL_SECONDS": "60"}) as programme:
            while not database.exists() or scan_count_or_none(database) in {None, *counts}:
                assert programme.process.poll() is None
                time.sleep(0.05)
            programme.process.kill()
            programme.process.wait()
        assert is_whole(database)
        counts.append(scan_count(database))
    assert counts == sorted(set(counts))
    with started(tmp_path, "--demo") as programme:
        programme.wait_until(lambda health: health["last_scan_at"] is not None)
        assert programme.stop() == 0
    assert is_whole(database)


def scan_count_or_none(database: Path) -> int | None:
    try:
        return scan_count(database)
    except sqlite3.OperationalError:  # not made yet, or being made
        return None


def test_real_bluetooth_is_heard_when_there_is_no_wifi(tmp_path: Path) -> None:
    """With BlueZ on the bus and no Wi-Fi interface, Bluetooth is counted and Wi-Fi says why it is not."""
    needs_tshark()
    devices = made_up_devices(12)
    with private_bus() as bus, FakeBluez(bus.address, devices):
        wifi = {"TRACKING_SCANS_WIFI_INTERFACE": "nowhere0"}
        with started(tmp_path, extra={"DBUS_SYSTEM_BUS_ADDRESS": bus.address, **wifi}) as programme:
            health = programme.wait_until(lambda health: health["last_scan_at"] is not None)
            assert programme.stop() == 0
    assert health["radios"]["bluetooth"]["device_count"] == len(devices)
    assert health["radios"]["wifi"] == {"device_count": None, "fault": "no_interface", "last_heard_at": None}
    remembered = b"".join(file.read_bytes() for file in tmp_path.iterdir()).lower()
    for device in devices:
        raw = bytes.fromhex(device.address.replace(":", ""))
        for spelling in (device.address.lower().encode(), raw.hex().encode(), raw, raw[::-1]):
            assert spelling not in remembered


def test_the_key_and_the_database_are_for_their_owner_only(tmp_path: Path) -> None:
    """What is remembered cannot be read by others on the machine."""
    assert carry_out("scan", "--demo", "--db", f"sqlite:///{tmp_path}/kept/tracking.db").returncode == 0
    assert carry_out("report", "--db", f"sqlite:///{tmp_path}/kept/tracking.db").returncode == 0
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "kept").iterdir()} == {0o600}


def test_one_scan_is_printed_as_json(tmp_path: Path) -> None:
    """`scan` prints one line of JSON with both radios and their devices under hashed names."""
    needs_tshark()
    listening = {"TRACKING_SCANS_LISTEN_SECONDS": "10"}  # time enough for everybody who is there to be heard
    done = carry_out("scan", "--demo", "--db", f"sqlite:///{tmp_path}/tracking.db", extra=listening)
    said = json.loads(done.stdout)
    assert said["bluetooth"]["device_count"] == len(said["bluetooth"]["devices"]) > 0
    assert len(said["bluetooth"]["devices"][0]["device_hash"]) == 64
    assert said["wifi"]["fault"] is None


def write_capture(path: Path, minutes: int) -> None:
    site = SimulatedSite(7, ZoneInfo("UTC"))
    with path.open("wb") as file:
        file.write(PCAP_HEADER)
        for minute in range(minutes):
            for frame in captured_frames(site, datetime(2026, 11, 18, 12, minute, tzinfo=UTC), 10):
                file.write(frame.record())


def test_a_replay_is_one_scan_a_minute(tmp_path: Path) -> None:
    """A capture of five minutes becomes five scans, a line of JSON each, and is remembered."""
    needs_tshark()
    write_capture(tmp_path / "five.pcap", 5)
    done = carry_out("replay", "five.pcap", "--db", "sqlite:///replayed.db", "--json", folder=tmp_path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["started_at"][11:16] for line in lines] == ["12:00", "12:01", "12:02", "12:03", "12:04"]
    assert all(line["wifi"]["device_count"] > 0 and line["bluetooth"]["device_count"] is None for line in lines)
    assert scan_count(tmp_path / "replayed.db") == 5


def test_a_replay_of_nothing_says_what_to_name() -> None:
    """Without a capture the command says how it is typed, and not nothing at all."""
    done = carry_out("replay", "--db", "sqlite://")
    assert (done.returncode, done.stdout) == (1, "")
    assert "./run replay CAPTURE" in done.stderr


def test_a_log_of_advertisements_is_replayed_beside_a_capture(tmp_path: Path) -> None:
    """Advertisements are in the scan of their minute, in and after the capture, and senseless rows are told."""
    needs_tshark()
    write_capture(tmp_path / "two.pcap", 2)
    noon = 1795003200  # 2026-11-18 12:00 UTC
    rows = [
        f"{noon + 5},C0:11:22:33:44:55,random,-60,02010605ff4c001005",
        f"{noon + 65},c0:11:22:33:44:55,random,-62,",
        f"{noon + 65},not an address,random,-62,",
        f"{noon + 600},c0:11:22:33:44:66,public,-127,zz",
        f"{noon + 600},c0:11:22:33:44:66,public,-127,",
    ]
    (tmp_path / "log.csv").write_text(
        "\n".join(["time,address,address type,RSSI,payload hex", *rows]), encoding="utf-8"
    )
    done = carry_out("replay", "two.pcap", "--bluetooth", "log.csv", "--db", "sqlite://", "--json", folder=tmp_path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["bluetooth"]["device_count"] for line in lines] == [1, 1, 1]
    assert [line["started_at"][11:16] for line in lines] == ["12:00", "12:01", "12:10"]
    assert lines[2]["wifi"]["device_count"] is None
    assert "2 rows of the log make no sense" in done.stderr


def test_a_capture_of_the_world_is_replayed(tmp_path: Path) -> None:
    """A day in a teaching lab becomes a scan for each minute of it."""
    needs_tshark()
    capture = CAPTURES / "brno" / "2023-02-28.pcap.gz"
    if not capture.exists():
        pytest.skip("the shared captures are not beside this checkout")
    done = carry_out("replay", str(capture.resolve()), "--db", "sqlite:///replayed.db", "--json", folder=tmp_path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert len(lines) == len({line["started_at"] for line in lines}) > 300


@pytest.mark.parametrize(
    "name", ["radiotap-heapoverflow.pcap", "ieee802.11_exthdr.pcap", "bad_rsn_parsing_overrides_ssid.pcap"]
)
def test_a_hostile_capture_ends_in_a_sentence(tmp_path: Path, name: str) -> None:
    """A capture made to crash others leaves no stack trace, and the one after it is still read."""
    needs_tshark()
    capture = CAPTURES / "hostile" / name
    if not capture.exists():
        pytest.skip("the shared captures are not beside this checkout")
    write_capture(tmp_path / "good.pcap", 1)
    done = carry_out("replay", str(capture.resolve()), "good.pcap", "--db", "sqlite://", "--json", folder=tmp_path)
    assert "Traceback" not in done.stderr
    assert "2026-11-18T12:00:00Z" in done.stdout


def test_a_missing_capture_is_said_clearly(tmp_path: Path) -> None:
    """A file that is not there is named, with the reason, and nothing is printed for it."""
    done = carry_out("replay", "nowhere.pcap", "--db", "sqlite://", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "nowhere.pcap: It cannot be opened: No such file or directory.\n"


def test_wrong_settings_stop_the_start_with_every_mistake(tmp_path: Path) -> None:
    """A start with three wrong settings names all three, and begins nothing."""
    (tmp_path / "config.toml").write_text(
        "[links]\nport = 0\n[scans]\ncolour = 1\n[db]\nkeep_days = -1\n", encoding="utf-8"
    )
    done = carry_out("run", "--config", "config.toml", "--db", f"sqlite:///{tmp_path}/tracking.db", folder=tmp_path)
    assert done.returncode == 1
    assert "3 mistakes" in done.stderr
    assert not (tmp_path / "tracking.db").exists()


def test_a_second_start_on_the_same_port_says_so(tmp_path: Path) -> None:
    """The port is looked at before anything else, and another one is offered."""
    with started(tmp_path, "--demo") as programme:
        programme.wait_until(bool)
        done = carry_out("run", "--demo", "--db", "sqlite://", "--port", programme.url.rpartition(":")[2])
        assert (done.returncode, "--port" in done.stderr) == (1, True)
        assert "Traceback" not in done.stderr


def test_a_tag_is_registered_listed_and_forgotten_by_command(tmp_path: Path) -> None:
    """What is typed comes back without the address; a mistake and a name that is not there are said in a sentence."""
    database = ("--db", f"sqlite:///{tmp_path}/tracking.db")
    assert "There is no tag yet" in carry_out("tags", *database).stdout
    assert carry_out("tags", "add", "Case", "c4:7c:8d:6a:3e:7a", *database).returncode == 0
    listed = carry_out("tags", *database).stdout
    assert "Case: never heard" in listed
    assert "3e:7a" not in listed
    wrong = carry_out("tags", "add", "Other", "c4:7c", *database)
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (1, False)
    assert carry_out("tags", "delete", "Case", *database).returncode == 0
    gone = carry_out("tags", "delete", "Case", *database)
    assert (gone.returncode, gone.stderr) == (1, "There is no tag Case. `./run tags` lists them.\n")


def test_heads_are_counted_listed_and_taken_back_by_command(tmp_path: Path) -> None:
    """Entries, one by one and as a table, are kept for the programme to learn from; a slip is answered in words."""
    shared = ("--db", f"sqlite:///{tmp_path}/tracking.db")
    added = carry_out("count", "12", "--at", "2026-03-01T10:00", *shared)
    assert added.returncode == 0, added.stderr
    assert "12 people, nothing heard then" in added.stdout
    table = tmp_path / "counted.csv"
    table.write_text("counted_at,people\n2026-03-01T11:00,7\n", encoding="utf-8")
    assert "1 head counts were taken in" in carry_out("count", "--import", str(table), *shared).stdout
    assert carry_out("count", "--delete", "1", *shared).returncode == 0
    listed = carry_out("count", "--list", *shared).stdout
    assert "7 people" in listed
    assert "12 people" not in listed
    for wrong in (("--delete", "1"), ("5", "--at", "noon"), ("--import", "nowhere.csv"), ("999999",)):
        done = carry_out("count", *wrong, *shared)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        assert done.stderr.strip()


def test_a_backup_is_whole_and_beside_the_database(tmp_path: Path) -> None:
    """`backup` copies the database while it is in use, into a folder beside it."""
    with started(tmp_path, "--demo") as programme:
        programme.wait_until(lambda health: health["last_scan_at"] is not None)
        done = carry_out("backup", "--db", f"sqlite:///{tmp_path}/tracking.db")
    assert done.returncode == 0, done.stderr
    (copy,) = (tmp_path / "backups").iterdir()
    assert is_whole(copy)
    assert scan_count(copy) > 160


def test_doctor_names_what_is_not_fine_and_what_to_do(tmp_path: Path) -> None:
    """Without D-Bus and Wi-Fi interface, doctor says so of each, with a remedy, and ends with status 1."""
    done = carry_out(
        "doctor",
        "--db",
        f"sqlite:///{tmp_path}/tracking.db",
        "--port",
        str(free_port()),
        extra={"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/no-bus", "TRACKING_SCANS_WIFI_INTERFACE": "nowhere0"},
    )
    assert done.returncode == 1
    assert "NOT FINE  Wi-Fi" in done.stdout
    assert "NOT FINE  Bluetooth" in done.stdout
    assert "fine  Database" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "count", "doctor", "scan", "replay", "report", "backup"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command explains itself and its options."""
    with pytest.raises(SystemExit) as ended:
        parse([command, "--help"])
    assert ended.value.code == 0
    assert "--config" in capsys.readouterr().out


def test_a_command_that_is_stopped_says_that_it_did_not_come_to_its_end(tmp_path: Path) -> None:
    """Ctrl+C at a command's question ends it with a sentence, and whoever called it is told that it failed."""
    ours, theirs = os.openpty()
    command = [sys.executable, str(ROOT / "app.py"), "password", "--db", f"sqlite:///{tmp_path}/tracking.db"]
    asked = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command], stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path
    )
    os.close(theirs)
    said = b""
    while b"New admin password" not in said:
        said += os.read(ours, 1024)
    os.write(ours, b"\x03")
    with contextlib.suppress(OSError):  # EIO: nobody has the other end open any more
        while more := os.read(ours, 1024):
            said += more
    os.close(ours)
    assert asked.wait() == 1
    assert said.decode().splitlines()[-1] == "Stopped before its end."
