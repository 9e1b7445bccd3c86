"""Following devices from scan to scan: who arrived, who stayed, who has left, and the time each has spent.

Pure rules over devices as they stand. Whoever remembers them hands in those that the scans at hand concern, and writes
down what they have become.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from presence.placement import moves
from presence.radio import Radio
from presence.scan import AddressKind, DeviceObservation, Heard, Scan
from presence.time_spent import credited_seconds
from presence.visits import Visit, is_same_visit, stay_seconds
from presence.zones import Zone

# What nobody has heard for so long has left, though the sensor it was placed at has not spoken since.
STALE_AFTER = timedelta(days=1)


class Reading(NamedTuple):
    """What the sensor that a device is placed at told of it last. There is one for each detection, so it is a tuple."""

    sensor: str
    ssids: tuple[str, ...]
    rssi_mean_dbm: float | None
    rssi_std_db: float | None
    zone: Zone | None


@dataclass(slots=True)
class OpenVisit:
    """A visit that goes on.

    Attributes:
        started_at: Start of the scan that first heard the device.
        last_seen_at: Start of the latest scan, of any sensor, that heard it.
        placed_seen_at: Start of the latest scan of the sensor it is placed at that heard it.
        credit_seconds: What the scan that last heard it stands for, see `presence.visits.stay_seconds`.
    """

    started_at: datetime
    last_seen_at: datetime
    placed_seen_at: datetime
    credit_seconds: float


@dataclass(slots=True)
class FollowedDevice:
    """A device, as it stands after the scans taken in so far.

    Attributes:
        radio: The radio it was heard by.
        device_hash: 64 hexadecimal digits.
        key_period: Day number of the visitor key's first day.
        address_kind: What kind of address it sent from.
        manufacturer: Its maker's name; None when it could not be told so far.
        first_seen_at: Start of the first scan that heard it.
        last_seen_at: Start of the latest.
        reading: What was told of it last.
        time_spent_seconds: Its time spent in the round `round_id`.
        round_id: The round of time spent in which it was last detected.
        visit: Its open visit; None when it has left.
    """

    radio: Radio
    device_hash: str
    key_period: int
    address_kind: AddressKind
    manufacturer: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    reading: Reading
    time_spent_seconds: float
    round_id: int
    visit: OpenVisit | None


Devices = dict[Radio, dict[str, FollowedDevice]]
"""Devices of each radio, by their hashes."""


@dataclass(frozen=True, slots=True)
class RadioTaken:
    """What came of one radio's part of a scan.

    Attributes:
        arrived: The devices never heard before.
        placed: The observations of devices that are now placed at the scan's sensor.
        time_spent_seconds: What was added to the time spent, over all devices.
        new_in_round: Devices detected for the first time in the current round of time spent.
    """

    arrived: tuple[FollowedDevice, ...]
    placed: tuple[DeviceObservation, ...]
    time_spent_seconds: float
    new_in_round: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a scan.

    Attributes:
        ended: The visits that it ended.
        radios: What came of each radio that was heard.
    """

    ended: tuple[Visit, ...]
    radios: dict[Radio, RadioTaken]


@dataclass(slots=True)
class _Count:
    ended: list[Visit]
    time_spent_seconds: float = 0.0
    new_in_round: int = 0
    arrived: list[FollowedDevice] = field(default_factory=list)
    placed: list[DeviceObservation] = field(default_factory=list)


