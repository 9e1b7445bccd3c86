from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from db.access import Access
from db.connect import Connections
from db.errors import DatabaseError
from db.remembered import Remembered
from db.site_schema import ACCESS_KEYS, LOGINS, PASSWORD
from presence.access import AccessError, Identity, KeyNameTakenError, NoSuchKeyError, Role

NOW_AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
ADMIN = Identity("admin", Role.ADMIN)


class Stopwatch:
    """A clock that goes on when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def file_connections(url: str) -> Iterator[Connections]:
    """An empty database in a file, where what is asked does not depend on its kind."""
    with contextlib.closing(Connections(url)) as opened:
        yield opened


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def access(connections: Connections, watch: Stopwatch) -> Access:
    return Access(connections, watch)


def test_a_key_lets_its_holder_in_with_its_role(access: Access) -> None:
    """Whoever shows a key is who it was made for, and nobody else gets in with another text."""
    made = access.make_key("grafana", Role.VIEWER, NOW_AT)
    assert access.identity_of(made.key, NOW_AT) == Identity("grafana", Role.VIEWER)
    for wrong in ("", "pk_", made.key[:-1], made.key + "A", made.key.upper(), f"lt_{made.key[3:]}"):
        assert access.identity_of(wrong, NOW_AT) is None


def test_neither_a_key_nor_a_password_nor_a_login_is_kept(access: Access, connections: Connections) -> None:
    """Whoever reads the database finds nothing to get in with."""
    key = access.make_key("grafana", Role.VIEWER, NOW_AT).key
    access.set_password("correct horse", NOW_AT)
    token = access.begin_login(NOW_AT)
    with connections.read() as connection:
        kept = [tuple(row) for table in (ACCESS_KEYS, PASSWORD, LOGINS) for row in connection.execute(select(table))]
    assert len(kept) == 3
    for secret in (key, key[3:], token, token[3:], "correct horse"):
        assert secret not in str(kept)


def test_a_new_key_is_not_told_by_its_description(access: Access) -> None:
    """Whoever logs what was made does not log the key."""
    made = access.make_key("grafana", Role.VIEWER, NOW_AT)
    assert made.key not in repr(made)


def test_a_revoked_key_is_refused_at_once(access: Access) -> None:
    """A key that was in use a moment ago is no key any more, and the list says since when."""
    made = access.make_key("grafana", Role.VIEWER, NOW_AT)
    assert access.identity_of(made.key, NOW_AT) is not None
    assert access.revoke_key("grafana", NOW_AT) == "grafana"
    assert access.recall(made.key) is None
    assert access.identity_of(made.key, NOW_AT) is None
    assert [row.revoked_at for row in access.list_keys()] == [NOW_AT]


def test_a_key_is_revoked_by_its_number_too(access: Access) -> None:
    """Names and numbers are told apart, so that a key called 1 is not taken for the first."""
    first = access.make_key("first", Role.SENSOR, NOW_AT)
    access.make_key("1", Role.SENSOR, NOW_AT)
    assert access.revoke_key("1", NOW_AT) == "1"
    assert access.revoke_key(first.row.key_id, NOW_AT) == "first"
    with pytest.raises(NoSuchKeyError, match="There is no key 1 in use"):
        access.revoke_key("1", NOW_AT)


def test_a_name_is_free_again_when_its_key_was_revoked(access: Access) -> None:
    """Two keys in use never share a name, and the list keeps those that were."""
    access.make_key("grafana", Role.VIEWER, NOW_AT)
    with pytest.raises(KeyNameTakenError, match="Revoke it first"):
        access.make_key("grafana", Role.ADMIN, NOW_AT)
    access.revoke_key("grafana", NOW_AT)
    access.make_key("grafana", Role.ADMIN, NOW_AT)
    assert [(row.name, row.role, row.revoked_at) for row in access.list_keys()] == [
        ("grafana", Role.ADMIN, None),
        ("grafana", Role.VIEWER, NOW_AT),
    ]


@pytest.mark.parametrize("name", ["", " a", "a ", "a" * 65, "a\nb", "a\x00", "a;b", "<b>"])
def test_a_name_that_cannot_be_read_out_is_refused(access: Access, name: str) -> None:
    """Names are short, of one line, and hold no marks that mean something elsewhere."""
    with pytest.raises(AccessError, match="letters, digits"):
        access.make_key(name, Role.VIEWER, NOW_AT)


def test_a_use_is_noted_once_an_hour(access: Access, watch: Stopwatch) -> None:
    """The list tells to the hour when a key was last used, and the card is spared."""
    made = access.make_key("grafana", Role.VIEWER, NOW_AT)
    noted = []
    for minutes in (0, 30, 59, 60, 61):
        watch.seconds += 61
        access.identity_of(made.key, NOW_AT + timedelta(minutes=minutes))
        noted.append(access.list_keys()[0].used_at)
    assert noted == [NOW_AT, NOW_AT, NOW_AT, NOW_AT + timedelta(hours=1), NOW_AT + timedelta(hours=1)]


def test_who_was_found_is_remembered_for_a_minute(access: Access, watch: Stopwatch) -> None:
    """Requests in between do not ask the database; what another process revoked is refused after a minute."""
    made = access.make_key("sensor 1", Role.SENSOR, NOW_AT)
    assert access.recall(made.key) is None
    access.identity_of(made.key, NOW_AT)
    watch.seconds += 59.9
    assert access.recall(made.key) == Identity("sensor 1", Role.SENSOR)
    watch.seconds += 0.1
    assert access.recall(made.key) is None


def test_another_process_refuses_a_revoked_key_after_a_minute(
    connections: Connections, access: Access, watch: Stopwatch
) -> None:
    """Two hubs on one database: what one revokes, the other forgets by itself."""
    other = Access(connections, watch)
    made = access.make_key("sensor 1", Role.SENSOR, NOW_AT)
    other.identity_of(made.key, NOW_AT)
    access.revoke_key("sensor 1", NOW_AT)
    watch.seconds += 60
    assert other.recall(made.key) is None
    assert other.identity_of(made.key, NOW_AT) is None


def test_what_was_read_before_a_revocation_is_not_remembered_after_it() -> None:
    """A request that asked the database just before a key was revoked does not bring the key back."""
    remembered = Remembered(lambda: 0.0)
    mark = remembered.mark()
    remembered.forget_all()
    remembered.put(b"digest", ADMIN, mark)
    assert remembered.get(b"digest") is None


def test_only_so_many_are_remembered() -> None:
    """However many keys there are, memory has an end; who asked longest ago is asked for again."""
    remembered = Remembered(lambda: 0.0)
    for number in range(8193):
        remembered.put(number.to_bytes(4, "big"), ADMIN, remembered.mark())
    assert remembered.get((0).to_bytes(4, "big")) is None
    assert remembered.get((1).to_bytes(4, "big")) == ADMIN


def test_a_key_is_good_while_nothing_can_be_written(
    file_connections: Connections, caplog: pytest.LogCaptureFixture
) -> None:
    """With a full disk whoever may look still may; that the use was not noted is said once, and once when it is."""
    watch = Stopwatch()
    access = Access(file_connections, watch)
    made = access.make_key("grafana", Role.VIEWER, NOW_AT)
    with file_connections.write() as connection:
        connection.execute(
            text("CREATE TRIGGER full BEFORE UPDATE ON access_keys BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        )
    caplog.set_level(logging.INFO)
    for _ in range(3):
        watch.seconds += 60
        assert access.identity_of(made.key, NOW_AT) == Identity("grafana", Role.VIEWER)
    with file_connections.write() as connection:
        connection.execute(text("DROP TRIGGER full"))
    watch.seconds += 60
    assert access.identity_of(made.key, NOW_AT) is not None
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_the_password_is_what_was_set(access: Access) -> None:
    """Before one is set none is right; afterwards that one, however a keyboard composes its letters."""
    assert not access.check_password("correct horse")
    access.set_password("Ångström 5", NOW_AT)
    assert access.check_password("Ångström 5")
    assert access.check_password("A\N{COMBINING RING ABOVE}ngstro\N{COMBINING DIAERESIS}m 5")
    for wrong in ("", "correct horse", "ångström 5", "Ångström 5 ", "\ud800" * 10, "x" * 10_000_000):
        assert not access.check_password(wrong)
    access.set_password("another one", NOW_AT)
    assert not access.check_password("Ångström 5")


@pytest.mark.parametrize("password", ["", "1234567", "x" * 201])
def test_a_password_has_8_to_200_characters(access: Access, password: str) -> None:
    """One that is too short or too long is refused with what would do."""
    with pytest.raises(AccessError, match="8 to 200 characters"):
        access.set_password(password, NOW_AT)
    with pytest.raises(AccessError, match="8 to 200 characters"):
        access.set_first_password(password, NOW_AT)


def test_a_password_is_kept_as_slow_as_owasp_asks(access: Access, connections: Connections) -> None:
    """It goes through argon2id with 19 MiB and two passes."""
    access.set_password("correct horse", NOW_AT)
    with connections.read() as connection:
        kept = connection.execute(select(PASSWORD.c.encoded)).scalar_one()
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_of_hubs_that_start_together_one_sets_the_first_password(access: Access) -> None:
    """However many try at once, one is told that its password counts, and it does."""
    passwords = [f"password {number}" for number in range(4)]
    was_set: dict[str, bool] = {}

    def start(password: str) -> None:
        was_set[password] = access.set_first_password(password, NOW_AT)

    starts = [threading.Thread(target=start, args=(password,)) for password in passwords]
    for one in starts:
        one.start()
    for one in starts:
        one.join()
    assert sorted(was_set.values()) == [False, False, False, True]
    assert [password for password in passwords if access.check_password(password)] == [
        password for password in passwords if was_set[password]
    ]


def test_a_damaged_password_says_what_to_do(file_connections: Connections) -> None:
    """Where the stored password cannot be read, its owner is told how to set another."""
    access = Access(file_connections, Stopwatch())
    access.set_password("correct horse", NOW_AT)
    with file_connections.write() as connection:
        connection.execute(update(PASSWORD).values(encoded="gone"))
    with pytest.raises(DatabaseError, match=r"\./run password"):
        access.check_password("correct horse")


def test_a_login_lasts_30_days(access: Access, watch: Stopwatch) -> None:
    """A browser that logged in is the admin's for 30 days, and then nobody's."""
    token = access.begin_login(NOW_AT)
    assert access.identity_of(token, NOW_AT + timedelta(days=29)) == ADMIN
    watch.seconds += 60
    assert access.identity_of(token, NOW_AT + timedelta(days=30)) is None


def test_logging_out_ends_that_login_alone(access: Access) -> None:
    """Another browser stays logged in."""
    tokens = [access.begin_login(NOW_AT) for _ in range(2)]
    assert all(access.identity_of(token, NOW_AT) for token in tokens)
    access.end_login(tokens[0])
    assert access.recall(tokens[0]) is None
    assert [access.identity_of(token, NOW_AT) for token in tokens] == [None, ADMIN]


def test_a_new_password_logs_everybody_out_and_leaves_keys(access: Access) -> None:
    """Whoever changes the password puts out who knew the old one; programs go on."""
    token = access.begin_login(NOW_AT)
    key = access.make_key("grafana", Role.VIEWER, NOW_AT).key
    assert access.identity_of(token, NOW_AT) == ADMIN
    access.set_password("another one", NOW_AT)
    assert access.identity_of(token, NOW_AT) is None
    assert access.identity_of(key, NOW_AT) is not None


def test_logins_that_are_over_are_forgotten(access: Access, connections: Connections) -> None:
    """The table of logins does not grow for ever."""
    access.begin_login(NOW_AT)
    access.begin_login(NOW_AT + timedelta(days=30))
    with connections.read() as connection:
        assert len(connection.execute(select(LOGINS)).all()) == 1
