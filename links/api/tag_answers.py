"""Tags as other programs write and read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from links.api.answers import Answer
from presence.tags import IdentityKind, Nearby, TagCard, TagIcon, TagPlace, TagRow, TagStay, Whereabouts
from presence.zones import Zone

_MOST_IDENTITIES = 20

TagName = Annotated[str, Field(min_length=1, max_length=64)]


class IdentityForm(Answer):
    """By what a tag is known on the air."""

    kind: IdentityKind
    """What it is."""
    text: Annotated[str, Field(min_length=1, max_length=300)]
    """The identity itself, for example 01:23:45:67:89:ab. It is kept as a keyed hash, and never told again."""


class TagCardForm(Answer):
    """What its owner says of a tag."""

    name: TagName
    """Its name, one of a kind among the tags."""
    kind: Annotated[str, Field(max_length=40)] = ""
    """What sort of thing it is, in your own words."""
    icon: TagIcon = TagIcon.TAG
    """What stands for it on the page."""
    note: Annotated[str, Field(max_length=500)] = ""
    """A note."""

    def card(self) -> TagCard:
        """The card that is meant."""
        return TagCard(self.name, self.kind, self.icon, self.note)


class TagForm(TagCardForm):
    """A tag to be registered."""

    identities: Annotated[list[IdentityForm], Field(min_length=1, max_length=_MOST_IDENTITIES)]
    """By what it is known."""


class NearbyForm(TagCardForm):
    """A tag to be registered that is held near to the box."""

    token: Annotated[str, Field(min_length=1, max_length=64)]
    """Its `token` out of the list of what is near."""
    identity: IdentityKind
    """Which of its `kinds` it is to be known by."""


class IdentityAnswer(Answer):
    """By what a tag is known."""

    id: int
    """Its number, to take it away by."""
    kind: IdentityKind
    """What it is."""
    label: str
    """What is shown of it: enough to tell two apart, and no address."""


class WhereAnswer(Answer):
    """Where a tag is."""

    whereabouts: Whereabouts
    """present: it is heard. away: those who would hear it listen, and do not. unknown: nobody can say."""
    sensor: str | None
    """The sensor it is at, or was at last; null when it was never heard."""
    zone: Zone | None
    """In which zone of that sensor; null without a reading."""
    rssi_dbm: float | None
    """Its smoothed signal strength there; null without a reading."""
    confidence: float | None
    """From 0 to 1, how likely it is at that sensor and not at another; null while it is not present."""
    since_at: datetime | None
    """Since when this holds; null before it was ever heard."""
    last_heard_at: datetime | None
    """When any sensor heard it last; null for never."""


class TagAnswer(Answer):
    """A tag."""

    id: int
    """Its number; never given again."""
    name: str
    """Its name."""
    kind: str
    """What sort of thing it is; empty when nobody said."""
    icon: TagIcon
    """What stands for it on the page."""
    note: str
    """A note; empty for none."""
    identities: list[IdentityAnswer]
    """By what it is known."""
    added_at: datetime
    """When it was registered."""
    where: WhereAnswer
    """Where it is."""
    measures: dict[str, float]
    """The newest of each kind that it told of itself, the unit in the name, for example `battery_percent`."""
    measured_at: datetime | None
    """When the newest of those was told; null for never."""
    has_picture: bool
    """Whether there is a picture of it."""


class StayAnswer(Answer):
    """A time that a tag was at one place."""

    tag_id: int
    """Which tag."""
    from_at: datetime
    """When it came there."""
    to_at: datetime | None
    """When it was last heard there; null while it is still there."""
    sensor: str
    """The sensor it was at."""
    zone: Zone | None
    """The zone it was in there, at most of its time; null without a reading."""
    rssi_mean_dbm: float | None
    """Mean signal strength there; null without a reading."""


class StaysAnswer(Answer):
    """A page of stays, the newest first."""

    stays: list[StayAnswer]
    """The stays."""
    next_cursor: str | None
    """Give this as `cursor` to have the next page; null when this is the last."""


class FigureAnswer(Answer):
    """What a tag told of itself."""

    at: datetime
    """When."""
    value: float
    """The figure, in the unit of its kind."""


class NearbyAnswer(Answer):
    """A transmitter that is no tag, very near to the box."""

    token: str
    """What stands for it for some minutes; tells nothing of its address."""
    rssi_dbm: float
    """How strong it is, smoothed."""
    says: str
    """What can be said of it: its name, its maker, what kind of beacon it is."""
    kinds: list[IdentityKind]
    """By what it could be registered, the steadiest first."""
    last_heard_seconds: float
    """How many seconds ago it was heard."""


def tag_answer(row: TagRow) -> TagAnswer:
    """A tag as it is told."""
    card = row.card
    return TagAnswer(
        id=row.tag_id,
        name=card.name,
        kind=card.kind,
        icon=card.icon,
        note=card.note,
        identities=[IdentityAnswer(id=number, kind=one.kind, label=one.label) for number, one in row.identities],
        added_at=row.added_at,
        where=_where(row.place),
        measures={one.kind.value: one.value for one in row.measures},
        measured_at=row.measured_at,
        has_picture=row.has_picture,
    )


def _where(place: TagPlace) -> WhereAnswer:
    return WhereAnswer(
        whereabouts=place.whereabouts,
        sensor=place.sensor,
        zone=place.zone,
        rssi_dbm=None if place.rssi_dbm is None else round(place.rssi_dbm, 1),
        confidence=None if place.confidence is None else round(place.confidence, 2),
        since_at=place.since_at,
        last_heard_at=place.last_heard_at,
    )


def stay_answer(stay: TagStay) -> StayAnswer:
    """A stay as it is told."""
    return StayAnswer(
        tag_id=stay.tag_id,
        from_at=stay.from_at,
        to_at=stay.to_at,
        sensor=stay.sensor,
        zone=stay.zone,
        rssi_mean_dbm=stay.rssi_mean_dbm,
    )


def nearby_answer(near: Nearby) -> NearbyAnswer:
    """What is near, as it is told."""
    return NearbyAnswer(
        token=near.token,
        rssi_dbm=round(near.rssi_dbm, 1),
        says=near.says,
        kinds=list(near.kinds),
        last_heard_seconds=round(near.last_heard_seconds, 1),
    )
