"""What a thief finds on the card after a day of scans: `python -m bench.stolen_card` (root, for it mounts an image).

An ext4 image stands for the card. The programme is run on it as a user would, all that it writes on that image: its
data, its log, its temporary files and its home. It takes a day of the simulated site's frames and advertisements down
its road, through the real tshark; then it listens for some scans to a real BleakScanner on a BlueZ of the tests' own,
and, in a demonstration, to the real tshark live. It makes a backup and a report. Then the image is unmounted, and the
whole of it searched for every address that was on the air (`bench.search_disk`): files, what was deleted, the slack
after the ends of files, and the file system's journal.

After that the thief tries to match hashes of days that are over with the addresses that were heard on them, under every
key on the card and what can be derived from it. What must be found is searched for too: today's devices, addresses
planted in a deleted file, in slack and in the journal, and an address of which a plain SHA-256 was kept.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.search_disk import DiskSearch, Found
from presence.radio import Radio
from scans.simulated.access_points import ACCESS_POINTS
from scans.simulated.capture import PCAP_HEADER, CapturedFrame, captured_frames
from scans.simulated.site import SimulatedSite
from tests.scans.captures import probe_request
from tests.scans.fake_bluez import FakeBluez, FakeDevice, made_up_devices, private_bus
from tests.system.programme import carry_out, started

_LISTEN_SECONDS = 10
_BLOCK_BYTES = 4096
# Two days ahead of every key: a thief can step a key forwards, never back.
_STEPS = 3

# A device that tells its own address in its name, and one that asks for a network named after one.
TELLTALE = FakeDevice("c2:5e:11:22:33:44", name="Tile C2-5E-11-22-33-44")
_NAMED_AFTER_ITSELF = "3c:22:fb:0a:0b:0c"


class CannotMountError(Exception):
    """No image can be mounted here; the message says why."""


@dataclass(slots=True)
class OnAir:
    """Who was heard, and when.

    Attributes:
        days: The addresses by radio and by the day number of the key they were heard under.
        others: Addresses on the air of nobody who is counted: access points.
    """

    days: dict[int, set[tuple[Radio, str]]] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)

    def note(self, key_day: int, radio: Radio, addresses: Iterable[str]) -> None:
        """Note who was heard under the key of a day."""
        self.days.setdefault(key_day, set()).update((radio, address) for address in addresses)

    @property
    def addresses(self) -> list[str]:
        """All addresses."""
        return sorted({address for senders in self.days.values() for _, address in senders} | self.others)


@dataclass(frozen=True, slots=True)
class Window:
    """A time of which frames and advertisements are replayed.

    Attributes:
        from_at: Its first minute.
        minutes: How many there are.
        key_day: Day number of the key in force.
    """

    from_at: datetime
    minutes: int
    key_day: int


def make_image(image: Path, megabytes: int) -> None:
    """An empty card.

    Raises:
        CannotMountError: It cannot be made here.
    """
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    _run(["mkfs.ext4", "-q", "-F", "-b", str(_BLOCK_BYTES), str(image)])


@contextlib.contextmanager
def mounted(image: Path) -> Iterator[Path]:
    """The card in its slot; all is written to it at the end.

    Raises:
        CannotMountError: It cannot be mounted here.
    """
    with tempfile.TemporaryDirectory(prefix="card-") as folder:
        _run(["mount", "-o", "loop", str(image), folder])
        try:
            yield Path(folder)
        finally:
            _run(["umount", folder])


def _run(command: Sequence[str]) -> None:
    if os.geteuid() != 0:
        raise CannotMountError("only root may mount an image")
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    except FileNotFoundError as error:
        raise CannotMountError(f"{command[0]} is not installed") from error
    if done.returncode != 0:
        raise CannotMountError(f"{command[0]} failed: {done.stderr.strip()[:200]}")


def write_window(site: SimulatedSite, window: Window, folder: Path, on_air: OnAir) -> tuple[Path, list[str]]:
    """Write what the site sends in a window: a capture, and rows of a log of advertisements."""
    capture = folder / f"{window.from_at:%Y-%m-%d-%H%M}.pcap"
    rows: list[str] = []
    on_air.others |= {access_point.bssid for access_point in ACCESS_POINTS}
    with capture.open("wb") as file:
        file.write(PCAP_HEADER)
        named = probe_request(_NAMED_AFTER_ITSELF, f"DIRECT {_NAMED_AFTER_ITSELF}".encode())
        file.write(CapturedFrame(window.from_at.timestamp(), named).record())
        on_air.note(window.key_day, Radio.WIFI, [_NAMED_AFTER_ITSELF])
        for minute in range(window.minutes):
            at = window.from_at + timedelta(minutes=minute)
            for frame in captured_frames(site, at, _LISTEN_SECONDS):
                file.write(frame.record())
            on_air.note(window.key_day, Radio.WIFI, [one.sender for one in site.client_frames(at, _LISTEN_SECONDS)])
            sent = list(site.advertisements(at, _LISTEN_SECONDS))
            on_air.note(window.key_day, Radio.BLUETOOTH, [one.sender for one in sent])
            rows += [
                f"{one.at},{one.sender},{_address_type(one.sender)},{one.rssi_dbm or ''},02010605ff4c001005"
                for one in sent
            ]
    return capture, rows


def _address_type(address: str) -> str:
    return "random" if int(address[:2], 16) >> 6 in {0b01, 0b11} else "public"


def log_of(rows: Iterable[str], folder: Path) -> Path:
    """A log of advertisements."""
    path = folder / "advertisements.csv"
    path.write_text("\n".join(["time,address,address type,RSSI,payload hex", *rows]), encoding="ascii")
    return path


def surroundings(card: Path, rotation_hour: int) -> dict[str, str]:
    """The environment of a programme all of whose files lie on the card."""
    for name in ("home", "tmp", "data"):
        (card / name).mkdir(exist_ok=True)
    return {
        "HOME": str(card / "home"),
        "TMPDIR": str(card / "tmp"),
        "XDG_CACHE_HOME": str(card / "home"),
        "TRACKING_PRESENCE_TIME_ZONE": "UTC",
        "TRACKING_SCANS_KEY_ROTATION_HOUR": str(rotation_hour),
    }


def replay(card: Path, captures: Sequence[Path], log: Path, extra: Mapping[str, str]) -> None:
    """Take captures and advertisements down the programme's road; what it prints is kept on the card too."""
    words = ["replay", *map(str, captures), "--bluetooth", str(log), "--json"]
    done = carry_out(*words, "--db", _database(card), extra=extra, folder=card)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    (card / "replayed.txt").write_text(done.stdout + done.stderr, encoding="utf-8")


