"""The examples of docs/integrations.md, held against what the programme really tells."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from links.metrics_route import metrics_router
from tests.links.served import served
from tests.links.test_metrics import PLACE

DOCS = Path(__file__).parents[2] / "docs"


def names_of_metrics() -> set[str]:
    with served(metrics_router(PLACE)) as place:
        text = httpx.get(f"http://{place}/metrics", timeout=60).text
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    """Every panel of the Grafana example names a metric of ours."""
    dashboard = json.loads((DOCS / "examples" / "grafana-dashboard.json").read_text(encoding="utf-8"))
    asked = [set(re.findall(r"presence_\w+", one["expr"])) for panel in dashboard["panels"] for one in panel["targets"]]
    assert all(asked)
    assert set().union(*asked) <= names_of_metrics()


def test_the_page_about_integrations_names_metrics_that_there_are() -> None:
    """No metric in the table or the alerts is invented."""
    text = (DOCS / "integrations.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bpresence_(?!outbox)\w+", text))
    assert len(named) > 10
    assert named <= names_of_metrics()


def test_the_flow_is_wired() -> None:
    """Every wire of the Node-RED example leads to a node of it, and it listens where the feed is."""
    flow: list[dict[str, Any]] = json.loads((DOCS / "examples" / "node-red-flow.json").read_text(encoding="utf-8"))
    ids = {node["id"] for node in flow}
    assert len(ids) == len(flow)
    assert {end for node in flow for output in node.get("wires", []) for end in output} <= ids
    assert {node["z"] for node in flow if "z" in node} <= ids
    (client,) = (node for node in flow if node["type"] == "websocket-client")
    assert client["path"].endswith("/ws")
