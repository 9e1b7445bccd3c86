"""Searches a whole disk image for addresses, in every spelling: `python -m bench.search_disk IMAGE ADDRESSES`.

ADDRESSES is a file with an address a line. What is found is told by place and spelling, and never shown; the exit
status is 1 when anything was. bench/stolen_card.py makes such an image and searches it.

One pass, some pieces of the image at a time. Rather than looking for each of a hundred spellings of each address, what
may be a spelling is turned back into bytes, and these are looked up:

- six bytes anywhere, in either order, which is how an integer lies in memory too;
- hexadecimal digits, in either case and either order, with whatever separators between them, as text of one byte or of
  two a letter (UTF-16);
- digits that are the address as a decimal number, in either order;
- Base64, its alphabet or that for addresses of pages, at each offset: of the bytes, and of the text.

Not looked for: what is compressed or encrypted. The programme does neither to what it keeps, but for secrets of tags.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import mmap
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

_ADDRESS_BYTES = 6
_HEX_DIGITS = 2 * _ADDRESS_BYTES

# What is read at once, and how much of it is read again with the next: longer than any spelling.
_PIECE_BYTES = 1 << 16
_OVERLAP_BYTES = 512

# Bits of the table that says at once of nearly all bytes that they are none of the addresses: 16 MB.
_FILTER_BITS = 24

_SEPARATORS = b":-_., "
_HEX_TEXT = re.compile(rb"[0-9A-Fa-f](?:[:\-_., ]{0,2}[0-9A-Fa-f]){11,}")
_WIDE_TEXT = re.compile(rb"(?:[0-9A-Za-z:\-_., +/]\x00){11,}")
_BASE64_TEXT = re.compile(rb"[A-Za-z0-9+/_-]{8,}")
# 2^48 has 15 digits. Shorter numbers are looked at as far as the shortest address has them.
_DECIMAL_TEXT = re.compile(rb"[0-9]{6,}")


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """An address that was found.

    Attributes:
        offset: Where in the image, in bytes; of text, where the run of letters begins that it is in.
        spelling: How it was spelt.
        number: Which of the addresses it is, counting from 0; it is not shown.
    """

    offset: int
    spelling: str
    number: int


class DiskSearch:
    """Looks for addresses in bytes.

    Args:
        addresses: Each in pairs of hexadecimal digits, joined by colons.
    """

    def __init__(self, addresses: Iterable[str]) -> None:
        self._numbers: dict[bytes, int] = {}
        for number, address in enumerate(addresses):
            raw = bytes.fromhex(address.replace(":", ""))
            self._numbers[raw] = self._numbers[raw[::-1]] = number
        self._hex = {raw.hex().encode(): number for raw, number in self._numbers.items()}
        self._decimal = {str(int.from_bytes(raw)).encode(): number for raw, number in self._numbers.items()}
        self._decimal_lengths = sorted({len(text) for text in self._decimal})
        values = np.array(sorted(int.from_bytes(raw) for raw in self._numbers), np.uint64)
        self._may_be = np.zeros(1 << _FILTER_BITS, bool)
        self._may_be[_folded(values)] = True

    def in_image(self, image: Path) -> tuple[Found, ...]:
        """What is in a whole image, in the order of its places."""
        found: set[Found] = set()
        with image.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for start in range(0, len(content), _PIECE_BYTES):
                piece = content[max(0, start - _OVERLAP_BYTES) : start + _PIECE_BYTES]
                if piece.count(0) != len(piece):
                    found.update(self.in_bytes(piece, max(0, start - _OVERLAP_BYTES)))
        return tuple(sorted(found))

    def in_bytes(self, content: bytes, offset: int = 0) -> Iterator[Found]:
        """What is in some bytes, which begin at this place of an image."""
        for at, number in self._raw(content):
            yield Found(offset + at, "bytes", number)
        for at, spelling, number in self._text(content):
            yield Found(offset + at, spelling, number)
        for run in _WIDE_TEXT.finditer(content):
            for _, spelling, number in self._text(run[0][::2]):
                yield Found(offset + run.start(), f"{spelling}, two bytes a letter", number)
        for run in _BASE64_TEXT.finditer(content):
            for spelling, number in self._base64(run[0]):
                yield Found(offset + run.start(), spelling, number)

    def _raw(self, content: bytes) -> Iterator[tuple[int, int]]:
        """Six bytes anywhere; a table tells first of nearly all that they are none."""
        if len(content) < _ADDRESS_BYTES:
            return
        count = len(content) - _ADDRESS_BYTES + 1
        letters = np.frombuffer(content, np.uint8)
        values = np.zeros(count, np.uint64)
        for place in range(_ADDRESS_BYTES):
            values = values << np.uint64(8) | letters[place : place + count]
        for at in np.flatnonzero(self._may_be[_folded(values)]):
            number = self._numbers.get(content[at : at + _ADDRESS_BYTES])
            if number is not None:
                yield int(at), number

    def _text(self, content: bytes) -> Iterator[tuple[int, str, int]]:
        for run in _HEX_TEXT.finditer(content):
            digits = run[0].translate(None, _SEPARATORS).lower()
            for number in _windows(digits, (_HEX_DIGITS,), self._hex):
                yield run.start(), "hexadecimal", number
        for run in _DECIMAL_TEXT.finditer(content):
            for number in _windows(run[0], self._decimal_lengths, self._decimal):
                yield run.start(), "decimal number", number

    def _base64(self, run: bytes) -> Iterator[tuple[str, int]]:
        for begin in range(4):
            usable = (len(run) - begin) // 4 * 4
            # Of the last letters of a run that is cut short, six bytes at any offset still have all of theirs.
            padded = run[begin : begin + usable] + (run[begin + usable :] + b"AAAA")[:4]
            plain = _plain(padded.translate(bytes.maketrans(b"-_", b"+/")))
            for number in _windows(plain, (_ADDRESS_BYTES,), self._numbers):
                yield "Base64 of bytes", number
            for _, spelling, number in self._text(plain):
                yield f"Base64 of {spelling}", number


def _folded(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """48-bit numbers as places in the filter's table: both halves, mixed, for addresses have their makers in common."""
    return (values ^ values >> np.uint64(_FILTER_BITS)) & np.uint64((1 << _FILTER_BITS) - 1)


def _windows(text: bytes, lengths: Iterable[int], known: dict[bytes, int]) -> Iterator[int]:
    """Which of those known stand anywhere in a text."""
    for length in lengths:
        for at in range(len(text) - length + 1):
            number = known.get(text[at : at + length])
            if number is not None:
                yield number


def _plain(text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""


def main() -> int:
    """Search, and print what was found as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path, metavar="IMAGE", help="of a disk, or of a part of one; a device will do")
    parser.add_argument("addresses", type=Path, metavar="ADDRESSES", help="a file with an address a line")
    arguments = parser.parse_args()
    addresses = sorted({line.strip().lower() for line in arguments.addresses.read_text("ascii").split()})
    began = time.perf_counter()
    found = DiskSearch(addresses).in_image(arguments.image)
    figures = {
        "addresses": len(addresses),
        "image_mb": round(arguments.image.stat().st_size / 1e6),
        "seconds": round(time.perf_counter() - began, 1),
        "found": Counter(one.spelling for one in found),
        "at": [one.offset for one in found[:20]],
    }
    json.dump(figures, sys.stdout)
    print()
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
