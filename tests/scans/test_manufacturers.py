from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from manuf.manuf import MacParser

from presence.scan import AddressKind
from scans.manufacturers import Manufacturers, printed_by

RASPBERRY_PI = "b8:27:eb:00:00:01"
APPLE = 0x004C
UNHEARD_OF = 0xFFFE


class FakeTables:
    """Prints the given tables, by the command's last word or program."""

    def __init__(self, tshark: str = "", companies: str = "") -> None:
        self.asked: list[str] = []
        self._tshark = tshark
        self._companies = companies

    def __call__(self, command: Sequence[str]) -> bytes:
        self.asked.append(command[0])
        return (self._tshark if command[0] == "tshark" else self._companies).encode()


def long_table(*lines: str) -> str:
    """A table that is longer than any other, and so the freshest."""
    filler = "".join(f"F0:{n >> 12:02X}:00:{n >> 8 & 15:X}0:00:00/28\tFiller\tFiller\n" for n in range(1 << 17))
    return "# comment\n\n" + "".join(f"{line}\n" for line in lines) + filler


@pytest.fixture(scope="module")
def manufacturers() -> Manufacturers:
    """The tables of this machine."""
    return Manufacturers()


def test_a_global_address_names_its_maker(manufacturers: Manufacturers) -> None:
    """The OUI of a global address names the maker."""
    maker = manufacturers.maker(RASPBERRY_PI, AddressKind.GLOBAL, None)
    assert maker is not None
    assert maker.startswith("Raspberry Pi")


@pytest.mark.parametrize("kind", [kind for kind in AddressKind if kind is not AddressKind.GLOBAL])
def test_a_random_address_names_nobody(manufacturers: Manufacturers, kind: AddressKind) -> None:
    """The digits of an address that is not global name no maker, whatever they look like."""
    assert manufacturers.maker(RASPBERRY_PI, kind, None) is None


def test_the_company_identifier_names_the_maker_of_a_random_address(manufacturers: Manufacturers) -> None:
    """Where the address says nothing, the company identifier does; one that is unknown does not."""
    address = "7a:00:00:00:00:01"
    assert manufacturers.maker(address, AddressKind.RESOLVABLE, APPLE) == "Apple, Inc."
    assert manufacturers.maker(address, AddressKind.RESOLVABLE, UNHEARD_OF) is None


def test_the_address_goes_before_the_company_identifier(manufacturers: Manufacturers) -> None:
    """A device of one maker may advertise in another's format, as beacons do: its address tells who made it."""
    maker = manufacturers.maker(RASPBERRY_PI, AddressKind.GLOBAL, APPLE)
    assert maker is not None
    assert maker.startswith("Raspberry Pi")
    assert manufacturers.maker("00:00:5e:00:53:01", AddressKind.GLOBAL, APPLE) != "Apple, Inc."


def test_the_packed_table_answers_as_manufs_own_does(tmp_path: Path) -> None:
    """Addresses throughout manuf's table get the maker that manuf itself would name."""
    table = Path(MacParser.get_packaged_manuf_file_path())
    packed = Manufacturers(FakeTables(), tmp_path / "none")
    plain = MacParser(str(table))
    # A device's own address is never one of a group (odd first byte); those are in the table by other lengths too.
    prefixes = [line.partition("\t")[0] for line in table.read_text(encoding="utf-8").splitlines() if line[2:3] == ":"]
    devices = [prefix.lower() for prefix in prefixes if int(prefix[:2], 16) % 2 == 0]
    compared = 0
    for prefix in devices[::20]:
        address = (prefix.partition("/")[0] + ":00:00:00")[:13] + "7:fd"
        vendor = plain.get_all(address)
        name = " ".join((vendor.manuf_long or vendor.manuf or "").split())
        if 0 < len(name) <= 60 and name not in {"Private", "IEEE Registration Authority"}:
            assert packed.maker(address, AddressKind.GLOBAL, None) == name
            compared += 1
    assert compared > 1000


