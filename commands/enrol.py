"""Enrolling: who belongs to the site, and may come in. Commands for which the programme need not run."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import secrets
import sys

from config import ConfigError, Uplink
from db.access import Access
from db.outbox import Outbox
from link_settings import outbox_limits, page_address, read_secret
from links.access_commands import list_keys, log_all_out, make_key, revoke_key, set_first_password, set_password
from place import Place
from presence.access import Role
from presence.sensors import SensorCard
from scans.enrolment import Enrolment, EnrolmentError, as_code, from_code, join, leave


def enrol(place: Place, card: SensorCard, by: Uplink, url: str | None) -> int:
    """Print the line that makes another machine a sensor of this one."""
    links, scans, now_at = place.config.links, place.config.scans, place.clock.wall()
    settings = {
        "TRACKING_SCANS_SENSOR_NAME": card.name,
        "TRACKING_SCANS_SENSOR_PLACE": card.place or "",
        "TRACKING_SCANS_KEY_ROTATION": scans.key_rotation.value,
        "TRACKING_SCANS_KEY_ROTATION_HOUR": str(scans.key_rotation_hour),
        "TRACKING_PRESENCE_TIME_ZONE": str(place.time_zone),
        "TRACKING_LINKS_UPLINK": by.value,
    }
    files: dict[str, str | None] = {}
    if by is Uplink.MQTT:
        if not links.broker_host:
            raise ConfigError("The settings name no broker. Put `broker_host` into [links], or leave `--by mqtt`.")
        broker = ("host", "port", "tls", "user", "protocol", "topic")
        settings |= {f"TRACKING_LINKS_BROKER_{name.upper()}": _as_setting(links, f"broker_{name}") for name in broker}
        files["TRACKING_LINKS_BROKER_PASSWORD_FILE"] = read_secret(links.broker_password_file)
        files["TRACKING_LINKS_BROKER_CA_FILE"] = read_secret(links.broker_ca_file)
    else:
        settings["TRACKING_LINKS_UPLINK_URL"] = url or page_address(place)
        files["TRACKING_LINKS_UPLINK_CA_FILE"] = read_secret(links.uplink_ca_file or links.tls_certificate_file)
    with contextlib.closing(place.open_store()) as store:
        key = Access(store.connections, place.clock.monotonic).make_key(card.name, Role.SENSOR, now_at).key
        store.sensors.register(card, now_at)
    files["TRACKING_LINKS_UPLINK_KEY_FILE"] = key
    held = {name: content for name, content in files.items() if content is not None}
    code = as_code(Enrolment(place.visitor_keys().key_at(now_at), settings, held, place.registry_key().secret()))
    print(f"On the new sensor type this, and then ./run sensor:\n\n./run join {code}\n")
    print(
        "Whoever has this line can send as that sensor: do not keep it. `./run keys revoke` undoes it.", file=sys.stderr
    )
    return 0


def _as_setting(links: object, name: str) -> str:
    value = getattr(links, name)
    return str(value).lower() if isinstance(value, bool) else str(getattr(value, "value", value))


def join_site(place: Place, code: str) -> int:
    """Become a sensor of a site."""
    if place.key_path is None:
        raise EnrolmentError("A sensor keeps what waits on disk: give it a database in a file, not in memory.")
    enrolment = from_code(code)
    join(enrolment, place.folder, place.visitor_keys())
    with contextlib.closing(place.open_store()) as store:
        if count := Outbox(store.connections, outbox_limits(place)).clear():
            print(f"{count} scans that waited to be sent were named by another site's key, and were dropped.")
    name = enrolment.settings.get("TRACKING_SCANS_SENSOR_NAME", "this machine")
    print(f"{name} is a sensor of the site now. Start it: ./run sensor")
    return 0


def leave_site(place: Place) -> int:
    """Be no sensor any more."""
    print("This machine has left the site." if leave(place.folder) else "This machine is no sensor of any site.")
    return 0


def keys(place: Place, action: str | None, name: str, role: str) -> int:
    """The keys of programs: list, make, revoke."""
    now_at = place.clock.wall()
    with contextlib.closing(place.open_store()) as store:
        access = Access(store.connections, place.clock.monotonic)
        match action:
            case "make":
                print(make_key(access, name, Role(role), now_at))
            case "revoke":
                print(revoke_key(access, name, now_at))
            case _:
                print(list_keys(access, place.time_zone))
    return 0


def password(place: Place, *, is_first: bool) -> int:
    """Set the admin password: what is typed, or one made here when that is nothing.

    Args:
        place: Whose.
        is_first: Make one where there is none, and else change nothing.
    """
    if is_first:
        with contextlib.closing(place.open_store()) as store:
            access = Access(store.connections, place.clock.monotonic)
            print(set_first_password(access, secrets.SystemRandom(), place.clock.wall()) or "The admin password stays.")
        return 0
    wanted = getpass.getpass("New admin password (nothing makes one): ") if sys.stdin.isatty() else ""
    with contextlib.closing(place.open_store()) as store:
        access = Access(store.connections, place.clock.monotonic)
        print(set_password(access, wanted, secrets.SystemRandom(), place.clock.wall()))
    return 0


def logout(place: Place) -> int:
    """Log every browser out."""
    with contextlib.closing(place.open_store()) as store:
        print(log_all_out(Access(store.connections, place.clock.monotonic)))
    return 0


def enrol_as_asked(place: Place, arguments: argparse.Namespace) -> int:
    """Enrol a sensor."""
    return enrol(place, SensorCard(arguments.name, arguments.place or None, None), Uplink(arguments.by), arguments.url)


def keys_as_asked(place: Place, arguments: argparse.Namespace) -> int:
    """List keys, make one or revoke one."""
    return keys(place, arguments.action, getattr(arguments, "name", ""), getattr(arguments, "role", Role.VIEWER.value))
