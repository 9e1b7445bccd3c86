from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from db.errors import DatabaseError
from db.read_tags import Figure
from db.store import Store, open_store
from db.tag_follower import TagFollower
from db.tag_schema import METADATA, TAG_MEASURES, TAG_PLACES, TAG_STAYS
from presence.alerts import TagState
from presence.tags import Measure, MeasureKind, TagCard, TagReading, TagReport, TagStay, Whereabouts
from presence.zones import Zone, ZoneThresholds
from tests.db.scanning import SETTINGS, scan
from tests.db.test_tags import identity
from tests.presence.tag_reports import START_AT, reading, report, second

BATTERY, TEMPERATURE, BUTTON = MeasureKind.BATTERY_PERCENT, MeasureKind.TEMPERATURE_CELSIUS, MeasureKind.BUTTON_PRESSES
END_AT = START_AT + timedelta(days=1)


def register(store: Store, *names: str) -> TagFollower:
    """Tags of these names, numbered from 1 on, and one that follows them."""
    for number, name in enumerate(names):
        store.tags.add(TagCard(name), [identity(number)], START_AT)
    return store.follow_tags(ZoneThresholds(), START_AT)


def carry(follower: TagFollower, path: Iterable[tuple[str | None, int]], first: int = 0) -> list[TagState]:
    """Carry tag 1 along sensors that report every second; None is out of everybody's hearing. Tells what turned."""
    turned: list[TagState] = []
    now = first
    for place, seconds in path:
        for _ in range(seconds):
            now += 1
            for sensor in ("door", "hall"):
                heard = [reading(now - 0.5, -55.0 if sensor == place else -80.0, 2)] if place else []
                turned += follower.take(report(sensor, now, *heard), second(now))
            turned += follower.tick(second(now))
    return turned


def stays(store: Store) -> tuple[TagStay, ...]:
    return tuple(reversed(store.tag_log.stays(None, START_AT - timedelta(days=1), END_AT)))


def count_rows(store: Store) -> int:
    with store.connections.read() as connection:
        return sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (TAG_PLACES, TAG_STAYS, TAG_MEASURES)
        )


def test_a_tag_that_is_carried_leaves_a_log_of_stays(store: Store) -> None:
    """Each place is one row, from when it came there until it was last heard there; the last one is open."""
    follower = register(store, "Case")
    carry(follower, [("door", 60), ("hall", 60), (None, 60), ("hall", 60)])
    first, second_stay, third = stays(store)
    assert (first.tag_id, first.sensor, first.zone) == (1, "door", Zone.NEAR)
    assert (second_stay.sensor, third.sensor, third.to_at) == ("hall", "hall", None)
    assert first.from_at == second(0.5)
    assert first.to_at is not None
    assert second(60) <= first.to_at <= second(66)
    assert second(60) <= second_stay.from_at <= second(66)
    assert second_stay.to_at == second(119.5)
    assert third.from_at == second(180.5)
    assert second_stay.rssi_mean_dbm == pytest.approx(-55.0, abs=0.5)


def test_what_turned_is_told(store: Store) -> None:
    """Reports tell the tags that came, moved or left, once each, and not those that lie still."""
    follower = register(store, "Case", "Bed")
    turned = carry(follower, [("door", 60), ("hall", 60), (None, 60)])
    seen = [(state.tag_id, state.place.whereabouts.value, state.place.sensor, state.place.zone) for state in turned]
    assert seen == [
        (1, "present", "door", Zone.NEAR),
        (1, "present", "door", Zone.MEDIUM),
        (1, "present", "hall", Zone.NEAR),
        (1, "away", "hall", Zone.NEAR),
    ]
    assert [state.moved_at is None for state in turned] == [True, True, False, False]
    assert [(state.name, state.place.whereabouts) for state in follower.states()] == [
        ("Case", Whereabouts.AWAY),
        ("Bed", Whereabouts.UNKNOWN),
    ]


def test_the_register_tells_where_a_tag_is_at_this_moment(store: Store) -> None:
    """Also what is not written yet; and what is written is told where nobody follows."""
    follower = register(store, "Case")
    carry(follower, [("door", 100)])
    row = store.tags.one(1)
    assert (row.place.sensor, row.place.last_heard_at) == ("door", second(99.5))
    assert row.place.confidence == 1.0
    with contextlib.closing(open_store(store.connections.url.render_as_string(hide_password=False), SETTINGS)) as other:
        written = other.tags.one(1).place
    assert (written.sensor, written.since_at) == ("door", row.place.since_at)


