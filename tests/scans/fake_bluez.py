"""A fake `org.bluez` on a private D-Bus, against which the real BleakScanner runs.

In a test:

    with private_bus() as bus, FakeBluez(bus.address, devices=made_up_devices(3)) as bluez:
        ...  # with DBUS_SYSTEM_BUS_ADDRESS set to bus.address

By itself, for a programme that runs as another process (prints the address of the bus, ends on SIGTERM or SIGINT):

    python -m tests.scans.fake_bluez --devices 8 --ailment start-hangs
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from scans.sighting import HearSighting, Sighting

ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"

# A connection whose socket is full is given up by dbus-fast. A socket holds 208 KiB, and each signal takes 1 to 2 KiB
# of it: after so many, the daemon is asked for an answer, and so has read them all.
_SIGNALS_A_TURN = 50

_NO = Variant("b", False)  # noqa: FBT003 - the signature names the type
_YES = Variant("b", True)  # noqa: FBT003 - likewise

_BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""


class Ailment(StrEnum):
    """What can be wrong with Bluetooth. The last ones happen in mid-scan, when each device has been heard once."""

    NO_ADAPTER = "no-adapter"
    ONLY_JUST_BEGUN = "only-just-begun"
    POWERED_OFF = "powered-off"
    NEVER_ANSWERS = "never-answers"
    START_HANGS = "start-hangs"
    STOP_HANGS = "stop-hangs"
    STOP_REFUSED = "stop-refused"
    DISCOVERY_ENDED = "discovery-ended"
    POWER_HANGS = "power-hangs"
    BUSY = "busy"
    NOT_AUTHORISED = "not-authorised"
    ADAPTER_REMOVED = "adapter-removed"
    SERVICE_GONE = "service-gone"
    SWITCHED_OFF = "switched-off"


_UNANSWERED = {Ailment.START_HANGS: "StartDiscovery", Ailment.STOP_HANGS: "StopDiscovery"}

_REFUSALS: dict[Ailment | None, tuple[str, str, str]] = {
    Ailment.BUSY: ("StartDiscovery", "org.bluez.Error.InProgress", "Operation already in progress"),
    Ailment.NOT_AUTHORISED: ("StartDiscovery", "org.bluez.Error.NotAuthorized", "Operation Not Authorized"),
    Ailment.STOP_REFUSED: ("StopDiscovery", "org.bluez.Error.InProgress", "Operation already in progress"),
    Ailment.DISCOVERY_ENDED: ("StopDiscovery", "org.bluez.Error.Failed", "No discovery started"),
}

_MENDED_BY_POWER = {
    Ailment.POWERED_OFF,
    Ailment.START_HANGS,
    Ailment.STOP_HANGS,
    Ailment.STOP_REFUSED,
    Ailment.BUSY,
}


@dataclass(frozen=True, slots=True)
class FakeDevice:
    """A device that advertises.

    Attributes:
        address: Its address, in pairs joined by colons.
        address_type: "public" or "random".
        rssi: What its signals are received at, in dBm; None for a device that BlueZ does not hear.
        manufacturer_data: Payload by company identifier.
        name: The name it tells; None for none.
        advertisements: How many it sends; None for one in each round, for ever.
        connection_changes: How often it connects or disconnects after that.
        is_known: Whether BlueZ knows it from earlier.
    """

    address: str
    address_type: str = "random"
    rssi: int | None = -60
    manufacturer_data: dict[int, bytes] = field(default_factory=dict)
    name: str | None = None
    advertisements: int | None = None
    connection_changes: int = 0
    is_known: bool = False

    def properties(self, adapter: str) -> dict[str, Variant]:
        """The device as BlueZ shows it, without what its advertisements carry."""
        return {
            "Address": Variant("s", self.address.upper()),
            "AddressType": Variant("s", self.address_type),
            "Alias": Variant("s", self.name or self.address.upper().replace(":", "-")),
            "Adapter": Variant("o", adapter),
            "UUIDs": Variant("as", []),
            **dict.fromkeys(("Paired", "Bonded", "Trusted", "Blocked", "Connected", "ServicesResolved"), _NO),
            **({"Name": Variant("s", self.name)} if self.name else {}),
        }

    def carried(self) -> dict[str, Variant]:
        """What one of its advertisements sets."""
        data = {company: Variant("ay", payload) for company, payload in self.manufacturer_data.items()}
        return {
            **({"RSSI": Variant("n", self.rssi)} if self.rssi is not None else {}),
            **({"ManufacturerData": Variant("a{qv}", data)} if data else {}),
        }


def made_up_devices(count: int, seed: int = 1) -> list[FakeDevice]:
    """So many devices with different addresses of every kind, the same for the same seed."""
    rng = random.Random(seed)
    return [
        FakeDevice(
            address=(rng.randbytes(4) + n.to_bytes(2, "big")).hex(":"),
            address_type="public" if n % 4 == 0 else "random",
            rssi=rng.randrange(-95, -40),
            manufacturer_data={0x004C: bytes([n & 255])} if n % 2 else {},
        )
        for n in range(count)
    ]


@dataclass(frozen=True, slots=True)
class PrivateBus:
    """A D-Bus daemon of one's own."""

    address: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def private_bus() -> Iterator[PrivateBus]:
    """Start a D-Bus daemon of one's own, and end it."""
    with tempfile.TemporaryDirectory(prefix="bus-") as folder:
        config = Path(folder, "bus.conf")
        config.write_text(_BUS_CONFIG.format(socket=Path(folder, "socket")), encoding="ascii")
        arguments = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            try:
                yield PrivateBus(process.stdout.readline().strip(), process)
            finally:
                process.kill()


