"""Reading: the read models, each seen at one moment, at a cost that does not grow with history."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select

from db.buckets import trend_edges
from db.connect import Connections
from db.read_devices import read_devices
from db.read_history import read_history
from db.read_overview import read_overview
from db.read_people import PeopleReader
from db.read_report import read_report
from db.read_scans import read_scans_after
from db.read_statistics import Statistics
from db.read_today import read_today
from db.read_trends import read_sensor_trends, read_zone_trends
from db.read_usual import read_usual
from db.schema import SCANS
from db.sensors import Sensors
from db.settings import StoreSettings
from presence.feed import ScanRow
from presence.overview import DevicePage, DeviceQuery, History, Overview, Report
from presence.ranges import TimeRange
from presence.sensors import SensorRow
from presence.today import Today
from presence.trends import Trends


class Reader:
    """The read side. May be used from many threads at once, and while scans are recorded.

    Attributes:
        statistics: Reads what was counted in a time.
    """

    def __init__(self, connections: Connections, settings: StoreSettings) -> None:
        self._connections = connections
        self._settings = settings
        self.statistics = Statistics(connections, settings)
        self._people = PeopleReader(connections, settings)

    def overview(self, now_at: datetime, sensor: str | None = None) -> Overview:
        """The place now, and in total: as one sensor has it, or all.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_overview(connection, now_at, self._settings, sensor)

    def history(self, time_range: TimeRange, now_at: datetime, sensor: str | None = None) -> History:
        """A range of time up to now, as a chart draws it: of one sensor, or of all.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_history(connection, time_range, now_at, self._settings.time_zone, sensor)

    def trends(self, time_range: TimeRange, now_at: datetime, sensor: str | None = None) -> Trends:
        """A range of time up to now by zone, and by sensor unless it is of one: hours of a day, or days of more.

        Raises:
            DatabaseError: The database cannot be read.
        """
        edges = trend_edges(time_range, now_at, self._settings.time_zone)
        zones = read_zone_trends(self.statistics, edges, now_at, sensor)
        if sensor is not None:
            return Trends(time_range, edges, zones, ())
        with self._connections.read() as connection:
            return Trends(time_range, edges, zones, read_sensor_trends(connection, edges, self._settings.time_zone))

    def devices(self, query: DeviceQuery, now_at: datetime) -> DevicePage:
        """A page of the devices remembered.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_devices(connection, query, now_at, self._settings.time_zone)

    def report(self, time_range: TimeRange, now_at: datetime) -> Report:
        """All that a report says of a range of time up to now.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            told = read_report(connection, time_range, now_at, self._settings)
        return replace(told, people=self._people.people_now(now_at))

    def today(self, now_at: datetime) -> Today:
        """The local day so far.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_today(connection, now_at, self._settings.time_zone)

    def usual(self, now_at: datetime) -> float | None:
        """Devices heard in a scan at this hour of this weekday as a rule; None while too few weeks are known.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_usual(connection, now_at, self._settings.time_zone)

    def scans_after(self, scan_id: int, limit: int) -> tuple[ScanRow, ...]:
        """The scans after a number, in the order of their numbers, `limit` at most; none turns up below it later.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return read_scans_after(connection, scan_id, limit)

    def sensors(self, now_at: datetime) -> tuple[SensorRow, ...]:
        """The sensors of the site, by name.

        Raises:
            DatabaseError: The database cannot be read.
        """
        return Sensors(self._connections, timedelta(seconds=self._settings.interval_seconds)).all(now_at)

    def latest_scan_id(self) -> int | None:
        """A number that changes when a scan has been recorded; None before the first. Costs next to nothing.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            latest: int | None = connection.execute(select(func.max(SCANS.c.id))).scalar()
            return latest

    def latest_scan_at(self) -> datetime | None:
        """When the scan that was recorded last began, by its sensor's clock; None before the first. Costs no more.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._connections.read() as connection:
            return connection.execute(select(SCANS.c.started_at).order_by(SCANS.c.id.desc()).limit(1)).scalar()
