from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from db.read_tags import Figure
from db.tag_log import WrittenFigure, write_figures, write_stays
from presence.staying import Staying
from presence.tags import MeasureKind
from presence.zones import Zone
from tests.links.api.place import Place

ADDRESS = "c1:23:45:67:89:ab"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def add(place: Place, name: str = "Pump 3", text: str = ADDRESS, **more: object) -> dict[str, Any]:
    answer = place.client.post(
        "/api/v1/tags", json={"name": name, "identities": [{"kind": "address", "text": text}], **more}
    )
    assert answer.status_code == 201, answer.text
    tag: dict[str, Any] = answer.json()
    return tag


def send(place: Place, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - what httpx takes
    return place.client.request(method, f"/api/v1{path}", **more)


def test_a_tag_is_registered_changed_and_forgotten(place: Place) -> None:
    """What is said of a tag comes back, each change is told at once, and what is forgotten is not found."""
    tag = add(place, kind="infusion pump", icon="pump")
    assert (tag["name"], tag["kind"], tag["icon"], tag["where"]["whereabouts"]) == (
        "Pump 3",
        "infusion pump",
        "pump",
        "unknown",
    )
    changed = send(place, "PUT", f"/tags/{tag['id']}", json={"name": "Pump 4"}).json()
    assert (changed["name"], changed["kind"], changed["identities"]) == ("Pump 4", "", tag["identities"])
    assert place.get("/tags").json() == [changed]
    assert send(place, "DELETE", f"/tags/{tag['id']}").status_code == 204
    assert place.ask(f"/tags/{tag['id']}").status_code == 404
    assert len(place.changes) == 3


def test_no_answer_holds_an_address(place: Place) -> None:
    """An address that was typed is never told again, in whatever way it could be written."""
    tag = add(place)
    told = (place.get("/tags").text + place.get("/tags.csv").text + str(tag)).lower()
    assert not any(form in told for form in (ADDRESS, ADDRESS.replace(":", ""), ADDRESS.replace(":", "-")))


def test_what_is_no_identity_is_refused_with_what_one_looks_like(place: Place) -> None:
    """The reason says what to type."""
    wrong = {"name": "x", "identities": [{"kind": "ibeacon", "text": "12"}]}
    answer = send(place, "POST", "/tags", json=wrong)
    assert answer.status_code == 422
    assert "for example" in answer.json()["detail"][0]["msg"]


def test_an_identity_belongs_to_one_tag(place: Place) -> None:
    """An identity of another tag is refused; one more is taken, and the last cannot be taken away."""
    first = add(place)
    answer = send(place, "POST", "/tags", json={"name": "b", "identities": [{"kind": "address", "text": ADDRESS}]})
    assert (answer.status_code, "Pump 3" in answer.json()["detail"]) == (409, True)
    more = send(place, "POST", f"/tags/{first['id']}/identities", json={"kind": "name", "text": "Tile 7"}).json()
    path = f"/tags/{first['id']}/identities"
    assert send(place, "DELETE", f"{path}/{first['identities'][0]['id']}").status_code == 204
    assert send(place, "DELETE", f"{path}/{more['id']}").status_code == 422


def test_a_picture_is_kept_as_it_came(place: Place) -> None:
    """A picture is handed out with its type; what is none, or too large, is refused."""
    path = f"/tags/{add(place)['id']}/picture"
    assert place.ask(path).status_code == 404
    assert send(place, "PUT", path, content=PNG, headers={"Content-Type": "image/png"}).status_code == 204
    found = place.get(path)
    assert (found.content, found.headers["content-type"]) == (PNG, "image/png")
    assert send(place, "PUT", path, content=b"<svg/>", headers={"Content-Type": "image/png"}).status_code == 422
    assert send(place, "PUT", path, content=bytes(4_000_001)).status_code == 413
    assert send(place, "DELETE", path).status_code == 204


def test_what_is_held_near_is_registered_by_its_token(place: Place) -> None:
    """The list tells what can be said of a transmitter, and its token registers it; an old token is refused."""
    (near,) = place.get("/tags/nearby").json()
    assert near["rssi_dbm"] == -41.3
    form = {"name": "Tile", "token": near["token"], "identity": near["kinds"][0]}
    assert send(place, "POST", "/tags/nearby", json=form).status_code == 201
    assert send(place, "POST", "/tags/nearby", json={**form, "token": "gone", "name": "b"}).status_code == 422


def test_stays_come_page_by_page(place: Place) -> None:
    """Each page says where the next begins, the newest stay first, and none is told twice."""
    tag_id = add(place)["id"]
    stays = []
    for minutes in range(5):
        stay = Staying("hall", place.now_at - timedelta(minutes=10 * minutes + 5, microseconds=minutes))
        stay.hear(stay.from_at + timedelta(minutes=1), -60.0, 3, Zone.NEAR)
        stay.is_over = True
        stays.append((tag_id, stay))
    with place.connections.write() as connection:
        write_stays(connection, stays)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = place.get(f"/tags/{tag_id}/stays", limit=2, **cursor).json()
        seen += [one["from_at"] for one in page["stays"]]
        cursor = {"cursor": page["next_cursor"]}
    assert page["next_cursor"] is None
    assert len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)
    assert place.get("/tags/stays", start_time=seen[1]).json()["stays"][0]["from_at"] == seen[0]
    assert place.ask("/tags/99/stays").status_code == 404


