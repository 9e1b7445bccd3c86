"""The commands `backup` and `restore`. A backup is made while the programme runs, and put back while it does not."""

from __future__ import annotations

import argparse
from pathlib import Path

from db.backup import back_up, list_backups
from db.restoring import restore
from keeping import backup_folder
from place import Place


def restore_as_asked(place: Place, arguments: argparse.Namespace) -> int:
    """Put a backup back, or list those there are."""
    return print_backups(place, arguments.folder) if arguments.list else restore_backup(place, arguments.backup)


def make_backup(place: Place, folder: Path | None) -> int:
    """Copy the database while it is in use, and check the copy."""
    print(f"Saved and checked: {back_up(place.database_url, folder or backup_folder(place), place.clock.wall())}")
    return 0


def restore_backup(place: Place, backup: Path) -> int:
    """Put a backup in the place of the database."""
    restored = restore(place.database_url, backup, place.clock.wall())
    until = "holds no scan yet"
    if restored.last_scan_at is not None:
        until = f"tells of everything until {restored.last_scan_at.astimezone(place.time_zone):%d %B %Y, %H:%M}"
    print(f"Restored: {backup}. It {until}.")
    counted = (
        (restored.scan_count, "scans"),
        (restored.head_count_count, "head counts"),
        (restored.tag_count, "tags"),
    )
    print(f"It has {', '.join(f'{count:,} {name}' for count, name in counted)}. The keys stay those of today.")
    if restored.set_aside is not None:
        print(f"What was there before is now {restored.set_aside}; delete it when you need it no more.")
    return 0


def print_backups(place: Place, folder: Path | None) -> int:
    """List the backups, the newest first."""
    folder = folder or backup_folder(place)
    backups = list_backups(place.database_url, folder)
    for backup in backups:
        made_at = backup.made_at.astimezone(place.time_zone)
        made_by = "made daily" if backup.is_daily else "made by `./run backup`"
        print(f"{made_at:%d %B %Y, %H:%M}  {backup.size_bytes / 1e6:8.1f} MB  {made_by}  {backup.path}")
    if not backups:
        print(f"There is no backup in {folder}. `./run backup` makes one.")
    return 0