def listen_to_bluetooth(card: Path, extra: Mapping[str, str], on_air: OnAir, key_day: int) -> None:
    """Let the programme run, and hear a scan of Bluetooth by a real BleakScanner."""
    devices = [*made_up_devices(12), TELLTALE]
    on_air.note(key_day, Radio.BLUETOOTH, [device.address for device in devices])
    with private_bus() as bus, FakeBluez(bus.address, devices):
        radios = {"DBUS_SYSTEM_BUS_ADDRESS": bus.address, "TRACKING_SCANS_WIFI_INTERFACE": "nowhere0"}
        with started(card / "data", extra={**extra, **radios}, db=_database(card)) as programme:
            # Not the scans of the replay, which are some minutes old: the radio's own.
            programme.wait_until(lambda health: health["radios"]["bluetooth"]["device_count"] == len(devices))
            programme.stop()


def _listen_to_the_demonstration(card: Path, extra: Mapping[str, str], scans: int, on_air: OnAir, key_day: int) -> None:
    """Let a demonstration run on the same card: tshark listens live there, to a pipe."""
    listening = {"TRACKING_SCANS_LISTEN_SECONDS": "10", "TRACKING_SCANS_INTERVAL_SECONDS": "30"}
    began_at = datetime.now(UTC) - timedelta(minutes=1)
    with started(card / "data", "--demo", extra={**extra, **listening}, db=_database(card)) as programme:
        seen: set[object] = set()
        while len(seen) < scans:
            seen.add(programme.wait_until(lambda health: health["last_scan_at"] not in seen)["last_scan_at"])
        programme.stop()
    site = SimulatedSite(1, ZoneInfo("UTC"))
    for radio in Radio:
        # The history up to now too, which a demonstration makes of the time since the last scan.
        senders = site.senders(
            radio, began_at - timedelta(hours=1), (datetime.now(UTC) - began_at).total_seconds() + 3600
        )
        on_air.note(key_day, radio, [sender.address for sender in senders])


def _database(card: Path) -> str:
    return f"sqlite:///{card}/data/tracking.db"


