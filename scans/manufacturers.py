"""Manufacturers: who made a device, by its address or by the company identifier it advertises."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import aiooui
from manuf.manuf import MacParser, Vendor

from presence.scan import AddressKind

# Names in the tables run to 130 characters; a line on a phone's screen does not.
_LONGEST_NAME = 60

# Lines of the tables run to 140 bytes.
_LONGEST_LINE = 512

# The longest prefix that the IEEE assigns has 36 bits: nine digits and their colons.
_PREFIX_LETTERS = 13

# A busy place has 500 devices a scan, most of them heard again in the next one.
_MOST_REMEMBERED = 2048

# tshark needs 2 s to start on a Pi 3, and a Python that reads the company identifiers as long; both happen once.
_COMMAND_SECONDS = 10.0

# Wireshark installs its table up to 4.1 (Debian 12), and holds it inside tshark from 4.2 on.
_WIRESHARK_TABLE = Path("/usr/share/wireshark/manuf")
_TSHARK_TABLE = ("tshark", "-G", "manuf")

# Importing bluetooth-numbers costs 13 MB of memory (65 MB when it is not compiled yet), nearly all of it for tables
# that are not needed here. So another Python imports it, prints the one that is, and ends.
_COMPANY_TABLE = (
    sys.executable,
    "-I",
    "-c",
    "from bluetooth_numbers import company\nfor number, name in company.items(): print(number, name, sep='\\t')",
)

# What stands in the tables in place of a maker: blocks that are divided among many, and makers who keep to themselves.
_NO_MAKER = {"IEEE Registration Authority", "Private"}

ReadTable = Callable[[Sequence[str]], bytes]
"""Runs a command that prints a table; gives what it printed, nothing when it failed."""


def printed_by(command: Sequence[str]) -> bytes:
    """What a command prints; nothing when it fails, is missing, or takes longer than 10 s."""
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return ended.stdout if ended.returncode == 0 else b""


class Manufacturers:
    """Names the makers of devices. The tables are read when first needed, and cost 6 MB of memory then.

    Args:
        read_table: Runs the commands that print tables.
        wireshark_table: The table that Wireshark installs; need not exist.
    """

    def __init__(self, read_table: ReadTable = printed_by, wireshark_table: Path = _WIRESHARK_TABLE) -> None:
        self._read_table = read_table
        self._wireshark_table = wireshark_table
        self._addresses: _PackedParser | None = None
        self._companies: dict[int, str] | None = None
        self._by_prefix = lru_cache(_MOST_REMEMBERED)(self._look_up)

    def maker(self, address: str, kind: AddressKind, company_id: int | None) -> str | None:
        """Name the maker of a device.

        Args:
            address: Twelve hexadecimal digits in pairs, joined by colons.
            kind: What kind of address it is. Only a global one begins with its maker's OUI (IEEE 802); in any other the
                same digits are random, and a maker named by them would be wrong.
            company_id: The company identifier that it advertised (Bluetooth Assigned Numbers, section 7); None when it
                advertised none.

        Returns:
            The maker's name, at most 60 characters, all of them printable; None when neither tells.
        """
        maker = self._by_prefix(address[:_PREFIX_LETTERS]) if kind is AddressKind.GLOBAL else None
        if maker is not None or company_id is None:
            return maker
        if self._companies is None:
            self._companies = _companies(self._read_table(_COMPANY_TABLE))
        return self._companies.get(company_id)

    def _look_up(self, prefix: str) -> str | None:
        """By the freshest table of this machine, and else by aiooui's, which is renewed each month."""
        if self._addresses is None:
            self._addresses = _PackedParser(self._freshest_table())
            with ThreadPoolExecutor(1) as aside:  # a replay asks from within a running event loop
                aside.submit(lambda: asyncio.run(aiooui.async_load())).result()
        vendor = self._addresses.get_all(prefix)
        return _maker_or_none(vendor.manuf_long or vendor.manuf or "") or _maker_or_none(
            aiooui.get_vendor(prefix) or ""
        )

    def _freshest_table(self) -> bytes:
        """The longest: the IEEE's register only grows, and the files' own dates are those of their installation."""
        tables = [self._read_table(_TSHARK_TABLE), Path(MacParser.get_packaged_manuf_file_path()).read_bytes()]
        if self._wireshark_table.is_file():
            tables.append(self._wireshark_table.read_bytes())
        return max(tables, key=lambda table: table.count(b"\n"))


