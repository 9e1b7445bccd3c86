from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from db.detections import code_of_zone, pack, rssi_of_code, unpack, zone_of_code
from presence.zones import Zone
from tests.db.scanning import device, hash_of


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.floats(-127, 20)), max_size=50))
def test_detections_are_unpacked_as_they_were_packed(devices: dict[str, float | None]) -> None:
    """Rows, signal strengths in whole dBm and zones of a scan's devices survive packing; no reading stays none."""
    observations = tuple(device(name, rssi_dbm=rssi) for name, rssi in devices.items())
    ids = {hash_of(name): number + 2**31 for number, name in enumerate(devices)}
    found = unpack(pack(observations, ids))
    assert found.device_ids == array("I", ids.values())
    assert [rssi_of_code(code) for code in found.rssi_dbm] == [
        None if rssi is None else round(rssi) for rssi in devices.values()
    ]
    assert [zone_of_code(code) for code in found.zones] == [one.zone for one in observations]


def test_a_device_takes_six_bytes() -> None:
    """A scan of a hundred devices takes 600 bytes, so that a month of them fits on a card."""
    names = [f"device {number}" for number in range(100)]
    packed = pack(tuple(device(name) for name in names), {hash_of(name): number for number, name in enumerate(names)})
    assert len(packed) == 600


def test_a_device_listed_twice_is_one_detection() -> None:
    """Of a device that a scan lists twice the last word counts, as it does for the device itself."""
    found = unpack(pack((device("a", rssi_dbm=-80), device("a", rssi_dbm=-50)), {hash_of("a"): 7}))
    assert (list(found.device_ids), list(found.rssi_dbm)) == ([7], [-50])
    assert list(found.zones) == [code_of_zone(Zone.NEAR)]
