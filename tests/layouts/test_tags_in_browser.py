from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from presence.alerts import Channel, Subject
from presence.overview import Activity, Phase
from presence.tags import IdentityKind, Nearby
from tests.layouts.fake_place import HOSTILE_NAME, NOW_AT, FakePlace
from tests.layouts.followed_place import PIXEL, FollowedPlace, followed_place
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


def test_those_who_are_not_logged_in_see_no_tag(tagged: Visit, followed: FollowedPlace, place: FakePlace) -> None:
    """Neither list, view, picture, plan nor alert; each view says where to log in."""
    place.may_change = False
    tag_id = followed.add_tag()
    followed.store.tags.set_picture(tag_id, PIXEL, "image/png")
    followed.open_alert()
    for path in ("/tags", f"/tags/{tag_id}", "/alerts"):
        page = go(tagged, path)
        expect(page.locator("main a[href^='/login']:visible")).to_have_count(1)
        expect(page.locator("main:visible")).not_to_contain_text("Projector")
        expect(page.locator("#alerts-badge")).to_be_empty()
    assert page.request.get(f"{tagged.address}/_picture/tag/{tag_id}").status == 404


def test_a_thing_that_is_held_near_is_registered_by_one_click(tagged: Visit, followed: FollowedPlace) -> None:
    """Under what it calls itself, made harmless; looking ends when one goes elsewhere."""
    followed.near = [Nearby("token", -41.0, HOSTILE_NAME, (IdentityKind.IBEACON,), 1.0)]
    page = go(tagged, "/tags")
    page.get_by_role("button", name="Look for what is near").click()
    page.locator("#near-rows button").click()
    expect(page.locator("#near-said")).to_contain_text("is registered")
    (row,) = followed.store.tags.rows()
    assert row.card.name.startswith("<img src=x")
    assert page.evaluate("window.pwned") is None
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Tags").click()
    expect(page.locator("#near-look")).to_have_attribute("aria-pressed", "false")


def test_a_file_of_tags_tells_what_failed(tagged: Visit, followed: FollowedPlace) -> None:
    """What is right is added, lines of one name as one tag; what is wrong is told with its line."""
    table = (
        "name,identity kind,identity\nCase,name,Case 1\nCase,name,Case 2\nBed,address,nonsense\n"
        "Cup,name,Case 1\n<b>Key</b>,name,Key\n"
    )
    page = go(tagged, "/tags")
    file = FilePayload(name="tags.csv", mimeType="text/csv", buffer=table.encode())
    page.locator("#tags-file input").set_input_files(file)
    said = page.locator("#tags-file-said")
    expect(said).to_contain_text("2 tags added.")
    expect(said).to_contain_text("Line 4: A Bluetooth address has twelve hexadecimal digits")
    expect(said).to_contain_text("Line 5: The tag Case")
    assert [len(row.identities) for row in followed.store.tags.rows()] == [1, 2]


def test_a_tag_is_changed_and_deleted_in_its_own_view(tagged: Visit, followed: FollowedPlace) -> None:
    """Name, identities and picture; deleting asks first, and a cancelled question deletes nothing."""
    tag_id = followed.add_tag()
    page = go(tagged, f"/tags/{tag_id}")
    expect(page.locator("#tag-edit-name")).to_have_value("Projector")
    page.locator("#tag-edit-name").fill("Lamp")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#tag-head h2")).to_have_text("Lamp")
    page.locator("#tag-more-identity").fill("C4:00:00:00:00:01")
    page.get_by_role("button", name="Add the identity").click()
    expect(page.locator("#tag-identities li")).to_have_count(2)
    page.locator("#tag-identities button").first.click()
    expect(page.locator("#tag-identities li")).to_have_count(1)
    page.locator("#tag-picture input").set_input_files(FilePayload(name="a.png", mimeType="image/png", buffer=PIXEL))
    expect(page.locator("#tag-picture-said")).to_have_text("This is its picture now.")
    page.wait_for_function("document.querySelector('#tag-head img')?.naturalWidth === 1")
    page.get_by_role("button", name="Delete the tag Lamp").click()
    expect(page.locator("#delete-dialog")).to_contain_text("It is forgotten, and its log with it.")
    page.get_by_role("button", name="Cancel").click()
    assert len(followed.store.tags.rows()) == 1
    page.get_by_role("button", name="Delete the tag Lamp").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#tags-said")).to_have_text("The tag “Lamp” is deleted.")
    assert followed.store.tags.rows() == ()


