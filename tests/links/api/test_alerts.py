from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from db.alerts import Alerts
from links.api.routes import api_router
from presence.access import Role
from presence.alerts import Subject, Turn, Verdict
from tests.links.api.place import Place
from tests.links.guarded import NOW_AT, guarded

URL = "json://user:s3cret@127.0.0.1:1/hook"


def send(place: Place, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - what httpx takes
    return place.client.request(method, f"/api/v1{path}", **more)


def add_rule(place: Place, **more: object) -> dict[str, Any]:
    answer = send(place, "POST", "/rules", json={"name": "Full", "kind": "over capacity", "threshold": 20, **more})
    assert answer.status_code == 201, answer.text
    rule: dict[str, Any] = answer.json()
    return rule


def open_alert(place: Place, rule_id: int, subject: str) -> None:
    verdict = Verdict(rule_id, Subject(subject, subject), Turn.OPENED, "There are 21 people.", place.now_at)
    assert Alerts(place.connections).apply([verdict])


def test_a_rule_comes_back_as_it_was_said(place: Place) -> None:
    """All of a rule is kept: boundary, hours and numbers."""
    hours = {"days": [0, 6], "from_time": "22:00:00", "to_time": "06:00:00"}
    asked = {
        "kind": "tag left boundary",
        "threshold": None,
        "boundary": {"sensors": ["hall"], "zones": ["near"]},
        "hours": hours,
        "quiet": hours,
        "minimum_seconds": 5,
        "repeat_seconds": 600,
        "repeat_limit": 3,
    }
    rule = add_rule(place, **asked)
    assert {name: rule[name] for name in asked} == asked
    assert place.get("/rules").json() == [rule] == [place.get(f"/rules/{rule['id']}").json()]
    assert send(place, "DELETE", f"/rules/{rule['id']}").status_code == 204
    assert place.ask(f"/rules/{rule['id']}").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": None},
        {"threshold": -1},
        {"tag_ids": [7], "kind": "tag left", "threshold": None},
        {"channel_ids": [7]},
        {"hours": {"days": [], "from_time": "22:00", "to_time": "06:00"}},
        {"minimum_seconds": "NaN"},
    ],
)
def test_a_rule_that_does_not_go_together_is_refused(place: Place, wrong: dict[str, object]) -> None:
    """What makes no sense is refused with a reason."""
    rule = {"name": "x", "kind": "over capacity", "threshold": 20, **wrong}
    answer = send(place, "POST", "/rules", json=rule)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["msg"]


def test_alerts_come_page_by_page_the_newest_first(place: Place) -> None:
    """Each page says where the next begins, and those that are over can be left out."""
    rule = add_rule(place)
    for number in range(3):
        open_alert(place, rule["id"], f"subject {number}")
    page = place.get("/alerts", limit=2, only_open=True).json()
    assert [one["subject"]["key"] for one in page["alerts"]] == ["subject 2", "subject 1"]
    rest = place.get("/alerts", limit=2, cursor=page["next_cursor"]).json()
    assert ([one["subject"]["key"] for one in rest["alerts"]], rest["next_cursor"]) == (["subject 0"], None)
    send(place, "DELETE", f"/rules/{rule['id']}")
    assert place.get("/alerts", only_open=True).json()["alerts"] == []
    assert place.ask("/alerts/99").status_code == 404


def test_an_address_of_a_channel_is_told_to_nobody(place: Place) -> None:
    """Neither the list of channels nor a refusal holds the secret of an address."""
    added = send(place, "POST", "/channels", json={"name": "Hook", "url": URL})
    assert added.status_code == 201, added.text
    channel = added.json()
    kept = send(place, "PUT", f"/channels/{channel['id']}", json={"name": "Hook 2"}).json()
    assert (kept["name"], kept["service"]) == ("Hook 2", "json")
    refused = send(place, "POST", "/channels", json={"name": "b", "url": "no such s3cret"})
    long = send(place, "POST", "/channels", json={"name": "b", "url": f"json://{'s3cret' * 1000}"})
    assert (refused.status_code, long.status_code) == (422, 422)
    assert "s3cret" not in added.text + place.get("/channels").text + refused.text + long.text


def test_a_test_of_a_channel_waits_to_be_handed_over(place: Place) -> None:
    """A test stands in the queue, and is refused while the channel is off."""
    channel = send(place, "POST", "/channels", json={"name": "Hook", "url": URL}).json()
    path = f"/channels/{channel['id']}"
    assert send(place, "POST", f"{path}/test").json()["waiting_count"] == 1
    send(place, "PUT", path, json={"name": "Hook", "is_on": False})
    assert send(place, "POST", f"{path}/test").status_code == 422
    assert send(place, "DELETE", path).status_code == 204
    assert send(place, "POST", f"{path}/test").status_code == 404


@pytest.mark.parametrize("url", ["file:///etc/passwd", "syslog://", "dbus://", "discord://a/b?template=/etc/passwd"])
def test_a_channel_that_would_reach_into_the_machine_is_refused(place: Place, url: str) -> None:
    """Services that read files, run programs or stay on the machine are no channels."""
    answer = send(place, "POST", "/channels", json={"name": "x", "url": url})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["msg"]


def test_who_acknowledges_is_noted_by_the_name_of_their_key(tmp_path: Path, place: Place) -> None:
    """A viewer may acknowledge and read, but neither make a rule nor see whom alerts go to."""
    rule = add_rule(place)
    open_alert(place, rule["id"], "site")

    with contextlib.ExitStack() as undo:
        served = undo.enter_context(guarded(tmp_path, more=[api_router(place.parts())]))
        key = served.access.make_key("reception", Role.VIEWER, NOW_AT).key
        client = undo.enter_context(served.client(X_API_Key=key))
        assert served.ask("POST", "/api/v1/alerts/1/acknowledge").status_code == 401
        answer = client.post("/api/v1/alerts/1/acknowledge")
        assert (answer.status_code, answer.json()["acknowledged_by"]) == (200, "reception")
        assert client.get("/api/v1/tags").status_code == 200
        refused = (
            client.get("/api/v1/channels"),
            client.post("/api/v1/rules", json={}),
            client.get("/api/v1/tags/nearby"),
        )
        assert {one.status_code for one in refused} == {403}


def test_alerts_are_asked_for_by_their_subject(place: Place) -> None:
    """Those about one subject, and of one that nothing was the matter with none."""
    rule_id = add_rule(place)["id"]
    for subject in ("site", "disk"):
        open_alert(place, rule_id, subject)
    (alert,) = place.get("/alerts", subject="disk").json()["alerts"]
    assert alert["subject"]["key"] == "disk"
    assert place.get("/alerts", subject="tag 12").json()["alerts"] == []
    assert [place.ask("/alerts", subject=wrong).status_code for wrong in ("x" * 81, "tag\0")] == [422, 422]
