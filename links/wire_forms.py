"""The forms that a batch on the wire is read into and written from, with the bounds of every field."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Raw, Struct

from presence.counts import NO_CUTS, RSSI_CUTS_DBM
from presence.faults import FaultReason
from presence.scan import AddressKind

# Version of the format; it goes up when a receiver of the one before could not read it.
VERSION = 1
# Scans in a batch: a sensor that was cut off for a day catches up in three.
MOST_MESSAGES = 500
# Devices of one radio in a scan: a full stadium stand, forty times a busy place.
MOST_DEVICES = 20_000
MOST_SSIDS = 64
# IEEE 802.11-2020, 9.4.2.2: an SSID has at most 32 bytes, and so no more characters.
LONGEST_SSID = 32
LONGEST_MANUFACTURER = 64
LONGEST_WORDS = 200
# A device that sends 25,000 frames a second for the longest interval there is, an hour.
MOST_SIGHTINGS = 100_000_000
# A clock may be set while it is listened, so that a device seems to be heard long before or after.
DAY_SECONDS = 86_400.0
# Thirty years without a restart.
LONGEST_ELAPSED_SECONDS = 1e9
# IEEE 802.11-2020 and the Bluetooth Core Specification report RSSI within -127 and 20 dBm.
LEAST_DBM, MOST_DBM = -127, 20
# Frames that are counted in ten minutes: what is kept of a count is never more (four bytes).
MOST_COUNTED = 2**31 - 1
# A scan a second for the ten minutes of the window.
MOST_SCANS = 600
# Things that stay at one place: an office of a thousand desks has no more in reach of one sensor.
MOST_FIXTURES = 1_000

# As config.toml takes it; it becomes the last word of a topic, so it holds none of "/", "+" and "#".
SENSOR_NAME = r"^[\w .-]{1,64}\Z"

_Moment = Annotated[datetime, Meta(tz=True)]
_Words = Annotated[str, Meta(max_length=LONGEST_WORDS)]
_Hash = Annotated[str, Meta(min_length=64, max_length=64)]
_SecondsInto = Annotated[float, Meta(ge=-DAY_SECONDS, le=DAY_SECONDS)]
_Rssi = Annotated[float, Meta(ge=LEAST_DBM, le=MOST_DBM)]
_Deviation = Annotated[float, Meta(ge=0, le=MOST_DBM - LEAST_DBM)]
_Count = Annotated[int, Meta(ge=0, le=MOST_COUNTED)]
_Cuts = Annotated[tuple[_Count, ...], Meta(min_length=len(RSSI_CUTS_DBM), max_length=len(RSSI_CUTS_DBM))]
_Ssid = Annotated[str, Meta(max_length=LONGEST_SSID)]


class FaultForm(Struct, omit_defaults=True):
    """`presence.faults.Fault`."""

    reason: FaultReason
    detail: _Words = ""
    recovery: _Words = ""


# It holds nothing that could hold it, so the garbage collector need not look at each of 24,000 a second.
class DeviceForm(Struct, omit_defaults=True, gc=False):
    """`presence.scan.DeviceObservation` without radio and zone, its times in seconds after the start of the scan."""

    device_hash: _Hash
    address_kind: AddressKind
    sighting_count: Annotated[int, Meta(ge=1, le=MOST_SIGHTINGS)]
    first_heard_seconds: _SecondsInto
    last_heard_seconds: _SecondsInto
    rssi_mean_dbm: _Rssi | None = None
    rssi_std_db: _Deviation | None = None
    manufacturer: Annotated[str, Meta(max_length=LONGEST_MANUFACTURER)] | None = None
    ssids: Annotated[tuple[_Ssid, ...], Meta(max_length=MOST_SSIDS)] = ()


class CountedForm(Struct, omit_defaults=True, gc=False):
    """`presence.counts.Counted`."""

    sendings: _Cuts = NO_CUTS
    bursts: _Cuts = NO_CUTS
    addresses: _Cuts = NO_CUTS
    fingerprints: _Cuts = NO_CUTS
    stable: _Cuts = NO_CUTS
    devices: _Cuts = NO_CUTS
    carried: _Cuts = NO_CUTS
    once: _Cuts = NO_CUTS
    twice: _Cuts = NO_CUTS


class FixtureForm(Struct, omit_defaults=True):
    """`presence.counts.FixtureHeard`."""

    digest: _Hash
    sendings: _Count
    bursts: _Count
    window_sendings: _Count
    window_bursts: _Count
    window_scans: Annotated[int, Meta(ge=1, le=MOST_SCANS)]
    cut: Annotated[int, Meta(ge=0, lt=len(RSSI_CUTS_DBM))]
    is_carried: bool
    manufacturer: Annotated[str, Meta(max_length=LONGEST_MANUFACTURER)] | None = None


class CountsForm(Struct, omit_defaults=True):
    """`presence.counts.RadioCounts`."""

    scan: CountedForm
    window: CountedForm
    window_scans: Annotated[int, Meta(ge=1, le=MOST_SCANS)]
    fixtures: Annotated[list[FixtureForm], Meta(max_length=MOST_FIXTURES)] = []


class HeardForm(Struct, omit_defaults=True, tag_field="hearing", tag="heard"):
    """`presence.scan.Heard`."""

    devices: Annotated[list[DeviceForm], Meta(max_length=MOST_DEVICES)]
    cut_short: FaultForm | None = None
    counts: CountsForm | None = None


class UnheardForm(Struct, tag_field="hearing", tag="not heard"):
    """`presence.scan.Unheard`."""

    fault: FaultForm


class MessageForm(Struct):
    """`presence.message.ScanMessage` without the sensor, which the batch names."""

    message_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    started_at: _Moment
    duration_seconds: Annotated[float, Meta(ge=0, le=DAY_SECONDS)]
    elapsed_seconds: Annotated[float, Meta(ge=0, le=LONGEST_ELAPSED_SECONDS)] | None
    key_period: Annotated[int, Meta(ge=0, le=date.max.toordinal())]
    clock_is_right: bool
    wifi: HeardForm | UnheardForm
    bluetooth: HeardForm | UnheardForm


class SensorForm(Struct):
    """`presence.sensors.SensorCard`."""

    name: Annotated[str, Meta(pattern=SENSOR_NAME)]
    place: _Words | None = None
    version: Annotated[str, Meta(max_length=64)] | None = None


class HeadForm(Struct):
    """`presence.message.Batch` but for its messages."""

    version: int
    sensor: SensorForm
    site: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
    sent_at: _Moment
    waiting_count: Annotated[int, Meta(ge=0, le=2**31 - 1)]


class BatchForm(HeadForm):
    """`presence.message.Batch`."""

    messages: Annotated[list[MessageForm], Meta(min_length=1, max_length=MOST_MESSAGES)]


class VersionForm(Struct):
    """What a batch of any version has."""

    version: int


class UnreadForm(Struct):
    """A batch whose messages are looked at one by one."""

    messages: list[Raw]
