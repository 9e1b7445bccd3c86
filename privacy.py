"""Privacy: what visitors are told, made from the settings in force; by page and by command."""

from __future__ import annotations

from ipaddress import ip_address

from config import BluetoothMode, Uplink
from link_settings import page_address
from place import Place
from presence.privacy import PrivacyFacts, Recognised


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
