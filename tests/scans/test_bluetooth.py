from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dbus_fast import BusType, Message
from dbus_fast.aio import MessageBus

from presence.faults import FaultReason
from presence.scan import AddressKind
from scans.adapter import AdapterMender
from scans.advertisements import address_kind_of
from scans.bluetooth import BluetoothListener
from scans.commands import CommandResult
from scans.discovery import Discovery, HearAdvertisement, Scanner, bleak_scanner
from scans.sighting import Sighting
from tests.scans.conftest import StartBluez
from tests.scans.fake_bluez import Ailment, FakeDevice, PrivateBus, made_up_devices
from tests.scans.test_adapter import put_switch

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
APPLE = 0x004C
# Long enough for several rounds of the fake's advertisements, which are 0.05 s apart.
SECONDS = 0.4


def a_listener(adapter: str | None = None, *, care: AdapterMender | None = None) -> BluetoothListener:
    """A listener on the private bus, less patient than the real one, that may run no command."""
    care = care or AdapterMender(adapter, run=lambda _: CommandResult(1), answer_seconds=2, bluetooth_folder=Path("/"))
    return BluetoothListener(Discovery(adapter, care=care, start_seconds=1, stop_seconds=1), lambda: NOW)


def listen(listener: BluetoothListener, seconds: float = SECONDS) -> tuple[FaultReason | None, list[Sighting]]:
    heard: list[Sighting] = []
    fault = listener.listen(seconds, heard.append)
    return fault.reason if fault else None, heard


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def clients_become(count: int) -> bool:
    """Whether the bus comes to have so many connections besides this one; it sees that one is closed with delay."""
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    daemon = "org.freedesktop.DBus"
    try:
        for _ in range(100):
            question = Message(daemon, "/org/freedesktop/DBus", daemon, "ListNames")
            reply = await bus.call(question)
            if sum(name.startswith(":") for name in reply.body[0]) - 1 == count:
                return True
            await asyncio.sleep(0.1)
        return False
    finally:
        bus.disconnect()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # dbus-fast names none


# What is heard


def test_a_device_becomes_a_sighting(start_bluez: StartBluez) -> None:
    """A sighting holds the address in lower case, its kind, the RSSI, the time, and the company identifier."""
    start_bluez([FakeDevice("DE:AD:BE:EF:00:01", rssi=-71, manufacturer_data={APPLE: b"\x10"}, advertisements=1)])
    _, [sighting] = listen(a_listener())
    assert sighting.address == "de:ad:be:ef:00:01"
    assert sighting.address_kind is AddressKind.RANDOM_STATIC
    assert sighting.rssi_dbm == -71
    assert sighting.company_id == APPLE
    assert sighting.heard_at_seconds == NOW.timestamp()


@pytest.mark.parametrize(
    ("address", "address_type", "kind"),
    [
        ("00:1a:7d:00:00:01", "public", AddressKind.GLOBAL),
        ("c0:00:00:00:00:01", "random", AddressKind.RANDOM_STATIC),
        ("ff:00:00:00:00:01", "random", AddressKind.RANDOM_STATIC),
        ("40:00:00:00:00:01", "random", AddressKind.RESOLVABLE),
        ("7f:00:00:00:00:01", "random", AddressKind.RESOLVABLE),
        ("3f:00:00:00:00:01", "random", AddressKind.NON_RESOLVABLE),
        ("80:00:00:00:00:01", "random", AddressKind.UNKNOWN),
        ("c0:00:00:00:00:01", "", AddressKind.UNKNOWN),
        ("nonsense", "random", AddressKind.UNKNOWN),
    ],
)
def test_the_type_and_top_bits_tell_the_kind_of_address(address: str, address_type: str, kind: AddressKind) -> None:
    """A public address is global; of a random one the two top bits say which kind it is."""
    assert address_kind_of(address, address_type) is kind


@pytest.mark.parametrize("rssi", [-127, 0, 4, 127])
def test_a_reading_that_is_none_is_left_out(start_bluez: StartBluez, rssi: int) -> None:
    """A device whose RSSI says "no reading" is heard all the same, without one."""
    start_bluez([FakeDevice("c0:00:00:00:00:01", rssi=rssi, advertisements=1)])
    _, [sighting] = listen(a_listener())
    assert sighting.rssi_dbm is None


