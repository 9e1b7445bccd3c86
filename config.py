"""Settings: config.toml and the environment, checked as a whole. A wrong one is answered with every mistake at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from scans.visitor_key import KeyRotation

ENVIRONMENT_PREFIX = "TRACKING_"


class ConfigError(Exception):
    """The settings cannot be used; the message lists every mistake."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _real_time_zone(name: str) -> str:
    try:
        ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f'"{name}" is no time zone; use a name such as "Europe/Prague"') from error
    return name


def _real_channel(channel: int) -> int:
    if channel not in _CHANNELS:
        raise ValueError(f"{channel} is no Wi-Fi channel of 2.4 or 5 GHz")
    return channel


# IEEE 802.11-2020, annex E: 1 to 14 at 2.4 GHz; at 5 GHz the 20 MHz channels.
_CHANNELS = frozenset({*range(1, 15), *range(36, 65, 4), *range(100, 145, 4), *range(149, 178, 4)})

# An interface name is at most 15 bytes (IFNAMSIZ), and goes into commands.
_InterfaceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$|^$")]


class BluetoothMode(StrEnum):
    """When Bluetooth is listened to."""

    AUTO = "auto"
    SAMPLED = "sampled"
    CONTINUOUS = "continuous"


class ScansSection(_Section):
    """HEAR."""

    sensor_name: str = Field(default="box", min_length=1, max_length=64, pattern=r"^[\w .-]+$")
    """Name of this sensor, stored with each scan."""
    sensor_place: str = Field(default="", max_length=200)
    """Where this sensor stands, in your own words, for example "first floor, by the stairs"."""
    interval_seconds: float = Field(default=60, ge=30, le=3600)
    """Seconds from the start of one scan to the start of the next."""
    listen_seconds: float = Field(default=10, ge=1, le=600)
    """How long each radio listens in a scan."""
    jitter_seconds: float = Field(default=3, ge=0, le=15)
    """Each start is shifted at random by up to this, so that nothing strictly periodic is missed for ever."""
    wifi_enabled: bool = True
    """Whether Wi-Fi is listened to."""
    wifi_interface: _InterfaceName = ""
    """The Wi-Fi interface to listen with; empty finds one by itself."""
    wifi_switch_to_monitor: bool = True
    """Whether the interface may be switched to monitor mode; it is put back on stop."""
    wifi_channels: tuple[Annotated[int, AfterValidator(_real_channel)], ...] = Field(
        default=(1, 6, 11), min_length=1, max_length=42
    )
    """Channels of 2.4 and 5 GHz: one is stayed on, several are visited in turn during a scan."""
    wifi_ssids: bool = True
    """Whether the networks that devices ask for by name are remembered."""
    bluetooth_enabled: bool = True
    """Whether Bluetooth is listened to."""
    bluetooth_adapter: _InterfaceName = ""
    """The Bluetooth adapter to listen with, for example hci1; empty takes any that is switched on."""
    bluetooth_mode: BluetoothMode = BluetoothMode.AUTO
    """When Bluetooth is listened to. sampled: in each scan for listen_seconds. continuous: all the time, so that where
    a tag is shows within seconds; counts are still made of listen_seconds each. auto: continuous while there is a
    tag, else sampled."""
    key_rotation: KeyRotation = KeyRotation.DAILY
    """How long a device can be recognised. daily: not from one day to the next, so that a stolen card tells nothing
    about yesterday's visitors. weekly, monthly: within one, so that returning visitors can be told from new ones within
    it. never: for ever, which most privacy laws only allow with consent."""
    key_rotation_hour: int = Field(default=4, ge=0, le=23)
    """Hour of the day, local time, at which the visitor key is replaced; choose one when nobody is there."""

    @model_validator(mode="after")
    def _fits_the_interval(self) -> Self:
        """Listening, and the patience with a slow radio, must be over before the next scan."""
        if self.listen_seconds + self.jitter_seconds > self.interval_seconds / 2:
            raise ValueError(
                "listen_seconds and jitter_seconds together must be at most half of interval_seconds, "
                "so that a slow radio can stop in time"
            )
        return self