def stored_hashes(card: Path) -> dict[int, set[bytes]]:
    """The hashes of the devices in the database, by the day number of the key."""
    hashes: dict[int, set[bytes]] = {}
    with contextlib.closing(sqlite3.connect(f"file:{card}/data/tracking.db?mode=ro", uri=True)) as connection:
        for radio in Radio:
            for key_period, name in connection.execute(f"SELECT key_period, device_hash FROM {radio.value}_devices"):  # noqa: S608 - names of our own
                hashes.setdefault(key_period, set()).add(name)
    return hashes


def keys_on(image: Path) -> set[bytes]:
    """What is written on a card as the programme writes its keys, and what can be derived from it."""
    found = {
        bytes.fromhex(run[0][at : at + 64].decode())
        for run in re.finditer(rb"[0-9a-fA-F]{64,}", image.read_bytes())
        for at in range(len(run[0]) - 63)
    }
    derived = set(found)
    for secret in found:
        step = secret
        for _ in range(_STEPS):
            step = hmac.digest(step, b"next day", "sha256")
            derived.add(step)
        derived.add(hmac.digest(secret, b"sealing", "sha256"))
    return derived


def bytes_that_are_keys(image: Path, sender: tuple[Radio, str], hashes: set[bytes]) -> tuple[int, int]:
    """Try any 32 bytes of a card, at whatever place, as the key of an address that the thief knows was there.

    Returns:
        How many were tried, and how many were a key.
    """
    content = image.read_bytes()
    text = f"{sender[0].value} {sender[1]}".encode()
    tried = count = 0
    for start in range(0, len(content), _BLOCK_BYTES):
        block = content[start : start + _BLOCK_BYTES + 31]
        if block.count(0) != len(block):
            tried += len(block) - 31
            count += sum(hmac.digest(block[at : at + 32], text, "sha256") in hashes for at in range(len(block) - 31))
    return tried, count


def names_under(secret: bytes, radio: Radio, address: str) -> Iterator[bytes]:
    """All that the programme ever names an address by, under a key."""
    for text in (
        f"{radio.value} {address}",
        f"identity address {address}",
        f"identity fixture {radio.value} {address}",
    ):
        yield hmac.digest(secret, text.encode(), "sha256")


def matched(keys: Iterable[bytes], senders: Iterable[tuple[Radio, str]], hashes: set[bytes]) -> int:
    """How many hashes the thief can match with an address."""
    return len(
        {name for secret, (radio, address) in product(keys, senders) for name in names_under(secret, radio, address)}
        & hashes
    )


def plain_hash_found(target: bytes, maker: bytes, unknown_bytes: int) -> str | None:
    """The address of which a plain SHA-256 was kept, as the older BLE agent did, tried out; None when it is none.

    Args:
        target: The hash.
        maker: What the address begins with, as is known of every maker.
        unknown_bytes: How many bytes come after it, all of which are tried.
    """
    begins = maker.hex(":")
    for number in range(256**unknown_bytes):
        address = f"{begins}:{number.to_bytes(unknown_bytes).hex(':')}"
        if hashlib.sha256(address.encode()).digest() == target:
            return address
    return None


def plant(image: Path, address: str) -> dict[str, int]:
    """Leave an address in a deleted file, in the slack after a file and in the journal; tells where in the image.

    Raises:
        CannotMountError: The image cannot be mounted here.
    """
    with mounted(image) as card:
        (card / "deleted").write_bytes(f"the address {address} in a file".encode())
        (card / "slack").write_bytes(b"a short file")
    places = {name: _first_block(image, name) for name in ("deleted", "slack", "<8>")}
    with mounted(image) as card:
        (card / "deleted").unlink()
        named = card / address.replace(":", "")  # names go through the journal, contents do not
        named.touch()
        os.sync()
        named.unlink()
    with image.open("r+b") as file:
        file.seek(places["slack"] + 1000)
        file.write(address.upper().encode())
    return {"deleted": places["deleted"], "slack": places["slack"], "journal": places["<8>"]}


def _first_block(image: Path, file: str) -> int:
    """Where in an image the first block of a file lies; the journal is file <8>."""
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    done = subprocess.run(
        ["debugfs", "-R", f"blocks {file}", str(image)], capture_output=True, text=True, check=True, env=environment
    )
    return int(done.stdout.split()[0]) * _BLOCK_BYTES