def test_each_repeated_advertisement_counts(start_bluez: StartBluez) -> None:
    """Advertisements that are equal to the last bit are sightings each."""
    start_bluez([FakeDevice("c0:00:00:00:00:01", advertisements=4)])
    _, heard = listen(a_listener(), seconds=1)
    assert len(heard) == 4


def test_a_connection_is_no_sighting(start_bluez: StartBluez) -> None:
    """A device that connects and disconnects, and advertises nothing meanwhile, is not heard by that."""
    start_bluez([FakeDevice("c0:00:00:00:00:01", advertisements=1, connection_changes=3)])
    _, heard = listen(a_listener(), seconds=1)
    assert len(heard) == 1


def test_a_known_device_that_is_not_heard_is_no_sighting(start_bluez: StartBluez) -> None:
    """A device that BlueZ knows from earlier, and that only connects, is not heard."""
    start_bluez([FakeDevice("c0:00:00:00:00:01", rssi=None, is_known=True, advertisements=0, connection_changes=2)])
    assert listen(a_listener()) == (None, [])


def test_nobody_there_is_no_fault(start_bluez: StartBluez) -> None:
    """An empty place is heard as empty."""
    start_bluez()
    assert listen(a_listener()) == (None, [])


def test_five_hundred_devices_are_heard_without_loss(start_bluez: StartBluez) -> None:
    """Of 500 devices that advertise in turns, every one is heard, as often as it advertised."""
    devices = made_up_devices(500)
    start_bluez([FakeDevice(d.address, d.address_type, d.rssi, d.manufacturer_data, advertisements=3) for d in devices])
    reason, heard = listen(a_listener(), seconds=5)
    assert reason is None
    assert Counter(s.address for s in heard) == {device.address: 3 for device in devices}


def test_all_of_bluez_reports_are_asked_for(start_bluez: StartBluez) -> None:
    """The discovery filter asks for every advertisement, whatever its strength, of low-energy devices."""
    bluez = start_bluez()
    listen(a_listener())
    asked = {name: variant.value for name, variant in bluez.filters[0].items()}
    assert asked == {"Transport": "le", "DuplicateData": True, "RSSI": -127}


def test_the_named_adapter_is_used(start_bluez: StartBluez) -> None:
    """A listener on a named adapter listens with that one, and says so when there is none of that name."""
    start_bluez(adapters=("hci0", "hci1"))
    assert listen(a_listener("hci1"))[0] is None
    assert listen(a_listener("hci7"))[0] is FaultReason.NO_ADAPTER


# What goes wrong


@pytest.mark.parametrize(
    ("ailment", "reason"),
    [
        (Ailment.NO_ADAPTER, FaultReason.NO_ADAPTER),
        (Ailment.POWERED_OFF, FaultReason.POWERED_OFF),
        (Ailment.NEVER_ANSWERS, FaultReason.HUNG),
        (Ailment.START_HANGS, FaultReason.HUNG),
        (Ailment.BUSY, FaultReason.BUSY),
        (Ailment.NOT_AUTHORISED, FaultReason.NO_PERMISSION),
    ],
)
@pytest.mark.parametrize("adapter", [None, "hci0"])
def test_a_start_that_fails_says_why(
    start_bluez: StartBluez, ailment: Ailment, reason: FaultReason, adapter: str | None
) -> None:
    """Each way in which listening cannot begin has its own reason, for a named adapter as for any."""
    start_bluez(made_up_devices(3), ailment)
    assert listen(a_listener(adapter)) == (reason, [])


@pytest.mark.parametrize(("is_in_kernel", "reason"), [(True, None), (False, FaultReason.NO_ADAPTER)])
def test_a_service_that_has_only_begun_is_given_a_moment(
    start_bluez: StartBluez, tmp_path: Path, is_in_kernel: bool, reason: FaultReason | None
) -> None:
    """An adapter that the kernel has, and BlueZ does not know yet, is waited for; one that nobody has is not."""
    if is_in_kernel:
        put_switch(tmp_path, 0)
    start_bluez(ailment=Ailment.ONLY_JUST_BEGUN)
    care = AdapterMender(None, run=lambda _: CommandResult(1), rfkill_folder=tmp_path)
    assert listen(a_listener(care=care))[0] is reason


