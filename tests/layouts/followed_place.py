"""A site whose tags are followed: a real database in memory, for the views of tags and alerts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from db.alert_rules import AlertRules
from db.alerts import Alerts
from db.channels import Channels
from db.store import Store, open_store
from layouts.needs_tags import Alerting, Following, Near, Tagging
from presence.alerts import Rule, RuleKind, Subject, Turn, Verdict
from presence.tags import IdentityKind, IdentityRecord, Nearby, TagCard, TagError
from tests.db.scanning import SETTINGS
from tests.layouts.fake_place import NOW_AT

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A picture of one point, as PNG."""
PROJECTOR = Subject("tag 1", "Projector")


class PlainSealer:
    """Seals by turning round."""

    def seal(self, plain: bytes) -> bytes:
        """The bytes from the last to the first."""
        return plain[::-1]

    def unseal(self, sealed: bytes) -> bytes:
        """The bytes as they were."""
        return sealed[::-1]


def record_of(kind: IdentityKind, text: str) -> IdentityRecord:
    """What is kept of an identity that was typed; anything but an address that begins with C4 will do.

    Raises:
        TagError: It is an address of another shape.
    """
    if kind is IdentityKind.ADDRESS and not text.startswith("C4:"):
        raise TagError('A Bluetooth address has twelve hexadecimal digits, for example "C4:7C:8D:6A:12:34".')
    return IdentityRecord(
        kind, hashlib.sha256(f"{kind} {text}".encode()).digest(), "", None, f"{kind} (kept as 9f31ab20)"
    )


@dataclass
class FollowedPlace:
    """What follows tags, which a test can change while a page is open.

    Attributes:
        store: The database.
        near: What is held near.
        is_continuous: Whether Bluetooth is listened to all the time.
    """

    store: Store
    near: list[Nearby] = field(default_factory=list)
    is_continuous: bool = True

    @property
    def alerts(self) -> Alerts:
        """The alerts."""
        return Alerts(self.store.connections)

    @property
    def rules(self) -> AlertRules:
        """The rules."""
        return AlertRules(self.store.connections)

    @property
    def channels(self) -> Channels:
        """The channels."""
        return Channels(self.store.connections, PlainSealer())

    def following(self) -> Following:
        """What the views are joined to: this place."""
        store = self.store
        near = Near(lambda: tuple(self.near), self._identify, lambda: self.is_continuous)
        tagging = Tagging(store.tags, store.tag_log, store.floor_plans, record_of, near)
        return Following(tagging, Alerting(self.alerts, self.rules, self.channels))

    def add_tag(self, name: str = "Projector", kind: str = "tool case") -> int:
        """Register a tag."""
        return self.store.tags.add(TagCard(name, kind), [record_of(IdentityKind.NAME, name)], NOW_AT)

    def open_alert(
        self, says: str = "“Projector” left.", rule_name: str = "Nothing leaves", about: Subject = PROJECTOR
    ) -> int:
        """Let an alert open."""
        rule_id = self.rules.add(Rule(rule_name, RuleKind.TAG_LEFT), NOW_AT)
        verdict = Verdict(rule_id, about, Turn.OPENED, says, NOW_AT)
        ((_, row),) = self.alerts.apply([verdict])
        return row.alert_id

    def _identify(self, token: str, kind: IdentityKind) -> IdentityRecord:
        if token not in {one.token for one in self.near}:
            raise TagError("It was not heard for some minutes. Hold it near once more.")
        return record_of(kind, token)


@contextmanager
def followed_place() -> Iterator[FollowedPlace]:
    """A site with nothing on it yet."""
    store = open_store("sqlite://", SETTINGS)
    try:
        yield FollowedPlace(store)
    finally:
        store.close()
