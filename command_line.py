"""The command line: which commands there are, and their options."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from presence.access import Role
from presence.privacy import DOCUMENTS
from presence.ranges import TimeRange
from presence.tags import IdentityKind

_SAYS = {
    "run": "listen every minute and serve the page (this is the default)",
    "sensor": "listen every minute and send what is heard to a hub",
    "hub": "take what sensors send, and serve the page",
    "enrol": "print the line that makes another machine a sensor of this one",
    "join": "become a sensor, by the line that `./run enrol` printed",
    "leave": "be no sensor any more",
    "keys": "the keys of programs: list, make, revoke",
    "password": "set the admin password",
    "logout": "log every browser out",
    "tags": "your own things: list, add, delete",
    "count": "how many people are there: the estimate learns from it",
    "forget": "remove one device's traces, by its address",
    "privacy": "the privacy notice, the poster and the data-protection sheet, by the settings in force",
    "share": "counts for others, as a table (CSV): small groups are hidden, and no device is in it",
    "doctor": "what works, what does not, and how to mend it",
    "scan": "one scan now, as JSON; nothing is stored",
    "replay": "stored captures, by the road of live ones",
    "report": "print the report that the page saves",
    "backup": "a checked copy of the database",
    "restore": "put a backup in the place of the database",
    "install": "make it a service of this machine, which starts by itself",
    "update": "let the service run a newer release; on any failure all is as before",
    "uninstall": "remove the service",
}


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Understand a command and its options.

    Returns:
        `command` names the command; `config`, `db` and `demo` are there for each, its own options beside them.
    """
    is_named = bool(words) and (not words[0].startswith("-") or words[0] in {"-h", "--help"})
    return _parser().parse_args(words if is_named else ["run", *words])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run",
        description="Tells how people use a place, from the Wi-Fi and Bluetooth around it.",
        epilog="Without a command it runs. `./run COMMAND --help` tells more.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    shared = _shared_options()
    parsers = {
        name: commands.add_parser(name, help=says, description=f"{says[:1].upper()}{says[1:]}.", parents=[shared])
        for name, says in _SAYS.items()
    }
    _add_own_options(parsers)
    return parser


def _shared_options(argument_default: str | None = None) -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False, argument_default=argument_default)
    shared.add_argument("--config", type=Path, metavar="FILE", help="settings (default: config.toml beside app.py)")
    shared.add_argument("--db", metavar="URL", help="database, such as sqlite:///other.db (default: from the settings)")
    shared.add_argument(
        "--demo",
        action="store_true",
        default=argument_default or False,
        help="a simulated site with its own database; no radio is used",
    )
    return shared


def _add_own_options(parsers: Mapping[str, argparse.ArgumentParser]) -> None:
    for name in ("run", "sensor", "hub", "doctor"):
        parsers[name].add_argument("--port", metavar="N", help="port of the page (default: from the settings)")
    doctor = parsers["doctor"]
    doctor.add_argument("--bundle", action="store_true", help="print what somebody needs who helps from afar")
    doctor.add_argument("--log", action="store_true", help="with --bundle: put in the log that standard input brings")
    replay = parsers["replay"]
    replay.add_argument("captures", type=Path, nargs="*", metavar="CAPTURE", help="pcap or pcapng, gzipped or not")
    replay.add_argument(
        "--bluetooth",
        type=Path,
        metavar="LOG",
        help="advertisements beside them: CSV with the columns time, address, address type, RSSI, payload",
    )
    replay.add_argument("--json", action="store_true", help="a line of JSON for each scan")
    ranges = [one.value for one in TimeRange]
    parsers["report"].add_argument(
        "--range", default="week", choices=ranges, help="how far back it looks (default: week)"
    )
    _add_site_options(parsers)
    privacy = parsers["privacy"]
    privacy.add_argument(
        "document", nargs="?", default="notice", choices=list(DOCUMENTS), help="which (default: notice)"
    )
    privacy.add_argument(
        "--output", type=Path, metavar="FILE", help="write it: HTML to print, or text if it ends in .txt"
    )
    parsers["share"].add_argument(
        "--days",
        type=int,
        default=7,
        choices=range(1, 3651),
        metavar="N",
        help="how many, today among them (default: 7)",
    )
    forget = parsers["forget"]
    forget.add_argument(
        "address", nargs="?", metavar="ADDRESS", help="of Wi-Fi or Bluetooth; better left out here: it is asked for"
    )
    forget.add_argument("--tags", action="store_true", help="forget a tag that is known by it too")
    _add_service_options(parsers)
    for name, does in (("backup", "where to put it"), ("restore", "where to look for backups")):
        parsers[name].add_argument("--folder", type=Path, help=f"{does} (default: backups beside the database)")
    what = parsers["restore"].add_mutually_exclusive_group(required=True)
    what.add_argument("backup", type=Path, nargs="?", metavar="FILE", help="the backup")
    what.add_argument("--list", action="store_true", help="the backups there are")