def test_sensors_are_placed_on_a_plan_by_pointer_and_by_keys(tagged: Visit, followed: FollowedPlace) -> None:
    """A drag, the arrow keys and the number fields all say where it stands."""
    plan_id = followed.store.floor_plans.add("Ground floor", PIXEL, "image/png", NOW_AT)
    followed.store.floor_plans.place_sensor(plan_id, "reading room", 0.5, 0.5)
    page = go(tagged, "/tags")
    sensor = page.get_by_role("button", name="Sensor reading room: drag it")
    sensor.scroll_into_view_if_needed()
    frame, dot = page.locator(".plan").bounding_box(), sensor.bounding_box()
    assert frame is not None
    assert dot is not None
    page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] * 0.25, frame["y"] + frame["height"] * 0.5, steps=4)
    page.mouse.up()
    expect(page.locator("#plan-said")).to_have_text("reading room is placed.")
    assert spot(followed) == pytest.approx((0.25, 0.5), abs=0.02)
    sensor.focus()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(sensor).to_have_attribute("style", "left: 26%; top: 55%;")
    page.wait_for_function("document.querySelector('#plan-y').value === '55'")
    assert spot(followed) == pytest.approx((0.26, 0.55), abs=0.02)
    page.keyboard.press("ArrowLeft")  # the plan was drawn anew, and the same sensor still has the focus
    page.wait_for_function("document.querySelector('#plan-x').value === '25'")
    expect(sensor).to_be_focused()
    page.locator("#plan-more summary").click()
    page.locator("#plan-x").fill("10")
    page.get_by_role("button", name="Place it").click()
    expect(sensor).to_have_attribute("style", "left: 10%; top: 55%;")
    page.get_by_role("button", name="Take it off").click()
    expect(sensor).to_have_count(0)


def spot(followed: FollowedPlace) -> tuple[float, float]:
    """Where the only sensor of the only plan stands."""
    ((point,),) = [plan.points for plan in followed.store.floor_plans.rows()]
    return point.x, point.y


def test_a_channel_is_added_and_its_address_never_shown(tagged: Visit, followed: FollowedPlace) -> None:
    """A wrong address is refused in words, a test is queued, and a channel that is switched off has no test."""
    page = go(tagged, "/alerts")
    page.locator("#channel-name").fill("Anna")
    page.locator("#channel-url").fill("not an address")
    page.get_by_role("button", name="Add the channel").click()
    expect(page.locator("#channel-mistake")).to_contain_text("looks like ntfys://")
    page.locator("#channel-url").fill("ntfys://ntfy.example/secret-topic")
    page.get_by_role("button", name="Add the channel").click()
    expect(page.locator("#channel-rows")).to_contain_text("Anna")
    assert "secret-topic" not in page.content()
    page.get_by_role("button", name="Test Anna").click()
    expect(page.locator("#channels-said")).to_contain_text("A test is on its way.")
    expect(page.locator("#channel-rows")).to_contain_text("1 notification waiting")
    page.get_by_role("button", name="Switch Anna off").click()
    expect(page.get_by_role("button", name="Test Anna")).to_have_count(0)
    (row,) = followed.channels.rows()
    assert not row.is_on


def test_a_channel_is_changed_without_its_address(tagged: Visit, followed: FollowedPlace) -> None:
    """The form shows its name alone; the address stays as it is unless another is typed, and Cancel changes nothing."""
    number = followed.channels.add(Channel("Anna", "ntfys://ntfy.example/secret-topic", is_on=False))
    page = go(tagged, "/alerts")
    page.get_by_role("button", name="Edit Anna").click()
    expect(page.locator("#channel-name")).to_have_value("Anna")
    expect(page.locator("#channel-url")).to_have_value("")
    page.locator("#channel-name").fill("Nobody")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#channel-name")).to_have_value("")
    expect(page.get_by_role("button", name="Add the channel")).to_be_visible()
    page.get_by_role("button", name="Edit Anna").click()
    expect(page.locator("#channel-name")).to_have_value("Anna")
    page.locator("#channel-name").fill("Anna's phone")
    page.get_by_role("button", name="Save the channel").click()
    expect(page.locator("#channel-rows")).to_contain_text("Anna's phone")
    assert followed.channels.url(number) == "ntfys://ntfy.example/secret-topic"
    page.get_by_role("button", name="Edit Anna's phone").click()
    expect(page.locator("#channel-name")).to_have_value("Anna's phone")
    page.locator("#channel-url").fill("ntfys://ntfy.example/another")
    page.get_by_role("button", name="Save the channel").click()
    expect(page.get_by_role("button", name="Add the channel")).to_be_visible()
    assert "secret-topic" not in page.content()
    (row,) = followed.channels.rows()
    assert (row.is_on, followed.channels.url(number)) == (False, "ntfys://ntfy.example/another")


