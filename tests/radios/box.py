"""The programme in the guest: installed by its own `./run`, started as a user does, among radios that are played."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from presence.radio import Radio
from tests.radios.image import HERE, ROOT, Image, pack
from tests.radios.machine import Machine

_RADIOS_OF_OTHERS = 7  # an access point and six clients (guest/air.py)

# What a guest needs after each power on: the run's folder, hidden from the programme's user; the address that
# QEMU leads forwarded ports to; and a truth that only root may read.
_MOUNT = """
mount -t 9p -o trans=virtio,version=9p2000.L host /root/host
ip address add 10.0.2.15/24 dev eth0 && ip link set eth0 up
touch /run/truth.csv && chmod 600 /run/truth.csv
"""

WIFI_ON = f"""
modprobe mac80211_hwsim radios={_RADIOS_OF_OTHERS + 1}
ip netns list | grep -q air || ip netns add air
for number in $(seq {_RADIOS_OF_OTHERS}); do
    iw phy "$(cat /sys/class/net/wlan$number/phy80211/name)" set netns name air
done
ip link set hwsim0 netns air
systemd-run --quiet --unit=air --property=NetworkNamespacePath=/run/netns/air \
    python3 /root/host/guest/air.py /run/truth.csv
"""
WIFI_OFF = "systemctl stop air; modprobe -r mac80211_hwsim"

BLUETOOTH_ON = """
modprobe hci_vhci
systemd-run --quiet --unit=advertisers --setenv=PYTHONPATH=/opt/radios \
    python3 /root/host/guest/advertisers.py /run/truth.csv
"""
BLUETOOTH_OFF = "systemctl stop advertisers; modprobe -r hci_vhci"

_HOME = "/home/pi/tracking"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the API tells of one radio in one scan.

    Attributes:
        device_count: Devices heard; None when the radio was not heard.
        reason: Of what went wrong; empty when nothing did.
        recovery: What was done about that.
    """

    device_count: int | None
    reason: str
    recovery: str

    @property
    def is_whole(self) -> bool:
        """Whether the radio listened for the whole time."""
        return self.device_count is not None and not self.reason


@dataclass(frozen=True, slots=True)
class ScanTold:
    """What the API tells of one scan.

    Attributes:
        number: Grows from scan to scan, whatever the clock does.
        started_at: When it began, by the guest's clock of that moment.
        by_radio: What each radio heard.
    """

    number: int
    started_at: datetime
    by_radio: dict[Radio, Hearing]


class Box:
    """A guest with radios around it, and the programme in it; switched on from the start.

    Args:
        image: What the guest starts from.
        folder: Of the run.

    Attributes:
        machine: The guest, as it was switched on last.
    """

    def __init__(self, image: Image, folder: Path) -> None:
        self._image = image
        self._folder = folder
        shutil.copytree(HERE / "guest", folder / "guest")
        self.machine = Machine(image, folder)
        self.machine.do(_MOUNT)

    def power_cycle(self) -> None:
        """Cut off the power without a warning, and switch on again; no radio is plugged in afterwards."""
        self.machine.cut_power()
        self.machine = Machine(self._image, self._folder)
        self.machine.do(_MOUNT)

    def plug_radios(self) -> None:
        """Plug both adapters in; everything around them begins to send."""
        self.machine.do(WIFI_ON)
        self.machine.do(BLUETOOTH_ON)

    def bring_checkout(self) -> None:
        """Copy this checkout to where `./run` has installed what it needs, as an update would."""
        named = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True).stdout
        files = [ROOT / name for name in named.decode().split("\0") if name]
        pack((path for path in files if path.exists()), self._folder / "checkout.tar")
        self.machine.do(f"sudo -u pi tar -x -C {_HOME} </root/host/checkout.tar", 300)

    def start(self, settings: Mapping[str, str]) -> None:
        """Start `./run` as the user pi, with some settings; nobody starts it again when it ends."""
        variables = " ".join(f"--setenv={name}={value}" for name, value in settings.items())
        self.machine.run("systemctl reset-failed tracking")  # where it failed before
        self.machine.do(
            f"systemd-run --quiet --unit=tracking --uid=pi --working-directory={_HOME} {variables} {_HOME}/run"
        )

    def stop(self) -> None:
        """Ask the programme to stop, and wait until it has."""
        self.machine.do("systemctl stop tracking")

    def command(self, *words: str) -> str:
        """Run one of the programme's commands as the user pi, and give what it printed."""
        return self.machine.do(f"cd {_HOME} && sudo -u pi ./run {' '.join(words)}", 300)

    def query(self, query: str) -> str:
        """What the database answers, whether the programme runs or not."""
        return self.machine.do(f'sudo -u pi sqlite3 {_HOME}/data/tracking.db "{query}"', 300).strip()

    def damage_database(self) -> None:
        """Overwrite all but the beginning of the database with noise, as a card that fails does."""
        self.query("PRAGMA wal_checkpoint(TRUNCATE)")  # what is in the log alone would not be hit
        self.machine.do(
            f"cd {_HOME}/data && pages=$(($(stat -c %s tracking.db) / 4096)) && "
            "dd if=/dev/urandom of=tracking.db bs=4096 seek=2 count=$((pages - 2)) conv=notrunc 2>/dev/null && sync"
        )

    def collect(self) -> Path:
        """A folder with what the programme stored, its visitor key, and the truth so far."""
        self.machine.do(f"sqlite3 {_HOME}/data/tracking.db '.backup /root/host/tracking.db'")
        self.machine.do(f"cp {_HOME}/data/tracking.key /run/truth.csv /root/host/")
        return self._folder

    def forget(self) -> None:
        """Let the next start be the first, on a machine whose clock is right."""
        self.machine.do(f"rm -r {_HOME}/data; date --set=@{time.time():.0f}")

    def process(self) -> str:
        """Number of the programme's process; it stays the same as long as nobody restarts it."""
        return self.machine.do("systemctl show --property=MainPID --value tracking").strip()

    def log(self) -> str:
        """What the programme said."""
        return self.machine.do("journalctl --quiet --no-pager --output=cat --unit=tracking")

    def ask(self, path: str) -> Any:  # noqa: ANN401 - whatever the programme answers
        """What the programme answers to a client outside the guest; None while it does not."""
        try:
            answered = httpx.get(f"{self.machine.url}{path}", timeout=20)
            return answered.json()
        except (httpx.HTTPError, ValueError):
            return None

    def scans(self) -> list[ScanTold]:
        """All scans so far, the latest last; none while the programme does not answer."""
        told = self.ask("/api/v1/scans?limit=1000")
        scans = told["scans"] if isinstance(told, dict) and "scans" in told else []
        return sorted(map(_scan_told, scans), key=lambda told: told.number)

    def wait_until(self, is_so: Callable[[], bool], seconds: float, what: str) -> float:
        """Wait for something; seconds it took.

        Raises:
            AssertionError: It was not so in time.
        """
        start = time.monotonic()
        while not is_so():
            took = time.monotonic() - start
            assert took < seconds, f"not in {seconds:g} s: {what}; {self.scans()[-3:]}\n{self.log()[-3000:]}"
            time.sleep(0.5)
        return time.monotonic() - start


def _scan_told(told: dict[str, Any]) -> ScanTold:
    by_radio = {radio: _hearing(told[radio.value]) for radio in Radio}
    return ScanTold(told["id"], datetime.fromisoformat(told["started_at"]), by_radio)


def _hearing(told: dict[str, Any]) -> Hearing:
    fault = told["fault"] or {"reason": "", "recovery": ""}
    return Hearing(told["device_count"], fault["reason"], fault["recovery"])
