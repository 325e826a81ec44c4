"""The filters a list may declare. Each turns one value of the address into a condition, a box and a chip."""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache, reduce
from operator import and_, or_
from typing import ClassVar, Final, Self

from django.db.models import Q
from django.utils import timezone
from django.utils.timezone import make_aware

TEXT_MAX: Final = 200
SEVERAL_MAX: Final = 20


class BadValue(Exception):
    """A value that the filter can't mean anything by. The text names the field and says what would do."""


@dataclass(frozen=True, slots=True)
class Box:
    """A filter as `_filters.html` draws it."""

    key: str
    label: str
    kind: str  # search, choice, date, hidden
    value: str
    choices: Sequence[tuple[str, str]] = ()
    any_label: str = ""
    placeholder: str = ""


@dataclass(frozen=True)
class Filter(ABC):
    """One key of the address. `key` is what stands there, `label` what people read."""

    key: str
    label: str
    kind: ClassVar[str] = "hidden"

    @abstractmethod
    def condition(self, value: str) -> Q:
        """What `value` asks for. Raises BadValue."""

    def exclusion(self, value: str) -> Q:
        """What leaves out all that `value` asks for. Raises BadValue."""
        return ~self.condition(value)

    def ready(self) -> Self:
        """The same for one request. What it takes from the database is then asked for once."""
        return self

    def chip(self, value: str) -> str:
        """`value` in words."""
        return value

    def box(self, value: str) -> Box:
        return Box(self.key, self.label, self.kind, value)


@dataclass(frozen=True)
class TextSearch(Filter):
    """Text within any of `paths`, taken literally. Never for worker ids: those must not stand in an address."""

    paths: tuple[str, ...] = ()
    placeholder: str = ""
    kind: ClassVar[str] = "search"

    def condition(self, value: str) -> Q:
        if len(value) > TEXT_MAX:
            raise BadValue(f"“{self.label}” takes at most {TEXT_MAX} characters.")
        if "\0" in value:
            raise BadValue(f"“{self.label}” holds a character that no text has.")
        condition = Q()
        for path in self.paths:
            condition |= Q(**{f"{path}__icontains": value})
        return condition

    def box(self, value: str) -> Box:
        return Box(self.key, self.label, self.kind, value, placeholder=self.placeholder)


Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Choice(Filter):
    """One of few values of `path`. `choices` may be a function when they come from the database.

    `conditions` replaces the plain comparison for some values, for states that are made of several columns.
    """

    path: str = ""
    choices: Choices | Callable[[], Choices] = ()
    any_label: str = "Any"
    conditions: dict[str, Q] = field(default_factory=dict)
    kind: ClassVar[str] = "choice"

    def condition(self, value: str) -> Q:
        names = [str(name) for name, _ in self._choices()]
        if value not in names:
            # Values of the database may be many and private; only fixed ones are listed.
            hint = "" if callable(self.choices) else f" It can be: {', '.join(names)}."
            raise BadValue(f"“{self.label}” has no value “{value[:60]}”.{hint}")
        return self.conditions.get(value) or Q(**{self.path: value})

    def chip(self, value: str) -> str:
        return next((str(label) for name, label in self._choices() if str(name) == value), value)

    def box(self, value: str) -> Box:
        choices = [(str(name), str(label)) for name, label in self._choices()]
        return Box(self.key, self.label, self.kind, value, choices, self.any_label)

    def ready(self) -> Self:
        return replace(self, choices=cache(self.choices)) if callable(self.choices) else self

    def _choices(self) -> Choices:
        return self.choices() if callable(self.choices) else self.choices


@dataclass(frozen=True)
class Day(Filter):
    """A day in the reader's zone. `end` False: from its first moment on; True: up to its last."""

    path: str = ""
    end: bool = False
    kind: ClassVar[str] = "date"

    def condition(self, value: str) -> Q:
        try:
            day = date.fromisoformat(value) if len(value) == 10 else None
        except ValueError:
            day = None
        if day is None or not 1970 <= day.year <= 2200:
            raise BadValue(f"“{self.label}” must be a day like 2026-11-23, not “{value[:40]}”.")
        if self.end:
            return Q(**{f"{self.path}__lt": _midnight(day + timedelta(days=1))})
        return Q(**{f"{self.path}__gte": _midnight(day)})

    def chip(self, value: str) -> str:
        return f"{value} ({timezone.get_current_timezone_name()})"


def _midnight(day: date) -> datetime:
    # Where clocks jump over midnight the day begins an hour later; zoneinfo answers the same moment either way.
    return make_aware(datetime.combine(day, time.min))


@dataclass(frozen=True)
class Reference(Filter):
    """A row by its uuid: what a link or a look-up puts into the address. Shown as a chip only.

    `name` gives the words of the chip, or None for a row that is not the reader's to see.
    """

    path: str = ""
    name: Callable[[uuid.UUID], str | None] = str

    def condition(self, value: str) -> Q:
        return Q(**{self.path: self._row(value)[0]})

    def chip(self, value: str) -> str:
        return self._row(value)[1]

    def ready(self) -> Self:
        return replace(self, name=cache(self.name))

    def _row(self, value: str) -> tuple[uuid.UUID, str]:
        try:
            key = uuid.UUID(value)
        except ValueError:
            key = None
        name = self.name(key) if key else None
        if key is None or name is None:
            raise BadValue(f"“{self.label}” names nothing that you can see.")
        return key, name


@dataclass(frozen=True)
class Several(Filter):
    """Several values of another filter with commas between them: any of them or, `without`, none of them."""

    of: Filter
    without: bool = False
    shown: bool = True

    def condition(self, value: str) -> Q:
        parts = self._parts(value)
        if self.without:
            return reduce(and_, (self.of.exclusion(one) for one in parts))
        return reduce(or_, (self.of.condition(one) for one in parts))

    def ready(self) -> Self:
        return replace(self, of=self.of.ready())

    def chip(self, value: str) -> str:
        return " or ".join(self.of.chip(one) for one in self._parts(value))

    def box(self, value: str) -> Box:
        if not self.shown:
            return Box(self.key, self.label, "hidden", value)
        drawn = replace(self.of.box(value), key=self.key, label=self.label)
        if self.without:
            drawn = replace(drawn, any_label="Nothing")
        if drawn.kind == "choice" and "," in value:
            drawn = replace(drawn, choices=[*drawn.choices, (value, self.chip(value))])
        return drawn

    def _parts(self, value: str) -> list[str]:
        parts = separate(value)
        if not 1 <= len(parts) <= SEVERAL_MAX:
            raise BadValue(f"“{self.label}” takes 1 to {SEVERAL_MAX} values with commas between them.")
        return parts


def separate(value: str) -> list[str]:
    """The values that `Several` takes from one of the address, each once."""
    return list(dict.fromkeys(part for one in value.split(",") if (part := one.strip())))


def any_of(one: Filter, *, shown: bool = True) -> Several:
    """The filter, for several values too. Not `shown`, it has no box."""
    return Several(one.key, one.label, of=one, shown=shown)


def none_of(one: Filter, label: str, *, shown: bool = False) -> Several:
    """The filter turned round, as `not-key`. Unless `shown` it has no box: a link or a search in words sets it."""
    return Several(f"not-{one.key}", label, of=one, without=True, shown=shown)


def refusal(unknown: Sequence[str], known: Sequence[str]) -> str:
    """What to say about keys that no filter has."""
    shown = ", ".join(f"“{key[:40]}”" for key in unknown[:5])
    return f"This list has no filter {shown}. It has: {', '.join(known)}."
