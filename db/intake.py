"""The intake: scans of other sensors become part of what is remembered, each once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from sqlalchemy import Connection, Delete, Select, bindparam, delete, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.sql.dml import ReturningInsert

from db import upsert
from db.connect import Connections
from db.errors import DatabaseError
from db.gaps import last_scans
from db.recorder import record_scans
from db.schema import SCANS
from db.sensors import Word, inactive_among, note_refusal, note_words
from db.settings import StoreSettings
from db.site_schema import RECEIVED
from presence.message import Batch, Receipt, ScanMessage
from presence.radio import Radio
from presence.scan import Heard, Scan

# The clocks of a sensor and of the hub may disagree by this much: they are at most a time zone and a little apart.
_MOST_AHEAD = timedelta(days=1)
# No sensor keeps unsent scans for longer than a year (`links.outbox_max_days`).
_OLDEST = timedelta(days=367)
# A key period begins at most a month before its scans (`scans.visitor_key.KeyRotation`), or on the first day there is
# for a key that never changes. Time zones, the hour of rotation and a clock put back make it two days more. What was
# hashed on its way in (`Batch.site` is None) is under the key of the day of its arrival, which may be later.
_LONGEST_PERIOD_DAYS = 31
_ROUNDING_DAYS = 2
_NEVER_CHANGES = date.min.toordinal()

# Message identifiers are kept for a month: 43,000 of a sensor, about 3 MB. A scan that comes again later than that is
# known by its row in the ledger, which stays for longer than any sensor keeps a scan; looking there costs more.
_IDS_KEPT = timedelta(days=30)
# For each identifier that is added, two old ones are deleted: they stay as many as there are sensors to send them.
_FORGOTTEN_FOR_ONE = 2


class IntakeRefusedError(Exception):
    """A batch is not taken, now or ever; nothing of it was stored. The message says why, and is fit to be sent back."""


class OtherSiteError(IntakeRefusedError):
    """The scans are of another site: their hashes are made with another key, so that each visitor would count twice."""


class SensorInactiveError(IntakeRefusedError):
    """The sensor was switched off here; its scans are taken once it is switched on again."""


class Intake:
    """Takes batches. One call at a time: whoever comes second waits.

    Args:
        connections: The database.
        settings: How to remember.
        site: Tells the site whose scans are taken, as `Batch.site` names it; None for any, while there is no key yet.
    """

    def __init__(self, connections: Connections, settings: StoreSettings, site: Callable[[], str | None]) -> None:
        self._connections = connections
        self._settings = settings
        self._site = site

    def take(self, batches: Sequence[Batch], received_at: datetime) -> list[Receipt]:
        """Store the scans of some batches that were not stored before; they are committed when this returns.

        Args:
            batches: What came, in the order in which it came.
            received_at: The time now.

        Returns:
            What became of each.

        Raises:
            IntakeRefusedError: One of them is not to be stored; nothing is then stored of any. When there is but one,
                why is written down at its sensor.
            DatabaseError: The database could not do it now; nothing is then stored of any.
        """
        try:
            return self._take_or_refuse(batches, received_at)
        except SensorInactiveError:
            raise  # which is no news to who switched it off
        except IntakeRefusedError as error:
            if len(batches) == 1:
                with self._connections.write() as connection:
                    note_refusal(connection, batches[0].sensor, str(error), received_at)
            raise

    def _take_or_refuse(self, batches: Sequence[Batch], received_at: datetime) -> list[Receipt]:
        site = self._site()
        for batch in batches:
            _check_site(batch, site)
            for message in batch.messages:
                _check(message.scan, received_at)
        try:
            with self._connections.write() as connection:
                return self._take(connection, batches, received_at)
        except DatabaseError as error:
            if isinstance(error.__cause__, (DataError, IntegrityError)):
                raise IntakeRefusedError("It holds a value that the hub's database cannot keep.") from error
            raise

    def _take(self, connection: Connection, batches: Sequence[Batch], received_at: datetime) -> list[Receipt]:
        _check_active(connection, batches)
        unseen = _claim(connection, [message for batch in batches for message in batch.messages], received_at)
        before = last_scans(connection, {batch.sensor.name for batch in batches if batch.site is None})
        receipts, words, taken = [], list[Word](), list[Scan]()
        for batch in batches:
            new = [scan for message in batch.messages if (scan := unseen.pop(message.message_id, None)) is not None]
            taken += new if batch.site else [_with_elapsed(scan, before) for scan in new]
            words.append(_word(batch, new, received_at))
            detections = sum(_device_count(scan) for scan in new)
            receipts.append(Receipt(len(new), len(batch.messages) - len(new), detections))
        note_words(connection, words)
        if taken:
            record_scans(connection, taken, self._settings)
        return receipts


def _check_site(batch: Batch, site: str | None) -> None:
    """Refuse a batch of another site. What was hashed on its way in names none, and is under the key of this one."""
    if site is not None and batch.site not in {None, site}:
        raise OtherSiteError(
            f"The sensor {batch.sensor.name} is of another site than the hub: visitors would count twice. Let it join "
            "this one: `./run enrol` here, and there what that prints."
        )


def _check(scan: Scan, received_at: datetime) -> None:
    """Refuse a scan that would put nonsense into history; one whose clock is said to be wrong belongs to no day."""
    if not scan.clock_is_right:
        return
    if scan.started_at > received_at + _MOST_AHEAD:
        raise IntakeRefusedError(
            f"A scan of {scan.sensor} says it began on {scan.started_at:%Y-%m-%d at %H:%M} UTC, more than a day ahead "
            "of the hub's clock. Set the sensor's clock."
        )
    if scan.started_at < received_at - _OLDEST:
        raise IntakeRefusedError(
            f"A scan of {scan.sensor} says it began on {scan.started_at:%Y-%m-%d}, longer ago than any sensor keeps "
            "one. Set the sensor's clock."
        )
    earliest = _day_number(scan.started_at) - _LONGEST_PERIOD_DAYS - _ROUNDING_DAYS
    latest = _day_number(received_at) + _ROUNDING_DAYS
    if scan.key_period != _NEVER_CHANGES and not earliest <= scan.key_period <= latest:
        raise IntakeRefusedError(
            f"A scan of {scan.sensor} is under a visitor key that is not one of its day. Check the sensor's clock, and "
            "let it join the site again."
        )


def _day_number(at: datetime) -> int:
    return at.astimezone(UTC).date().toordinal()


def _check_active(connection: Connection, batches: Sequence[Batch]) -> None:
    inactive = inactive_among(connection, {batch.sensor.name for batch in batches})
    if inactive:
        raise SensorInactiveError(f"The sensor {min(inactive)} is switched off at the hub. Switch it on there.")


def _claim(connection: Connection, messages: Sequence[ScanMessage], received_at: datetime) -> dict[str, Scan]:
    """The scans that nobody took before, by their messages' identifiers, which are now taken."""
    scans = {message.message_id: message.scan for message in reversed(messages)}  # the first of a name counts
    rows = [{"message_id": bytes.fromhex(name), "received_at": received_at} for name in sorted(scans)]
    if not rows:
        return {}
    statement = _insert_ids(connection.dialect.name)
    claimed = {row.hex() for row in connection.execute(statement, upsert.as_parameters(connection, rows)).scalars()}
    ids_from_at = received_at - _IDS_KEPT
    connection.execute(_delete_ids(), {"before_at": ids_from_at, "count": _FORGOTTEN_FOR_ONE * len(rows)})
    return {
        name: scan
        for name, scan in scans.items()
        if name in claimed and not (scan.started_at < ids_from_at + _MOST_AHEAD and _is_in_ledger(connection, scan))
    }


