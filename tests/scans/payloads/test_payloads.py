from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from presence.tags import MeasureKind
from scans.broadcast import Broadcast
from scans.payloads import bthome, eddystone, ruuvi, thermometers, trackers, xiaomi
from scans.payloads.figures import is_plausible
from scans.payloads.telling import measures_of
from tests.scans.payloads.advertised import VECTORS, broadcast, recorded

# Families whose plain formats are described somewhere: each recorded advertisement of theirs that is not encrypted, and
# carries a figure we keep, must tell it. The number is how many do.
TELLING = {
    "atc_parser": 5,  # the sixth is encrypted
    "bluemaestro": 1,  # the other is of a model that logs temperatures only
    "bparasite_parser": 2,
    "govee_parser": 8,  # the others are probes for meat, a dust meter, and a second probe
    "holyiot": 6,
    "inkbird": 4,  # the others are probes for meat
    "jaalee": 3,
    "kkm": 2,
    "mikrotik": 2,
    "qingping_parser": 9,
    "ruuvitag_parser": 2,  # the others are web addresses
    "switchbot": 2,  # the other sends its figures in its maker's data
    "thermobeacon": 2,
    "thermopro": 2,
}


def told(heard: Broadcast) -> dict[str, float]:
    return {one.kind.value: one.value for one in measures_of(heard)}


def service(number: int, data: str) -> dict[str, float]:
    return told(broadcast(services={number: bytes.fromhex(data)}))


def maker(number: int, data: str, name: str | None = None) -> dict[str, float]:
    return told(broadcast(makers={number: bytes.fromhex(data)}, name=name))


@pytest.mark.parametrize(
    ("data", "figures"),
    [
        ("40 02ca09 03bf13", {"temperature_celsius": 25.06, "humidity_percent": 50.55}),  # the specification's example
        ("40 0161", {"battery_percent": 97}),
        ("40 4511 01", {"temperature_celsius": 27.3}),
        ("44 0009 3a02", {"button_presses": 2}),
        ("44 0009 3a04", {"button_presses": 0.5}),
        ("40 3a00", {}),
        ("40 2101", {"moving": 1}),
        ("40 1a01", {"open": 1}),
        ("40 530548656c6c6f 0161", {"battery_percent": 97}),
        ("40 4e00000000 0161", {"battery_percent": 97}),
        ("40 01", {}),
        ("40 ee01 0161", {}),
        ("41 a47266c95f73", {}),
        ("60 0161", {}),
        ("", {}),
    ],
)
def test_bthome_2(data: str, figures: dict[str, float]) -> None:
    """Objects are read in their order until one is not known; encrypted ones and later versions tell nothing."""
    assert service(bthome.SERVICE_V2, data) == figures


@pytest.mark.parametrize(
    ("data", "figures"),
    [
        ("23 02ca09 03 03bf13", {"temperature_celsius": 25.06, "humidity_percent": 50.55}),
        ("02 0161 ff", {"battery_percent": 97}),
        ("03 02", {}),
        ("00 01", {}),
    ],
)
def test_bthome_1(data: str, figures: dict[str, float]) -> None:
    """Each object says its own length, and one that is cut off ends the reading."""
    assert service(bthome.SERVICE_V1, data) == figures


@pytest.mark.parametrize(
    ("data", "figures"),
    [
        ("2000 0ce4 1580 00000001 00000001", {"battery_volts": 3.3, "temperature_celsius": 21.5}),
        ("2000 0000 8000 00000001 00000001", {}),
        ("2001 0ce4 1580 00000001 00000001", {}),
        ("00ee f7826da6bc5b71e0893e 4b484a6b6c6d 0000", {}),
    ],
)
def test_eddystone_telemetry(data: str, figures: dict[str, float]) -> None:
    """Plain telemetry tells battery and temperature, where its sender measures them."""
    assert service(eddystone.SERVICE, data) == figures


# The test vectors of docs.ruuvi.com: valid data, greatest, least, and none.
@pytest.mark.parametrize(
    ("data", "figures"),
    [
        (
            "0512fc5394c37c0004fffc040cac364200cdcbb8334c884f",
            {
                "temperature_celsius": 24.3,
                "humidity_percent": 53.49,
                "pressure_hpa": 1000.44,
                "acceleration_g": 1.036,
                "battery_volts": 2.977,
                "movement_count": 66,
            },
        ),
        (
            "058001000000008001800180010000000000cbb8334c884f",
            {
                "temperature_celsius": None,
                "humidity_percent": 0,
                "pressure_hpa": 500,
                "acceleration_g": 56.7541,
                "battery_volts": 1.6,
                "movement_count": 0,
            },
        ),
        ("058000ffffffff800080008000ffffffffffffffffffffff", {}),
        (
            "03291a1ece1efc18f94202ca0b53",
            {
                "humidity_percent": 20.5,
                "temperature_celsius": 26.3,
                "pressure_hpa": 1027.66,
                "acceleration_g": 2.1187,
                "battery_volts": 2.899,
            },
        ),
        ("0512fc53", {}),
        ("04", {}),
    ],
)
def test_ruuvi(data: str, figures: dict[str, float | None]) -> None:
    """Both formats are read, values that stand for none are none, and a temperature nobody can survive is left out."""
    assert maker(ruuvi.COMPANY, data) == {name: value for name, value in figures.items() if value is not None}


