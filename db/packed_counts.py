"""Counts of a scan as bytes: some 30 to 60 for a radio in a quiet place, 200 in a crowd, and unpacked again.

All are small whole numbers, and those of one kind fall from cut to cut, so the steps between them are written, from the
last cut up, as Exp-Golomb codes of order 0 (ITU-T H.264, 9.1): 0 takes a bit, 1 and 2 take three, 3 to 6 five.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from presence.counts import COUNTED_NAMES, RSSI_CUTS_DBM, Counted, FixtureHeard, RadioCounts

# The first byte. Another form, or other cuts, need another number, and what was packed before must still be read.
_VERSION = 1

_CODES = [f"{number + 1:b}".rjust(2 * (number + 1).bit_length() - 1, "0") for number in range(256)]

_FIXTURE_NUMBERS = 8


def pack(counts: RadioCounts, fixture_ids: Mapping[str, int]) -> bytes:
    """Counts as bytes.

    Args:
        counts: The counts.
        fixture_ids: Rows of fixtures by digest; those that are not in it are counted as anybody's.
    """
    known = [(fixture_ids[one.digest], one) for one in counts.fixtures if one.digest in fixture_ids]
    numbers = [counts.window_scans, *_steps(counts.scan), *_steps(counts.window), len(known)]
    for number, one in known:
        numbers += [
            number,
            one.sendings,
            one.bursts,
            one.window_sendings,
            one.window_bursts,
            one.window_scans,
            one.cut,
            one.is_carried,
        ]
    bits = "".join(map(_code, numbers))
    length = -(-len(bits) // 8)
    return bytes([_VERSION]) + int(bits.ljust(8 * length, "0"), 2).to_bytes(length, "big")


def unpack(packed: bytes, fixtures: Mapping[int, tuple[str, str | None]]) -> RadioCounts:
    """What `pack` made bytes of.

    Args:
        packed: The bytes.
        fixtures: Digest and manufacturer of fixtures by row; those that are not in it are counted as anybody's.

    Raises:
        ValueError: They are of a version that is not known here, or damaged.
    """
    if not packed or packed[0] != _VERSION:
        raise ValueError("These counts are of a version that is not known here.")
    numbers = _numbers(packed[1:])
    try:
        window_scans = next(numbers)
        scan, window = _counted(numbers), _counted(numbers)
        heard = [[next(numbers) for _ in range(_FIXTURE_NUMBERS)] for _ in range(next(numbers))]
    except StopIteration as error:
        raise ValueError("These counts are damaged.") from error
    known = tuple(_fixture(*fixtures[one[0]], one) for one in heard if one[0] in fixtures)
    return RadioCounts(scan, window, window_scans, known)


def _code(number: int) -> str:
    if 0 <= number < len(_CODES):
        return _CODES[number]
    bits = f"{max(0, number) + 1:b}"
    return "0" * (len(bits) - 1) + bits


def _numbers(packed: bytes) -> Iterator[int]:
    bits = f"{int.from_bytes(packed, 'big'):0{8 * len(packed)}b}"
    at = 0
    while (first := bits.find("1", at)) >= 0:
        end = first + (first - at) + 1  # as many digits follow the first 1 as zeros come before it
        yield int(bits[first:end], 2) - 1
        at = end


def _steps(counted: Counted) -> Iterable[int]:
    for name in COUNTED_NAMES:
        cuts = getattr(counted, name)
        yield cuts[-1]
        yield from (above - below for below, above in pairwise(reversed(cuts)))


def _counted(numbers: Iterator[int]) -> Counted:
    steps = [[next(numbers) for _ in RSSI_CUTS_DBM] for _ in COUNTED_NAMES]
    return Counted(*(tuple(reversed(tuple(accumulate(some)))) for some in steps))


def _fixture(digest: str, manufacturer: str | None, numbers: Sequence[int]) -> FixtureHeard:
    _, sendings, bursts, window_sendings, window_bursts, window_scans, cut, is_carried = numbers
    return FixtureHeard(
        digest,
        manufacturer,
        sendings,
        bursts,
        window_sendings,
        window_bursts,
        window_scans,
        min(cut, len(RSSI_CUTS_DBM) - 1),
        bool(is_carried),
    )