def _with_elapsed(scan: Scan, before: dict[str, datetime]) -> Scan:
    """A scan of a programme that does not tell how long ago its scan before began: the wall clock must tell.

    Scans every 40 s would else be worth a minute each.
    """
    before_at = before.get(scan.sensor)
    before[scan.sensor] = scan.started_at
    if before_at is None or scan.started_at < before_at:
        return scan
    return replace(scan, elapsed_seconds=(scan.started_at - before_at).total_seconds())


def _is_in_ledger(connection: Connection, scan: Scan) -> bool:
    found = connection.execute(_select_scan(), {"of_sensor": scan.sensor, "at": scan.started_at})
    return found.first() is not None


# Built once, as in `db.followed`.
@cache
def _insert_ids(dialect: str) -> ReturningInsert[bytes]:
    statement = upsert.insert_rows(RECEIVED, dialect)
    return statement.on_conflict_do_nothing().returning(RECEIVED.c.message_id)


@cache
def _delete_ids() -> Delete:
    at = RECEIVED.c.received_at
    oldest = select(RECEIVED.c.message_id).where(at < bindparam("before_at")).order_by(at).limit(bindparam("count"))
    return delete(RECEIVED).where(RECEIVED.c.message_id.in_(oldest.scalar_subquery()))


@cache
def _select_scan() -> Select[int]:
    return (
        select(SCANS.c.id)
        .where(SCANS.c.started_at == bindparam("at"), SCANS.c.sensor == bindparam("of_sensor"))
        .limit(1)
    )


def _word(batch: Batch, new: Sequence[Scan], received_at: datetime) -> Word:
    offset = None if batch.sent_at is None else (batch.sent_at - received_at).total_seconds()
    newest = new[-1] if new else None
    return Word(batch.sensor, received_at, newest, offset, batch.waiting_count)


def _device_count(scan: Scan) -> int:
    hearings = (scan.hearing(radio) for radio in Radio)
    return sum(len(hearing.observations) for hearing in hearings if isinstance(hearing, Heard))