def test_a_tag_lying_still_costs_a_few_rows_an_hour(store: Store) -> None:
    """Heard four times a second it is written to three tables at most every ten minutes."""
    follower = register(store, "Case")
    carry(follower, [("door", 60)])
    written: list[int] = []

    def note(*arguments: object) -> None:
        statement = str(arguments[2])
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            written.append(1)

    engine = store.connections._writer  # noqa: SLF001 - what is written is looked at where it is
    event.listen(engine, "before_cursor_execute", note)
    carry(follower, [("door", 1800)], first=60)
    event.remove(engine, "before_cursor_execute", note)
    assert 1 <= len(written) <= 6
    assert count_rows(store) == 2


def test_a_stay_that_is_too_short_is_none(store: Store) -> None:
    """A tag that is heard for a moment only leaves no stay, though it was there."""
    follower = register(store, "Case")
    carry(follower, [("door", 3), (None, 60)])
    assert stays(store) == ()
    assert store.tags.one(1).place.last_heard_at == second(2.5)


def test_a_sensor_that_is_down_for_a_moment_divides_no_stay(store: Store) -> None:
    """Nothing is known meanwhile, and it is said so; but the stay goes on if the tag is there again soon."""
    follower = register(store, "Case")
    carry(follower, [("door", 60)])
    states = [state for number in range(61, 181) for state in follower.tick(second(number))]
    assert [state.place.whereabouts for state in states] == [Whereabouts.UNKNOWN]
    carry(follower, [("door", 30)], first=180)
    assert [(stay.from_at, stay.to_at) for stay in stays(store)] == [(second(0.5), None)]


def test_a_sensor_that_is_down_for_long_ends_a_stay_when_the_tag_was_last_heard(store: Store) -> None:
    """What nobody heard is in no stay."""
    follower = register(store, "Case")
    carry(follower, [("door", 60)])
    for number in range(61, 1000, 10):
        follower.tick(second(number))
    assert [(stay.from_at, stay.to_at) for stay in stays(store)] == [(second(0.5), second(59.5))]
    carry(follower, [("door", 30)], first=1000)
    assert [stay.from_at for stay in stays(store)] == [second(0.5), second(1000.5)]


def test_a_report_of_one_that_does_not_listen_tells_nothing(store: Store) -> None:
    """Readings in it are not believed, and its tags are neither there nor away."""
    follower = register(store, "Case")
    follower.take(report("door", 1, reading(0.5), is_listening=False), second(1))
    assert follower.states()[0].place.whereabouts is Whereabouts.UNKNOWN
    assert count_rows(store) == 0


def test_a_restart_goes_on_where_it_was(store: Store) -> None:
    """Place, stay and figures are known again, nothing turns by it, and the stay is still one."""
    follower = register(store, "Case")
    carry(follower, [("door", 60)])
    follower.take(report("door", 61, reading(60.5, measures=[Measure(BATTERY, 80.0)])), second(61))
    again = store.follow_tags(ZoneThresholds(), second(70))
    [state] = again.states()
    assert (state.place.whereabouts, state.place.sensor, state.battery_percent) == (Whereabouts.PRESENT, "door", 80.0)
    assert carry(again, [("door", 60)], first=70) == []
    assert [(stay.from_at, stay.to_at) for stay in stays(store)] == [(second(0.5), None)]


def test_a_tag_that_left_while_nobody_followed_is_noticed(store: Store) -> None:
    """Its stay ends when it was last known to be there, once its sensor has listened for long enough."""
    follower = register(store, "Case")
    carry(follower, [("door", 60)])
    again = store.follow_tags(ZoneThresholds(), second(300))
    [turned] = carry(again, [(None, 60)], first=300)
    assert turned.place.whereabouts is Whereabouts.AWAY
    [stay] = stays(store)
    assert stay.to_at is not None
    assert stay.to_at <= second(60)


def test_the_register_is_followed(store: Store) -> None:
    """Tags that are registered, renamed or deleted meanwhile are so for who follows them, within seconds."""
    follower = register(store, "Case")
    carry(follower, [("door", 10)])
    store.tags.change(1, TagCard("Box"))
    added = store.tags.add(TagCard("Bed"), [identity(9)], START_AT)
    [turned] = follower.tick(second(20))
    assert (turned.name, len(follower.states())) == ("Box", 2)
    follower.take(report("door", 21, reading(20.5, tag_id=added)), second(21))
    store.tags.delete(1)
    follower.take(report("door", 26, reading(25.5)), second(26))
    follower.tick(second(27))
    assert [state.name for state in follower.states()] == ["Bed"]
    assert [row.card.name for row in store.tags.rows()] == ["Bed"]