class Follower:
    """Takes scans in, oldest first for each sensor.

    Args:
        devices: Every device that the scans name or whose visit they may end, as it stands. It is changed in place, and
            holds those that arrived afterwards.
        round_id: The current round of time spent.
        visit_gap: How long a device may be silent on one visit.
        interval: From scan to scan.
    """

    def __init__(self, devices: Devices, *, round_id: int, visit_gap: timedelta, interval: timedelta) -> None:
        self._devices = devices
        self._round_id = round_id
        self._visit_gap = visit_gap
        self._interval = interval
        # Those that were placed at each sensor, some of which have moved on since: of many sensors' devices, a scan
        # need look at its own only. And no open visit was silent for longer than since this moment.
        self._placed: defaultdict[str, list[FollowedDevice]] = defaultdict(list)
        self._silent_since_at = datetime.max.replace(tzinfo=UTC)
        for device in self._all():
            if device.visit is not None:
                self._placed[device.reading.sensor].append(device)
                self._silent_since_at = min(self._silent_since_at, device.visit.last_seen_at)

    def take(self, scan: Scan) -> Taken:
        """Take a scan in. Its clock must have been right."""
        # Times and lengths of time in milliseconds here and below, and readings to a hundredth, as they are stored: a
        # device that was kept in memory and one that was read again are the same.
        scan = replace(scan, started_at=_whole_milliseconds(scan.started_at))
        credit_seconds = round(credited_seconds(scan.elapsed_seconds, self._interval.total_seconds()), 3)
        ended = list(self._end_visits(scan))
        radios = {
            radio: self._follow(scan, radio, hearing, credit_seconds, ended)
            for radio in Radio
            if isinstance(hearing := scan.hearing(radio), Heard)
        }
        return Taken(tuple(ended), radios)

    def _end_visits(self, scan: Scan) -> Iterable[Visit]:
        """End the visits of devices that were silent for too long.

        A sensor ends the visits of devices that are placed at it, and no others: while another is out of reach nobody
        knows whether its devices have left, its scans may still come, and the clocks of two sensors never agree
        exactly. Only what nobody has heard for a day is ended by any.
        """
        seen_at = scan.started_at
        may_be_stale = seen_at - self._silent_since_at > STALE_AFTER
        for device in self._all() if may_be_stale else self._placed[scan.sensor]:
            visit = device.visit
            if visit is None:
                continue
            if device.reading.sensor == scan.sensor:
                went_back = visit.placed_seen_at > seen_at
                is_over = went_back or seen_at - visit.last_seen_at > self._visit_gap
            else:
                is_over = seen_at - visit.last_seen_at > STALE_AFTER
            if is_over:
                device.visit = None
                yield _ended(device, visit)

    def _all(self) -> list[FollowedDevice]:
        return [device for devices in self._devices.values() for device in devices.values()]

    def _follow(self, scan: Scan, radio: Radio, heard: Heard, credit_seconds: float, ended: list[Visit]) -> RadioTaken:
        devices = self._devices.setdefault(radio, {})
        count = _Count(ended)
        # Of a device that is listed twice the last word counts.
        for device_hash, observation in {one.device_hash: one for one in heard.observations}.items():
            device = devices.get(device_hash)
            if device is None:
                device = devices[device_hash] = self._arrive(scan, observation)
                self._placed[scan.sensor].append(device)
                count.arrived.append(device)
            self._see(device, observation, scan, credit_seconds, count)
        return RadioTaken(tuple(count.arrived), tuple(count.placed), count.time_spent_seconds, count.new_in_round)

    def _arrive(self, scan: Scan, observation: DeviceObservation) -> FollowedDevice:
        return FollowedDevice(
            radio=observation.radio,
            device_hash=observation.device_hash,
            key_period=scan.key_period,
            address_kind=observation.address_kind,
            manufacturer=observation.manufacturer,
            first_seen_at=scan.started_at,
            last_seen_at=scan.started_at,
            reading=_reading(scan, observation),
            time_spent_seconds=0.0,
            round_id=self._round_id - 1,  # of no detection so far
            visit=None,
        )

    def _see(
        self, device: FollowedDevice, observation: DeviceObservation, scan: Scan, credit_seconds: float, count: _Count
    ) -> None:
        """One detection of one device."""
        if device.round_id != self._round_id:  # minutes of an earlier round count no more
            device.round_id, device.time_spent_seconds = self._round_id, 0.0
            count.new_in_round += 1
        if device.manufacturer is None:
            device.manufacturer = observation.manufacturer
        visit, seen_at = device.visit, scan.started_at
        if visit is not None and seen_at - visit.last_seen_at > self._visit_gap:
            # The sensor it is placed at is out of reach, and another hears it again after all that time.
            count.ended.append(_ended(device, visit))
            visit = None
        spent = credit_seconds
        if visit is None:
            device.visit = OpenVisit(seen_at, seen_at, seen_at, credit_seconds)
            self._silent_since_at = min(self._silent_since_at, seen_at)
            device.first_seen_at = min(device.first_seen_at, seen_at)
            device.last_seen_at = seen_at
            is_placed_here = True
        else:
            if device.reading.sensor != scan.sensor or visit.placed_seen_at != visit.last_seen_at:
                # Another sensor hears it too: of this time only what passed since it did is added.
                spent = min(credit_seconds, max(0.0, (seen_at - visit.last_seen_at).total_seconds()))
            is_placed_here = device.reading.sensor == scan.sensor or self._moves_here(
                device, visit, observation, seen_at
            )
            self._go_on(device, visit, seen_at, credit_seconds)
            if is_placed_here:
                visit.placed_seen_at = seen_at
        device.time_spent_seconds = round(device.time_spent_seconds + spent, 3)
        count.time_spent_seconds += spent
        if is_placed_here:
            if device.reading.sensor != scan.sensor:
                self._placed[scan.sensor].append(device)
            device.reading = _reading(scan, observation)
            count.placed.append(observation)

    def _go_on(self, device: FollowedDevice, visit: OpenVisit, seen_at: datetime, credit_seconds: float) -> None:
        """Let a visit reach to a moment; a scan that comes late may tell of an earlier one than its first."""
        if seen_at >= visit.last_seen_at:
            visit.last_seen_at = device.last_seen_at = seen_at
            visit.credit_seconds = credit_seconds
        elif is_same_visit(seen_at, visit.started_at, self._visit_gap):
            visit.started_at = seen_at
            device.first_seen_at = min(device.first_seen_at, seen_at)

    def _moves_here(
        self, device: FollowedDevice, visit: OpenVisit, observation: DeviceObservation, seen_at: datetime
    ) -> bool:
        return moves(
            placed_rssi_dbm=device.reading.rssi_mean_dbm,
            placed_seen_at=visit.placed_seen_at,
            rssi_dbm=observation.rssi_mean_dbm,
            seen_at=seen_at,
            interval=self._interval,
        )


def _reading(scan: Scan, observation: DeviceObservation) -> Reading:
    rssi, deviation = observation.rssi_mean_dbm, observation.rssi_std_db
    return Reading(
        scan.sensor,
        observation.ssids,
        None if rssi is None else round(rssi, 2),
        None if deviation is None else round(deviation, 1),
        observation.zone,
    )


def _whole_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _ended(device: FollowedDevice, visit: OpenVisit) -> Visit:
    return Visit(
        radio=device.radio,
        device_hash=device.device_hash,
        key_period=device.key_period,
        sensor=device.reading.sensor,
        started_at=visit.started_at,
        ended_at=visit.last_seen_at,
        stay_seconds=stay_seconds(visit.started_at, visit.last_seen_at, visit.credit_seconds),
    )
