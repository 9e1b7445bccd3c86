"""Only one: of all processes on a database, the one that does what must not be done twice."""

from __future__ import annotations

from sqlalchemy import Connection, NullPool, create_engine, func, select

from db.connect import Connections
from db.errors import told_plainly

# Held for as long as its connection lives by the hub that follows the tags, and by the one that fits the estimate. Any
# numbers do that nobody else locks; `db.connect` locks 8050.
FOLLOWING_LOCK = 8051
FITTING_LOCK = 8052


class OnlyOne:
    """Tells whether this process is the one. For one thread.

    A file of SQLite has one programme. On PostgreSQL it is the process that holds a lock; when it ends, or loses the
    server, the next one that asks becomes it.

    Args:
        connections: The database.
        lock: What is to be done by one alone.
    """

    def __init__(self, connections: Connections, lock: int = FOLLOWING_LOCK) -> None:
        self._lock = lock
        is_shared = connections.url.get_backend_name() == "postgresql"
        self._engine = create_engine(connections.url, poolclass=NullPool) if is_shared else None
        self._holding: Connection | None = None

    def is_this(self) -> bool:
        """Whether this process is the one, now.

        Raises:
            DatabaseError: The database does not answer; then it is not.
        """
        if self._engine is None:
            return True
        with told_plainly():
            if self._holding is not None and self._still_holds(self._holding):
                return True
            self._holding = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self._holding.execute(select(func.pg_try_advisory_lock(self._lock))).scalar_one():
                return True
        self.close()
        return False

    def close(self) -> None:
        """Let another one be it. Harmless when called twice."""
        if self._holding is not None:
            self._holding.close()
            self._holding = None

    def _still_holds(self, holding: Connection) -> bool:
        """Whether the connection lives, and the lock with it."""
        try:
            holding.execute(select(1))
        except BaseException:
            self._holding = None
            holding.invalidate()
            holding.close()
            raise
        return True
