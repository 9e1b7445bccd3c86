"""All commands but those that run until they are stopped, by their names."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from commands.backups import make_backup, restore_as_asked
from commands.count import count_as_asked
from commands.enrol import enrol_as_asked, join_site, keys_as_asked, leave_site, logout, password
from commands.forget import forget
from commands.privacy import tell_privacy
from commands.replay import replay_as_asked
from commands.report import report
from commands.scan import scan
from commands.share import share
from commands.tags import tags_as_asked
from place import Place
from presence.ranges import TimeRange

Command = Callable[[Place, argparse.Namespace], int]
"""Carries out a command as its arguments say; its exit status."""


def doctor_as_asked(place: Place, arguments: argparse.Namespace) -> int:
    """Say how each part is, or print all that somebody needs who helps from afar."""
    from commands.doctor import doctor  # noqa: PLC0415 - memory that a running programme need not spend

    if not arguments.bundle:
        return doctor(place)
    from commands.bundle import bundle  # noqa: PLC0415 - likewise

    return bundle(place, sys.stdin.read() if arguments.log else None)


def service_as_asked(place: Place, arguments: argparse.Namespace) -> int:
    """Put the service on this machine, update it or remove it."""
    from commands.service import install_service, uninstall_service, update_service  # noqa: PLC0415 - as above

    match arguments.command:
        case "install":
            return install_service(place, arguments.what, is_copied=arguments.database_is_copied)
        case "update":
            return update_service(place, arguments.source, is_copied=arguments.database_is_copied)
        case _:
            return uninstall_service(delete_data=arguments.delete_data)


COMMANDS: dict[str, Command] = {
    "enrol": enrol_as_asked,
    "join": lambda place, arguments: join_site(place, " ".join(arguments.code)),
    "leave": lambda place, _: leave_site(place),
    "keys": keys_as_asked,
    "password": lambda place, arguments: password(place, is_first=arguments.first),
    "logout": lambda place, _: logout(place),
    "tags": tags_as_asked,
    "count": count_as_asked,
    "privacy": lambda place, arguments: tell_privacy(place, arguments.document, arguments.output),
    "share": lambda place, arguments: share(place, arguments.days),
    "forget": lambda place, arguments: forget(place, arguments.address, tags_too=arguments.tags),
    "doctor": doctor_as_asked,
    "scan": lambda place, _: scan(place),
    "replay": replay_as_asked,
    "report": lambda place, arguments: report(place, TimeRange(arguments.range)),
    "backup": lambda place, arguments: make_backup(place, arguments.folder),
    "restore": restore_as_asked,
    "install": service_as_asked,
    "update": service_as_asked,
    "uninstall": service_as_asked,
}