@pytest.mark.parametrize(
    ("ailment", "reason"),
    [
        (Ailment.ADAPTER_REMOVED, FaultReason.LOST),
        (Ailment.SERVICE_GONE, FaultReason.LOST),
        (Ailment.SWITCHED_OFF, FaultReason.POWERED_OFF),
        (Ailment.STOP_HANGS, FaultReason.TIMED_OUT),
        (Ailment.STOP_REFUSED, FaultReason.HUNG),
        (Ailment.DISCOVERY_ENDED, FaultReason.LOST),
    ],
)
def test_what_was_heard_before_a_fault_is_kept(start_bluez: StartBluez, ailment: Ailment, reason: FaultReason) -> None:
    """A scan that is cut short says why, and keeps every device heard until then."""
    bluez = start_bluez(made_up_devices(3))
    heard: set[str] = set()
    fault = a_listener().listen(SECONDS, bluez.ailing_once_heard(ailment, heard))
    assert fault is not None
    assert fault.reason is reason
    assert len(heard) == 3


def test_a_bus_that_dies_in_mid_scan_is_lost(start_bluez: StartBluez, bus: PrivateBus) -> None:
    """When the D-Bus daemon itself ends in mid-scan, the adapter is lost, and what was heard is kept."""
    start_bluez([FakeDevice("c0:00:00:00:00:01")])
    heard: list[Sighting] = []

    def hear(sighting: Sighting) -> None:
        heard.append(sighting)
        bus.kill()

    fault = a_listener().listen(SECONDS, hear)
    assert fault is not None
    assert fault.reason is FaultReason.LOST
    assert heard


def test_no_bus_is_told_from_no_service(monkeypatch: pytest.MonkeyPatch, bus: PrivateBus, tmp_path: Path) -> None:
    """A machine without a system bus, one whose bus lets nobody in, and one without bluetoothd are three things."""
    assert listen(a_listener())[0] is FaultReason.NO_BLUETOOTH_SERVICE
    bus.kill()
    assert listen(a_listener())[0] is FaultReason.NO_DBUS
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'nothing'}")
    assert listen(a_listener())[0] is FaultReason.NO_DBUS


def test_a_blocked_adapter_is_told_from_one_switched_off(start_bluez: StartBluez, tmp_path: Path) -> None:
    """Where the kernel blocks the radio, that is the reason, and not the adapter's being off."""
    start_bluez(ailment=Ailment.POWERED_OFF)
    switch = tmp_path / "rfkill0"
    switch.mkdir()
    for name, text in {"type": "bluetooth", "name": "hci0", "soft": "1", "hard": "0"}.items():
        (switch / name).write_text(f"{text}\n")
    listener = a_listener(care=AdapterMender(None, run=lambda _: CommandResult(1), rfkill_folder=tmp_path))
    assert listen(listener)[0] is FaultReason.BLOCKED


@pytest.mark.parametrize("ailment", [None, *Ailment])
def test_nothing_is_left_of_a_scan(start_bluez: StartBluez, ailment: Ailment | None) -> None:
    """However a scan ends, BlueZ is told to stop, and no connection or open file remains."""
    bluez = start_bluez(made_up_devices(3), ailment)
    listener = a_listener()
    listen(listener)
    files = open_files()
    listen(listener)
    assert asyncio.run(clients_become(0 if bluez.is_gone.is_set() else 1))
    assert open_files() == files
    assert bluez.is_idle.wait(10)


@pytest.mark.parametrize("ailment", [Ailment.START_HANGS, Ailment.STOP_HANGS, Ailment.NEVER_ANSWERS])
def test_a_hang_leaves_the_next_scan_unharmed(start_bluez: StartBluez, ailment: Ailment) -> None:
    """After a scan that hung, the next one hears, once BlueZ answers again."""
    bluez = start_bluez(made_up_devices(3), ailment)
    listener = a_listener()
    listen(listener)
    bluez.get_well()
    reason, heard = listen(listener)
    assert reason is None
    assert len({sighting.address for sighting in heard}) == 3


