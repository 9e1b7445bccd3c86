from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from command_line import parse
from db.access import Access
from db.overrides import Overrides, ZoningInForce
from links.api_page import DOCUMENT_PATH
from place import place_of
from presence.access import Role
from telling import Telling
from tests.links.served import served_app
from tests.sqlite import new_database


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[httpx.Client]:
    """A whole hub, guarded, and a client with the key of its admin."""
    place = place_of(parse(["hub", "--db", new_database(tmp_path / "hub.db")]))
    with contextlib.ExitStack() as undo:
        store = place.open_store()
        undo.callback(store.close)
        zoning = ZoningInForce(Overrides(store.connections), place.thresholds, place.clock.monotonic)
        access = Access(store.connections, place.clock.monotonic)
        keys, registry_key = place.visitor_keys(), place.registry_key()
        telling = Telling(place, store, keys, zoning, access, store.reader.latest_scan_at, registry_key)
        telling.receive(undo, from_broker=False)
        server = telling.site_server(is_listening=False)
        telling.guard(server)
        key = access.make_key("tests", Role.ADMIN, place.clock.wall()).key
        address = undo.enter_context(served_app(server))
        yield undo.enter_context(httpx.Client(base_url=f"http://{address}", headers={"X-API-Key": key}, timeout=60))


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_no_request_to_a_hub_is_a_server_error(hub: httpx.Client, mode: schemathesis.GenerationMode) -> None:
    """Every route of the document, those to send by too, answers what it is asked, by a 5xx only if announced."""
    document = hub.get(DOCUMENT_PATH).json()
    assert {"/api/v1/batches", "/api/v1/keys", "/api/v1/login", "/health", "/metrics"} <= document["paths"].keys()
    asked = 0
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        takes_something = bool(operation.body) or any(operation.iter_parameters())
        if takes_something or mode is schemathesis.GenerationMode.POSITIVE:  # else there is nothing to get wrong
            ask_it(hub, operation, mode, document["paths"][operation.path][operation.method.lower()]["responses"])
            asked += 1
    assert asked > 20


def ask_it(hub: httpx.Client, operation: Any, mode: schemathesis.GenerationMode, announced: dict[str, object]) -> None:  # noqa: ANN401 - schemathesis gives its type no public name
    """Ask one route several things."""

    @settings(max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        answer = case.call(base_url=str(hub.base_url), headers=dict(hub.headers))
        is_fine = answer.status_code < 500 or str(answer.status_code) in announced.keys() - {"500"}
        assert is_fine, (case.method, case.path, answer.status_code, answer.text)

    ask()


@pytest.mark.parametrize("path", ["/api/v1/batches", "/api/v1/detections/bulk", "/api/v1/detections/"])
def test_who_sends_to_a_hub_is_asked_for_a_key_first(hub: httpx.Client, path: str) -> None:
    """However short the way of what sensors post, the guard stands before it; with a key the body is looked at."""
    assert httpx.post(hub.base_url.join(path), content=b"{}", timeout=60).status_code == 401
    assert hub.post(path, content=b"{}").status_code == 422