def test_the_two_firmwares_of_one_thermometer_are_told_apart() -> None:
    """The one writes its numbers the other way round than the other."""
    assert service(xiaomi.ENVIRONMENT_SERVICE, "a4c138 0283f4 00a2 2f 5f 0bf8 19")["temperature_celsius"] == 16.2
    assert service(xiaomi.ENVIRONMENT_SERVICE, "f4830238c1a4 a906 6911 b60b 58 f7 0d")["temperature_celsius"] == 17.05


def test_a_button_is_told_by_the_kind_of_its_press() -> None:
    """A press that is not known tells nothing."""
    begin = "5020 5301 3f 7450e94124f8 0110 03 0000"
    presses = [service(xiaomi.MIBEACON_SERVICE, f"{begin}{kind:02x}") for kind in range(5)]
    assert presses == [{"button_presses": value} for value in (1, 2, 0.5, 3)] + [{}]


def test_cold_is_below_zero() -> None:
    """Every way of writing a sign is understood."""
    assert maker(0xEC88, "0081c2896400")["temperature_celsius"] == -11.5
    assert service(thermometers.SWITCHBOT_SERVICE, "6900ba031938")["temperature_celsius"] == -25.3
    assert maker(0xF89E, "000000bcbc6406", "tps")["temperature_celsius"] == -18.9
    assert maker(thermometers.BLUEMAESTRO_COMPANY, "17550e10061eff2f02a6ff030100")["temperature_celsius"] == -20.9
    assert service(trackers.TEMPERATURE_SERVICE, "0cfe")["temperature_celsius"] == -5


def test_a_door_with_a_magnet_away_is_open() -> None:
    """The sensor tells by its magnet, and besides that whether it moves, and its battery."""
    figures = maker(trackers.TELTONIKA_COMPANY, "01b708b4120ccb0bffc767")
    assert figures["open"] == 1
    assert maker(trackers.TELTONIKA_COMPANY, "01bf08b4120ccb0bffc767")["open"] == 0
    assert (figures["moving"], figures["movement_count"], figures["battery_volts"]) == (0, 3275, 3.03)


def test_of_two_that_tell_the_same_the_first_counts() -> None:
    """An advertisement tells one figure of each kind."""
    both = broadcast(services={trackers.BATTERY_SERVICE: b"\x40", bthome.SERVICE_V2: bytes.fromhex("400161")})
    assert told(both) == {"battery_percent": 64}


@pytest.mark.skipif(not VECTORS.exists(), reason="the recorded advertisements are not beside this checkout")
def test_every_recorded_product_is_decoded_or_left_alone() -> None:
    """None of them is an error, and the families with a described format tell their figures."""
    heard = recorded()
    assert len(heard) > 250
    for product, count in TELLING.items():
        assert sum(bool(told(one)) for name, one in heard if name == product) == count, product


PAYLOADS = some.binary(max_size=40)
COMPANIES = some.sampled_from([0x0499, 0xEC88, 0x0001, 0x8801, 0x004C, 0x0133, 0x089A, 0x094F, 0x0010, 0xFFFF])
SERVICES = some.sampled_from([0xFCD2, 0x181C, 0xFEAA, 0xFE95, 0x181A, 0xFDCD, 0xFD3D, 0x000D, 0x5242, 0x2A6E, 0x2A6F])


@given(
    some.dictionaries(COMPANIES, PAYLOADS, max_size=3),
    some.dictionaries(SERVICES, PAYLOADS, max_size=3),
    some.one_of(some.none(), some.sampled_from(["sps", "tps", "TP357", "GVH5106_AA"]), some.text(max_size=8)),
)
def test_no_bytes_are_an_error(makers: dict[int, bytes], services: dict[int, bytes], name: str | None) -> None:
    """Whatever a stranger sends, each figure told is finite, can be true, and is the only one of its kind."""
    found = measures_of(broadcast(makers=makers, services=services, name=name))
    assert all(math.isfinite(one.value) and is_plausible(one.kind, one.value) for one in found)
    assert len({one.kind for one in found}) == len(found)


@pytest.mark.parametrize("kind", MeasureKind)
def test_every_kind_of_figure_has_bounds(kind: MeasureKind) -> None:
    """Nothing that is not a number is ever plausible."""
    assert not is_plausible(kind, math.nan)
    assert not is_plausible(kind, math.inf)
