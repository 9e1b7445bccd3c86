"""Models of Bluetooth Low Energy devices: how often they are heard, and what they advertise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from presence.scan import AddressKind
from scans.broadcast import Broadcast, uuid_of_short
from scans.families import Family, family_of


@dataclass(frozen=True, slots=True)
class BluetoothModel:
    """One model of Bluetooth device.

    In payloads, written in hexadecimal, a pair of question marks is a byte that differs from device to device, and
    from address to address.

    Attributes:
        address_kind: How it makes up its address.
        heard_share: The share of 10 s windows in which it is heard.
        advertisements: Mean number of advertisements in such a window.
        oui: First half of its address when that is global.
        stronger_db: How much stronger than a phone in a pocket it is.
        company_id: Company identifier of its manufacturer data; None when it sends none.
        manufacturer_data: What follows the company identifier.
        service: 16-bit identifier of the service it tells of, in hexadecimal; None for none.
        service_data: What it tells of that service.
        name: The name it tells; None for none.
    """

    address_kind: AddressKind
    heard_share: float
    advertisements: float
    oui: str | None = None
    stronger_db: float = 0.0
    company_id: int | None = None
    manufacturer_data: str = ""
    service: str | None = None
    service_data: str = ""
    name: str | None = None


@cache
def family_of_model(model: BluetoothModel) -> Family:
    """What a model's advertisements are taken for: the bytes that differ from device to device do not tell."""
    makers = {} if model.company_id is None else {model.company_id: _with_zeros(model.manufacturer_data)}
    services = {} if model.service is None else {uuid_of_short(int(model.service, 16)): _with_zeros(model.service_data)}
    return family_of(Broadcast("", model.address_kind, None, 0.0, model.name, makers, services))


def _with_zeros(payload: str) -> bytes:
    return bytes.fromhex(payload.replace("?", "0"))


# Company identifiers: Bluetooth SIG, Assigned Numbers, section 7.
_MICROSOFT = 0x0006
_APPLE = 0x004C
_SAMSUNG = 0x0075
_GARMIN = 0x0087
_SONY = 0x012D
_HUAMI = 0x0157
_RUUVI = 0x0499