class PresenceSection(_Section):
    """UNDERSTAND."""

    visible_share: float = Field(default=0.8, gt=0, le=1)
    """Share of people who carry something that can be heard: with 0.8, 8 devices are 10 people."""
    visit_gap_minutes: float = Field(default=10, ge=1, le=1440)
    """A device that was away for longer than this begins a new visit when it returns."""
    hold_minutes: float = Field(default=5, ge=1, le=1440)
    """A device heard within this many minutes is still present: a silent phone has not left."""
    near_dbm: int = Field(default=-60, ge=-126, le=-1)
    """Signals at or above this are near."""
    medium_dbm: int = Field(default=-75, ge=-126, le=-1)
    """Signals at or above this, and below near_dbm, are medium; weaker ones are far."""
    capacity: int = Field(default=0, ge=0, le=100_000)
    """How many people the place is made for, so that the page can say how full it is; 0 says nothing of it."""
    time_zone: Annotated[str, AfterValidator(_real_time_zone)] = ""
    """Time zone of the place, for example Europe/Prague; empty is the machine's."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.near_dbm <= self.medium_dbm:
            raise ValueError("near_dbm must be above medium_dbm, for example -60 and -75")
        if self.hold_minutes > self.visit_gap_minutes:
            raise ValueError("hold_minutes must be at most visit_gap_minutes: who has ended a visit is not present")
        return self


class DbSection(_Section):
    """REMEMBER."""

    url: str = Field(default="sqlite:///data/tracking.db", pattern=r"^(sqlite://(/.+)?|postgresql://.+)$")
    """Where scans are kept, as sqlite:///path, or postgresql://user@host/name for a hub; a relative path begins at the
    programme's folder. A password for PostgreSQL belongs into the file ~/.pgpass."""
    folder: str = ""
    """Where the visitor key and saved reports are kept; empty is the SQLite file's folder, and data for PostgreSQL."""
    keep_days: int = Field(default=30, ge=1, le=3650)
    """Devices and visits are forgotten after this many days. Sums are kept for ever."""
    keep_scans_days: int = Field(default=400, ge=2, le=3650)
    """The ledger of scans, counts without identity, is kept this many days."""
    keep_detections_days: int = Field(default=7, ge=1, le=3650)
    """Every single detection (which device, in which scan, how strong) is kept this many days, for programs that ask
    for them and for counts that several sensors share. At most keep_days: they say nothing without their devices."""

    backups_daily: int = Field(default=3, ge=0, le=366)
    """The programme backs its database up once a day, and keeps the backups of so many days; 0 here and in
    backups_weekly makes none. Each takes as much room as the database, about 100 MB after a year."""
    backups_weekly: int = Field(default=4, ge=0, le=520)
    """And one backup of each of so many weeks. A device that is forgotten is in a backup for so much longer."""
    backup_hour: int = Field(default=3, ge=0, le=23)
    """Hour of the day, local time, at which the backup is made; choose one when nobody is there. What was missed while
    the power was off is made up for after the start."""

    @model_validator(mode="after")
    def _keeps_devices_for_long_enough(self) -> Self:
        if self.keep_detections_days > self.keep_days:
            raise ValueError(
                "keep_detections_days must be at most keep_days: a detection says nothing once its device is forgotten"
            )
        return self


class LayoutsSection(_Section):
    """SHOW."""

    site_name: str = Field(default="", max_length=80)
    """Name of the place, shown on the page and in the report."""


class PrivacySection(_Section):
    """What visitors and others are told."""

    responsible: str = Field(default="", max_length=200)
    """Who answers for the counting: stands on the privacy notice, the poster and the sheet."""
    contact: str = Field(default="", max_length=200)
    """How to reach them."""
    purpose: str = Field(default="", max_length=300)
    """What the counting is for, in your own words, for example "to plan opening hours"."""
    smallest_group: int = Field(default=5, ge=0, le=1000)
    """Counts below this are told as "fewer than" it in what is made for others; 0 or 1 tells all. Five is what offices
    of statistics ask for most: of four people whoever is one of them may know the other three."""


