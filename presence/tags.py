"""Tags: the owner's own things, registered on purpose, and what is heard of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from presence.zones import Zone


class TagError(Exception):
    """A tag cannot be what was asked for; the message says why and what to do."""


class NoSuchTagError(TagError):
    """There is no such tag, or it was deleted."""


class IdentityTakenError(TagError):
    """Another tag has this identity already."""


class IdentityKind(StrEnum):
    """By what a tag is known on the air."""

    ADDRESS = "address"
    """A Bluetooth address that stays: global, or random static."""
    IBEACON = "ibeacon"
    """Apple's iBeacon: UUID, major, minor."""
    ALTBEACON = "altbeacon"
    """AltBeacon: its 20 bytes of identity."""
    EDDYSTONE_UID = "eddystone uid"
    """Eddystone UID: namespace and instance."""
    EDDYSTONE_EID = "eddystone eid"
    """Eddystone EID: an identity that changes, told by its key."""
    NAME = "name"
    """The local name that it advertises, as a whole."""
    SERVICE_DATA = "service data"
    """What its data for a service begin with."""
    MANUFACTURER_DATA = "manufacturer data"
    """What its maker's data begin with."""
    IRK = "irk"
    """The identity resolving key of a phone or a watch, which tells its resolvable private addresses."""


class TagIcon(StrEnum):
    """What stands for a tag on the page."""

    TAG = "tag"
    TOOL = "tool"
    CASE = "case"
    PUMP = "pump"
    BED = "bed"
    CHAIR = "chair"
    VEHICLE = "vehicle"
    KEY = "key"
    PHONE = "phone"
    WATCH = "watch"
    PERSON = "person"
    ANIMAL = "animal"
    SENSOR = "sensor"


@dataclass(frozen=True, slots=True)
class IdentityRecord:
    """An identity as it is kept: nothing in it tells an address.

    Attributes:
        kind: By what the tag is known.
        digest: 32 bytes, HMAC-SHA-256 of the identity under the registry key; the same identity has the same digest.
        shape: With a prefix of data: whose data it is and how many bytes long it is, for example "0x0499/3" (a company
            identifier) or "fcd2/4" (a service). Empty for all other kinds.
        sealed: With an IRK or an EID key: that key, encrypted under the registry key. With an address likewise the key
            of what is sent encrypted from it, None when there is none. None for all other kinds.
        label: What the owner sees of it, for example "iBeacon f7826da6…, 1, 2" or "address (kept as 9f31ab20)".
    """

    kind: IdentityKind
    digest: bytes
    shape: str
    sealed: bytes | None = field(repr=False)
    label: str


@dataclass(frozen=True, slots=True)
class Watched:
    """One identity of one tag, as whoever listens needs it."""

    tag_id: int
    identity: IdentityRecord


@dataclass(frozen=True, slots=True)
class TagCard:
    """What its owner says of a tag.

    Attributes:
        name: Its name, 1 to 64 characters, one of a kind among the tags.
        kind: What sort of thing it is, in the owner's words, up to 40 characters; empty for none said.
        icon: What stands for it on the page.
        note: Up to 500 characters; empty for none.
    """

    name: str
    kind: str = ""
    icon: TagIcon = TagIcon.TAG
    note: str = ""


class MeasureKind(StrEnum):
    """What a tag may tell besides that it is there. The unit is in the name of each `Measure`'s field of the wire."""

    BATTERY_PERCENT = "battery_percent"
    BATTERY_VOLTS = "battery_volts"
    TEMPERATURE_CELSIUS = "temperature_celsius"
    HUMIDITY_PERCENT = "humidity_percent"
    PRESSURE_HPA = "pressure_hpa"
    ILLUMINANCE_LUX = "illuminance_lux"
    MOVING = "moving"
    """1 while it moves or sees something move, 0 while not."""
    MOVEMENT_COUNT = "movement_count"
    """A number that grows with each movement, and begins anew after its greatest."""
    OPEN = "open"
    """1 while a door, a window or a lid is open."""
    BUTTON_PRESSES = "button_presses"
    """How often it was pressed in the event that is told: 1, 2, 3; 0.5 for a long press."""
    ACCELERATION_G = "acceleration_g"
    """The length of the vector of acceleration."""
    COUNT = "count"
    WEIGHT_KG = "weight_kg"
    KEY_FITS = "key_fits"
    """1 when the key that its owner gave opens what it sends encrypted, 0 when it does not."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure out of a tag's payload.

    Attributes:
        kind: What it tells, and its unit.
        value: The figure; finite.
    """

    kind: MeasureKind
    value: float


