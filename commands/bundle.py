"""Bundling: what somebody needs who helps from afar, as one text with nothing and nobody of the place in it."""

from __future__ import annotations

import contextlib
import getpass
import platform
import re
import shutil
import socket
from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import Enum
from pathlib import Path

from commands.doctor import findings_of, lines_of
from config import Config
from db.census import take_census, typed_words
from db.connect import Connections, file_of
from db.errors import DatabaseError
from place import Place, version
from scans.address_text import without_addresses
from scans.commands import run_command

# The last lines of a log tell what goes on; a line may be as long as a stack.
_LOG_LINES = 300

_GAPS_SINCE = timedelta(days=7)

# Texts among the settings that name nobody and nothing of the place.
_PLAIN_TEXTS = frozenset({"presence.time_zone"})

# Names that every installation has.
_EVERYBODYS = frozenset({"", "box", "localhost", "root", "tracking"})

# Files that tell of the machine, and how many lines of each.
_FILES = (
    (Path("/proc/device-tree/model"), 1),
    (Path("/etc/os-release"), 1),
    (Path("/proc/meminfo"), 3),
    (Path("/proc/swaps"), 5),
    (Path("/proc/loadavg"), 1),
)

# Commands that do, and which of their lines: those of `iw` name networks too.
_COMMANDS = (
    (["tshark", "--version"], re.compile("TShark")),
    (["bluetoothctl", "--version"], re.compile("bluetoothctl")),
    (["iw", "dev"], re.compile("phy|Interface|type|channel")),
    (["rfkill"], re.compile("")),
)

_CLASSES = Path("/sys/class")

# What is taken out wherever it stands, and what stands there instead.
_PATTERNS = (
    (re.compile(r"\S*://\S+"), "(address)"),
    (re.compile(r"\S+@\S+"), "(address)"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"), "(address)"),
    (re.compile(r"\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b", re.IGNORECASE), "(address)"),
    (re.compile(r"(?:\b[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::[0-9a-f:]*", re.IGNORECASE), "(address)"),
    (re.compile(r"[0-9a-f]{16,}", re.IGNORECASE), "(hash)"),
    (re.compile(r"/home/[^/\s]+"), "/home/(name)"),
)


def bundle(place: Place, log: str | None) -> int:
    """Print the bundle.

    Args:
        place: Whose.
        log: Lines of the programme's log; None where none is kept.
    """
    words, census = _database(place)
    clean = Cleaner({*(words or ()), *_names_of_settings(place.config), *_names_of_machine()})
    print("For somebody who helps. Names, addresses and hashes were taken out; read it before you send it.")
    for title, lines in (
        ("Machine", _machine(place)),
        ("Settings", settings_without_names(place.config)),
        ("Findings", [line for finding in findings_of(place) for line in lines_of(finding)]),
        ("Database", census),
        ("Log", _log_lines(log, knows_names=words is not None)),
    ):
        print(f"\n== {title}")
        for line in lines:
            print(clean(line))
    return 0


def _log_lines(log: str | None, *, knows_names: bool) -> list[str]:
    if log is None:
        return ["none is kept of a programme that was started in a window"]
    lines = log.splitlines()[-_LOG_LINES:]
    return lines if knows_names else ["left out: the names that may stand in it cannot all be had from the database"]


class Cleaner:
    """Takes names, addresses and hashes out of lines.

    Args:
        names: What is taken out besides, wherever it stands as a word.
    """

    def __init__(self, names: Iterable[str]) -> None:
        # The longest first, or a part of a name would be taken out, and the rest be left.
        ordered = sorted({name.strip() for name in names} - _EVERYBODYS, key=len, reverse=True)
        any_name = "|".join(re.escape(name) for name in ordered)
        self._names = re.compile(rf"(?<!\w)(?:{any_name})(?!\w)", re.IGNORECASE) if ordered else None

    def __call__(self, line: str) -> str:
        """The line without them, in printable letters."""
        clean = "".join(letter if letter.isprintable() else " " for letter in line)
        if self._names is not None:
            clean = self._names.sub("(name)", clean)
        clean = without_addresses(clean)
        for pattern, instead in _PATTERNS:
            clean = pattern.sub(instead, clean)
        return clean


def settings_without_names(config: Config) -> list[str]:
    """The settings: numbers, switches and choices as they are; of a text only whether it is set."""
    return [f"{name} = {_shown(name, value, default)}" for name, value, default in _settings(config)]


def _shown(name: str, value: object, default: object) -> object:
    if not isinstance(value, str) or isinstance(value, Enum) or name in _PLAIN_TEXTS:
        return value
    return "as it comes" if value == default else "set"


def _settings(config: Config) -> Iterator[tuple[str, object, object]]:
    defaults = Config()
    for section in Config.model_fields:
        told, usual = getattr(config, section), getattr(defaults, section)
        for key in type(told).model_fields:
            yield f"{section}.{key}", getattr(told, key), getattr(usual, key)


def _names_of_settings(config: Config) -> Iterator[str]:
    for name, value, default in _settings(config):
        if isinstance(value, str) and not isinstance(value, Enum) and value != default and name not in _PLAIN_TEXTS:
            yield value


def _names_of_machine() -> Iterator[str]:
    host = socket.gethostname()
    yield from (host, host.partition(".")[0], socket.getfqdn())
    with contextlib.suppress(OSError, KeyError):  # a user without a name has none to take out
        yield getpass.getuser()
    yield Path.home().name


def _machine(place: Place) -> Iterator[str]:
    yield f"programme {version()}, Python {platform.python_version()}, {platform.release()} {platform.machine()}"
    for path, count in _FILES:
        if path.is_file():
            yield from path.read_text(encoding="utf-8", errors="replace").splitlines()[:count]
    folder = next(parent for parent in (place.folder, *place.folder.parents) if parent.exists())
    disk = shutil.disk_usage(folder)
    yield f"Disk: {disk.free / 1e9:.1f} of {disk.total / 1e9:.1f} GB free"
    for command, wanted in _COMMANDS:
        yield from (line.strip() for line in run_command(command).output.splitlines() if wanted.match(line.strip()))
    for driver in sorted(
        driver for kind in ("net", "bluetooth") for driver in _CLASSES.glob(f"{kind}/*/device/driver")
    ):
        yield f"{driver.parents[1].name} is driven by {driver.resolve().name}"


def _database(place: Place) -> tuple[frozenset[str] | None, list[str]]:
    """The words in the database that somebody typed, and what there is to tell of it.

    None for the words when they cannot be read, or are too many.
    """
    kind = place.database_url.partition(":")[0]
    file = file_of(place.database_url)
    if kind == "sqlite" and (file is None or not file.is_file()):
        return frozenset(), [f"{kind}, not made yet"]
    try:
        with contextlib.closing(Connections(place.database_url)) as connections:
            words = typed_words(connections)
            census = take_census(connections, place.clock.wall() - _GAPS_SINCE)
    except DatabaseError as error:
        return None, [f"{kind}, cannot be read: {error}"]
    size = "on a server" if file is None else f"{file.stat().st_size / 1e6:.1f} MB"
    rows = (f"{count:>10}  {table}" for table, count in sorted(census.rows.items()) if count)
    gaps = (
        f"{count:>10}  times not heard in a week: {radio.label}, {'no scan' if reason is None else reason}"
        for (radio, reason), count in sorted(census.gaps.items(), key=str)
    )
    return words, [f"{kind}, {size}, revision {census.revision}", *rows, *gaps]
