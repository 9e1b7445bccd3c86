"""Access: the keys of programs, the admin password and the browsers that are logged in. Of each only a hash is kept."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, delete, insert, select, update

from db import upsert
from db.connect import Connections
from db.errors import DatabaseError
from db.passwords import encoded, is_password
from db.remembered import Remembered
from db.site_schema import ACCESS_KEYS, LOGINS, PASSWORD
from presence.access import AccessError, Identity, KeyNameTakenError, KeyRow, NewKey, NoSuchKeyError, Role

_log = logging.getLogger(__name__)

# 256 bits of chance cannot be tried out, so a plain SHA-256 of them is enough to keep: a slow hash such as argon2 makes
# up for passwords that people think of; here it would cost a hub 40 ms and gain nothing.
_SECRET_BYTES = 32
# They say what they are, so that each is looked for in one table, and a tool that looks for leaked secrets finds them.
_KEY_MARK = "pk_"
_LOGIN_MARK = "lt_"

# Letters of any script, digits, and what stands between them: as names of sensors are.
_KEY_NAME = re.compile(r"[\w.-]([\w .-]{0,62}[\w.-])?")

_LOGIN_LASTS = timedelta(days=30)
# When a key was last used tells which ones are not needed any more: to the hour is exact enough, and spares the card.
_USE_NOTED_EVERY = timedelta(hours=1)

_ADMIN = Identity("admin", Role.ADMIN)
# The one row of its table.
_PASSWORD_ROW = 1


class Access:
    """Who may come in. May be used from many threads at once.

    Who was found is remembered for a minute, so that a hub need not ask the database at every batch. A key that is
    revoked, and logins that are ended, are refused at once by this process, and by another one on the same database
    after a minute at most.

    Args:
        connections: The database.
        monotonic: Counts seconds, for what is remembered.
        new_secret: Draws a text that cannot be guessed, of so many random bytes.
    """

    def __init__(
        self,
        connections: Connections,
        monotonic: Callable[[], float],
        new_secret: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        self._connections = connections
        self._remembered = Remembered(monotonic)
        self._new_secret = new_secret
        self._notes_uses = True

    def recall(self, secret: str) -> Identity | None:
        """Who holds a key or a login, by memory alone; None when the database must be asked."""
        return self._remembered.get(_digest(secret))

    def identity_of(self, secret: str, now_at: datetime) -> Identity | None:
        """Who holds a key or a login; None when it is none, or no longer.

        Raises:
            DatabaseError: The database cannot be read.
        """
        digest = _digest(secret)
        mark = self._remembered.mark()
        if secret.startswith(_KEY_MARK):
            identity = self._key_holder(digest, now_at)
        elif secret.startswith(_LOGIN_MARK):
            identity = self._logged_in(digest, now_at)
        else:
            identity = None
        if identity is not None:
            self._remembered.put(digest, identity, mark)
        return identity

    def _key_holder(self, digest: bytes, now_at: datetime) -> Identity | None:
        key = ACCESS_KEYS.c
        asked = select(key.id, key.name, key.role, key.used_at).where(key.key_hash == digest, key.revoked_at.is_(None))
        with self._connections.read() as connection:
            found = connection.execute(asked).one_or_none()
        if found is None:
            return None
        if found.used_at is None or abs(now_at - found.used_at) >= _USE_NOTED_EVERY:
            self._note_use(found.id, now_at)
        return Identity(found.name, Role(found.role))

    def _note_use(self, key_id: int, now_at: datetime) -> None:
        """Note that a key was used. Who holds it is let in even while that cannot be written."""
        try:
            with self._connections.write() as connection:
                connection.execute(update(ACCESS_KEYS).where(ACCESS_KEYS.c.id == key_id).values(used_at=now_at))
        except DatabaseError as error:
            if self._notes_uses:
                _log.warning("When keys are used cannot be noted: %s", error)
            self._notes_uses = False
            return
        if not self._notes_uses:
            _log.info("When keys are used is noted again")
        self._notes_uses = True

    def _logged_in(self, digest: bytes, now_at: datetime) -> Identity | None:
        asked = select(LOGINS.c.ends_at).where(LOGINS.c.token_hash == digest, LOGINS.c.ends_at > now_at)
        with self._connections.read() as connection:
            return None if connection.execute(asked).one_or_none() is None else _ADMIN

    def make_key(self, name: str, role: Role, now_at: datetime) -> NewKey:
        """Make a key. It is told now and never again, for only its hash is kept.

        Raises:
            AccessError: The name cannot be used.
            KeyNameTakenError: A key in use has it already.
            DatabaseError: It could not be kept.
        """
        if not _KEY_NAME.fullmatch(name):
            raise AccessError(
                "A key's name has 1 to 64 letters, digits, dots, dashes, underscores and spaces, no space at its ends."
            )
        key = _KEY_MARK + self._new_secret(_SECRET_BYTES)
        made = {"name": name, "role": role.value, "key_hash": _digest(key), "made_at": now_at}
        with self._connections.write() as connection:
            if _key_in_use(connection, name) is not None:
                raise KeyNameTakenError(f"There is a key {name} already. Revoke it first, or choose another name.")
            key_id = connection.execute(insert(ACCESS_KEYS).returning(ACCESS_KEYS.c.id), made).scalar_one()
        return NewKey(KeyRow(key_id, name, role, now_at, None, None), key)

    def revoke_key(self, which: int | str, now_at: datetime) -> str:
        """Take a key back, by its number or its name; tells its name.

        Raises:
            NoSuchKeyError: No key in use is called so.
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            found = _key_in_use(connection, which)
            if found is None:
                raise NoSuchKeyError(f"There is no key {which} in use. `./run keys` lists them.")
            connection.execute(update(ACCESS_KEYS).where(ACCESS_KEYS.c.id == found.id).values(revoked_at=now_at))
        self._remembered.forget_all()
        name: str = found.name
        return name

    def list_keys(self) -> tuple[KeyRow, ...]:
        """All keys there ever were, the newest first.

        Raises:
            DatabaseError: The database cannot be read.
        """
        key = ACCESS_KEYS.c
        asked = select(key.id, key.name, key.role, key.made_at, key.used_at, key.revoked_at).order_by(key.id.desc())
        with self._connections.read() as connection:
            rows = connection.execute(asked).all()
        return tuple(KeyRow(row.id, row.name, Role(row.role), row.made_at, row.used_at, row.revoked_at) for row in rows)

    def set_password(self, password: str, now_at: datetime) -> None:
        """Set the admin password, and log everybody out.

        Raises:
            AccessError: It is too short or too long.
            DatabaseError: It could not be kept.
        """
        row = _password_row(password, now_at)
        with self._connections.write() as connection:
            upsert.replace_rows(connection, PASSWORD, [row])
            connection.execute(delete(LOGINS))
        self._remembered.forget_all()

    def set_first_password(self, password: str, now_at: datetime) -> bool:
        """Set the admin password if there is none yet; tells whether it did.

        Of several hubs that start on a new database at the same time, one does, and is the one to tell it.

        Raises:
            AccessError: It is too short or too long.
            DatabaseError: It could not be kept.
        """
        if self._kept_password() is not None:
            return False
        row = _password_row(password, now_at)
        with self._connections.write() as connection:
            if connection.scalar(select(PASSWORD.c.id)) is not None:
                return False
            connection.execute(insert(PASSWORD), row)
        return True

    def check_password(self, password: str) -> bool:
        """Whether this is the admin password. Takes a moment on purpose: 40 ms on a PC, ten times that on a Pi.

        Raises:
            DatabaseError: The database cannot be read.
        """
        kept = self._kept_password()
        return kept is not None and is_password(password, kept)

    def _kept_password(self) -> str | None:
        with self._connections.read() as connection:
            kept: str | None = connection.scalar(select(PASSWORD.c.encoded))
            return kept

    def begin_login(self, now_at: datetime) -> str:
        """Let a browser in for 30 days; gives what it is to keep as a cookie. The password was checked before.

        Raises:
            DatabaseError: It could not be kept.
        """
        token = _LOGIN_MARK + self._new_secret(_SECRET_BYTES)
        login = {"token_hash": _digest(token), "begun_at": now_at, "ends_at": now_at + _LOGIN_LASTS}
        with self._connections.write() as connection:
            connection.execute(delete(LOGINS).where(LOGINS.c.ends_at <= now_at))
            connection.execute(insert(LOGINS), login)
        return token

    def end_login(self, token: str) -> None:
        """Log a browser out. Harmless for one that is not logged in.

        Raises:
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            connection.execute(delete(LOGINS).where(LOGINS.c.token_hash == _digest(token)))
        self._remembered.forget_all()

    def end_all_logins(self) -> int:
        """Log every browser out; tells how many that were. Keys, and the password, stay as they are.

        Raises:
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            ended = connection.execute(delete(LOGINS)).rowcount
        self._remembered.forget_all()
        return ended


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _password_row(password: str, now_at: datetime) -> upsert.Row:
    return {"id": _PASSWORD_ROW, "encoded": encoded(password), "set_at": now_at}


def _key_in_use(connection: Connection, which: int | str) -> Row[int, str] | None:
    """The key of a number or a name, unless it was revoked."""
    key = ACCESS_KEYS.c
    named = key.id == which if isinstance(which, int) else key.name == which
    return connection.execute(select(key.id, key.name).where(named, key.revoked_at.is_(None))).one_or_none()
