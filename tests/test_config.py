from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from config import Config, ConfigError, load_config

ROOT = Path(__file__).parents[1]


def keys() -> list[tuple[str, str]]:
    return [(section, key) for section, values in Config().model_dump().items() for key in values]


def test_the_file_that_ships_holds_every_default() -> None:
    """config.toml names each setting, with the value it has anyway."""
    assert load_config(ROOT / "config.toml", {}) == Config()
    shipped = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
    assert [(section, key) for section, values in shipped.items() for key in values] == keys()


@pytest.mark.parametrize(("section", "key"), keys())
def test_every_setting_is_documented(section: str, key: str) -> None:
    """docs/settings.md has a row for each setting, with its default."""
    documented = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    default = getattr(getattr(Config(), section), key)
    shown = list(default) if isinstance(default, tuple) else default
    assert f"| `{section}.{key}` | `{json.dumps(shown)}` |" in documented


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    """A variable wins over the file; numbers and lists are read as such, the rest as text."""
    path = tmp_path / "config.toml"
    path.write_text("[links]\nport = 81\n", encoding="utf-8")
    config = load_config(
        path,
        {
            "TRACKING_LINKS_PORT": "82",
            "TRACKING_SCANS_WIFI_CHANNELS": "[36]",
            "TRACKING_LAYOUTS_SITE_NAME": "City library",
        },
    )
    assert (config.links.port, config.scans.wifi_channels, config.layouts.site_name) == (82, (36,), "City library")


def test_words_that_look_like_numbers_stay_words() -> None:
    """A sensor may be called 12, and a version of MQTT be told by the environment without quotes."""
    config = load_config(None, {"TRACKING_SCANS_SENSOR_NAME": "12", "TRACKING_LINKS_BROKER_PROTOCOL": "5"})
    assert (config.scans.sensor_name, config.links.broker_protocol) == ("12", "5")


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """Wrong types, unknown names, values out of range and contradictions are all in one answer."""
    path = tmp_path / "config.toml"
    path.write_text(
        "[scans]\nintervall = 3\nwifi_channels = [99]\nlisten_seconds = 50\n"
        '[presence]\nnear_dbm = -90\ntime_zone = "Mars"\n[links]\nport = "x"\n[extra]\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path, {"TRACKING_SCANS_COLOUR": "red"})
    message = str(caught.value)
    assert "8 mistakes" in message
    for said in (
        "scans.intervall: there is no such setting",
        "99 is no Wi-Fi channel",
        "together must be at most half of interval_seconds",
        "near_dbm must be above medium_dbm",
        '"Mars" is no time zone',
        "links.port",
        "extra: there is no such setting",
        "TRACKING_SCANS_COLOUR",
    ):
        assert said in message


def test_detections_are_not_kept_longer_than_their_devices() -> None:
    """A detection names a device by its row, so who keeps devices for a day keeps detections no longer."""
    with pytest.raises(ConfigError, match="keep_detections_days must be at most keep_days"):
        load_config(None, {"TRACKING_DB_KEEP_DAYS": "1"})
    shorter = load_config(None, {"TRACKING_DB_KEEP_DAYS": "1", "TRACKING_DB_KEEP_DETECTIONS_DAYS": "1"})
    assert shorter.db.keep_detections_days == 1


@pytest.mark.parametrize("content", [b"[scans", b"\xff\xfe", b"scans = 3"])
def test_a_file_that_is_no_toml_is_said_clearly(tmp_path: Path, content: bytes) -> None:
    """A file that cannot be understood is named in one sentence."""
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        load_config(path, {})


def test_how_words_and_numbers_are_written_is_told(tmp_path: Path) -> None:
    """A word without quotation marks, the mistake that is made most, is answered with its line and with the rule."""
    path = tmp_path / "config.toml"
    path.write_text("[scans]\nsensor_name = door\n")
    with pytest.raises(ConfigError, match=r"at line 2, .* Words stand in quotation marks"):
        load_config(path, {})


def test_a_missing_file_is_said_clearly(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "nowhere.toml", {})


@pytest.mark.parametrize("name", ["wlan0; rm -rf /", "../../etc", "-i", "a" * 16])
def test_an_interface_name_that_is_none_is_refused(name: str) -> None:
    """What goes into a command must be the name of an interface."""
    with pytest.raises(ConfigError, match="wifi_interface"):
        load_config(None, {"TRACKING_SCANS_WIFI_INTERFACE": f"'{name}'"})