def test_a_tag_that_is_deleted_meanwhile_spoils_no_report(store: Store) -> None:
    """What is heard of it before that is noticed is dropped, and what is heard of others kept."""
    follower = register(store, "Case", "Bed")
    carry(follower, [("door", 10)])
    store.tags.delete(1)
    follower.take(report("hall", 11, reading(10.1, -30.0), reading(10.2, tag_id=2)), second(11))
    follower.take(report("hall", 13, reading(12.9, -30.0), reading(12.9, tag_id=2)), second(13))
    with store.connections.read() as connection:
        for table in METADATA.sorted_tables:
            if "tag_id" in table.c:
                assert set(connection.execute(select(table.c.tag_id)).scalars()) <= {2}, table.name
    assert store.tags.one(2).place.sensor == "hall"


def test_what_is_no_tag_is_passed_over(store: Store) -> None:
    """A sensor whose list is out of date may report tags that were never there."""
    follower = register(store, "Case")
    assert follower.take(report("door", 1, reading(0.5, tag_id=99)), second(1)) == ()


def test_figures_are_logged_when_they_change(store: Store) -> None:
    """By more than their noise, or a quarter of an hour later; the newest is known at once."""
    follower = register(store, "Case")
    told = [(10, 21.0), (20, 24.0), (80, 21.3), (100, 22.0), (400, 22.2), (1300, 22.1)]
    for at, value in told:
        heard = reading(at - 0.5, measures=[Measure(TEMPERATURE, value), Measure(BATTERY, 80.0)])
        follower.take(report("door", at, heard), second(at))
        assert Measure(TEMPERATURE, value) in store.tags.one(1).measures
    logged = store.tag_log.measures(1, TEMPERATURE, START_AT, END_AT)
    assert logged == (Figure(21.0, second(9.5)), Figure(22.0, second(99.5)), Figure(22.1, second(1299.5)))
    assert len(store.tag_log.measures(1, BATTERY, START_AT, END_AT)) == 2
    assert store.tags.one(1).measured_at == second(1299.5)
    with contextlib.closing(open_store(store.connections.url.render_as_string(hide_password=False), SETTINGS)) as other:
        assert Measure(TEMPERATURE, 22.1) in other.tags.one(1).measures


def test_a_press_is_told_once(store: Store) -> None:
    """Every press is logged, and one that two sensors hear is one."""
    follower = register(store, "Case")
    pressed = [Measure(BUTTON, 1.0)]
    for sensor, at in (("door", 5.0), ("hall", 5.4), ("door", 9.0)):
        follower.take(report(sensor, at + 0.5, reading(at, measures=pressed)), second(at + 0.5))
    assert [figure.told_at for figure in store.tag_log.measures(1, BUTTON, START_AT, END_AT)] == [second(5), second(9)]
    assert follower.states()[0].pressed_at == second(9)


def test_a_tag_that_says_it_moves_has_moved(store: Store) -> None:
    """By a sensor of movement, or by a count that goes on; a first count is no movement."""
    follower = register(store, "Case")
    for at, kind, value, moved in (
        (1.0, MeasureKind.MOVEMENT_COUNT, 7.0, None),
        (2.0, MeasureKind.MOVEMENT_COUNT, 7.0, None),
        (3.0, MeasureKind.MOVEMENT_COUNT, 8.0, second(3)),
        (4.0, MeasureKind.MOVING, 0.0, second(3)),
        (5.0, MeasureKind.MOVING, 1.0, second(5)),
    ):
        follower.take(report("door", at, reading(at, measures=[Measure(kind, value)])), second(at))
        assert follower.states()[0].moved_at == moved
    assert store.follow_tags(ZoneThresholds(), second(6)).states()[0].moved_at == second(3)


