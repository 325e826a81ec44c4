"""Days of the calendar, in the time zone of the installation: windows, and when something ends."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

MOST_DAYS: Final = 3650  # ten years


def zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def day_of(moment: datetime) -> date:
    """The day that this moment lies in here."""
    return moment.astimezone(zone()).date()


def start_of(day: date) -> datetime:
    """Its first moment. Days have 23 or 25 hours where clocks are changed: never add 24 hours to one."""
    return datetime.combine(day, time.min, tzinfo=zone())


def end_of(day: date) -> datetime:
    """The first moment behind it."""
    return start_of(day + timedelta(days=1))


def last_day(end: datetime) -> date:
    """The last day before a moment at which something ends."""
    return day_of(end - timedelta(microseconds=1))


def window_start(days: int, now: datetime) -> datetime:
    """Where "in the last `days` days" begins: whole days, and today counts beside them."""
    return start_of(day_of(now) - timedelta(days=days))


def end_after(days: int, moment: datetime) -> datetime:
    """When `days` whole days after the day of `moment` are over."""
    return end_of(day_of(moment) + timedelta(days=days))