def test_the_history_is_asked_about_one_subject(tagged: Visit, followed: FollowedPlace) -> None:
    """Whom alerts were about can be chosen from, and the history shows theirs alone."""
    followed.open_alert("“Projector” left.", "First")
    followed.open_alert("“Bed” left.", "Second", Subject("tag 2", "Bed"))
    page = go(tagged, "/alerts")
    expect(page.locator("#alert-rows tr")).to_have_count(2)
    page.locator("#history-subject").click()
    page.get_by_role("option", name="Bed").click()
    expect(page.locator("#alert-rows tr")).to_have_count(1)
    expect(page.locator("#alert-rows")).to_contain_text("“Bed” left.")


def test_a_rule_is_edited_and_switched_off(tagged: Visit, followed: FollowedPlace) -> None:
    """The form shows it as it is, its fields follow its kind, and its alerts close with it."""
    followed.open_alert()
    page = go(tagged, "/alerts")
    page.get_by_role("button", name="Edit Nothing leaves").click()
    expect(page.locator("#rule-name")).to_have_value("Nothing leaves")
    expect(page.locator("#rule-threshold-field")).to_be_hidden()
    page.locator("#rule-kind").click()
    page.get_by_text("A tag is not heard for some time").last.click()
    page.locator("#rule-threshold").fill("15")
    expect(page.locator("#rule-sentence")).to_contain_text("any tag is not heard for 15 minutes")
    page.get_by_role("button", name="Save the rule").click()
    expect(page.locator("#rule-rows")).to_contain_text("not heard for 15 minutes")
    page.get_by_role("button", name="Nothing leaves is on: switch it off").click()
    expect(page.locator("#rules-said")).to_contain_text("is off")
    expect(page.locator("#alerts-open")).to_contain_text("Nothing is the matter.")
    assert [row.rule.is_on for row in followed.rules.all()] == [False]


def test_the_history_has_pages(tagged: Visit, followed: FollowedPlace) -> None:
    """Twenty-five alerts at a time, the newest first, there and back."""
    for number in range(30):
        followed.open_alert(f"Alert {number}.", f"Rule {number}")
    page = go(tagged, "/alerts")
    expect(page.locator("#alert-rows tr")).to_have_count(25)
    expect(page.locator("#alerts-badge")).to_have_text("30 open")
    page.get_by_role("button", name="Older").click()
    expect(page.locator("#alert-rows tr")).to_have_count(5)
    expect(page.get_by_role("button", name="Older")).to_be_disabled()
    page.get_by_role("button", name="Newer").click()
    expect(page.locator("#alert-rows tr").first).to_contain_text("Alert 29.")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_a_hundred_tags_fit_every_screen(
    chromium: Browser, followed: FollowedPlace, place: FakePlace, width: int, scheme: Literal["light", "dark"]
) -> None:
    """With long names, other alphabets and markup nothing is wider than the screen."""
    for number in range(98):
        followed.add_tag(f"Thing {number} {'long ' * 9}", "مضخة 🩺")
    followed.add_tag("x" * 64)
    followed.add_tag("<script>window.pwned=1</script>")
    followed.open_alert("x" * 300)
    screen = {"width": width, "height": 800}
    with (
        served(place, following=followed.following()) as address,
        chromium.new_context(viewport=screen, color_scheme=scheme) as context,  # type: ignore[arg-type]  # a TypedDict
    ):
        visit = Visit(context.new_page(), address)
        for path, rows in (
            ("/tags", "#tag-rows a"),
            ("/tags/99", "#tag-identities li"),
            ("/alerts", "#alert-rows bdi"),
        ):
            page = go(visit, path)
            page.wait_for_selector(rows)
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        assert page.evaluate("window.pwned") is None
        assert visit.complaints == []
