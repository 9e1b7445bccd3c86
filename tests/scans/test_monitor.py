from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from presence.faults import Fault, FaultReason
from scans.commands import CommandResult
from scans.monitor import MonitorInterface, own_addresses
from tests.scans.fake_wireless import (
    ADDRESS,
    DISABLED,
    NOT_PERMITTED,
    RFKILL_NOT_PERMITTED,
    ROUTE,
    SUDO_ASKS,
    UNSUPPORTED,
    FakeWifi,
    put,
)

SWITCH = ["ip link set wlan0 down", "iw dev wlan0 set type monitor", "ip link set wlan0 up"]
SWITCH_BACK = ["ip link set wlan0 down", "iw dev wlan0 set type managed"]
ADD = ["iw phy phy0 interface add wlan0mon type monitor", "ip link set wlan0mon up"]


@pytest.fixture
def wifi(tmp_path: Path) -> FakeWifi:
    return FakeWifi(tmp_path)


def monitor_of(
    wifi: FakeWifi, name: str | None = None, *, may_switch: bool = True, channels: tuple[int, ...] = (1, 6, 11)
) -> MonitorInterface:
    return MonitorInterface(name, may_switch, channels, wifi, wifi.kernel)


def reason_of(prepared: str | Fault) -> FaultReason:
    assert isinstance(prepared, Fault)
    return prepared.reason


# Found in monitor mode


def test_an_interface_in_monitor_mode_is_used_as_it_is(wifi: FakeWifi) -> None:
    """Where an interface listens already, nothing is changed, and from the second scan on nothing is even run."""
    wifi.add("wlan0mon", kind="monitor", is_up=True)
    monitor = monitor_of(wifi, may_switch=False)
    assert monitor.prepare() == "wlan0mon"
    assert wifi.changes() == []
    wifi.ran.clear()
    assert monitor.prepare() == "wlan0mon"
    assert wifi.ran == []


def test_the_channel_of_an_interface_found_in_monitor_mode_is_put_back(wifi: FakeWifi) -> None:
    """Hopping is undone too: an interface that somebody set up goes back to the channel it was on."""
    wifi.add("wlan0mon", kind="monitor", is_up=True)
    monitor = monitor_of(wifi)
    monitor.prepare()
    monitor.close()
    assert wifi.changes() == ["iw dev wlan0mon set freq 2437"]


def test_an_interface_in_monitor_mode_that_is_down_is_brought_up(wifi: FakeWifi) -> None:
    """A monitor interface that is down is used as well, and is down again afterwards."""
    wifi.add("wlan0mon", kind="monitor")
    monitor = monitor_of(wifi, may_switch=False)
    assert monitor.prepare() == "wlan0mon"
    assert wifi.state() == {"wlan0mon": ("monitor", True)}
    monitor.close()
    assert wifi.state() == {"wlan0mon": ("monitor", False)}


def test_a_monitor_interface_beside_the_named_one_is_used(wifi: FakeWifi) -> None:
    """What an earlier run left beside the configured interface serves this one."""
    wifi.add("wlan0", is_up=True)
    wifi.add("wlan0mon", kind="monitor", is_up=True)
    assert monitor_of(wifi, "wlan0").prepare() == "wlan0mon"


# Switched


@pytest.mark.parametrize("is_up", [False, True])
def test_an_interface_nobody_needs_is_switched_and_put_back(wifi: FakeWifi, is_up: bool) -> None:
    """An idle interface goes to monitor mode, and afterwards is managed again, and up if it was."""
    wifi.add("wlan0", is_up=is_up)
    put(wifi.kernel / "net" / "eth0", carrier="1")
    monitor = monitor_of(wifi)
    assert monitor.prepare() == "wlan0"
    assert wifi.changes() == SWITCH
    wifi.ran.clear()
    monitor.close()
    assert wifi.state() == {"wlan0": ("managed", is_up)}
    assert wifi.changes() == [*SWITCH_BACK, *(["ip link set wlan0 up"] if is_up else [])]
    wifi.ran.clear()
    monitor.close()
    assert wifi.ran == []


