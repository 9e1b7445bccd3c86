from __future__ import annotations

from pathlib import Path

import pytest

from command_line import parse
from commands.privacy import tell_privacy
from config import ConfigError
from place import Place, place_of
from privacy import privacy_facts


def place_with(monkeypatch: pytest.MonkeyPatch, **settings: str) -> Place:
    for name, value in settings.items():
        monkeypatch.setenv(f"TRACKING_{name}", value)
    return place_of(parse(["privacy", "--db", "sqlite://"]))


def test_the_facts_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told follows config.toml: where the page is, where scans go, what is kept for how long."""
    plain = privacy_facts(place_with(monkeypatch))
    assert (plain.radios, plain.is_on_lan, plain.sends_to, plain.broker) == (("Wi-Fi", "Bluetooth"), True, None, None)
    assert (plain.keep_days, plain.keep_detections_days, plain.keep_scans_days) == (30, 7, 400)
    assert plain.backup_days == 28
    changed = privacy_facts(
        place_with(
            monkeypatch,
            SCANS_WIFI_ENABLED="false",
            SCANS_KEY_ROTATION="weekly",
            DB_KEEP_DAYS="9",
            LINKS_HOST="127.0.0.1",
            LINKS_UPLINK="http",
            LINKS_UPLINK_URL="https://hub.example:8050",
            PRIVACY_CONTACT="data@library.example",
            PRIVACY_PURPOSE="to plan opening hours.",
        )
    )
    assert (changed.radios, changed.keeps_networks, changed.is_on_lan) == (("Bluetooth",), False, False)
    assert (changed.recognised, changed.keep_days, changed.contact) == ("weekly", 9, "data@library.example")
    assert (changed.sends_to, changed.is_site) == ("the hub https://hub.example:8050", False)
    assert changed.purpose == "to plan opening hours"


def test_a_document_is_printed_or_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a file it is text; into one it is HTML to print, or text where the name says so."""
    place = place_with(monkeypatch, LAYOUTS_SITE_NAME="City library")
    tell_privacy(place, "notice", None)
    printed = capsys.readouterr().out
    assert printed.startswith("Privacy notice: City library\n====")
    tell_privacy(place, "notice", tmp_path / "notice.txt")
    assert (tmp_path / "notice.txt").read_text(encoding="utf-8") == printed
    tell_privacy(place, "poster", tmp_path / "poster.html")
    poster = (tmp_path / "poster.html").read_text(encoding="utf-8")
    assert "size: A4" in poster
    assert "<h1>Devices are counted here</h1>" in poster
    assert (tmp_path / "poster.html").stat().st_mode & 0o777 == 0o644
    with pytest.raises(ConfigError, match="cannot be written"):
        tell_privacy(place, "sheet", tmp_path / "nowhere" / "sheet.html")
    with pytest.raises(ConfigError, match="does not"):
        tell_privacy(place, "sheet", tmp_path / "sheet.pdf")