def test_figures_of_a_tag_are_told_oldest_first(place: Place) -> None:
    """What a tag told of itself in the last day is listed with its times."""
    tag_id = add(place)["id"]
    times = [place.now_at - timedelta(hours=hours) for hours in (30, 2, 1)]
    with place.connections.write() as connection:
        write_figures(
            connection,
            [WrittenFigure(tag_id, MeasureKind.BATTERY_PERCENT, Figure(80.0 - n, at)) for n, at in enumerate(times)],
        )
    told = place.get(f"/tags/{tag_id}/measures", kind="battery_percent").json()
    assert [one["value"] for one in told] == [79.0, 78.0]


def test_a_table_of_tags_is_registered_as_a_whole(place: Place) -> None:
    """A name in two lines is one tag with two identities, also with semicolons and a byte order mark."""
    table = "\ufeffName;Kind;Identity kind;Identity\nBed 1;bed;address;c1:00:00:00:00:01\nBed 1;bed;name;Bed one\n\n"
    answer = send(place, "POST", "/tags.csv", content=table.encode())
    assert answer.status_code == 201, answer.text
    (tag,) = answer.json()
    assert [one["kind"] for one in tag["identities"]] == ["address", "name"]


def test_every_bad_line_is_told_and_nothing_is_half_done(place: Place) -> None:
    """Each wrong line is named by its number, and not even the right ones are registered."""
    add(place)
    table = (
        "name,identity kind,identity,note\n"
        "Good,address,c1:00:00:00:00:01,\n"
        "Pump 3,address,c1:00:00:00:00:02,\n"
        ",name,x,\n"
        "Odd,colour,red,\n"
        f"Taken,address,{ADDRESS},\n"
        "Good,name,y,another note\n"
    )
    answer = send(place, "POST", "/tags.csv", content=table.encode())
    assert answer.status_code == 422
    assert [one["loc"][1] for one in answer.json()["detail"]] == [f"line {n}" for n in (3, 4, 5, 6, 7)]
    assert len(place.get("/tags").json()) == 1


@pytest.mark.parametrize(
    "table", [b"", b"name\nx", b"\xff\xfe", b'name,identity kind,identity\n"a\x00', b"a" * 300_000]
)
def test_what_is_no_table_is_refused(place: Place, table: bytes) -> None:
    """Whatever is sent as a table is refused with a reason, and never a server error."""
    assert send(place, "POST", "/tags.csv", content=table).status_code == 422


def test_no_cell_of_an_export_is_a_formula(place: Place) -> None:
    """A name that a spreadsheet would calculate has a ' before it, which a table that comes back may have too."""
    add(place, name="=1+1")
    (line,) = place.get("/tags.csv").text.splitlines()[1:]
    assert line.startswith("'=1+1,")
    table = "name,identity kind,identity\n'=2,address,c1:00:00:00:00:01\n"
    assert send(place, "POST", "/tags.csv", content=table).json()[0]["name"] == "=2"


def test_floor_plans_are_added_and_sensors_placed_on_them(place: Place) -> None:
    """A plan keeps its picture and its points; a point outside is refused."""
    added = send(
        place, "POST", "/floor-plans", params={"name": "Ground"}, content=PNG, headers={"Content-Type": "image/png"}
    )
    assert added.status_code == 201, added.text
    path = f"/floor-plans/{added.json()['id']}"
    points = send(place, "PUT", f"{path}/points/hall", json={"x": 0.25, "y": 1}).json()["points"]
    assert points == [{"sensor": "hall", "x": 0.25, "y": 1.0}]
    assert send(place, "PUT", f"{path}/points/hall", json={"x": 1.5, "y": 0}).status_code == 422
    assert send(place, "PUT", path, json={"name": "First"}).json()["name"] == "First"
    assert place.get(f"{path}/picture").content == PNG
    assert send(place, "DELETE", f"{path}/points/hall").status_code == 204
    assert send(place, "DELETE", path).status_code == 204
    assert place.get("/floor-plans").json() == []
