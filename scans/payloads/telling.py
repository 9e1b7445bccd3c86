"""What a broadcast tells: each format is asked by whom the data are for, or who made the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from presence.tags import Measure, MeasureKind
from scans.broadcast import Broadcast, uuid_of_short
from scans.payloads import bthome, eddystone, govee, ruuvi, thermometers, trackers, xiaomi

_Told = tuple[Measure, ...]


def _environment(data: bytes) -> _Told:
    """Two firmwares send under the same service; their lengths tell them apart."""
    return xiaomi.environment(data) or trackers.b_parasite(data)


_BY_SERVICE: dict[int, Callable[[bytes], _Told]] = {
    bthome.SERVICE_V2: bthome.version_2,
    bthome.SERVICE_V1: bthome.version_1,
    eddystone.SERVICE: eddystone.telemetry,
    xiaomi.MIBEACON_SERVICE: xiaomi.mibeacon,
    xiaomi.ENVIRONMENT_SERVICE: _environment,
    xiaomi.QINGPING_SERVICE: xiaomi.qingping,
    thermometers.SWITCHBOT_SERVICE: thermometers.switchbot,
    thermometers.OLDER_SWITCHBOT_SERVICE: thermometers.switchbot,
    trackers.HOLYIOT_SERVICE: trackers.holyiot,
    trackers.TEMPERATURE_SERVICE: trackers.temperature,
    trackers.HUMIDITY_SERVICE: trackers.humidity,
    trackers.BATTERY_SERVICE: trackers.battery,
}
_BY_UUID = {uuid_of_short(service): told for service, told in _BY_SERVICE.items()}

_BY_COMPANY: dict[int, Callable[[bytes], _Told]] = {
    ruuvi.COMPANY: ruuvi.told,
    govee.COMPANY: govee.told,
    govee.COMPANY_OF_H5179: govee.told_by_h5179,
    thermometers.JAALEE_COMPANY: thermometers.jaalee,
    thermometers.BLUEMAESTRO_COMPANY: thermometers.bluemaestro,
    trackers.TELTONIKA_COMPANY: trackers.teltonika,
    trackers.MIKROTIK_COMPANY: trackers.mikrotik,
    **dict.fromkeys(thermometers.THERMOBEACON_COMPANIES, thermometers.thermobeacon),
}


def measures_of(broadcast: Broadcast) -> _Told:
    """What one advertisement tells besides that its sender is there: one figure of each kind; empty for nothing known.

    Whatever bytes a stranger sends, this answers; figures that cannot be true are left out.
    """
    found: dict[MeasureKind, Measure] = {}
    for told in _answers(broadcast):
        for one in told:
            found.setdefault(one.kind, one)
    return tuple(found.values())


def _answers(broadcast: Broadcast) -> Iterator[_Told]:
    for uuid, data in broadcast.service_data.items():
        if uuid in _BY_UUID:
            yield _BY_UUID[uuid](data)
    for company, data in broadcast.manufacturer_data.items():
        if company in _BY_COMPANY:
            yield _BY_COMPANY[company](data)
        elif company == govee.COMPANY_OF_OTHERS:
            yield govee.told_by_others(data, broadcast.local_name)
        yield thermometers.inkbird(company, data, broadcast.local_name)
        yield thermometers.thermopro(company, data, broadcast.local_name)