class Uplink(StrEnum):
    """How scans are sent to a hub."""

    OFF = "off"
    HTTP = "http"
    MQTT = "mqtt"


class UplinkFormat(StrEnum):
    """What is sent."""

    OWN = "own"
    OLDER = "older"


class BrokerProtocol(StrEnum):
    """Versions of MQTT."""

    V5 = "5"
    V311 = "3.1.1"


class LinksSection(_Section):
    """TELL."""

    host: str = Field(default="0.0.0.0", min_length=1, max_length=255)  # noqa: S104 - the page is for anyone on the LAN; docs say so
    """Address the page is served on: 0.0.0.0 for anyone on the LAN, 127.0.0.1 for this machine only."""
    port: int = Field(default=8050, ge=1, le=65535)
    """Port the page is served on."""
    tls_certificate_file: str = ""
    """Certificate (PEM, with those above it) to serve the page and take scans over https; empty for http."""
    tls_key_file: str = ""
    """Its private key."""
    login_required: bool = False
    """Whether even looking asks for a login. Without it the page can be read by anyone on the LAN; what changes or
    deletes, sends data in, or lists single devices to programs always asks."""
    own_names: str = Field(default="", max_length=500, pattern=r"^[A-Za-z0-9. -]*$")
    """Names of the internet that this machine is reached by, with spaces between them, for example museum.example.
    Under any other such name even looking asks for a login, whatever login_required says; addresses, names without a
    dot and those of a LAN (such as .local) need not be named."""
    uplink: Uplink = Uplink.OFF
    """Whether scans are also sent to a hub. http: to its web address. mqtt: through a broker. A sensor must send; a box
    may. `./run join` sets this up by itself."""
    uplink_url: str = Field(default="", max_length=255, pattern=r"^(https?://[^\s/]+/?)?$")
    """With http: the hub's address, for example https://hub.example:8050."""
    uplink_key_file: str = ""
    """With http: file that holds the key the hub gave, and nothing else."""
    uplink_ca_file: str = ""
    """With https and mqtt over TLS: the certificate to trust, where it is not one that the whole world trusts."""
    uplink_format: UplinkFormat = UplinkFormat.OWN
    """own: this programme's batch. older: the payload of the BLE agent that came before, for a hub that knows no
    other; it carries no faults and no Wi-Fi."""
    outbox_max_mb: int = Field(default=64, ge=1, le=4096)
    """Scans that could not be sent are kept on disk up to this size; beyond it the oldest are dropped."""
    outbox_max_days: int = Field(default=14, ge=1, le=365)
    """And up to this age."""
    broker_host: str = Field(default="", max_length=255)
    """The MQTT broker; empty for none. A hub takes scans from it, a sensor with `uplink = "mqtt"` sends to it."""
    broker_port: int = Field(default=8883, ge=1, le=65535)
    """Its port: 8883 with TLS, 1883 usually without."""
    broker_tls: bool = True
    """Whether the connection to the broker is encrypted and its certificate verified."""
    broker_ca_file: str = ""
    """The certificate to trust, where the broker's is not one that the whole world trusts."""
    broker_user: str = Field(default="", max_length=255)
    """User name at the broker; empty for none."""
    broker_password_file: str = ""
    """File that holds the password at the broker, and nothing else."""
    broker_protocol: BrokerProtocol = BrokerProtocol.V5
    """Version of MQTT to speak."""
    broker_topic: str = Field(default="presence", min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_/-]+$")
    """What the topics of this site begin with."""
    broker_older_topic: bool = False
    """Whether a hub also takes the payload of the older BLE agent, on its topic tfg/detections/raw."""
    home_assistant: bool = False
    """Whether Home Assistant is told of the site through the broker."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.uplink is Uplink.HTTP and not self.uplink_url:
            raise ValueError('with uplink = "http", uplink_url must name the hub, for example https://hub.example:8050')
        if self.uplink is Uplink.MQTT and not self.broker_host:
            raise ValueError('with uplink = "mqtt", broker_host must name the broker')
        if bool(self.tls_certificate_file) != bool(self.tls_key_file):
            raise ValueError("tls_certificate_file and tls_key_file go together: give both, or neither")
        return self


class Config(_Section):
    """All settings, one section a room."""

    scans: ScansSection = ScansSection()
    presence: PresenceSection = PresenceSection()
    db: DbSection = DbSection()
    layouts: LayoutsSection = LayoutsSection()
    links: LinksSection = LinksSection()
    privacy: PrivacySection = PrivacySection()


def load_config(path: Path | None, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the settings from a file, overridden by the environment.

    Args:
        path: A TOML file; None for the defaults.
        environment: Variables such as TRACKING_LINKS_PORT; others than TRACKING_… are not looked at.

    Raises:
        ConfigError: The file cannot be read, or some settings are wrong: all of them are named.
    """
    mistakes: list[str] = []
    values = _read(path) if path is not None else {}
    for name, text in sorted(environment.items()):
        if name.startswith(ENVIRONMENT_PREFIX):
            _override(values, name, text, mistakes)
    config = _check(values, mistakes)
    if mistakes:
        place = f"{path} " if path is not None else ""
        listed = "\n".join(f"  - {mistake}" for mistake in mistakes)
        raise ConfigError(f"The settings in {place}and the environment have {_count(len(mistakes))}:\n{listed}")
    return config


