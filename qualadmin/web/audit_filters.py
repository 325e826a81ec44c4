"""Filters of the log that ask what an entry did, where, by what kind of actor and at what time of the day.

What a call to Amazon did to a score or a mailbox stands in the change it belongs to, and that change names the
entry that finished it. So these conditions look there, and find entries however old.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Self

from django.db.models import Exists, F, Func, OuterRef, Q, TextField
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.db.models.lookups import GreaterThanOrEqual, In, LessThan
from django.utils import timezone

from qualadmin.core.models import GIVES, Change, Environment, Job, MessageRecipient, Qualification, Verb

from .filters import BadValue, Choice, Filter

EFFECTS: Final = (
    ("granted", "Granted or score set"),
    ("revoked", "Taken away"),
    ("rejected", "Request rejected"),
    ("lowered", "Score lowered"),
    ("emailed", "E-mail to the worker"),
)
KINDS: Final = (("person", "A person"), ("service", "The service"), ("command", "The command line"))
_ACTOR_KINDS: Final = {"person": ["user"], "command": ["cli"], "service": ["task", "scheduler", "system"]}
WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS_DAYS: Final = 93  # days that a search by time of day reads through at most
_HOURS: Final = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?@)?(?P<begin>[0-9]{1,2})-(?P<end>[0-9]{1,2})", re.ASCII
)


class UuidText(Func):
    """A uuid as entries write it, with hyphens. SQLite keeps it without."""

    output_field = TextField()
    template = "CAST(%(expressions)s AS text)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        (one,) = self.get_source_expressions()
        sql, parameters = compiler.compile(one)
        parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        text = " || '-' || ".join(f"substr({sql}, {start}, {length})" for start, length in parts)
        return f"({text})", [*parameters] * len(parts)


@dataclass(frozen=True)
class Effect(Choice):
    """What Amazon did at our call: the entry that says so, and no other of the same call."""

    def condition(self, value: str) -> Q:
        super().condition(value)
        done = Change.objects.filter(state=Change.State.DONE, job__isnull=False).order_by()
        if value == "lowered":
            return Q(id__in=done.filter(LOWERED).values("audit_id"))
        if value == "emailed":
            telling = Job.objects.filter(Q(notify=True) | ~Q(revoke_reason="")).order_by()
            told = done.filter(TOLD, job__in=telling).values("audit_id")
            mailed = (
                MessageRecipient.objects.filter(state=MessageRecipient.State.DONE).order_by().values("audit_id")
            )
            return Q(id__in=told.union(mailed, all=True))
        # By the worker too: that is the index both databases have.
        mine = done.filter(verb__in=_VERBS[value], worker=OuterRef("subject"), audit_id=OuterRef("id"))
        return Q(Exists(mine), outcome="ok")


_VERBS: Final = {"granted": GIVES, "revoked": (Verb.REVOKE,), "rejected": (Verb.REJECT,)}
#: As the index `change_lowered` says it.
LOWERED: Final = Q(status_before=Qualification.Status.GRANTED, value__lt=F("value_before"))
TOLD: Final = Q(verb=Verb.GRANT, job__notify=True) | (Q(verb=Verb.REVOKE) & ~Q(job__revoke_reason=""))


@dataclass(frozen=True)
class InEnvironment(Choice):
    """Entries of jobs in production, the sandbox or the emulator."""

    def condition(self, value: str) -> Q:
        super().condition(value)
        jobs = Job.objects.filter(account__environment=value).order_by()
        return Q(job__in=jobs.values_list(UuidText("pk")))

    def exclusion(self, value: str) -> Q:
        return Q(job__isnull=True) | ~self.condition(value)


@dataclass(frozen=True)
class ByKind(Choice):
    """Entries of people at the pages, of the service, or of the command line."""

    def condition(self, value: str) -> Q:
        super().condition(value)
        return Q(actor_kind__in=_ACTOR_KINDS[value])


@dataclass(frozen=True)
class Hours(Filter):
    """A part of the day in the reader's zone: `7-20`, `20-7`, or only on some days, `mon-fri@7-20`.

    No index knows it, so the log is read through: `asked` must name the days, HOURS_DAYS at most.
    """

    asked: Mapping[str, str] = field(default_factory=dict)

    def condition(self, value: str) -> Q:
        hours = Span.parse(value)
        if hours is None:
            raise BadValue(f"“{self.label}” must be hours like 20-7 or mon-fri@7-20, not “{value[:40]}”.")
        if not bounded(self.asked):
            raise BadValue(HOURS_NEED)
        return hours.condition()


HOURS_NEED: Final = (
    f"For a time of day the log is read through, so name the days as well: {HOURS_DAYS} at most, "
    "for example after:2026-11-01."
)


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of a day, `begin` to just before `end`; over midnight if `end` is not later.

    `days` are ISO days of the week, 1 is Monday; none means all of them.
    """

    begin: int
    end: int
    days: tuple[int, ...] = ()

    @classmethod
    def parse(cls, value: str) -> Self | None:
        """From `mon-fri@7-20`, `sat@0-24` or `20-7`. None for what is none of these."""
        match = _HOURS.fullmatch(value.casefold())
        if match is None or not {match["first"], match["last"] or match["first"]} <= {None, *WEEK}:
            return None
        begin, end = int(match["begin"]), int(match["end"])
        if begin > 23 or end > 24 or begin == end:
            return None
        if match["first"] is None:
            return cls(begin, end)
        first, last = WEEK.index(match["first"]), WEEK.index(match["last"] or match["first"])
        count = (last - first) % 7 + 1
        return cls(begin, end, tuple((first + step) % 7 + 1 for step in range(count)))

    def condition(self) -> Q:
        """Entries written in these hours of the zone in use."""
        zone = timezone.get_current_timezone()
        hour = ExtractHour("recorded_at", tzinfo=zone)
        late, early = Q(GreaterThanOrEqual(hour, self.begin)), Q(LessThan(hour, self.end))
        found = late & early if self.begin < self.end else late | early
        if self.days:
            found &= Q(In(ExtractIsoWeekDay("recorded_at", tzinfo=zone), self.days))
        return found


def bounded(asked: Mapping[str, str]) -> bool:
    """Whether the days of an address are few enough to read all their entries."""
    try:
        begin = date.fromisoformat(asked.get("from", ""))
        end = date.fromisoformat(asked["to"]) if asked.get("to") else timezone.localdate()
    except ValueError:
        return False
    return end - begin <= timedelta(days=HOURS_DAYS)


_NUMBERS: Final = re.compile(r"([0-9]{1,18})\.\.([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True)
class Numbers(Filter):
    """Entries from the first to the last number, `1200..1450`: a part of the log that no time zone moves."""

    def condition(self, value: str) -> Q:
        ends = numbers_in(value)
        if ends is None:
            raise BadValue(f"“{self.label}” must be numbers like 1200..1450, not “{value[:40]}”.")
        return Q(seq__range=ends)


def numbers_in(value: str) -> tuple[int, int] | None:
    """First and last number of `1200..1450`. None for what is no such span."""
    match = _NUMBERS.fullmatch(value)
    if match is None or int(match[1]) > int(match[2]):
        return None
    return int(match[1]), int(match[2])


def environments() -> list[tuple[str, str]]:
    """Each environment with its name for people."""
    return [(one.value, str(one.label)) for one in Environment]