class _PackedParser(MacParser):  # type: ignore[misc]  # manuf ships no types
    """manuf's parser over a packed table: 3 MB of memory where manuf's own takes 31."""

    def __init__(self, table: bytes) -> None:
        # Not the parent's, which would read a file into the table that this one replaces.
        self._masks = _PackedTable(table)


class _PackedTable:
    """A table as Wireshark writes it, in place of the dictionary that manuf makes of it.

    The text stays as it is; beside it stands, for each length of prefix, where the line of each prefix begins.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text
        unsorted: dict[int, tuple[array[int], array[int]]] = {}
        for start, mask, prefix in _entries(text):
            prefixes, starts = unsorted.setdefault(mask, (array("Q"), array("I")))
            prefixes.append(prefix)
            starts.append(start)
        self._by_mask = {mask: _sorted_together(*columns) for mask, columns in unsorted.items()}

    def get(self, key: tuple[int, int]) -> Vendor | None:
        """The vendor of a prefix, as manuf asks for it: number of bits after the prefix, and the prefix."""
        mask, prefix = key
        if mask not in self._by_mask:
            return None
        prefixes, starts = self._by_mask[mask]
        at = bisect_left(prefixes, prefix)
        if at == len(prefixes) or prefixes[at] != prefix:
            return None
        line, _, _ = self._text[starts[at] : starts[at] + _LONGEST_LINE].decode("utf-8", "replace").partition("\n")
        names = [field.strip() for field in line.split("\t")[1:] if field]
        return Vendor(manuf=names[0], manuf_long=names[1] if len(names) > 1 else None, comment=None)


def _entries(text: bytes) -> Iterator[tuple[int, int, int]]:
    """Of each line with a prefix: where it begins, how many bits an address has after the prefix, and the prefix.

    A line is `prefix TAB short name TAB long name` (tshark 4.2 prints the long name alone), the prefix as six digits,
    or as twelve and a length, `00:1B:C5:00:00:00/36`. Other lines are comments, or well-known single addresses.
    """
    start = 0
    for line in io.BytesIO(text):
        written, _, names = line.partition(b"\t")
        digits, _, bits = written.replace(b":", b"").replace(b"-", b"").partition(b"/")
        try:
            length = int(bits) if bits else 4 * len(digits)
            prefix = int(digits, 16) >> (4 * len(digits) - length)
        except ValueError:  # a comment, or nonsense
            length = 0
        if names.strip() and 0 < length < 48:
            yield start, 48 - length, prefix
        start += len(line)


def _sorted_together(prefixes: array[int], starts: array[int]) -> tuple[array[int], array[int]]:
    order = sorted(range(len(prefixes)), key=prefixes.__getitem__)
    return array("Q", (prefixes[at] for at in order)), array("I", (starts[at] for at in order))


def _companies(table: bytes) -> dict[int, str]:
    makers: dict[int, str] = {}
    for line in table.decode("utf-8", "replace").splitlines():
        number, _, name = line.partition("\t")
        maker = _maker_or_none(name)
        if maker is not None and number.isdecimal():
            makers[int(number)] = maker
    return makers


def _maker_or_none(name: str) -> str | None:
    """A name as it can be shown: in one line, bounded, printable; None when it names nobody."""
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    if not shown or shown in _NO_MAKER:
        return None
    return shown if len(shown) <= _LONGEST_NAME else shown[: _LONGEST_NAME - 1].rstrip() + "…"