def _check(values: dict[str, Any], mistakes: list[str]) -> Config:
    """Check all settings. Those wrong by themselves are set aside, so that the rest is still checked as a whole."""
    wrong: set[str] = set()
    for _ in ("each by itself", "against each other"):
        try:
            return Config.model_validate(values)
        except ValidationError as error:
            found = error.errors()
        mistakes += [
            _sentence(item["loc"], item["type"], item["msg"], item["input"])
            for item in found
            if not any(key in item["msg"] for key in wrong) and not _is_only_of_its_parts(item["loc"], found)
        ]
        for section, *key in (item["loc"] for item in found):
            if key and isinstance(values.get(str(section)), dict):
                values[str(section)].pop(str(key[0]), None)
                wrong.add(str(key[0]))
            else:
                values.pop(str(section), None)
    return Config()


def _is_only_of_its_parts(location: tuple[int | str, ...], found: list[ErrorDetails]) -> bool:
    """Whether a whole is wrong only because a part of it is, which is said already."""
    return any(len(item["loc"]) > len(location) and item["loc"][: len(location)] == location for item in found)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The settings {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The settings {path} cannot be understood: {error}. Words stand in quotation marks, numbers without."
        ) from error


def _override(values: dict[str, Any], name: str, text: str, mistakes: list[str]) -> None:
    """Put one environment variable in its place; it is read as TOML where it can be, so that lists and numbers work."""
    section, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("_")
    model = Config.model_fields.get(section)
    if model is None or not isinstance(model.default, _Section) or key not in type(model.default).model_fields:
        mistakes.append(f"the environment variable {name} stands for no setting")
        return
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if isinstance(type(model.default).model_fields[key].default, str) and not isinstance(value, str):
        value = text  # words that look like a number: a sensor may be called 12, and MQTT's version is "5"
    kept = values.setdefault(section, {})
    if isinstance(kept, dict):
        kept[key] = value


def _sentence(location: tuple[int | str, ...], kind: str, message: str, given: object) -> str:
    name = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        return f"{name}: there is no such setting"
    message = message.removeprefix("Value error, ")
    shown = "" if isinstance(given, (dict, BaseModel)) else f" (it is {given!r})"
    return f"{name}: {message[:1].lower()}{message[1:]}{shown}"


def _count(number: int) -> str:
    return "1 mistake" if number == 1 else f"{number} mistakes"