def test_what_could_not_be_written_is_written_later(file_store: Store) -> None:
    """While the database refuses, whoever reports is told; what happened then is in the log afterwards."""
    follower = register(file_store, "Case")

    class Refusing:
        """A database that can be read and not be written to."""

        is_refusing = False

        def __getattr__(self, name: str) -> object:
            return getattr(file_store.connections, name)

        @contextlib.contextmanager
        def write(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as of the connections it stands for
            if self.is_refusing:
                raise DatabaseError("The disk is full.")
            with file_store.connections.write() as connection:
                yield connection

    refusing = Refusing()
    follower = TagFollower(refusing, ZoneThresholds(), START_AT)  # type: ignore[arg-type]  # it stands for them
    carry(follower, [("door", 30)])
    refusing.is_refusing = True
    for at in range(31, 91):
        with contextlib.suppress(DatabaseError):
            follower.take(report("door", at), second(at))
        with contextlib.suppress(DatabaseError):
            follower.take(report("hall", at, reading(at - 0.5, -50.0)), second(at))
    assert follower.states()[0].place.sensor == "hall"
    assert [stay.to_at for stay in stays(file_store)] == [None]
    refusing.is_refusing = False
    follower.tick(second(91))
    assert [(stay.sensor, stay.to_at is None) for stay in stays(file_store)] == [("door", False), ("hall", True)]


def test_stays_are_read_in_pages(store: Store) -> None:
    """The newest first, of one tag or of all, as many as asked, and on from where the last page ended."""
    follower = register(store, "Case", "Bed")
    for number in range(6):
        for tag_id in (1, 2):
            at = number * 1000 + 10
            for later in (0, 5, 10):
                heard = reading(at + later - 0.5, tag_id=tag_id)
                follower.take(report("door", at + later, heard), second(at + later))
        follower.tick(second(number * 1000 + 900))
    everything = store.tag_log.stays(None, START_AT, END_AT)
    assert len(everything) == 12
    pages: list[TagStay] = []
    before: tuple[datetime, int] | None = None
    while page := store.tag_log.stays(None, START_AT, END_AT, limit=5, before=before):
        pages += page
        before = page[-1].from_at, page[-1].tag_id
    assert tuple(pages) == everything
    assert {stay.tag_id for stay in store.tag_log.stays(2, START_AT, END_AT)} == {2}
    middle = store.tag_log.stays(1, second(2000), second(3000))
    assert [stay.from_at for stay in middle] == [second(2009.5)]


def test_the_log_is_forgotten_after_its_days(store: Store) -> None:
    """Stays and figures go with the days they are kept; open stays and what is known now do not."""
    follower = register(store, "Case")
    for at in (10, 20):
        follower.take(report("door", at, reading(at - 0.5, measures=[Measure(BATTERY, 80.0)])), second(at))
    follower.tick(second(1000))
    carry(follower, [("hall", 60)], first=2000)
    assert len(stays(store)) == 2
    store.recorder.record(scan(START_AT))
    now_at = START_AT + timedelta(days=31)
    assert store.recorder.forget_some(now_at) == 2
    assert [(stay.sensor, stay.to_at) for stay in stays(store)] == [("hall", None)]
    assert store.tag_log.measures(1, BATTERY, START_AT, END_AT) == ()
    assert store.tags.one(1).measures == (Measure(BATTERY, 80.0),)


def test_deleting_a_tag_forgets_its_log(store: Store) -> None:
    """No row of its stays, figures or place is left."""
    follower = register(store, "Case", "Bed")
    carry(follower, [("door", 30), ("hall", 30)])
    follower.take(report("door", 61, reading(60.5, measures=[Measure(BATTERY, 80.0)])), second(61))
    assert count_rows(store) > 0
    store.tags.delete(1)
    follower.tick(second(70))
    assert count_rows(store) == 0


def test_many_tags_and_sensors_are_followed_at_once(store: Store) -> None:
    """Reports of several sensors on many tags, in any order and some twice, end with each tag at its best sensor."""
    rng = random.Random(5)
    follower = register(store, *[f"Tag {number}" for number in range(40)])
    sensors = ["a", "b", "c", "d"]
    home = {tag_id: rng.choice(sensors) for tag_id in range(1, 41)}
    sent: list[tuple[float, TagReport]] = []
    for now in range(1, 61):
        for sensor in sensors:
            heard: list[TagReading] = [
                reading(now - rng.random(), rng.gauss(-55.0 if home[tag_id] == sensor else -75.0, 3.0), 2, (), tag_id)
                for tag_id in home
            ]
            sent += [(now + rng.random() * 2, report(sensor, now, *heard))] * rng.choice([1, 1, 2])
    for received, one in sorted(sent, key=lambda pair: pair[0]):
        follower.take(one, second(received))
    assert {state.tag_id: state.place.sensor for state in follower.states()} == home