def test_without_permission_to_switch_nothing_is_switched(wifi: FakeWifi) -> None:
    """When config.toml forbids it, an interface stays as it is, and the owner is told which setting says so."""
    wifi.add("wlan0")
    prepared = monitor_of(wifi, may_switch=False).prepare()
    assert isinstance(prepared, Fault)
    assert prepared.reason is FaultReason.NOT_MONITOR_MODE
    assert "scans.wifi_switch_to_monitor" in prepared.detail
    assert wifi.ran == []


def test_an_adapter_without_monitor_mode_is_left_alone(wifi: FakeWifi) -> None:
    """An adapter that cannot listen, such as the Pi's own, is not touched."""
    wifi.plug(has_monitor_mode=False)
    wifi.add("wlan0")
    fault = monitor_of(wifi).prepare()
    assert fault == Fault(FaultReason.NOT_MONITOR_MODE, "The adapter of wlan0 has no monitor mode.")
    assert wifi.changes() == []


def test_the_adapter_that_can_listen_is_found(wifi: FakeWifi) -> None:
    """Of the Pi's own Wi-Fi and a USB adapter, the one with monitor mode is switched."""
    wifi.plug("phy0", has_monitor_mode=False)
    wifi.add("wlan0", "phy0")
    wifi.connect("wlan0")
    wifi.add("wlan1", "phy1")
    assert monitor_of(wifi).prepare() == "wlan1"
    assert wifi.state() == {"wlan0": ("managed", True), "wlan1": ("monitor", True)}


def test_the_named_interface_is_taken_and_no_other(wifi: FakeWifi) -> None:
    """With a name in config.toml, an interface of another adapter is not used, though it listens already."""
    wifi.add("wlan0", "phy0", kind="monitor", is_up=True)
    wifi.add("wlan1", "phy1")
    assert monitor_of(wifi, "wlan1").prepare() == "wlan1"


def test_a_driver_that_refuses_to_switch_gets_a_second_interface(wifi: FakeWifi) -> None:
    """Where switching is refused, the interface is up again as it was, and one is added beside it."""
    wifi.add("wlan0", is_up=True)
    put(wifi.kernel / "net" / "eth0", carrier="1")
    wifi.answers["iw dev wlan0 set type monitor"] = UNSUPPORTED
    monitor = monitor_of(wifi)
    assert monitor.prepare() == "wlan0mon"
    assert wifi.state() == {"wlan0": ("managed", True), "wlan0mon": ("monitor", True)}
    monitor.close()
    assert wifi.state() == {"wlan0": ("managed", True)}


# Never cut off


def test_a_connected_interface_is_never_taken_down(wifi: FakeWifi) -> None:
    """The interface that carries the owner's network stays; a second one listens beside it, and goes afterwards."""
    wifi.add("wlan0")
    wifi.connect("wlan0")
    put(wifi.kernel / "net" / "eth0", carrier="1")
    monitor = monitor_of(wifi)
    assert monitor.prepare() == "wlan0mon"
    assert wifi.changes() == ADD
    wifi.ran.clear()
    monitor.close()
    assert wifi.changes() == ["iw dev wlan0mon del"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("ip -o address show dev wlan0", CommandResult(0, ADDRESS.format(name="wlan0"))),
        ("ip -o route show default dev wlan0", CommandResult(0, ROUTE)),
        ("ip -o address", CommandResult(None, complaint="ip did not end within 3 s")),
        ("iw dev wlan0 info", CommandResult(0, "Interface wlan0\n\ttype AP\n")),
    ],
    ids=["address", "default route", "not known", "access point"],
)
def test_an_interface_that_is_needed_without_a_connection_now_is_not_switched(
    wifi: FakeWifi, question: str, answer: CommandResult
) -> None:
    """An interface with an address, the default route, or another purpose is in use, also while it is cut off."""
    wifi.add("wlan0")
    wifi.answers[question] = answer
    assert monitor_of(wifi).prepare() == "wlan0mon"
    assert wifi.changes() == ADD


