from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from bench.search_disk import DiskSearch
from bench.stolen_card import (
    CannotMountError,
    OnAir,
    key_day_of,
    keys_on,
    listen_to_bluetooth,
    log_of,
    make_image,
    matched,
    mounted,
    plain_hash_found,
    plant,
    replay,
    stored_hashes,
    surroundings,
)
from db.forget import Known, forget_device
from db.store import open_store
from presence.radio import Radio
from tests.db.scanning import SETTINGS, hash_of, minute, scan
from tests.scans.captures import pcap, probe_request, upward_data, written
from tests.sqlite import new_database

ADDRESS = "ac:de:48:0a:f1:92"
RAW = bytes.fromhex(ADDRESS.replace(":", ""))
HEARD = 15
# Few enough to be searched in no time, enough for a journal.
MEGABYTES = 24


@dataclass(frozen=True)
class StolenCard:
    """A card with two days on it: its image, who was on the air, its hashes by the key's day, and what may be keys."""

    image: Path
    on_air: OnAir
    hashes: dict[int, set[bytes]]
    keys: set[bytes]
    today: int


def some_addresses(seed: int) -> list[str]:
    """Addresses of no group, the same for the same seed."""
    rng = Random(seed)
    return [(bytes([rng.randrange(64) * 4]) + rng.randbytes(5)).hex(":") for _ in range(HEARD)]


def capture_of(senders: Sequence[str], at: datetime) -> bytes:
    """Each asks for a network, the first for one that is named after its own address, and sends to an access point."""
    asked = [
        probe_request(sender, f"DIRECT {sender}".encode() if number == 0 else b"")
        for number, sender in enumerate(senders)
    ]
    return pcap([*asked, *map(upward_data, senders)], begin=at.timestamp())


@pytest.fixture(scope="module")
def stolen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StolenCard]:
    """A minute of yesterday and one of today through tshark, and a scan of a real BleakScanner, on an ext4 image."""
    if shutil.which("tshark") is None or shutil.which("dbus-daemon") is None:
        pytest.skip("tshark or dbus-daemon is not installed")
    folder = tmp_path_factory.mktemp("stolen")
    now_at = datetime.now(UTC).replace(second=0, microsecond=0)
    rotation_hour = (now_at.hour + 12) % 24  # as far from now as can be: all that is of today is under one key
    today = key_day_of(now_at, rotation_hour)
    on_air, rows, captures = OnAir(), [], []
    for seed, at in enumerate((now_at - timedelta(days=1), now_at - timedelta(minutes=30))):
        key_day = key_day_of(at, rotation_hour)
        wifi, bluetooth = some_addresses(seed), some_addresses(seed + 2)
        captures.append(written(folder, capture_of(wifi, at), f"{seed}.pcap"))
        rows += [f"{at.timestamp()},{address},public,-60,02010605ff4c001005" for address in bluetooth]
        on_air.note(key_day, Radio.WIFI, wifi)
        on_air.note(key_day, Radio.BLUETOOTH, bluetooth)
    image = folder / "card.img"
    try:
        make_image(image, MEGABYTES)
        with mounted(image) as card:
            extra = surroundings(card, rotation_hour)
            new_database(card / "data" / "tracking.db")
            replay(card, captures, log_of(rows, folder), extra)
            listen_to_bluetooth(card, extra, on_air, today)
            hashes = stored_hashes(card)
    except CannotMountError as error:
        pytest.skip(str(error))
    yield StolenCard(image, on_air, hashes, keys_on(image), today)
    image.unlink()


def test_no_address_is_on_the_card(stolen: StolenCard) -> None:
    """Of all addresses that were on the air none is anywhere on the disk, however spelt."""
    assert len(stolen.on_air.addresses) > 4 * HEARD
    assert DiskSearch(stolen.on_air.addresses).in_image(stolen.image) == ()


def test_yesterdays_hashes_cannot_be_matched(stolen: StolenCard) -> None:
    """Under no key on the card, nor what can be derived from one, has yesterday's hash the address that was heard."""
    yesterday = stolen.hashes[stolen.today - 1]
    assert len(yesterday) == len(stolen.on_air.days[stolen.today - 1])
    assert matched(stolen.keys, stolen.on_air.days[stolen.today - 1], yesterday) == 0


