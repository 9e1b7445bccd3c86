from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from presence.overview import Activity, Phase
from tests.layouts.fake_place import FakePlace
from tests.layouts.followed_place import FollowedPlace, followed_place
from tests.layouts.served import served
from tests.layouts.visit import Visit


@pytest.fixture
def followed() -> Iterator[FollowedPlace]:
    """A site with no tag yet."""
    with followed_place() as followed:
        yield followed


@pytest.fixture
def tagged(followed: FollowedPlace, place: FakePlace, desktop: BrowserContext) -> Iterator[Visit]:
    """The page of a site whose tags are followed; it must not complain, and ask nobody but its own server."""
    with served(place, following=followed.following()) as address:
        visit = Visit(desktop.new_page(), address)
        yield visit
        visit.page.close()
        assert visit.complaints == []
        assert visit.strangers == []


def go(visit: Visit, path: str) -> Page:
    """Open a view of tags or alerts."""
    visit.page.goto(visit.address + path)
    return visit.page


def test_from_registration_to_an_acknowledged_alert(tagged: Visit, followed: FollowedPlace, place: FakePlace) -> None:
    """A tag is registered, a rule made for it, its alert shows on every view, and who acknowledged it is kept."""
    page = go(tagged, "/tags")
    expect(page.locator("#tag-rows")).to_contain_text("There is no tag yet.")
    page.locator("#tag-new-name").fill("Projector")
    page.locator("#tag-new-identity").fill("nonsense")
    page.get_by_role("button", name="Add the tag").click()
    expect(page.locator("#tag-new-identity-mistake")).to_contain_text("twelve hexadecimal digits")
    page.locator("#tag-new-identity").fill("C4:7C:8D:6A:12:34")
    page.get_by_role("button", name="Add the tag").click()
    expect(page.locator("#tag-rows")).to_contain_text("Projector")
    expect(page.locator("#tag-rows")).to_contain_text("Not heard yet")

    page.get_by_role("link", name="Alerts").click()
    page.get_by_role("button", name="Make a rule").click()
    page.locator("#rule-name").fill("Nothing leaves")
    page.get_by_role("checkbox", name="Near").check()
    expect(page.locator("#rule-sentence")).to_contain_text("any tag leaves what is near at any sensor.")
    page.get_by_role("button", name="Save the rule").click()
    expect(page.locator("#rule-rows")).to_contain_text("Nothing leaves")

    page.get_by_role("link", name="Overview").click()
    expect(page.locator("#alerts-banner")).to_be_hidden()
    followed.open_alert("“Projector” left its boundary.", "Another rule")
    place.activity_now = Activity(Phase.WAITING, 13, None)
    expect(page.locator("#alerts-banner")).to_contain_text("“Projector” left its boundary.")
    expect(page.locator("#alerts-badge")).to_have_text("1 open")
    page.get_by_role("link", name="Look at it").click()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#alerts-open")).to_contain_text("Acknowledged by admin")
    assert [row.acknowledged_by for row in followed.alerts.open()] == ["admin"]
    page.get_by_role("link", name="Overview").click()
    expect(page.locator("#alerts-banner")).to_be_hidden()