def test_an_interface_about_to_connect_is_not_switched(wifi: FakeWifi) -> None:
    """One that is on, where nothing else connects the machine, may be the owner's only way to it."""
    wifi.add("wlan0", is_up=True)
    put(wifi.kernel / "net" / "eth0", carrier="0")
    put(wifi.kernel / "net" / "lo", carrier="1")
    assert monitor_of(wifi).prepare() == "wlan0mon"
    assert wifi.state()["wlan0"] == ("managed", True)


def test_a_needed_interface_whose_adapter_cannot_do_both_is_told_of(wifi: FakeWifi) -> None:
    """Where neither is possible, the owner is told why, and the network stays."""
    wifi.add("wlan0")
    wifi.connect("wlan0")
    wifi.answers["iw phy phy0 interface add"] = UNSUPPORTED
    prepared = monitor_of(wifi).prepare()
    assert isinstance(prepared, Fault)
    assert prepared.reason is FaultReason.NOT_MONITOR_MODE
    assert prepared.detail.startswith("wlan0 may be needed for the network, and its adapter does not listen beside")
    assert wifi.state() == {"wlan0": ("managed", True)}


def test_what_the_owner_connected_meanwhile_is_not_cut_off_at_the_end(wifi: FakeWifi) -> None:
    """An interface that was taken back and connected in mid-run is not taken down by putting things back."""
    wifi.add("wlan0")
    monitor = monitor_of(wifi)
    monitor.prepare()
    wifi.set("wlan0", kind="managed")
    wifi.connect("wlan0")
    assert monitor.prepare() == "wlan0mon"
    monitor.close()
    assert wifi.state() == {"wlan0": ("managed", True)}


# What can be wrong


def test_a_machine_without_wifi_has_no_interface(wifi: FakeWifi) -> None:
    """Without a Wi-Fi interface there is nothing to run, and nothing to mend."""
    monitor = monitor_of(wifi)
    assert monitor.prepare() == Fault(FaultReason.NO_INTERFACE)
    assert monitor.recover(Fault(FaultReason.NO_INTERFACE)) == ""
    assert wifi.ran == []


def test_a_name_that_is_not_there_is_told(wifi: FakeWifi) -> None:
    """A name in config.toml that no Wi-Fi interface has is in the answer."""
    wifi.add("wlan0")
    fault = monitor_of(wifi, "wlan7").prepare()
    assert fault == Fault(FaultReason.NO_INTERFACE, "There is no Wi-Fi interface wlan7.")


@pytest.mark.parametrize("kind", ["managed", "monitor"])
def test_a_blocked_adapter_is_freed_by_recovering(wifi: FakeWifi, kind: str) -> None:
    """An adapter that is blocked says so; recovering frees it, and only it."""
    wifi.add("wlan0", "phy0")
    wifi.add("wlan1", "phy1", kind=kind)
    wifi.block("phy0")
    wifi.block("phy1")
    monitor = monitor_of(wifi, "wlan1")
    fault = monitor.prepare()
    assert fault == Fault(FaultReason.BLOCKED)
    assert monitor.recover(fault).startswith("unblocked Wi-Fi")
    assert monitor.prepare() == "wlan1"
    assert [command for command in wifi.changes() if "rfkill" in command] == ["rfkill unblock 1"]


@pytest.mark.parametrize(
    ("by", "answer"), [("hard", None), ("soft", RFKILL_NOT_PERMITTED)], ids=["hardware", "permission"]
)
def test_a_block_that_cannot_be_undone_is_not_called_undone(
    wifi: FakeWifi, by: str, answer: CommandResult | None
) -> None:
    """A switch on the machine, or a missing permission, leaves it blocked, and nothing is claimed."""
    wifi.add("wlan0mon", kind="monitor")
    wifi.block(by=by)
    if answer is not None:
        wifi.answers |= {"rfkill": answer, "sudo": SUDO_ASKS}
    monitor = monitor_of(wifi)
    assert monitor.recover(Fault(FaultReason.BLOCKED)) == ""
    assert monitor.prepare() == Fault(FaultReason.BLOCKED)
    assert not any("up" in command.split() for command in wifi.ran)


