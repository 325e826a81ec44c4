"""Months of the calendar, in the time zone of the installation."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

NAMES: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """`number` is 1 to 12."""

    year: int
    number: int

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """The month that this moment lies in here."""
        local = moment.astimezone(_zone())
        return cls(local.year, local.month)

    @classmethod
    def current(cls) -> Self:
        return cls.of(timezone.now())

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """From `2026-10`. None for what is no month."""
        try:
            day = date.fromisoformat(f"{text}-01")
        except ValueError:
            return None
        return cls(day.year, day.month) if 2000 <= day.year <= 2200 else None

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"

    @property
    def name(self) -> str:
        """`October 2026`."""
        return f"{NAMES[self.number - 1]} {self.year}"

    @property
    def before(self) -> Self:
        return type(self)(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    @property
    def after(self) -> Self:
        return type(self)(self.year + (self.number == 12), self.number % 12 + 1)

    @property
    def begin(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.number, 1, tzinfo=_zone())

    @property
    def end(self) -> datetime:
        """The first moment behind it."""
        return self.after.begin


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)
