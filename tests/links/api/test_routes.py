from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from links.api_page import DOCUMENT_PATH
from tests.db.scanning import HUNG, device, hash_of, minute, scan
from tests.db.statistics_model import by_sensor
from tests.links.api.place import Place


@pytest.fixture
def busy(place: Place) -> Place:
    """A sensor whose Bluetooth does not work, and one whose works; somebody came and left."""
    place.record(
        by_sensor(scan(minute(0), ["a", "b"], HUNG), "door"),
        by_sensor(scan(minute(1), ["a"], ["c"]), "hall"),
        by_sensor(scan(minute(30), [device("d", rssi_dbm=None)], HUNG, elapsed_seconds=None), "door"),
    )
    place.now_at = minute(31)
    return place


def test_scans_are_listed_page_by_page(busy: Place) -> None:
    """Each page says where the next begins; what a radio did not hear is null, with the reason and what to do."""
    first = busy.get("/scans", limit=2).json()
    assert [one["sensor"] for one in first["scans"]] == ["door", "hall"]
    newest = first["scans"][0]
    assert (newest["wifi"]["device_count"], newest["bluetooth"]["device_count"]) == (1, None)
    assert newest["bluetooth"]["by_zone"] is None
    assert newest["bluetooth"]["fault"]["reason"] == "hung"
    assert newest["bluetooth"]["fault"]["advice"]
    second = busy.get("/scans", limit=2, cursor=first["next_cursor"]).json()
    assert [one["started_at"] for one in second["scans"]] == ["2027-03-10T08:30:00Z"]
    assert second["next_cursor"] is None
    some = busy.get("/scans", device_id="hall", start_time="2027-03-10T09:30:00", end_time="2027-03-10T10:00:00")
    assert [one["sensor"] for one in some.json()["scans"]] == ["hall"]


def test_visits_tell_of_nobody(busy: Place) -> None:
    """Visits have their times and their sensor, and no hash."""
    visits = busy.get("/visits").json()["visits"]
    assert len(visits) == 2
    assert hash_of("a") not in json.dumps(visits)
    assert visits[0].keys() == {"radio", "sensor", "started_at", "ended_at", "stay_seconds"}


def test_faults_and_radios_say_what_is_not_heard(busy: Place) -> None:
    """A radio that is not heard is told with since when and why, and so are times in the past."""
    radios = {(one["sensor"], one["radio"]): one for one in busy.get("/radios").json()}
    assert radios["hall", "bluetooth"]["heard"] is True
    assert radios["door", "bluetooth"]["not_heard"]["from_at"] == "2027-03-10T08:30:00Z"
    assert radios["door", "bluetooth"]["not_heard"]["fault"]["detail"] == "no answer"
    assert any(one["fault"] is None for one in busy.get("/faults").json()["faults"])  # no scan for half an hour


def test_people_are_what_the_page_shows(busy: Place) -> None:
    """The overview is told as the cards have it."""
    people = busy.get("/people").json()
    assert (people["people_now"], people["people_total"], people["bluetooth_now"]) == (1, 4, None)


def test_sensors_say_whether_they_speak(busy: Place) -> None:
    """A sensor that was not heard for half an hour is silent."""
    assert {one["name"]: one["state"] for one in busy.get("/sensors").json()} == {"door": "heard", "hall": "silent"}


@pytest.mark.parametrize("path", ["/statistics/realtime", "/detections/recent", "/scans", "/people", "/sensors"])
def test_what_a_client_has_already_is_not_sent_again(busy: Place, path: str) -> None:
    """Asked with an answer's tag there is 304 and nothing else, until something was heard or a minute passed."""

    def status() -> int:
        return busy.client.get(f"/api/v1{path}", headers={"If-None-Match": f'"other", {tag}'}).status_code

    first = busy.get(path)
    tag = first.headers["ETag"]
    assert status() == 304
    assert busy.client.get(f"/api/v1{path}?limit=5", headers={"If-None-Match": tag}).status_code == 200
    busy.record(scan(minute(31)))
    assert status() == 200
    tag = busy.get(path).headers["ETag"]
    busy.now_at += timedelta(minutes=1)
    assert status() == 200


