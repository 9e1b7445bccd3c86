"""What changed of the owner's things is looked for here: where tags are, and alerts, as the database has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from presence.alerts import AlertRow
from presence.tags import TagRow


@dataclass(frozen=True, slots=True)
class OwnedReads:
    """What is read; each may raise DatabaseError.

    Attributes:
        tags: Reads every tag.
        open_alerts: Reads every alert that is open.
        newest_alerts: Reads the newest alerts, open or not, the newest first: one may open and close between two looks.
    """

    tags: Callable[[], Sequence[TagRow]]
    open_alerts: Callable[[], Sequence[AlertRow]]
    newest_alerts: Callable[[], Sequence[AlertRow]]


@dataclass(frozen=True, slots=True)
class Owned:
    """How the owner's things stand: every tag, and the alerts that are open."""

    tags: tuple[TagRow, ...] = ()
    alerts: tuple[AlertRow, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnedChanges:
    """What changed between two looks.

    Attributes:
        tags: Tags that are elsewhere now, or new, or called something else.
        gone: Tags that were deleted, as they were.
        alerts: Alerts that opened, were acknowledged or closed, with which of these it was, in order.
    """

    tags: tuple[TagRow, ...] = ()
    gone: tuple[TagRow, ...] = ()
    alerts: tuple[tuple[str, AlertRow], ...] = ()


@dataclass(slots=True)
class OwnedSource:
    """Looks for what changed. Used by one thread at a time; the first look finds nothing changed.

    Attributes:
        reads: What is read.
    """

    reads: OwnedReads
    _tags: dict[int, TagRow] = field(init=False, default_factory=dict)
    _open: dict[int, AlertRow] = field(init=False, default_factory=dict)
    _newest_id: int | None = field(init=False, default=None)

    @property
    def standing(self) -> Owned:
        """How things stood at the last look."""
        return Owned(tuple(self._tags.values()), tuple(self._open.values()))

    def look(self) -> OwnedChanges:
        """What changed since the look before.

        Raises:
            DatabaseError: It cannot be read; the next look finds it.
        """
        is_first = self._newest_id is None
        tags = {row.tag_id: row for row in self.reads.tags()}
        open_now = {row.alert_id: row for row in self.reads.open_alerts()}
        newest = {row.alert_id: row for row in self.reads.newest_alerts()}
        before, self._tags = self._tags, tags
        changed = tuple(row for row in tags.values() if _looks(row) != _looks(before.get(row.tag_id)))
        gone = tuple(row for tag_id, row in before.items() if tag_id not in tags)
        alerts = self._alerts_changed({**newest, **open_now})
        self._open = open_now
        self._newest_id = max((*newest, self._newest_id or 0))
        return OwnedChanges() if is_first else OwnedChanges(changed, gone, alerts)

    def _alerts_changed(self, rows: dict[int, AlertRow]) -> tuple[tuple[str, AlertRow], ...]:
        told: list[tuple[str, AlertRow]] = []
        for alert_id, row in sorted(rows.items()):
            before = self._open.get(alert_id)
            if before is None and alert_id <= (self._newest_id or 0):
                continue  # it was over before
            if before is None:
                told.append(("opened", row))
            if row.acknowledged_at is not None and (before is None or before.acknowledged_at is None):
                told.append(("acknowledged", row))
            if row.closed_at is not None:
                told.append(("closed", row))
        # One that is older than the newest, and is open no more.
        told += [("closed", row) for alert_id, row in self._open.items() if alert_id not in rows]
        return tuple(told)


def _looks(row: TagRow | None) -> object:
    """What is told of a tag when it changes: how strong and how sure it is changes all the time."""
    if row is None:
        return None
    place = row.place
    return row.card.name, place.whereabouts, place.sensor, place.zone