def test_the_longest_table_is_taken(tmp_path: Path) -> None:
    """Of tshark's table, Wireshark's file and manuf's own, the one with the most lines is the freshest."""
    installed = tmp_path / "manuf"
    installed.write_text(long_table("B8:27:EB\tFromFile\tFrom the file"))
    short = FakeTables(tshark="B8:27:EB\tFromTshark\tFrom tshark\n")
    assert Manufacturers(short, installed).maker(RASPBERRY_PI, AddressKind.GLOBAL, None) == "From the file"
    longer = FakeTables(tshark=long_table("B8:27:EB\tFromTshark\tFrom tshark", "00:00:01\tOne\tOne"))
    assert Manufacturers(longer, installed).maker(RASPBERRY_PI, AddressKind.GLOBAL, None) == "From tshark"


@pytest.mark.parametrize(
    ("address", "maker"),
    [
        ("70:b3:d5:00:00:01", None),
        ("70:b3:d5:12:30:01", "Thirty-six bits"),
        ("70:b3:d5:a0:00:01", "Twenty-eight bits"),
        ("00:16:3e:00:00:01", "Short"),
        ("00:16:3f:00:00:01", "As tshark 4.2 prints it"),
    ],
)
def test_the_longest_prefix_counts(tmp_path: Path, address: str, maker: str | None) -> None:
    """Blocks of the register that are divided are looked up by their parts; the block itself is nobody's."""
    tables = FakeTables(
        tshark=long_table(
            "70:B3:D5\tIEEERegi\tIEEE Registration Authority",
            "70:B3:D5:12:30:00/36\tThirty\tThirty-six bits",
            "70:B3:D5:A0:00:00/28\tTwenty\tTwenty-eight bits",
            "00:16:3E\tShort",
            "00:16:3F:00:00:00/24\tAs tshark 4.2 prints it",
        )
    )
    assert Manufacturers(tables, tmp_path / "none").maker(address, AddressKind.GLOBAL, None) == maker


def test_what_the_table_lacks_is_found_in_the_fallback(tmp_path: Path) -> None:
    """An OUI that the freshest table does not know yet is looked up in aiooui's."""
    tables = FakeTables(tshark=long_table())
    maker = Manufacturers(tables, tmp_path / "none").maker(RASPBERRY_PI, AddressKind.GLOBAL, None)
    assert maker is not None
    assert "Raspberry Pi" in maker


def test_a_name_is_bounded_and_printable(tmp_path: Path) -> None:
    """A name from a table is shown in one line of at most 60 characters, without control characters."""
    tables = FakeTables(tshark=long_table("00:16:3E\tShort\tEvil \x1b[31m\u202eName " + "x" * 200))
    maker = Manufacturers(tables, tmp_path / "none").maker("00:16:3e:00:00:01", AddressKind.GLOBAL, None)
    assert maker is not None
    assert maker.startswith("Evil [31m Name xxx")
    assert len(maker) == 60
    assert maker.isprintable()


def test_tables_are_read_once_and_when_needed(tmp_path: Path) -> None:
    """No table is read before a device needs it, and none twice."""
    tables = FakeTables(companies="76\tApple, Inc.\nnonsense\n\t\n")
    manufacturers = Manufacturers(tables, tmp_path / "none")
    manufacturers.maker(RASPBERRY_PI, AddressKind.RANDOMISED, None)
    assert tables.asked == []
    for last in range(3):
        assert manufacturers.maker(f"7a:00:00:00:00:{last:02x}", AddressKind.RESOLVABLE, APPLE) == "Apple, Inc."
        manufacturers.maker(f"b8:27:eb:00:00:{last:02x}", AddressKind.GLOBAL, None)
    assert len(tables.asked) == 2


def test_without_any_command_manufs_own_table_is_there(tmp_path: Path) -> None:
    """Where tshark prints no table and none is installed, the one that comes with manuf is used."""
    maker = Manufacturers(FakeTables(), tmp_path / "none").maker("00:1a:7d:00:00:01", AddressKind.GLOBAL, None)
    assert maker == "cyber-blue(HK)Ltd"


def test_a_command_that_fails_prints_nothing() -> None:
    """A table whose command fails or is missing is an empty one, whatever was printed before."""
    assert printed_by(["no-such-command-anywhere"]) == b""
    assert printed_by([sys.executable, "-c", "print('half a table'); raise SystemExit(1)"]) == b""
    assert printed_by([sys.executable, "-c", "print('a table')"]) == b"a table\n"