@pytest.mark.parametrize(
    ("ailment", "recovery"),
    [
        (Ailment.POWERED_OFF, "switched on the adapter"),
        (Ailment.START_HANGS, "power-cycled the adapter"),
        (Ailment.STOP_HANGS, "power-cycled the adapter"),
        (Ailment.STOP_REFUSED, "power-cycled the adapter"),
    ],
)
def test_a_recovery_brings_the_next_scan_back(start_bluez: StartBluez, ailment: Ailment, recovery: str) -> None:
    """What can be mended is mended after the scan that found it, and the next one hears."""
    start_bluez(made_up_devices(3), ailment)
    listener = a_listener()
    fault = listener.listen(SECONDS, lambda _: None)
    assert fault is not None
    assert listener.recover(fault) == recovery
    assert listen(listener)[0] is None


def test_a_stuck_discovery_is_power_cycled_at_the_second_refusal(start_bluez: StartBluez) -> None:
    """An adapter that is busy once is left alone, and one that still is in the next scan is power-cycled."""
    bluez = start_bluez(ailment=Ailment.BUSY)
    listener = a_listener()
    done = []
    for _ in range(2):
        fault = listener.listen(SECONDS, lambda _: None)
        assert fault is not None
        done.append(listener.recover(fault))
    assert done == ["", "power-cycled the adapter"]
    assert bluez.calls[-2:] == ["Powered off", "Powered on"]


def test_a_fault_shows_no_address(start_bluez: StartBluez) -> None:
    """What an error says is cut to a line and rid of addresses before anybody sees it."""
    start_bluez()
    listener = BluetoothListener(Discovery(None, lambda _hear, _adapter: Talkative()), lambda: NOW)
    fault = listener.listen(SECONDS, lambda _: None)
    assert fault is not None
    assert fault.reason is FaultReason.UNEXPECTED
    assert fault.detail.startswith("RuntimeError: dev_(address) and (address)")
    assert len(fault.detail) <= 160
    assert fault.detail.isprintable()


def test_an_error_of_whoever_hears_is_a_fault(start_bluez: StartBluez, caplog: pytest.LogCaptureFixture) -> None:
    """An error in taking sightings in ends in a fault, once, and not in the log of a library."""
    start_bluez(made_up_devices(3))

    def stumble(sighting: Sighting) -> None:
        raise LookupError(sighting.address)

    fault = a_listener().listen(SECONDS, stumble)
    assert fault is not None
    assert fault.reason is FaultReason.UNEXPECTED
    assert fault.detail == "LookupError: (address)"
    assert caplog.text == ""


class Talkative:
    """A scanner whose error tells too much."""

    async def start(self) -> None:
        raise RuntimeError("dev_AA_BB_CC_DD_EE_FF and\naa:bb:cc:dd:ee:ff \x1b[31m" + "x" * 500)

    async def stop(self) -> None:
        pass


def test_each_scan_has_a_scanner_of_its_own(start_bluez: StartBluez) -> None:
    """Scanners are made anew, for the listener's adapter, so that a broken one is used once."""
    start_bluez()
    made: list[str | None] = []

    def make(hear: HearAdvertisement, adapter: str | None) -> Scanner:
        made.append(adapter)
        return bleak_scanner(hear, adapter)

    listener = BluetoothListener(Discovery("hci0", make), lambda: NOW)
    for _ in range(2):
        assert listen(listener)[0] is None
    assert made == ["hci0", "hci0"]


def test_the_wall_clock_dates_each_sighting(start_bluez: StartBluez) -> None:
    """A sighting is dated by the clock at the moment it is heard."""
    start_bluez([FakeDevice("c0:00:00:00:00:01", advertisements=2)])
    times = iter(NOW + timedelta(seconds=second) for second in range(2))
    heard: list[Sighting] = []
    BluetoothListener(Discovery(None), lambda: next(times)).listen(1, heard.append)
    assert [sighting.heard_at_seconds - NOW.timestamp() for sighting in heard] == [0, 1]
