"""What happens in the views of tags and alerts."""

from __future__ import annotations

from dash import Dash

from layouts.callbacks_alerts import register_alerts
from layouts.callbacks_channels import register_channels
from layouts.callbacks_delete import register_deleting
from layouts.callbacks_one_tag import register_one_tag
from layouts.callbacks_plans import register_plans
from layouts.callbacks_rules import register_rules
from layouts.callbacks_tags import register_tags
from layouts.needs import PageParts
from layouts.needs_tags import Following
from layouts.troubles import Troubles


def register_following(app: Dash, parts: PageParts, following: Following, troubles: Troubles) -> None:
    """Join the views of tags and alerts to their parts."""
    tagging, alerting = following.tagging, following.alerting
    register_tags(app, parts, tagging, troubles)
    register_one_tag(app, parts, tagging, troubles)
    register_plans(app, parts, tagging, troubles)
    register_alerts(app, parts, alerting, troubles)
    register_rules(app, parts, following, troubles)
    register_channels(app, parts, alerting, troubles)
    register_deleting(app, parts, following, troubles)