# Apple's messages (Martin et al., "Handoff All Your Privacy", PETS 2019): 10 is Nearby Info, 07 proximity pairing.
IPHONE = BluetoothModel(
    address_kind=AddressKind.RESOLVABLE,
    heard_share=0.85,
    advertisements=3.0,
    company_id=_APPLE,
    manufacturer_data="1006??1d??????38",
)
MACBOOK = BluetoothModel(
    address_kind=AddressKind.RESOLVABLE,
    heard_share=0.80,
    advertisements=3.0,
    stronger_db=4.0,
    company_id=_APPLE,
    manufacturer_data="1005??1c??????",
)
APPLE_WATCH = BluetoothModel(
    address_kind=AddressKind.RESOLVABLE,
    heard_share=0.75,
    advertisements=2.0,
    stronger_db=-3.0,
    company_id=_APPLE,
    manufacturer_data="1005??98??????",
)
AIRPODS = BluetoothModel(
    address_kind=AddressKind.RESOLVABLE,
    heard_share=0.60,
    advertisements=3.0,
    stronger_db=-4.0,
    company_id=_APPLE,
    manufacturer_data="0719010e20??f98f010005" + "??" * 16,
)
# Android tells of Google's Nearby service (fef3), Samsung's phones of their own.
ANDROID = BluetoothModel(
    address_kind=AddressKind.RESOLVABLE,
    heard_share=0.40,
    advertisements=2.0,
    service="fef3",
    service_data="4a17" + "??" * 20,
)
GALAXY = BluetoothModel(
    address_kind=AddressKind.RESOLVABLE,
    heard_share=0.50,
    advertisements=2.0,
    company_id=_SAMSUNG,
    manufacturer_data="42098102141503210109??????0163" + "??" * 9,
)
WINDOWS_LAPTOP = BluetoothModel(
    address_kind=AddressKind.NON_RESOLVABLE,
    heard_share=0.70,
    advertisements=3.0,
    stronger_db=4.0,
    company_id=_MICROSOFT,
    manufacturer_data="01092022" + "??" * 23,
)
FITNESS_BAND = BluetoothModel(
    address_kind=AddressKind.GLOBAL,
    heard_share=0.70,
    advertisements=2.0,
    oui="d8:80:3c",
    stronger_db=-3.0,
    company_id=_HUAMI,
    manufacturer_data="02" + "??" * 18 + "03",
    service="fee0",
    service_data="????0000",
    name="Mi Smart Band 5",
)
SPORTS_WATCH = BluetoothModel(
    address_kind=AddressKind.RANDOM_STATIC,
    heard_share=0.65,
    advertisements=2.0,
    stronger_db=-2.0,
    company_id=_GARMIN,
    manufacturer_data="????00",
    name="fenix 6",
)
EARBUDS = BluetoothModel(
    address_kind=AddressKind.RESOLVABLE,
    heard_share=0.60,
    advertisements=3.0,
    stronger_db=-4.0,
    company_id=_SONY,
    manufacturer_data="0400013105??????00",
    name="LE_WF-1000XM4",
)
# iBeacon: type 02, length 15, then UUID, major, minor and the strength at one metre.
IBEACON = BluetoothModel(
    address_kind=AddressKind.GLOBAL,
    heard_share=0.99,
    advertisements=6.0,
    oui="ac:23:3f",
    stronger_db=3.0,
    company_id=_APPLE,
    manufacturer_data="0215e2c56db5dffb48d2b060d0f5a71096e00001????c5",
)
# Eddystone-UID: frame type 00, strength, ten bytes of namespace, six of instance, two reserved.
EDDYSTONE = BluetoothModel(
    address_kind=AddressKind.RANDOM_STATIC,
    heard_share=0.98,
    advertisements=5.0,
    stronger_db=3.0,
    service="feaa",
    service_data="00ee8b0ca750095477cb3e7700000000????0000",
)
# BTHome version 2: battery 97 %, 21.5 °C, 47 % humidity.
THERMOMETER = BluetoothModel(
    address_kind=AddressKind.GLOBAL,
    heard_share=0.90,
    advertisements=2.0,
    oui="a4:c1:38",
    service="fcd2",
    service_data="400161026608035c12",
    name="LYWSD03MMC",
)
# What the library put on its own things. An iBeacon with a UUID of the library's:
CASE_IDENTITY = "5f2b6c1e-8a34-4d0b-9c57-2e61d0a9b7f3, 2, 1"
CASE_BEACON = BluetoothModel(
    address_kind=AddressKind.GLOBAL,
    heard_share=1.0,
    advertisements=8.0,
    oui="ac:23:3f",
    stronger_db=3.0,
    company_id=_APPLE,
    manufacturer_data="02155f2b6c1e8a344d0b9c572e61d0a9b7f300020001c5",
)
# BTHome version 2: number of the packet, battery 93 %, 12.5 °C.
CELLAR_SENSOR = BluetoothModel(
    address_kind=AddressKind.GLOBAL,
    heard_share=0.98,
    advertisements=4.0,
    oui="a4:c1:38",
    stronger_db=2.0,
    service="fcd2",
    service_data="4000??015d02e204",
)
# Ruuvi's data format 5 (docs.ruuvi.com): 5.3 °C, 53.5 %, 1000.4 hPa, hardly moved, 2.977 V, and its address.
RUUVI_TAG = BluetoothModel(
    address_kind=AddressKind.RANDOM_STATIC,
    heard_share=0.98,
    advertisements=5.0,
    stronger_db=3.0,
    company_id=_RUUVI,
    manufacturer_data="05042453" + "94c37c0004fffc040cac364200cd" + "??" * 6,
)
TELEVISION = BluetoothModel(
    address_kind=AddressKind.GLOBAL,
    heard_share=0.95,
    advertisements=3.0,
    oui="8c:71:f8",
    stronger_db=3.0,
    company_id=_SAMSUNG,
    manufacturer_data="42040120??00000000000000000000000000000000000000",
    name="[TV] Newspaper corner",
)