def test_only_what_is_used_is_freed(wifi: FakeWifi) -> None:
    """An adapter that is not used, or that cannot listen, may be blocked on purpose, and stays so."""
    wifi.add("wlan0", "phy0")
    wifi.add("wlan1", "phy1", kind="monitor", is_up=True)
    wifi.plug("phy2", has_monitor_mode=False)
    wifi.add("wlan2", "phy2")
    monitor = monitor_of(wifi)
    monitor.prepare()
    for phy in ("phy0", "phy1", "phy2"):
        wifi.block(phy)
    assert monitor.recover(Fault(FaultReason.INTERFACE_DOWN)) == "unblocked Wi-Fi"
    wifi.block("phy1")
    assert monitor_of(wifi, "wlan2").recover(Fault(FaultReason.NOT_MONITOR_MODE)) == ""
    assert [command for command in wifi.changes() if "rfkill" in command] == ["rfkill unblock 1"]


def test_of_two_adapters_the_one_that_could_listen_says_why_not(wifi: FakeWifi) -> None:
    """Beside the Pi's own Wi-Fi, which never listens, it is the blocked USB adapter that the owner is told of."""
    wifi.plug("phy0", has_monitor_mode=False)
    wifi.add("wlan0", "phy0")
    wifi.add("wlan1", "phy1")
    wifi.block("phy1")
    assert monitor_of(wifi).prepare() == Fault(FaultReason.BLOCKED)


def test_a_user_without_the_right_is_told(wifi: FakeWifi) -> None:
    """Without the right to change interfaces, and with a sudo that asks for a password, permission is what lacks."""
    wifi.add("wlan0", is_up=True)
    wifi.answers |= {"ip link": NOT_PERMITTED, "iw phy phy0 interface": NOT_PERMITTED, "sudo": SUDO_ASKS}
    assert reason_of(monitor_of(wifi).prepare()) is FaultReason.NO_PERMISSION
    assert wifi.state() == {"wlan0": ("managed", True)}


def test_sudo_without_a_password_serves_a_user_without_the_right(wifi: FakeWifi) -> None:
    """What this user may not do is done as root where sudo allows it; asking about things is done as this user."""
    wifi.add("wlan0")
    wifi.answers |= {"ip link": NOT_PERMITTED, "iw dev wlan0 set": NOT_PERMITTED}
    assert monitor_of(wifi).prepare() == "wlan0"
    assert [command for command in wifi.ran if command.startswith("sudo")] == [f"sudo -n {step}" for step in SWITCH]


# Kept so


@pytest.mark.parametrize("is_told", [False, True], ids=["prepare", "recover"])
def test_a_deleted_monitor_interface_is_created_again(wifi: FakeWifi, is_told: bool) -> None:
    """A monitor interface that somebody deletes comes back under its name, also one that somebody else had made."""
    wifi.add("wlan0mon", kind="monitor", is_up=True)
    monitor = monitor_of(wifi)
    monitor.prepare()
    wifi.remove("wlan0mon")
    if is_told:
        assert monitor.recover(Fault(FaultReason.LOST)) == "re-created the monitor interface wlan0mon"
    assert monitor.prepare() == "wlan0mon"
    monitor.close()
    assert wifi.state() == {"wlan0mon": ("monitor", True)}


def test_without_permission_to_switch_nothing_is_created_again(wifi: FakeWifi) -> None:
    """Where nothing may be switched, a deleted interface stays deleted."""
    wifi.add("wlan0mon", kind="monitor", is_up=True)
    monitor = monitor_of(wifi, may_switch=False)
    monitor.prepare()
    wifi.remove("wlan0mon")
    assert reason_of(monitor.prepare()) is FaultReason.NO_INTERFACE
    assert wifi.changes() == []


