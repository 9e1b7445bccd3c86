from __future__ import annotations

from dataclasses import replace

import httpx

from links.health import PartHealth
from links.sensor_page import OwnHearing, sensor_server
from tests.links.place import AT
from tests.links.served import served_app

UPLINK = PartHealth("uplink", is_fine=True, is_needed=False, says="What is heard reaches the hub.")


def test_the_page_of_a_sensor_says_what_is_wrong() -> None:
    """While its scans are not taken, why and what to do stand on its own page and in its health."""
    states = [UPLINK]
    server = sensor_server(OwnHearing(), "hall", "http://hub:8050", (lambda: states[-1],), lambda: AT)
    with served_app(server) as place, httpx.Client(base_url=f"http://{place}", timeout=60) as client:
        assert "<b>http://hub:8050</b>" in client.get("/").text
        assert UPLINK.says not in client.get("/").text
        states.append(replace(UPLINK, is_fine=False, says="The hub is of another <site>."))
        assert "<p><b>The hub is of another &lt;site&gt;.</b></p>" in client.get("/").text
        assert client.get("/health").json()["parts"]["uplink"]["says"] == "The hub is of another <site>."