def key_day_of(at: datetime, rotation_hour: int) -> int:
    """Day number of the daily key that is in force at a moment, in UTC."""
    return (at - timedelta(hours=rotation_hour)).date().toordinal()


def _day_on(card: Path, hours: int, scans: int, on_air: OnAir) -> int:
    """Run the day on the card; gives the number of the day whose key is in force."""
    rotation_hour = 4
    now_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    today = key_day_of(now_at, rotation_hour)
    extra = surroundings(card, rotation_hour)
    with tempfile.TemporaryDirectory(prefix="air-") as folder:
        captures, rows = [], []
        for ago in range(hours, 0, -1):  # whole hours: the key rotates at the beginning of one
            at = now_at - timedelta(hours=ago)
            window = Window(at, 60, key_day_of(at, rotation_hour))
            capture, some = write_window(SimulatedSite(7, ZoneInfo("UTC")), window, Path(folder), on_air)
            captures.append(capture)
            rows += some
        replay(card, captures, log_of(rows, Path(folder)), extra)
    listen_to_bluetooth(card, extra, on_air, today)
    _listen_to_the_demonstration(card, extra, scans, on_air, today)
    for words in (["backup"], ["report"], ["doctor"]):
        done = carry_out(*words, "--db", _database(card), extra=extra, folder=card)
        (card / f"{words[0]}.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    return today


def _searched(image: Path, addresses: Sequence[str]) -> tuple[tuple[Found, ...], float]:
    began = time.process_time()
    return DiskSearch(addresses).in_image(image), time.process_time() - began


def main() -> int:
    """Run the day, steal the card, and print what was found as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=int, default=24, help="how long is replayed (default: 24)")
    parser.add_argument("--scans", type=int, default=5, help="so many live scans (default: 5)")
    parser.add_argument("--megabytes", type=int, default=512, help="of the card (default: 512)")
    arguments = parser.parse_args()
    on_air = OnAir()
    with tempfile.TemporaryDirectory(prefix="stolen-") as folder:
        image = Path(folder) / "card.img"
        make_image(image, arguments.megabytes)
        with mounted(image) as card:
            today = _day_on(card, arguments.hours, arguments.scans, on_air)
            hashes = stored_hashes(card)
        found, seconds = _searched(image, on_air.addresses)
        keys = keys_on(image)
        earlier = {name for day, names in hashes.items() if day < today for name in names}
        heard_earlier = sorted(sender for day, senders in on_air.days.items() if day < today for sender in senders)
        over = matched(keys, heard_earlier, earlier)
        tried, raw_keys = bytes_that_are_keys(image, heard_earlier[0], earlier)
        control = matched(keys, on_air.days[today], hashes[today])
        places = plant(image, "ac:de:48:00:11:22")
        planted = _searched(image, ["ac:de:48:00:11:22"])[0]
    began = time.process_time()
    plain = plain_hash_found(hashlib.sha256(b"ac:de:48:fe:dc:ba").digest(), bytes.fromhex("acde48"), 3)
    figures = {
        "addresses_on_air": len(on_air.addresses),
        "image_mb": arguments.megabytes,
        "search_processor_seconds": round(seconds, 1),
        "addresses_found": len({one.number for one in found}),
        "found_as": sorted({one.spelling for one in found}),
        "written_keys_tried": len(keys),
        "any_32_bytes_tried": tried,
        "hashes_of_days_over": len(earlier),
        "of_days_over_matched": over + raw_keys,
        "todays_hashes": len(hashes[today]),
        "todays_matched": control,
        "planted_found": sorted(_places_of(planted, places)),
        "plain_sha256_found": plain is not None,
        "plain_sha256_processor_seconds": round(time.process_time() - began, 1),
    }
    json.dump(figures, sys.stdout)
    print()
    # What finds nothing where there is something to find proves nothing.
    can_find = (
        bool(earlier)
        and plain is not None
        and control == len(hashes[today])
        and len(figures["planted_found"]) == len(places)
    )
    return 0 if can_find and not (found or over or raw_keys) else 1


def _places_of(found: Iterable[Found], places: Mapping[str, int]) -> set[str]:
    """In which of the places something was found; the journal is the last of them, and long."""
    journal_bytes = 64 << 20
    return {
        name
        for name, begin in places.items()
        if any(begin <= one.offset < begin + (journal_bytes if name == "journal" else _BLOCK_BYTES) for one in found)
    }


if __name__ == "__main__":
    sys.exit(main())
