from __future__ import annotations

from db.read_preview import SignalReader
from db.store import Store
from presence.radio import Radio
from presence.scan import Scan
from tests.db.scanning import HUNG, device, minute, scan


def heard(number: float, sensor: str, **rssi_dbm: float | None) -> Scan:
    return scan(minute(number), [device(name, rssi_dbm=rssi) for name, rssi in rssi_dbm.items()], sensor=sensor)


def test_each_device_counts_once_at_its_strongest(store: Store) -> None:
    """However often and by whatever sensors a device was heard, its best RSSI alone counts; none without a reading."""
    store.recorder.record(heard(0, "stairs", phone=-70, watch=-80, mute=None))
    store.recorder.record(heard(0.5, "café", phone=-55.4, watch=None))
    store.recorder.record(heard(1, "stairs", phone=-90, tablet=-55))
    assert SignalReader(store.connections).best_signals(minute(2)) == {-55: 2, -80: 1}


def test_only_the_last_hour_counts(store: Store) -> None:
    """What was heard an hour ago or longer is left out, and so is what seems to lie ahead."""
    for number, rssi in ((0, -40), (1, -50), (61, -60), (62, -70)):
        store.recorder.record(heard(number, "stairs", **{f"phone{number}": rssi}))
    assert SignalReader(store.connections).best_signals(minute(61)) == {-60: 1}
    assert SignalReader(store.connections).best_signals(minute(60.5)) == {-50: 1}
    assert SignalReader(store.connections).best_signals(minute(500)) == {}


def test_both_radios_count_and_one_that_is_not_heard_does_not(store: Store) -> None:
    """Devices of Wi-Fi and Bluetooth are added up; a scan without the one still counts the other."""
    beacon = device("beacon", Radio.BLUETOOTH, rssi_dbm=-64)
    store.recorder.record(scan(minute(0), [device("phone", rssi_dbm=-64)], HUNG))
    store.recorder.record(scan(minute(1), HUNG, [beacon]))
    assert SignalReader(store.connections).best_signals(minute(2)) == {-64: 2}
