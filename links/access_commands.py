"""Keys and the password by command: each carries one out, and gives what to print."""

from __future__ import annotations

import random
from datetime import datetime
from zoneinfo import ZoneInfo

from db.access import Access
from presence.access import KeyRow, Role, first_password


def set_first_password(access: Access, rng: random.Random, now_at: datetime) -> str | None:
    """Give the place its admin password at the first start; None at every other.

    Args:
        access: Keeps it.
        rng: What to draw it from; `secrets.SystemRandom()`.
        now_at: The time now.

    Raises:
        DatabaseError: It could not be kept.
    """
    password = first_password(rng)
    if not access.set_first_password(password, now_at):
        return None
    return f"The admin password is {password}  (write it down: it is shown only now; ./run password sets another)"


def set_password(access: Access, wanted: str, rng: random.Random, now_at: datetime) -> str:
    """Set the admin password: the wanted one, or one made here when that is empty.

    Raises:
        AccessError: It is too short or too long.
        DatabaseError: It could not be kept.
    """
    password = wanted or first_password(rng)
    access.set_password(password, now_at)
    says = "The admin password was set." if wanted else f"The admin password is now {password}"
    return f"{says}\nEvery browser has to log in again, within a minute. Keys stay as they are."


def log_all_out(access: Access) -> str:
    """Log every browser out.

    Raises:
        DatabaseError: It could not be done.
    """
    ended = access.end_all_logins()
    browsers = "1 browser has" if ended == 1 else f"{ended} browsers have"
    return f"{browsers} to log in again, within a minute. The password and keys stay as they are."


def make_key(access: Access, name: str, role: Role, now_at: datetime) -> str:
    """Make a key.

    Raises:
        AccessError: The name cannot be used, or a key in use has it.
        DatabaseError: It could not be kept.
    """
    made = access.make_key(name, role, now_at)
    return f"{made.key}\nThis is the key of {name}, a {role}. Keep it now: it cannot be shown again."


def revoke_key(access: Access, name: str, now_at: datetime) -> str:
    """Take a key back.

    Raises:
        AccessError: No key in use is called so.
        DatabaseError: It could not be done.
    """
    return f"The key of {access.revoke_key(name, now_at)} is revoked. It is refused within a minute."


def list_keys(access: Access, time_zone: ZoneInfo) -> str:
    """The keys in use.

    Raises:
        DatabaseError: The database cannot be read.
    """
    rows = [row for row in access.list_keys() if row.revoked_at is None]
    if not rows:
        return "There are no keys. `./run keys make NAME --role viewer` makes one."
    return "\n".join(_line(row, time_zone) for row in rows)


def _line(row: KeyRow, time_zone: ZoneInfo) -> str:
    made = f"{row.made_at.astimezone(time_zone):%Y-%m-%d}"
    used = "never used" if row.used_at is None else f"last used {row.used_at.astimezone(time_zone):%Y-%m-%d %H:%M}"
    return f"{row.name:<24}  {row.role:<6}  made {made}, {used}"
