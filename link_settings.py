"""Settings of [links] as the parts need them that speak with other programs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from config import ConfigError
from db.outbox import OutboxLimits
from links.server import Certificate, lan_address
from place import HOME, Place

# What speaks MQTT takes memory that a box without a broker need not spend: imported where it is used.
if TYPE_CHECKING:
    from links.broker import BrokerSettings

_BYTES_A_MB = 1_000_000


def broker_settings(place: Place) -> BrokerSettings:
    """How to reach the broker.

    Raises:
        ConfigError: The file with its password cannot be read.
    """
    from links.broker import BrokerSettings  # noqa: PLC0415 - see above

    links = place.config.links
    return BrokerSettings(
        host=links.broker_host,
        port=links.broker_port,
        tls=links.broker_tls,
        ca_file=file_named(links.broker_ca_file),
        user=links.broker_user or None,
        password=read_secret(links.broker_password_file),
        protocol=links.broker_protocol.value,
        topic=links.broker_topic,
    )


def outbox_limits(place: Place) -> OutboxLimits:
    """How much may wait to be sent."""
    links = place.config.links
    return OutboxLimits(links.outbox_max_mb * _BYTES_A_MB, timedelta(days=links.outbox_max_days))


def certificate(place: Place) -> Certificate | None:
    """What the page is served with over https; None for http."""
    links = place.config.links
    files = file_named(links.tls_certificate_file), file_named(links.tls_key_file)
    return None if files[0] is None or files[1] is None else Certificate(files[0], files[1])


def page_address(place: Place) -> str:
    """The address of the page on the LAN."""
    scheme = "https" if place.config.links.tls_certificate_file else "http"
    return f"{scheme}://{lan_address()}:{place.config.links.port}"


def read_secret(name: str) -> str | None:
    """What a file holds, without the line's end; None for no file.

    Raises:
        ConfigError: It cannot be read.
    """
    path = file_named(name)
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. Look at [links] in the settings.") from error


def file_named(name: str) -> Path | None:
    """A file named in the settings; a relative one begins at the programme's folder."""
    return HOME / Path(name).expanduser() if name else None
