from __future__ import annotations

from datetime import timedelta

import pytest

from db.errors import DatabaseError
from db.store import Store
from db.tag_follower import TagFollower
from presence.alerts import TagState
from presence.tags import TagReport
from presence.zones import Zone
from tests.db.test_tag_follower import carry, register, stays
from tests.presence.tag_reports import reading, report, second


def clock_told(sensor: str, now: float) -> TagReport:
    """A report of no time at all, which says what a sensor's clock says."""
    return report(sensor, now, length=0, is_listening=False)


def catch_up(follower: TagFollower, sensor: str, minutes: range, rssi_dbm: float, now: float) -> list[TagState]:
    """A sensor that was cut off tells what it heard in those minutes. Tells what turned by it."""
    turned = [*follower.take(clock_told(sensor, now), second(now))]
    for minute in minutes:
        at = 60.0 * minute
        turned += follower.take(report(sensor, at, reading(at - 1, rssi_dbm, 60), length=60), second(now))
    return turned


def test_a_cut_of_an_hour_leaves_no_gap_in_the_log(store: Store) -> None:
    """The stay before it goes on until the tag left; nothing is told as turned, so no alert opens."""
    follower = register(store, "Case")
    carry(follower, [("door", 60)])
    now = 3660
    for at in range(61, now):
        follower.tick(second(at))
    assert catch_up(follower, "door", range(2, 51), -55.0, now) == []
    assert follower.tick(second(now + 61)) == ()
    (stay,) = stays(store)
    assert (stay.sensor, stay.zone, stay.from_at, stay.to_at) == ("door", Zone.NEAR, second(0.5), second(50 * 60 - 1))


def test_what_several_sensors_tell_late_is_compared_before_it_is_written(store: Store) -> None:
    """After a cut of the hub each tells its hour, one after the other, and the stay is where the tag was heard best."""
    follower = register(store, "Case")
    now = 3600
    catch_up(follower, "door", range(1, 51), -80.0, now)
    follower.tick(second(now + 5))
    assert stays(store) == ()
    catch_up(follower, "hall", range(1, 51), -55.0, now + 10)
    catch_up(follower, "hall", range(1, 51), -55.0, now + 11)  # not acknowledged, and sent again
    follower.tick(second(now + 75))
    (stay,) = stays(store)
    assert (stay.sensor, stay.from_at, stay.to_at) == ("hall", second(59), second(50 * 60 - 1))
    assert stay.rssi_mean_dbm == pytest.approx(-55.0)


def test_where_it_was_known_to_be_it_stays_in_the_log(store: Store) -> None:
    """What a sensor tells late of a tag that another one had meanwhile changes nothing."""
    follower = register(store, "Case")
    carry(follower, [("hall", 600)])
    before = stays(store)
    catch_up(follower, "stairs", range(2, 9), -45.0, 600)
    carry(follower, [("hall", 62)], first=600)
    assert stays(store) == before


def test_what_is_late_waits_while_the_database_is_away(store: Store) -> None:
    """It is written when the database answers again."""
    follower = register(store, "Case")
    catch_up(follower, "door", range(1, 11), -55.0, 3600)
    with store.connections.write() as connection:
        connection.exec_driver_sql("ALTER TABLE tag_stays RENAME TO elsewhere")
    with pytest.raises(DatabaseError):
        follower.tick(second(3700))
    with store.connections.write() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO tag_stays")
    follower.tick(second(3701))
    (stay,) = stays(store)
    assert stay.to_at is not None
    assert stay.to_at - stay.from_at == timedelta(minutes=9)
