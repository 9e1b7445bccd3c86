"""Channels: whom alerts are told to, their addresses sealed."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from db.alert_schema import CHANNELS, NOTIFICATIONS
from db.connect import Connections
from db.notifications import Notice, enqueue
from presence import alert_words
from presence.alerts import AlertError, Channel, ChannelRow, NoSuchAlertError
from presence.channel_services import address_fault
from presence.sealing import Sealer

_MOST_NAME = 64
_MOST_CHANNELS = 50
# As apprise writes addresses: a service, and what it needs to know. Some hold a password and several recipients.
_URL = re.compile(r"[a-z][a-z0-9+.-]{0,31}://\S{1,2000}", re.IGNORECASE)


class Channels:
    """Reads and changes the channels. May be used from many threads at once.

    Args:
        connections: The database.
        sealer: Seals their addresses.
    """

    def __init__(self, connections: Connections, sealer: Sealer) -> None:
        self._connections = connections
        self._sealer = sealer

    def rows(self) -> tuple[ChannelRow, ...]:
        """Every channel, by name, without its address.

        Raises:
            DatabaseError: They could not be read.
        """
        queued = NOTIFICATIONS.c
        waiting = select(func.count()).where(queued.channel_id == CHANNELS.c.id, queued.done_at.is_(None))
        every = select(CHANNELS).add_columns(waiting.scalar_subquery().label("waiting_count")).order_by(CHANNELS.c.name)
        with self._connections.read() as connection:
            return tuple(_channel_row(row) for row in connection.execute(every))

    def add(self, channel: Channel) -> int:
        """Make a channel; gives its number.

        Raises:
            AlertError: Its name or its address cannot be used.
            SealError: Its address could not be sealed.
            DatabaseError: It could not be kept.
        """
        name = _checked_name(channel.name)
        columns = {"name": name, "is_on": channel.is_on, **self._sealed(channel.url)}
        with self._connections.write() as connection:
            if len(connection.execute(select(CHANNELS.c.id)).all()) >= _MOST_CHANNELS:
                raise AlertError(
                    f"There are {_MOST_CHANNELS} channels already. Delete one that is not needed any more."
                )
            _check_free(connection, name, None)
            return connection.execute(insert(CHANNELS).values(columns).returning(CHANNELS.c.id)).scalar_one()

    def change(self, channel_id: int, channel: Channel) -> None:
        """Change a channel. An empty address leaves it as it is. What waits for one that is switched off is dropped.

        Raises:
            NoSuchAlertError: There is no such channel.
            AlertError: Its name or its address cannot be used.
            SealError: Its address could not be sealed.
            DatabaseError: It could not be kept.
        """
        columns: dict[str, Any] = {"name": _checked_name(channel.name), "is_on": channel.is_on}
        if channel.url:
            columns |= {**self._sealed(channel.url), "problem": None}
        with self._connections.write() as connection:
            _kept(connection, channel_id)
            _check_free(connection, columns["name"], channel_id)
            connection.execute(update(CHANNELS).where(CHANNELS.c.id == channel_id).values(columns))
            if not channel.is_on:
                is_waiting = NOTIFICATIONS.c.done_at.is_(None)
                connection.execute(delete(NOTIFICATIONS).where(NOTIFICATIONS.c.channel_id == channel_id, is_waiting))

    def delete(self, channel_id: int) -> None:
        """Delete a channel, and all that waits for it.

        Raises:
            NoSuchAlertError: There is no such channel.
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            if connection.execute(delete(CHANNELS).where(CHANNELS.c.id == channel_id)).rowcount == 0:
                raise _no_such_channel(channel_id)

    def url(self, channel_id: int) -> str:
        """The address of a channel, for whoever hands notifications over, and for nobody else.

        Raises:
            NoSuchAlertError: There is no such channel.
            SealError: It was sealed under another key.
            DatabaseError: It could not be read.
        """
        with self._connections.read() as connection:
            sealed: bytes = _kept(connection, channel_id).sealed_url
        return self._sealer.unseal(bytes(sealed)).decode()

    def test(self, channel_id: int, now_at: datetime) -> None:
        """Put a test notification into the queue; `rows` tells what became of it.

        Raises:
            NoSuchAlertError: There is no such channel.
            AlertError: It is switched off.
            DatabaseError: It could not be done.
        """
        with self._connections.write() as connection:
            kept = _kept(connection, channel_id)
            if not kept.is_on:
                raise AlertError("This channel is switched off. Switch it on to test it.")
            title, body = alert_words.test_words(kept.name)
            enqueue(connection, [Notice({channel_id}, None, title, body, now_at)])

    def _sealed(self, url: str) -> dict[str, Any]:
        if not _URL.fullmatch(url):
            raise AlertError(
                "The address of a channel looks like ntfys://ntfy.sh/topic: a service, ://, and no spaces."
            )
        if fault := address_fault(url):
            raise AlertError(fault)
        return {"service": url.partition("://")[0].lower(), "sealed_url": self._sealer.seal(url.encode())}


def _checked_name(name: str) -> str:
    stripped = name.strip()
    if not 1 <= len(stripped) <= _MOST_NAME or not stripped.isprintable():
        raise AlertError("A channel's name has 1 to 64 characters, all of them visible.")
    return stripped


def _check_free(connection: Connection, name: str, channel_id: int | None) -> None:
    namesake = connection.execute(select(CHANNELS.c.id).where(CHANNELS.c.name == name)).scalar_one_or_none()
    if namesake not in {None, channel_id}:
        raise AlertError(f"There is a channel “{name}” already. Choose another name.")


def _kept(connection: Connection, channel_id: int) -> Row[*tuple[Any, ...]]:
    row = connection.execute(select(CHANNELS).where(CHANNELS.c.id == channel_id)).one_or_none()
    if row is None:
        raise _no_such_channel(channel_id)
    return row


def _no_such_channel(channel_id: int) -> NoSuchAlertError:
    return NoSuchAlertError(f"There is no channel {channel_id}. It may have been deleted; look at the list again.")


def _channel_row(row: Row[*tuple[Any, ...]]) -> ChannelRow:
    return ChannelRow(
        channel_id=row.id,
        name=row.name,
        service=row.service,
        is_on=row.is_on,
        waiting_count=row.waiting_count,
        problem=row.problem,
        last_sent_at=row.last_sent_at,
    )