@dataclass(frozen=True, slots=True)
class TagReading:
    """One tag as one sensor heard it since its last report.

    Attributes:
        tag_id: Which tag.
        last_heard_at: When it was heard last, by the sensor's clock.
        rssi_mean_dbm: Mean of its readings; None when no advertisement carried one.
        sighting_count: Advertisements heard, at least 1.
        measures: The newest of each kind that its payloads told; a button's presses only when they are new.
    """

    tag_id: int
    last_heard_at: datetime
    rssi_mean_dbm: float | None
    sighting_count: int
    measures: tuple[Measure, ...] = ()


@dataclass(frozen=True, slots=True)
class TagReport:
    """What one sensor heard of the tags since its last report. No readings means that it listened and heard none.

    Attributes:
        sensor: Name of the box that listened.
        from_at: When it began to listen for this report, by its clock.
        to_at: When it ended.
        is_listening: Whether its Bluetooth was heard in that time; without it, nothing is known of any tag.
        readings: One for each tag heard.
    """

    sensor: str
    from_at: datetime
    to_at: datetime
    is_listening: bool
    readings: tuple[TagReading, ...]


class Whereabouts(StrEnum):
    """What is known of where a tag is."""

    PRESENT = "present"
    """It is heard."""
    AWAY = "away"
    """Those who would hear it listen, and do not."""
    UNKNOWN = "unknown"
    """Who heard it last does not listen now, so nothing can be said. Also before it was ever heard."""


@dataclass(frozen=True, slots=True)
class TagPlace:
    """Where a tag is.

    Attributes:
        whereabouts: Whether it is there at all.
        sensor: The sensor it is at, or was at last; None when it was never heard.
        zone: In which zone of that sensor; None without a reading.
        rssi_dbm: Its smoothed signal strength there; None without a reading.
        confidence: From 0 to 1, how likely it is at that sensor and not at another; None while it is not present.
        since_at: Since when this holds (the same whereabouts, sensor and zone); None before it was ever heard.
        last_heard_at: When any sensor heard it last; None for never.
    """

    whereabouts: Whereabouts
    sensor: str | None
    zone: Zone | None
    rssi_dbm: float | None
    confidence: float | None
    since_at: datetime | None
    last_heard_at: datetime | None


NEVER_HEARD = TagPlace(Whereabouts.UNKNOWN, None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag as a list of tags shows it.

    Attributes:
        tag_id: Its number; never given again.
        card: What its owner says of it.
        identities: By what it is known; each with its number, to take it away by.
        added_at: When it was registered.
        place: Where it is.
        measures: The newest of each kind that it told.
        measured_at: When the newest of those was told; None for never.
        has_picture: Whether a picture of it was given.
    """

    tag_id: int
    card: TagCard
    identities: tuple[tuple[int, IdentityRecord], ...]
    added_at: datetime
    place: TagPlace
    measures: tuple[Measure, ...]
    measured_at: datetime | None
    has_picture: bool


@dataclass(frozen=True, slots=True)
class TagStay:
    """A time that a tag was at one place: the log of positions.

    Attributes:
        tag_id: Which tag.
        from_at: When it came there.
        to_at: When it was last heard there; None while it is still there.
        sensor: The sensor it was at.
        zone: The zone it was in there, at most of its time; None without a reading.
        rssi_mean_dbm: Mean of its readings there; None without any.
    """

    tag_id: int
    from_at: datetime
    to_at: datetime | None
    sensor: str
    zone: Zone | None
    rssi_mean_dbm: float | None


@dataclass(frozen=True, slots=True)
class Nearby:
    """A transmitter that is no tag yet, very near to the box that listens: "hold it near the Pi".

    Attributes:
        token: A word that stands for it while it is remembered, some minutes; tells nothing of its address.
        rssi_dbm: How strong it is, smoothed.
        says: What can be said of it: its name, its maker, what kind of beacon it is.
        kinds: The identities it could be registered by, the steadiest first. Never empty.
        last_heard_seconds: How many seconds ago it was heard.
    """

    token: str
    rssi_dbm: float
    says: str
    kinds: tuple[IdentityKind, ...]
    last_heard_seconds: float