def _add_site_options(parsers: Mapping[str, argparse.ArgumentParser]) -> None:
    enrol = parsers["enrol"]
    enrol.add_argument("name", metavar="NAME", help="name of the sensor, one of a kind at this site")
    enrol.add_argument("--place", default="", metavar="WORDS", help="where it stands")
    enrol.add_argument("--by", default="http", choices=["http", "mqtt"], help="how it sends (default: http)")
    enrol.add_argument("--url", metavar="URL", help="address of this hub (default: this machine's on the LAN)")
    _add_tag_options(parsers["tags"])
    _add_count_options(parsers["count"])
    parsers["join"].add_argument("code", metavar="CODE", nargs="+", help="what ./run enrol printed")
    keys = parsers["keys"].add_subparsers(dest="action", metavar="ACTION")
    # The options of every command may stand before the action or after it; after it they must not undo what was before.
    shared = _shared_options(argument_default=argparse.SUPPRESS)
    make = keys.add_parser("make", help="make a key; it is shown once", parents=[shared])
    make.add_argument("name", metavar="NAME", help="who or what it is for")
    make.add_argument("--role", default=Role.VIEWER.value, choices=[role.value for role in Role])
    revoke = keys.add_parser("revoke", help="take a key back", parents=[shared])
    revoke.add_argument("name", metavar="NAME")


def _add_service_options(parsers: Mapping[str, argparse.ArgumentParser]) -> None:
    parsers["install"].add_argument(
        "what", nargs="?", choices=["run", "sensor", "hub"], help="what the service does (default: as before, else run)"
    )
    update = parsers["update"]
    update.add_argument(
        "source", type=Path, metavar="SOURCE", help="folder or archive (default: what `git pull` brings)"
    )
    for name in ("install", "update"):
        parsers[name].add_argument(
            "--database-is-copied", action="store_true", help="you made a copy of a database that a server keeps"
        )
    parsers["uninstall"].add_argument("--delete-data", action="store_true", help="delete all it remembered as well")
    parsers["password"].add_argument(
        "--first", action="store_true", help="make one if there is none, else change nothing"
    )


def _add_count_options(count: argparse.ArgumentParser) -> None:
    what = count.add_mutually_exclusive_group(required=True)
    what.add_argument("people", type=int, nargs="?", metavar="N", help="so many people are there")
    what.add_argument("--list", action="store_true", help="what was counted, and what the estimate makes of it")
    what.add_argument("--delete", type=int, metavar="NUMBER", help="take an entry back")
    what.add_argument(
        "--import", type=Path, dest="table", metavar="FILE", help="entries of a table (CSV): counted_at,people"
    )
    count.add_argument("--at", metavar="TIME", help="when it was, such as 2027-03-01T10:00 (default: now)")


def _add_tag_options(tags: argparse.ArgumentParser) -> None:
    actions = tags.add_subparsers(dest="action", metavar="ACTION")
    shared = _shared_options(argument_default=argparse.SUPPRESS)
    add = actions.add_parser("add", help="register a tag", parents=[shared])
    add.add_argument("name", metavar="NAME", help="name of the tag, one of a kind")
    add.add_argument("identity", metavar="IDENTITY", help="by what it is known, written as docs/tags.md says")
    kinds = [kind.value for kind in IdentityKind]
    add.add_argument("--by", default=IdentityKind.ADDRESS.value, choices=kinds, help="what that is (default: address)")
    add.add_argument("--kind", default="", metavar="WORDS", help="what sort of thing it is")
    add.add_argument("--note", default="", metavar="WORDS")
    delete = actions.add_parser("delete", help="forget a tag and its log", parents=[shared])
    delete.add_argument("name", metavar="NAME")
