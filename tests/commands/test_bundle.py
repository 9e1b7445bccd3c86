from __future__ import annotations

import contextlib
import re
import socket
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from commands.bundle import Cleaner, bundle, settings_without_names
from config import Config, DbSection, LayoutsSection, LinksSection, ScansSection
from db.alert_rules import AlertRules
from db.census import typed_words
from db.channels import Channels
from place import Place
from presence.alerts import Channel, Rule, RuleKind
from presence.tags import IdentityKind, IdentityRecord, TagCard
from scans.clock import machine_clock
from scans.manufacturers import Manufacturers
from tests.db.scanning import START_AT, device, hash_of, scan
from tests.db.sealing import Reversing
from tests.ports import free_port
from tests.sqlite import new_database

# Each is known to nobody but this place, and stands somewhere in it.
SECRETS = (
    "Hedgehog Hotel", "under Aunt Vera's stairs", "broker.vera.example", "hedgehog-mqtt", "Vera WLAN 5G", "Café Zilch",
    "Ultrasound trolley", "Doctor Quint", "Case leaves Vera", "vera-alarms", "Reading robot", "porch sensor",
    "hub.vera.example", "7a:10:5e:c4:09:be", "192.168.77.13", "fe80::1234:5678", "s3cr3t-topic",
)  # fmt: skip

LOG = """\
2026-11-21T12:00:00+0100 WARNING 'Reading robot' sent by MQTT is dropped: no such sensor
2026-11-21T12:00:01+0100 ERROR Notifications to vera-alarms by ntfys://ntfy.example/s3cr3t-topic wait
2026-11-21T12:00:02+0100 WARNING 7a:10:5e:c4:09:be from 192.168.77.13 and fe80::1234:5678 at CAFÉ ZILCH
2026-11-21T12:00:03+0100 INFO Bluetooth is heard again.
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place that is full of names."""
    config = Config(
        scans=ScansSection(sensor_name="porch sensor", sensor_place="under Aunt Vera's stairs", wifi_enabled=False),
        db=DbSection(url=f"sqlite:///{tmp_path}/tracking.db"),
        layouts=LayoutsSection(site_name="Hedgehog Hotel"),
        links=LinksSection(
            port=free_port(),
            broker_host="broker.vera.example",
            broker_user="hedgehog-mqtt",
            uplink_url="https://hub.vera.example",
        ),
    )
    url = new_database(tmp_path / "tracking.db")
    made = Place(
        config=config,
        is_demo=False,
        database_url=url,
        time_zone=ZoneInfo("UTC"),
        clock=machine_clock(),
        manufacturers=Manufacturers(),
    )
    with contextlib.closing(made.open_store()) as store:
        phone = device("phone", ssids=("Vera WLAN 5G", "Café Zilch"))
        store.recorder.record(scan(START_AT, wifi=[phone], sensor="Reading robot"))
        card = TagCard("Ultrasound trolley", note="of Doctor Quint")
        store.tags.add(card, [IdentityRecord(IdentityKind.ADDRESS, bytes(32), "", None, "address")], START_AT)
        AlertRules(store.connections).add(Rule("Case leaves Vera", RuleKind.TAG_LEFT), START_AT)
        Channels(store.connections, Reversing()).add(Channel("vera-alarms", "ntfys://ntfy.example/s3cr3t-topic"))
    return made


def test_a_bundle_names_nobody_and_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a place full of names, addresses and hashes none is in the bundle; what helps is."""
    assert bundle(place, LOG) == 0
    told = capsys.readouterr().out
    for secret in (*SECRETS, hash_of("phone"), socket.gethostname()):
        assert secret.casefold() not in told.casefold(), secret
    for word in ("Vera", "Hedgehog", "Zilch", "Quint", "trolley"):
        assert not re.search(rf"\b{word}\b", told, re.IGNORECASE), word
    assert "INFO Bluetooth is heard again." in told
    assert "links.broker_host = set" in told
    assert "scans.listen_seconds = 10" in told
    assert re.search(r"1  tags$", told, re.MULTILINE)
    assert re.search(r"sqlite, \d+\.\d MB, revision \d{4}", told)
    assert "Disk: " in told


def test_too_many_names_are_none(place: Place) -> None:
    """Where not all names can be looked for it is not said that they are known."""
    with contextlib.closing(place.open_store()) as store:
        assert typed_words(store.connections)
        assert typed_words(store.connections, most=1) is None


def test_a_log_whose_names_cannot_be_known_is_left_out(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """With a database that cannot be read nobody can tell which words are names."""
    Path(place.database_url.removeprefix("sqlite:///")).write_bytes(b"not a database, and long enough to be seen" * 50)
    bundle(place, LOG)
    told = capsys.readouterr().out
    assert "cannot be read" in told
    assert "Bluetooth is heard again" not in told
    assert "Reading robot" not in told


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("Wi-Fi: put wlx00c0caabcdef into monitor mode.", "Wi-Fi: put wlx(address) into monitor mode."),
        ("at 12:30:45 it took 00:10", "at 12:30:45 it took 00:10"),
        ("from 2001:db8::8a2e:370:7334 and ::1", "from (address) and (address)"),
        ("2001:0db8:0000:0000:0000:8a2e:0370:7334", "(address)"),
        ("device " + "ab" * 32 + " left", "device (hash) left"),
        ("see http://10.0.0.7:8050/health, ask anna@example.org", "see (address) ask (address)"),
        ("/home/anna/tracking/data may not be written", "/home/(name)/tracking/data may not be written"),
        ("Otto's lotto of OTTO", "(name)'s lotto of (name)"),
        ("a\x1b[31mred\x07", "a [31mred "),
    ],
)
def test_a_line_is_cleaned(line: str, clean: str) -> None:
    """Addresses, hashes, links and given names go, and what is no letter; times and common words stay."""
    assert Cleaner(["Otto", "", "box"])(line) == clean


def test_every_text_among_the_settings_is_kept_back() -> None:
    """A setting that is a text is told as set or not, whatever is added in time; only a time zone is told."""
    lines = settings_without_names(Config(layouts=LayoutsSection(site_name="Hedgehog Hotel")))
    assert "layouts.site_name = set" in lines
    assert "links.broker_user = as it comes" in lines
    assert "links.uplink = off" in lines
