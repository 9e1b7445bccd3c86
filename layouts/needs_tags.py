"""What the views of tags and alerts need from the rest of the programme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from db.alert_rules import AlertRules
from db.alerts import Alerts
from db.channels import Channels
from db.floor_plans import FloorPlans
from db.tag_log import TagLog
from db.tags import Tags
from presence.tags import IdentityKind, IdentityRecord, Nearby


@dataclass(frozen=True, slots=True)
class Near:
    """What this machine's own Bluetooth hears of things that are held near it.

    Attributes:
        nearby: The strongest transmitters that are no tags yet.
        identify: What is kept of one of them, by its token; raises TagError when it was forgotten.
        is_continuous: Whether Bluetooth is listened to all the time just now, and not in scans alone.
    """

    nearby: Callable[[], tuple[Nearby, ...]]
    identify: Callable[[str, IdentityKind], IdentityRecord]
    is_continuous: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Tagging:
    """What the views of tags are joined to.

    Attributes:
        tags: The register.
        log: Where tags were, and what they told.
        plans: Floor plans.
        identify: What is kept of an identity that was typed; raises TagError when it is none.
        near: What is held near this machine; None where it hears no tags itself.
    """

    tags: Tags
    log: TagLog
    plans: FloorPlans
    identify: Callable[[IdentityKind, str], IdentityRecord]
    near: Near | None


@dataclass(frozen=True, slots=True)
class Alerting:
    """What the view of alerts is joined to.

    Attributes:
        alerts: Alerts and their history.
        rules: What is watched for.
        channels: Who is notified.
    """

    alerts: Alerts
    rules: AlertRules
    channels: Channels


@dataclass(frozen=True, slots=True)
class Following:
    """What a machine has that follows tags and watches by rules.

    Attributes:
        tagging: What the views of tags are joined to.
        alerting: What the view of alerts is joined to.
    """

    tagging: Tagging
    alerting: Alerting