def test_todays_hashes_can_be_matched(stolen: StolenCard) -> None:
    """The same search finds everybody of today, whose key is on the card: so it does look in the right way."""
    today = stolen.hashes[stolen.today]
    assert matched(stolen.keys, stolen.on_air.days[stolen.today], today) == len(today) > 10


def test_who_was_forgotten_is_nowhere_on_the_card(tmp_path: Path) -> None:
    """No file, no log that was cut to nothing and no free block holds the hash, though a programme had it in use."""
    image, device_hash = tmp_path / "card.img", bytes.fromhex(hash_of("a"))
    try:
        make_image(image, MEGABYTES)
        with mounted(image) as card, contextlib.ExitStack() as undo:
            url = new_database(card / "tracking.db")
            running, other = (undo.enter_context(contextlib.closing(open_store(url, SETTINGS))) for _ in range(2))
            for number in range(20):
                running.recorder.record(scan(minute(number), ["a", *map(str, range(number, number + 30))]))
            with (card / "tracking.db-wal").open("rb") as log:
                os.fsync(log.fileno())
            assert image.read_bytes().count(device_hash) > 0
            forget_device(
                other.connections, Known(20_000, {Radio.WIFI: hash_of("a")}, frozenset()), lambda body, _: body
            )
            other.connections.overwrite_deleted()
            running.recorder.record(scan(minute(20), ["b"]))
    except CannotMountError as error:
        pytest.skip(str(error))
    assert image.read_bytes().count(device_hash) == 0


def test_a_planted_address_is_found(tmp_path: Path) -> None:
    """In a deleted file, in the slack after a file and in the journal, the search finds an address."""
    image = tmp_path / "card.img"
    try:
        make_image(image, MEGABYTES)
        places = plant(image, ADDRESS)
    except CannotMountError as error:
        pytest.skip(str(error))
    offsets = [found.offset for found in DiskSearch([ADDRESS]).in_image(image)]
    journal_bytes = 4 << 20  # of so small an image: mke2fs(8), 1,024 blocks
    for begin, length in ((places["deleted"], 4096), (places["slack"], 4096), (places["journal"], journal_bytes)):
        assert any(begin <= offset < begin + length for offset in offsets)


@pytest.mark.parametrize(
    "spelling",
    [
        RAW,
        RAW[::-1],
        int.from_bytes(RAW).to_bytes(8, "little"),
        *(ADDRESS.replace(":", separator).encode() for separator in (":", "-", "", ".", "_", " ", ", ")),
        ADDRESS.upper().encode(),
        b"AcDe.480a.f192",
        RAW[::-1].hex("-").encode(),
        str(int.from_bytes(RAW)).encode(),
        str(int.from_bytes(RAW, "little")).encode(),
        ADDRESS.encode("utf-16-le"),
        *(base64.b64encode(b"xyz"[:ahead] + RAW + b"!"[:after]) for ahead in range(4) for after in range(2)),
        base64.urlsafe_b64encode(b"\xff\xfe" + RAW),
        base64.b64encode(b'{"address": "AC-DE-48-0A-F1-92"}').rstrip(b"="),
    ],
)
def test_an_address_is_found_however_it_is_spelt(spelling: bytes) -> None:
    """Bytes, text, numbers and Base64 are all looked through, at any place and between any neighbours."""
    for around in (b"", b"\0" * 7, b"zz;", b"\xff"):
        assert list(DiskSearch([ADDRESS]).in_bytes(around + spelling + around))


def test_what_is_no_address_is_not_found() -> None:
    """An address that is off by one, and hashes, which are hexadecimal too, are nobody."""
    near = RAW[:-1] + bytes([RAW[-1] ^ 1])
    hashes = b" ".join(hashlib.sha256(bytes([number])).hexdigest().encode() for number in range(200))
    assert not list(DiskSearch([ADDRESS]).in_bytes(near + near.hex(":").encode() + hashes))


def test_a_plain_hash_of_an_address_is_found() -> None:
    """Where an address is kept as its plain SHA-256, whoever knows the maker finds it by trying."""
    target = hashlib.sha256(ADDRESS.encode()).digest()
    assert plain_hash_found(target, RAW[:4], 2) == ADDRESS
    assert plain_hash_found(hashlib.sha256(b"another").digest(), RAW[:5], 1) is None