class FakeBluez:
    """The service `org.bluez`, on a thread of its own while the context is open.

    Attributes:
        calls: The methods of the adapter that were called, in order; "Powered on" and "Powered off" for the switch.
        filters: The discovery filters that were set, in order.
        sent: How many advertisements were sent.
        most_discoverers: How many clients had a discovery going at the same time, at most.
        is_idle: Set while no client has a discovery going.
        is_gone: Set once the service has left the bus.
    """

    def __init__(
        self,
        bus_address: str,
        devices: Sequence[FakeDevice] = (),
        ailment: Ailment | None = None,
        adapters: Sequence[str] = ("hci0",),
        round_seconds: float = 0.05,
    ) -> None:
        self.calls: list[str] = []
        self.filters: list[dict[str, Variant]] = []
        self.sent = 0
        self.most_discoverers = 0
        self.is_idle = threading.Event()
        self.is_gone = threading.Event()
        self.is_idle.set()
        self._bus_address = bus_address
        self._devices = devices
        self._ailment = ailment
        self._adapters = [] if ailment is Ailment.NO_ADAPTER else list(adapters)
        self._round_seconds = round_seconds
        self._objects: dict[str, dict[str, dict[str, Variant]]] = {}
        self._discoverers: dict[str, asyncio.Task[None]] = {}
        self._forgetting: asyncio.Task[None] | None = None
        self._signals = 0
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fake-bluez")

    def __enter__(self) -> Self:
        """Appear on the bus."""
        self._thread.start()
        if not self._is_up.wait(10):
            raise TimeoutError("the fake org.bluez did not appear on its bus")
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bus."""
        with contextlib.suppress(RuntimeError):  # its loop has ended by itself, as some ailments make it
            self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()

    def get_well(self) -> None:
        """Have no ailment from now on."""
        self._ailment = None

    def ail(self, ailment: Ailment) -> None:
        """Have an ailment of mid-scan now."""
        self._ailment = ailment
        self._loop.call_soon_threadsafe(self._fall_ill)

    def ailing_once_heard(self, ailment: Ailment, heard: set[str]) -> HearSighting:
        """What takes sightings, adds their addresses to those heard, and lets all devices be heard before the ailment.

        Whoever has an ailment by a clock has it before a starved listener has begun.
        """

        def hear(sighting: Sighting) -> None:
            heard.add(sighting.address)
            if len(heard) == len(self._devices) and self._ailment is None:
                self.ail(ailment)

        return hear

    def forget_discoveries(self) -> None:
        """Know nothing of any discovery, as a service does that was restarted."""
        for client in list(self._discoverers):
            self._loop.call_soon_threadsafe(self._end_discovery, client)

    def move(self, address: str, rssi: int | None) -> None:
        """Have a device received at another strength from now on; not at all (None)."""
        self._devices = [
            replace(device, rssi=rssi, advertisements=0 if rssi is None else device.advertisements)
            if device.address == address
            else device
            for device in self._devices
        ]

    # What follows runs on the service's own thread.

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._leave = asyncio.Event()
        self._bus = await MessageBus(bus_address=self._bus_address).connect()
        lost = asyncio.ensure_future(self._bus.wait_for_disconnect())  # type: ignore[no-untyped-call]  # dbus-fast names none
        try:
            await self._appear()
            leave = asyncio.create_task(self._leave.wait())
            await asyncio.wait((leave, lost), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._end_tasks()
            self._bus.disconnect()
            with contextlib.suppress(EOFError, OSError):  # the bus itself was killed
                await lost
            self.is_gone.set()
            self.is_idle.set()

    async def _end_tasks(self) -> None:
        tasks = [*self._discoverers.values(), *([self._forgetting] if self._forgetting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _appear(self) -> None:
        if self._ailment is not Ailment.ONLY_JUST_BEGUN:
            self._find_adapters()
        for device in self._devices:
            if device.is_known:
                self._objects[self._path_of(device)] = {DEVICE: device.properties(self._adapter_path)}
        self._bus.add_message_handler(self._answer)
        # A client that leaves the bus ends its discovery, as in BlueZ.
        await self._ask_daemon("AddMatch", "type='signal',member='NameOwnerChanged'")
        await self._bus.request_name("org.bluez")
        self._is_up.set()

    def _find_adapters(self) -> None:
        for name in self._adapters:
            path, interfaces = f"/org/bluez/{name}", {ADAPTER: self._adapter_properties()}
            self._objects[path] = interfaces
            self._signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    def _adapter_properties(self) -> dict[str, Variant]:
        return {
            "Address": Variant("s", "00:00:5E:00:53:01"),
            "AddressType": Variant("s", "public"),
            "Name": Variant("s", "fake"),
            "Alias": Variant("s", "fake"),
            "Powered": Variant("b", self._ailment is not Ailment.POWERED_OFF),
            "Discovering": _NO,
            "UUIDs": Variant("as", []),
            "Roles": Variant("as", ["central", "peripheral"]),
        }

    @property
    def _adapter_path(self) -> str:
        return f"/org/bluez/{self._adapters[0]}"

    def _path_of(self, device: FakeDevice) -> str:
        return f"{self._adapter_path}/dev_{device.address.upper().replace(':', '_')}"

    def _answer(self, message: Message) -> Message | bool | None:
        if message.message_type is MessageType.SIGNAL:
            self._note_who_left(message)
            return None
        if message.message_type is not MessageType.METHOD_CALL or message.destination == self._bus.unique_name:
            return None
        if self._ailment is Ailment.NEVER_ANSWERS:
            return True
        return self._reply_to(message)

    def _reply_to(self, call: Message) -> Message | bool:
        path = call.path or "/"
        if call.member == "Introspect":
            if self._ailment is Ailment.ONLY_JUST_BEGUN:  # whoever asks once more is told more
                self._ailment = None
                self._loop.call_soon(self._find_adapters)
            return Message.new_method_return(call, "s", [self._introspection(path)])
        if call.interface == OBJECT_MANAGER:
            return Message.new_method_return(call, "a{oa{sa{sv}}}", [self._objects])
        if path not in self._objects:
            return Message.new_error(call, "org.freedesktop.DBus.Error.UnknownObject", "No such object")
        if call.interface == PROPERTIES:
            return self._answer_about_properties(path, call)
        return self._answer_for_adapter(path, call)

    def _note_who_left(self, message: Message) -> None:
        if message.member == "NameOwnerChanged" and not message.body[2]:
            self._end_discovery(message.body[0])

    def _introspection(self, path: str) -> str:
        inside = path.rstrip("/") + "/"
        names = {known.removeprefix(inside).partition("/")[0] for known in self._objects if known.startswith(inside)}
        return "<node>" + "".join(f'<node name="{name}"/>' for name in sorted(names)) + "</node>"

    def _answer_about_properties(self, path: str, call: Message) -> Message | bool:
        if call.member == "GetAll":
            return Message.new_method_return(call, "a{sv}", [self._objects[path][call.body[0]]])
        if self._ailment is Ailment.POWER_HANGS:
            return True
        self._set_power(path, is_on=call.body[2].value)
        return Message.new_method_return(call)

    def _set_power(self, path: str, *, is_on: bool) -> None:
        """A power cycle mends what hangs, as it does in life."""
        self.calls.append("Powered on" if is_on else "Powered off")
        if not is_on:
            for client in list(self._discoverers):
                self._end_discovery(client)
        elif self._ailment in _MENDED_BY_POWER:
            self._ailment = None
        self._change(path, ADAPTER, {"Powered": Variant("b", is_on)})

    def _answer_for_adapter(self, path: str, call: Message) -> Message | bool:
        method = call.member or ""
        self.calls.append(method)
        if not self._objects[path][ADAPTER]["Powered"].value:
            return Message.new_error(call, "org.bluez.Error.NotReady", "Resource Not Ready")
        if self._ailment in _UNANSWERED and method == _UNANSWERED[self._ailment]:
            return True
        refused, name, text = _REFUSALS.get(self._ailment, ("", "", ""))
        if method == refused:
            return Message.new_error(call, name, text)
        if method == "SetDiscoveryFilter":
            self.filters.append(call.body[0])
        if method == "StartDiscovery":
            self._discoverers[call.sender or ""] = asyncio.create_task(self._advertise())
            self.most_discoverers = max(self.most_discoverers, len(self._discoverers))
            self._change(path, ADAPTER, {"Discovering": _YES})
            self.is_idle.clear()
        if method == "StopDiscovery":
            self._end_discovery(call.sender or "")
        return Message.new_method_return(call)

    def _end_discovery(self, client: str) -> None:
        task = self._discoverers.pop(client, None)
        if task is None:
            return
        task.cancel()
        if not self._discoverers:
            for path in self._objects.keys() & {f"/org/bluez/{name}" for name in self._adapters}:
                self._change(path, ADAPTER, {"Discovering": _NO})
            self.is_idle.set()
            self._forgetting = asyncio.create_task(self._forget_rssi())

    async def _forget_rssi(self) -> None:
        """Take back every RSSI when nobody discovers any more, as BlueZ does."""
        for path, interfaces in list(self._objects.items()):
            if interfaces.get(DEVICE, {}).pop("RSSI", None) is not None:
                self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [DEVICE, {}, ["RSSI"]])
                await self._keep_pace()

    async def _keep_pace(self) -> None:
        if self._signals % _SIGNALS_A_TURN == 0:
            await self._ask_daemon("GetId")

    async def _ask_daemon(self, method: str, *arguments: str) -> None:
        await self._bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member=method,
                signature="s" * len(arguments),
                body=list(arguments),
            )
        )

    async def _advertise(self) -> None:
        """Send every device's advertisements, round after round."""
        rounds = 0
        while True:
            for device in self._devices:
                if device.advertisements is None or rounds < device.advertisements:
                    self._send_advertisement(device)
                elif rounds < device.advertisements + device.connection_changes:
                    is_on = (rounds - device.advertisements) % 2 == 0
                    self._change(self._path_of(device), DEVICE, {"Connected": Variant("b", is_on)})
                await self._keep_pace()
            rounds += 1
            await asyncio.sleep(self._round_seconds)

    def _fall_ill(self) -> None:
        match self._ailment:
            case Ailment.ADAPTER_REMOVED:
                for path, interfaces in sorted(self._objects.items(), reverse=True):
                    self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [path, list(interfaces)])
                self._objects.clear()
                for client in list(self._discoverers):
                    self._end_discovery(client)
            case Ailment.SERVICE_GONE:
                self._leave.set()
            case Ailment.SWITCHED_OFF:
                self._set_power(self._adapter_path, is_on=False)
            case _:
                pass

    def _send_advertisement(self, device: FakeDevice) -> None:
        self.sent += 1
        path = self._path_of(device)
        if path in self._objects:
            self._change(path, DEVICE, device.carried())
        else:
            properties = {**device.properties(self._adapter_path), **device.carried()}
            self._objects[path] = {DEVICE: properties}
            self._signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, {DEVICE: properties}])

    def _change(self, path: str, interface: str, changed: dict[str, Variant]) -> None:
        self._objects[path][interface].update(changed)
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, changed, []])

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        self._signals += 1
        self._bus.send(Message.new_signal(path, interface, member, signature, body))


def main() -> None:
    """Run a bus and a fake `org.bluez` on it until told to end."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--devices", type=int, default=5, help="how many devices advertise (default 5)")
    parser.add_argument("--ailment", type=Ailment, choices=list(Ailment), help="what is wrong")
    parser.add_argument("--round-seconds", type=float, default=0.5, help="seconds between two advertisements of one")
    given = parser.parse_args()
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    devices = made_up_devices(given.devices)
    with private_bus() as bus, FakeBluez(bus.address, devices, given.ailment, round_seconds=given.round_seconds):
        os.write(1, f"{bus.address}\n".encode())
        end.wait()


if __name__ == "__main__":
    main()