@pytest.mark.parametrize("is_told", [False, True], ids=["prepare", "recover"])
def test_an_interface_taken_down_is_brought_up(wifi: FakeWifi, is_told: bool) -> None:
    """An interface that somebody takes down is up again for the next scan, and stays up afterwards if it was."""
    wifi.add("wlan0mon", kind="monitor", is_up=True)
    monitor = monitor_of(wifi)
    monitor.prepare()
    wifi.set("wlan0mon", is_up=False)
    if is_told:
        assert monitor.recover(Fault(FaultReason.INTERFACE_DOWN)) == "brought wlan0mon up"
    assert monitor.prepare() == "wlan0mon"
    monitor.close()
    assert wifi.state() == {"wlan0mon": ("monitor", True)}


def test_an_interface_switched_back_is_switched_again(wifi: FakeWifi) -> None:
    """An interface that somebody switches to managed, and does not use, is switched again."""
    wifi.add("wlan0")
    monitor = monitor_of(wifi)
    monitor.prepare()
    wifi.set("wlan0", kind="managed", is_up=True)
    put(wifi.kernel / "net" / "eth0", carrier="1")
    assert monitor.recover(Fault(FaultReason.TSHARK_CRASHED)) == "switched wlan0 to monitor mode"
    assert monitor.prepare() == "wlan0"
    monitor.close()
    assert wifi.state() == {"wlan0": ("managed", False)}


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lambda wifi: wifi.set("wlan0mon", kind="managed"), FaultReason.NOT_MONITOR_MODE),
        (lambda wifi: wifi.set("wlan0mon", is_up=False), FaultReason.INTERFACE_DOWN),
        (lambda wifi: wifi.block(), FaultReason.BLOCKED),
        (lambda wifi: wifi.remove("wlan0mon"), FaultReason.LOST),
        (lambda _: None, None),
    ],
    ids=["switched", "taken down", "blocked", "deleted", "nothing"],
)
def test_what_became_of_an_interface_in_mid_capture_is_told_and_left(
    wifi: FakeWifi, happens: Callable[[FakeWifi], None], reason: FaultReason | None
) -> None:
    """Who looks why no more frames come is told what became of the interface, and nothing is changed by that."""
    wifi.add("wlan0mon", kind="monitor", is_up=True)
    monitor = monitor_of(wifi)
    monitor.prepare()
    happens(wifi)
    fault = monitor.trouble()
    assert (fault.reason if fault else None) == reason
    assert wifi.changes() == []


def test_an_adapter_unplugged_and_plugged_in_again_is_found(wifi: FakeWifi) -> None:
    """An adapter that goes leaves no interface; when it comes back, as another adapter to the kernel, it is used."""
    wifi.add("wlan1", "phy1")
    monitor = monitor_of(wifi, "wlan1")
    monitor.prepare()
    wifi.unplug("phy1")
    assert reason_of(monitor.prepare()) is FaultReason.NO_INTERFACE
    wifi.add("wlan1", "phy2")
    assert monitor.prepare() == "wlan1"
    monitor.close()
    assert wifi.state() == {"wlan1": ("managed", False)}


def test_an_adapter_that_hangs_is_restarted(wifi: FakeWifi) -> None:
    """When nothing answered though all looks well, the interface is taken down and up."""
    wifi.add("wlan0mon", kind="monitor", is_up=True)
    monitor = monitor_of(wifi)
    monitor.prepare()
    assert monitor.recover(Fault(FaultReason.HUNG)) == "restarted wlan0mon"
    assert wifi.changes() == ["ip link set wlan0mon down", "ip link set wlan0mon up"]


def test_when_all_is_well_recovering_does_nothing(wifi: FakeWifi) -> None:
    """A fault that is not the interface's leaves it alone."""
    wifi.add("wlan0mon", kind="monitor", is_up=True)
    monitor = monitor_of(wifi)
    monitor.prepare()
    assert monitor.recover(Fault(FaultReason.TSHARK_CRASHED)) == ""
    assert wifi.changes() == []