@pytest.mark.parametrize(
    ("path", "parameter", "value"),
    [
        ("/statistics/hourly", "date", "yesterday"),
        ("/statistics/hourly", "date", "2027-02-30"),
        ("/statistics/hourly", "date", "9999-12-31"),
        ("/statistics/daily", "start_date", "2030-01-01"),
        ("/statistics/daily", "start_date", "2020-01-01"),
        ("/statistics/daily", "days", "367"),
        ("/statistics/realtime", "minutes", "0"),
        ("/statistics/realtime", "minutes", "99999999999999999999"),
        ("/statistics/realtime", "device_id", "x" * 65),
        ("/statistics/histogram", "range", "year"),
        ("/detections/recent", "limit", "1001"),
        ("/detections/recent", "zone", "here"),
        ("/detections/count", "zone", "'; DROP TABLE scans"),
        ("/scans", "cursor", "!"),
        ("/scans", "cursor", "MQ"),  # one number, where scans are ordered by two
        ("/scans", "start_time", "0001-01-01T00:00:00"),
        ("/export/detections/csv", "end_date", "2027-03-10"),
        ("/export/detections/csv", "last_days", "3651"),
        ("/export/detections/csv", "device_hash", "abc"),
        ("/export/detections/xls", "zone", "near"),
    ],
)
def test_bad_input_is_refused_with_the_reason(place: Place, path: str, parameter: str, value: str) -> None:
    """What cannot be meant is 422, with which parameter it is and why."""
    answer = place.ask(path, **{parameter: value})
    assert answer.status_code == 422
    (mistake,) = answer.json()["detail"]
    assert mistake["msg"]


def test_a_range_that_ends_before_it_begins_is_refused(place: Place) -> None:
    """The end must be after the start."""
    answer = place.ask("/statistics/range", start_time="2027-03-10T10:00:00", end_time="2027-03-10T10:00:00")
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "end_time"])


def test_an_export_finds_a_device_by_the_older_agents_hash(busy: Place) -> None:
    """A device is found by its hash, and by the hash that the older BLE agent knew it by."""
    busy.record(scan(minute(31), [], ["again " + hash_of("mine")]))
    busy.now_at = minute(32)
    for known_as in (hash_of("again " + hash_of("mine")), hash_of("mine"), hash_of("mine").upper()):
        lines = busy.get("/export/detections/jsonl", device_hash=known_as).text.splitlines()
        assert [json.loads(line)["radio"] for line in lines] == ["bluetooth"]
    assert busy.get("/export/detections/jsonl", device_hash=hash_of("nobody")).text == ""


def test_an_export_as_parquet_is_a_parquet_file(busy: Place) -> None:
    """A Parquet file begins and ends with its mark."""
    content = busy.get("/export/detections/parquet").content
    assert (content[:4], content[-4:]) == (b"PAR1", b"PAR1")


@pytest.fixture
def document(busy: Place) -> dict[str, object]:
    """The document of the API."""
    found: dict[str, object] = busy.client.get(DOCUMENT_PATH).json()
    return found


def test_every_route_is_described(document: dict[str, dict[str, dict[str, dict[str, object]]]]) -> None:
    """Each route has words for what it does and an identifier of its own that reads like a name."""
    schemathesis.openapi.from_dict(document).validate()
    operations = [one for path in document["paths"].values() for one in path.values()]
    names = [str(one["operationId"]) for one in operations if "operationId" in one]
    assert len(names) == len(set(names)) == len(operations)
    assert all(name.isidentifier() for name in names)
    assert all(one["summary"] and one["description"] for one in operations)


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_no_request_is_a_server_error(
    busy: Place, document: dict[str, object], mode: schemathesis.GenerationMode
) -> None:
    """Whatever is asked, by the document or against it, is answered as the document says, and never with a 500."""
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        takes_something = bool(operation.body) or any(operation.iter_parameters())
        if mode is schemathesis.GenerationMode.NEGATIVE and not takes_something:
            continue  # there is nothing to get wrong

        @settings(max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case[Any]) -> None:
            response = case.call(base_url=str(busy.client.base_url))
            # A 503 says when to come again, as where another Parquet file is still being written.
            assert response.status_code < 500 or "Retry-After" in response.headers, (
                case.as_curl_command(),
                response.text,
            )
            case.validate_response(response, checks=[status_code_conformance, response_schema_conformance])

        ask()


@pytest.mark.parametrize("body", ['{"device_id": "\\ud800"}', '{"near_threshold": "\\ud800"}', "[]", "", "\\u0000"])
@pytest.mark.parametrize("path", ["/devices/register", "/settings/thresholds", "/devices/door"])
def test_no_body_is_a_server_error(busy: Place, path: str, body: str) -> None:
    """Half a surrogate pair, an empty body and the like are refused like any bad input."""
    for method in ("POST", "PUT"):
        answer = busy.client.request(
            method, f"/api/v1{path}", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("name", ["%00", "%ff%fe", "a%2Fb", "x" * 65, "%F0%9F%98%80"])
def test_no_name_of_a_sensor_is_a_server_error(busy: Place, name: str) -> None:
    """A sensor that cannot be is not found, or refused."""
    for path in (f"/devices/{name}", f"/statistics/hourly?device_id={name}", f"/scans?device_id={name}"):
        answer = httpx.get(f"{busy.client.base_url}/api/v1{path}", timeout=60)
        assert answer.status_code in {200, 404, 422}, answer.text
