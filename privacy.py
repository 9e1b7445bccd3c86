"""Privacy: what visitors are told, made from the settings in force; by page and by command."""

from __future__ import annotations

import sys
from ipaddress import ip_address
from pathlib import Path

from config import BluetoothMode, ConfigError, Uplink
from link_settings import page_address
from links.privacy_page import as_file, as_text
from place import HOME, Place
from presence.privacy import DOCUMENTS, PrivacyFacts, Recognised

_STYLE = HOME / "assets" / "9-privacy.css"


def privacy_facts(place: Place) -> PrivacyFacts:
    """What is done with what is heard."""
    config = place.config
    scans, links = config.scans, config.links
    heard = (("Wi-Fi", scans.wifi_enabled), ("Bluetooth", scans.bluetooth_enabled))
    return PrivacyFacts(
        place=config.layouts.site_name,
        responsible=config.privacy.responsible,
        contact=config.privacy.contact,
        purpose=config.privacy.purpose.rstrip(". "),
        radios=tuple(name for name, is_on in heard if is_on),
        listen_seconds=scans.listen_seconds,
        interval_seconds=scans.interval_seconds,
        is_continuous=scans.bluetooth_enabled and scans.bluetooth_mode is not BluetoothMode.SAMPLED,
        keeps_networks=scans.wifi_enabled and scans.wifi_ssids,
        recognised=Recognised(scans.key_rotation.value),
        rotation_hour=scans.key_rotation_hour,
        keep_days=config.db.keep_days,
        keep_detections_days=config.db.keep_detections_days,
        keep_scans_days=config.db.keep_scans_days,
        backup_days=_backup_days(place),
        is_on_lan=not _is_own(links.host),
        login_required=links.login_required,
        sends_to=_hub(place),
        broker=links.broker_host or None,
        is_site=links.uplink is Uplink.OFF,
        smallest_group=config.privacy.smallest_group,
        address=page_address(place),
    )


def _backup_days(place: Place) -> int:
    """The age of the oldest backup; those of a server are made by others."""
    if not place.database_url.startswith("sqlite:"):
        return 0
    return max(place.config.db.backups_daily, 7 * place.config.db.backups_weekly)


def _is_own(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hub(place: Place) -> str | None:
    links = place.config.links
    match links.uplink:
        case Uplink.OFF:
            return None
        case Uplink.HTTP:
            return f"the hub {links.uplink_url}"
        case Uplink.MQTT:
            return "the hub of the site, by MQTT"


def tell_privacy(place: Place, name: str, output: Path | None) -> int:
    """Print the notice, the poster or the sheet, or write it to a file: as HTML, or as text if its name ends in .txt.

    Raises:
        ConfigError: The file cannot be written.
    """
    document = DOCUMENTS[name](privacy_facts(place))
    if output is None:
        print(as_text(document), end="")
        return 0
    is_text = output.suffix == ".txt"
    content = as_text(document) if is_text else as_file(document, _STYLE.read_text(encoding="utf-8"))
    try:
        output.write_text(content, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror}.") from error
    print(f"Written to {output}.{'' if is_text else ' Open it in a browser to print it.'}", file=sys.stderr)
    return 0