def test_after_closing_nothing_is_changed_any_more(wifi: FakeWifi) -> None:
    """A scan that is still under way when the programme stops does not switch what has been put back."""
    wifi.add("wlan0")
    monitor = monitor_of(wifi)
    monitor.prepare()
    monitor.close()
    wifi.ran.clear()
    assert reason_of(monitor.prepare()) is FaultReason.LOST
    assert monitor.recover(Fault(FaultReason.LOST)) == ""
    attend_until_quiet(monitor, wifi, 0)
    assert wifi.ran == []


def test_closing_in_mid_change_puts_back(wifi: FakeWifi) -> None:
    """A stop that comes while an interface is being switched, on another thread, ends with the interface as it was."""
    wifi.add("wlan0", is_up=True)
    put(wifi.kernel / "net" / "eth0", carrier="1")
    closings: list[threading.Thread] = []

    def run(command: Sequence[str]) -> CommandResult:
        result = wifi(command)
        if command[-1] == "down" and not closings:
            closings.append(threading.Thread(target=monitor.close))
            closings[0].start()
        return result

    monitor = MonitorInterface(None, may_switch=True, channels=(6,), run=run, kernel=wifi.kernel)
    monitor.prepare()
    closings[0].join(10)
    assert wifi.state() == {"wlan0": ("managed", True)}


# Channels


def test_a_single_channel_is_set_once(wifi: FakeWifi) -> None:
    """With one channel in config.toml, the interface is tuned to it at the start of each capture."""
    wifi.add("wlan0mon", kind="monitor", is_up=True)
    monitor = monitor_of(wifi, channels=(6,))
    monitor.prepare()
    attend_until_quiet(monitor, wifi, 1)
    assert wifi.changes() == ["iw dev wlan0mon set channel 6"]


def test_beside_a_connected_interface_the_channel_stays(wifi: FakeWifi) -> None:
    """While the adapter is on a network, each channel is refused once, and it listens on that network's."""
    wifi.add("wlan0")
    wifi.connect("wlan0")
    monitor = monitor_of(wifi)
    monitor.prepare()
    wifi.ran.clear()
    attend_until_quiet(monitor, wifi, 3)
    assert wifi.changes() == [f"iw dev wlan0mon set channel {channel}" for channel in (1, 6, 11)]


def test_a_channel_that_is_refused_is_left_out(wifi: FakeWifi) -> None:
    """A channel that the adapter or the country does not have is tried once in a capture; the rest are visited."""
    wifi.add("wlan0mon", kind="monitor", is_up=True)
    wifi.answers["iw dev wlan0mon set channel 200"] = DISABLED
    monitor = monitor_of(wifi, channels=(200, 36))
    monitor.prepare()
    attend_until_quiet(monitor, wifi, 2)
    assert wifi.changes() == [f"iw dev wlan0mon set channel {channel}" for channel in (200, 36)]


def attend_until_quiet(monitor: MonitorInterface, wifi: FakeWifi, changes: int) -> None:
    """Attend to a capture until so many changes were made, and end it."""
    stopping = threading.Event()
    attending = threading.Thread(target=monitor.attend, args=(stopping,))
    attending.start()
    bound = threading.Event()
    for _ in range(1000):
        if len(wifi.changes()) >= changes or bound.wait(0.01):
            break
    stopping.set()
    attending.join(10)
    assert not attending.is_alive()


# This machine's own addresses


def test_own_addresses_are_those_of_all_interfaces(wifi: FakeWifi) -> None:
    """Every interface's address counts, in the form in which frames show them; loopback has none."""
    wifi.add("wlan0")
    put(wifi.kernel / "net" / "eth0", address="dc:a6:32:00:00:01")
    put(wifi.kernel / "net" / "lo", address="00:00:00:00:00:00")
    assert own_addresses(wifi.kernel) == {"00:c0:ca:99:00:00", "dc:a6:32:00:00:01"}
