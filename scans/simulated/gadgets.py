"""What people carry, and what never leaves: the senders, each with its addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from presence.scan import AddressKind
from scans.simulated import bluetooth_models, wifi_models
from scans.simulated.access_points import ACCESS_POINTS
from scans.simulated.bluetooth_models import BluetoothModel
from scans.simulated.dice import dice, fixed_bytes
from scans.simulated.people import Role
from scans.simulated.wifi_models import WifiModel


@dataclass(frozen=True, slots=True)
class WifiGadget:
    """A Wi-Fi device of someone, or of the place.

    Attributes:
        name: Its name, the same on every day.
        model: What it is.
        address: Its address on the network here, and everywhere when it does not randomise.
        networks: The networks it asks for by name.
        access_point: Number of the access point here that it joins; None when it does not join.
        sequence_start: Where its sequence numbers began.
    """

    name: str
    model: WifiModel
    address: str = field(repr=False)
    networks: tuple[str, ...]
    access_point: int | None
    sequence_start: int


@dataclass(frozen=True, slots=True)
class BluetoothGadget:
    """A Bluetooth device of someone, or of the place.

    Attributes:
        name: Its name, the same on every day.
        model: What it is.
    """

    name: str
    model: BluetoothModel


Gadget = WifiGadget | BluetoothGadget

# Phones as they are in Europe, with their weight in 100.
_PHONES: tuple[tuple[WifiModel, BluetoothModel | None, int], ...] = (
    (wifi_models.IPHONE, bluetooth_models.IPHONE, 26),
    (wifi_models.IPHONE_OLDER, bluetooth_models.IPHONE, 11),
    (wifi_models.GALAXY, bluetooth_models.GALAXY, 27),
    (wifi_models.PIXEL, bluetooth_models.ANDROID, 8),
    (wifi_models.REDMI, bluetooth_models.ANDROID, 20),
    (wifi_models.OLD_ANDROID, None, 8),
)
_LAPTOPS = (
    (wifi_models.MACBOOK, bluetooth_models.MACBOOK),
    (wifi_models.WINDOWS_LAPTOP, bluetooth_models.WINDOWS_LAPTOP),
)
_WORN_WITH_IPHONE = (bluetooth_models.APPLE_WATCH, bluetooth_models.AIRPODS)
_WORN = (bluetooth_models.FITNESS_BAND, bluetooth_models.SPORTS_WATCH, bluetooth_models.EARBUDS)

# Names that old phones call out. One of them was chosen by someone who wanted to see what happens.
_NETWORKS = (
    "eduroam",
    "Vodafone-7C21",
    "FRITZ!Box 7590 KL",
    "Kavárna U Lípy",
    "iPhone (Anna)",
    "UPC4471920",
    "Free Airport WiFi",
    "HUAWEI-B311-52FA",
    "Home_2.4",
    "TP-Link_9A3E",
    "<script>alert(1)</script>\t📶",
    "スターバックス",
    "DIRECT-roku-881",
)

# One in five carries nothing that can be heard: the complement of the visible share of config.toml.
_UNHEARD_SHARE = 0.2
_WIFI_ON_SHARE = 0.85
_JOINS_SHARE = 0.5
_BLUETOOTH_ON_SHARE = 0.75
# People come to a library to work: they have more devices each than the visible share of config.toml supposes, so that
# the estimate is too high until somebody counts. Sites differ like that.
_LAPTOP_SHARE = 0.4
_WORN_SHARE = 0.3


def gadgets_of(seed: int, person: str, role: Role) -> tuple[Gadget, ...]:
    """What a person carries; empty for one who cannot be heard. The same on every day."""
    rng = dice(seed, "gadgets", person)
    if role is not Role.STAFF and rng.random() < _UNHEARD_SHARE:
        return ()
    joins = role is Role.STAFF or (role is Role.VISITOR and rng.random() < _JOINS_SHARE)
    wifi, bluetooth, _ = rng.choices(_PHONES, [weight for *_, weight in _PHONES])[0]
    gadgets: list[Gadget] = []
    if bluetooth is None or rng.random() < _WIFI_ON_SHARE:
        gadgets.append(wifi_gadget(seed, f"{person}/phone", wifi, joins, _remembered(rng, wifi)))
    if bluetooth is not None and (not gadgets or rng.random() < _BLUETOOTH_ON_SHARE):
        gadgets.append(BluetoothGadget(f"{person}/phone", bluetooth))
    if role is not Role.PASSER_BY and rng.random() < _LAPTOP_SHARE:
        laptop, its_bluetooth = rng.choice(_LAPTOPS)
        gadgets.append(wifi_gadget(seed, f"{person}/laptop", laptop, joins=True))
        gadgets.append(BluetoothGadget(f"{person}/laptop", its_bluetooth))
    if rng.random() < _WORN_SHARE:
        worn = _WORN_WITH_IPHONE if bluetooth is bluetooth_models.IPHONE else _WORN
        gadgets.append(BluetoothGadget(f"{person}/worn", rng.choice(worn)))
    return tuple(gadgets)


def wifi_gadget(seed: int, name: str, model: WifiModel, joins: bool, networks: tuple[str, ...] = ()) -> WifiGadget:
    """A Wi-Fi device with the address that it has on the network here."""
    address = random_wifi_address(seed, name) if model.randomises else global_address(model.oui, seed, name)
    which, *start = fixed_bytes(3, seed, "radio", name)
    access_point = which % len(ACCESS_POINTS) if joins else None
    return WifiGadget(name, model, address, networks, access_point, int.from_bytes(start))


def global_address(oui: str, *names: int | str) -> str:
    """An address given by a maker."""
    return f"{oui}:{fixed_bytes(3, 'global', *names).hex(':')}"


def random_wifi_address(*names: int | str) -> str:
    """A made-up address: locally administered, for one device (IEEE 802, the two lowest bits of the first byte)."""
    raw = bytearray(fixed_bytes(6, "wifi address", *names))
    raw[0] = raw[0] & 0xFC | 0x02
    return raw.hex(":")


# The two top bits of a random Bluetooth address tell its kind (Core 5.4, volume 6, part B, section 1.3.2).
_TOP_BITS = {AddressKind.RANDOM_STATIC: 0xC0, AddressKind.RESOLVABLE: 0x40, AddressKind.NON_RESOLVABLE: 0x00}
_ROTATING = frozenset({AddressKind.RESOLVABLE, AddressKind.NON_RESOLVABLE})

# The Core specification recommends 15 min for a private address (volume 3, part C, appendix A); devices keep to that,
# each a bit differently: 14 to 17 min.
_SHORTEST_ROTATION_SECONDS = 840
_ROTATION_SPREAD_SECONDS = 180


def bluetooth_epoch(seed: int, gadget: BluetoothGadget, at: float) -> int:
    """Number of the address that a device has at a moment; always 0 when it keeps one for good."""
    if gadget.model.address_kind not in _ROTATING:
        return 0
    first, second = fixed_bytes(2, seed, "rotation", gadget.name)
    period = _SHORTEST_ROTATION_SECONDS + first * _ROTATION_SPREAD_SECONDS // 256
    return int(at + second * period / 256) // period


def bluetooth_address(seed: int, gadget: BluetoothGadget, epoch: int) -> str:
    """The address of a device in an epoch."""
    if gadget.model.oui is not None:
        return global_address(gadget.model.oui, seed, gadget.name)
    raw = bytearray(fixed_bytes(6, seed, "bluetooth address", gadget.name, epoch))
    raw[0] = raw[0] & 0x3F | _TOP_BITS[gadget.model.address_kind]
    return raw.hex(":")


def _remembered(rng: Random, model: WifiModel) -> tuple[str, ...]:
    """The networks a phone asks for by name: only old ones still do."""
    return () if model.randomises else tuple(rng.sample(_NETWORKS, rng.randint(1, 3)))
