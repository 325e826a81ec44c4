"""A month of a study, counted in the log. Each number is that of a search, and links to it.

The links name entries by number, not by day: they find the same in every time zone and at any later time.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Count as Counted
from django.db.models import F, Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.urls import reverse

from qualadmin.audit.models import AuditEntry, AuditHead
from qualadmin.core.actions.audit_log import EXPORT_LIMIT
from qualadmin.core.models import Study
from qualadmin.core.months import Month

from .audit_filters import EFFECTS, Effect
from .audit_names import Names
from .audit_presets import in_order
from .counts import Count, count_each
from .listing import Listing

#: What is counted: the group, the words for it, and the search.
FIGURES: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    ("Calls to Amazon", "Granted or score set", {"effect": "granted"}),
    ("Calls to Amazon", "Of these, scores lowered", {"effect": "lowered"}),
    ("Calls to Amazon", "Taken away", {"effect": "revoked"}),
    ("Calls to Amazon", "Requests rejected", {"effect": "rejected"}),
    ("Calls to Amazon", "E-mails to workers", {"effect": "emailed"}),
    ("Calls to Amazon", "Failed", {"action": "mturk.call.finished,message.mail.finished", "outcome": "failed"}),
    ("Calls to Amazon", "No clear answer", {"action": "mturk.call.unknown,message.mail.unknown"}),
    (
        "Calls to Amazon",
        "Cleared up by asking Amazon",
        {"action": "mturk.call.reconciled", "outcome": "ok,failed"},
    ),
    ("Jobs", "Started", {"action": "job.created"}),
    ("Jobs", "Undone", {"action": "job.undone"}),
    ("Jobs", "Approved by a PI", {"action": "job.approval.granted"}),
    ("Jobs", "Sent back by a PI", {"action": "job.approval.declined"}),
    ("Jobs", "Results downloaded", {"action": "job.exported"}),
    ("The log", "Entries in all", {}),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and the search that lists what was counted; no link where that is nothing."""

    label: str
    count: Count
    url: str


@dataclass(slots=True)
class Share:
    """What one person did, or what happened to one type."""

    name: str
    entries: Figure | None = None
    granted: Figure | None = None
    revoked: Figure | None = None


@dataclass(slots=True)
class Summary:
    """A month. `first` and `last` are numbers of entries of the whole log; if `last` is less, there are none."""

    month: Month
    first: int
    last: int
    groups: list[tuple[str, list[Figure]]] = field(default_factory=list)
    people: list[Share] = field(default_factory=list)
    types: list[Share] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether the study has no entry of this month."""
        return not (self.groups and self.groups[-1][1][-1].count.number)


def summary_of(
    study: Study, month: Month, listing: Listing, entries: "QuerySet[AuditEntry]", names: Names
) -> Summary:
    """The month as far as it went (five queries). `entries` is what the reader may see."""
    found = Summary(month, *_ends(month))
    if found.last < found.first:
        return found
    search = _Search(study, found, listing, entries)
    counts = count_each([search.rows(said) for _, _, said in FIGURES], EXPORT_LIMIT)
    groups: dict[str, list[Figure]] = defaultdict(list)
    for (group, label, said), count in zip(FIGURES, counts, strict=True):
        groups[group].append(Figure(label, count, search.url(said) if count.number else ""))
    found.groups = list(groups.items())
    if not found.is_empty:
        _add_shares(found, search, names)
    return found


def _ends(month: Month) -> tuple[int, int]:
    """The first and the last number of the month; up to now for one that is not over."""
    entries = AuditEntry.objects.order_by("recorded_at", "seq")
    head = AuditHead.objects.annotate(
        first=Coalesce(entries.filter(recorded_at__gte=month.begin).values("seq")[:1], F("size")),
        behind=Coalesce(entries.filter(recorded_at__gte=month.end).values("seq")[:1], F("size")),
    )
    first, behind = head.values_list("first", "behind").get()
    return first, behind - 1


@dataclass(frozen=True, slots=True)
class _Search:
    """Searches within one study and month."""

    study: Study
    summary: Summary
    listing: Listing
    entries: "QuerySet[AuditEntry]"

    def rows(self, said: dict[str, str]) -> "QuerySet[AuditEntry]":
        return self.listing.matching(QueryDict(self.query(said)), self.entries)[0]

    def url(self, said: dict[str, str]) -> str:
        return f"{reverse('audit-list')}?{self.query(said)}"

    def query(self, said: dict[str, str]) -> str:
        span = f"{self.summary.first}..{self.summary.last}"
        return urlencode(in_order({**said, "stream": self.study.stream, "entries": span}))

    def figure(self, number: int, **said: str) -> Figure | None:
        return Figure("", Count(number, more=False), self.url(said)) if number else None


def _add_shares(found: Summary, search: _Search, names: Names) -> None:
    """Who did what to which type: all counted in one query, and the types named in another."""
    rows = list(_grouped(search))
    types = {str(pk): name for pk, name in names.types().filter(pk__in=_types(rows)).values_list("pk", "name")}
    people: dict[str, Share] = {}
    of_type: dict[str, Share] = {}
    for person, kind, effect, number, name, label in rows:
        if effect == "all":
            share = people.setdefault(person, Share(name or person))
            share.entries = search.figure(number, person=person)
        elif effect in {"granted", "revoked"} and not kind:
            share = people.setdefault(person, Share(name or person))
            setattr(share, effect, search.figure(number, person=person, effect=effect))
        else:
            share = of_type.setdefault(kind, Share(types.get(kind, label or kind)))
            said = {"type": kind, "effect": effect.removesuffix(" type")}
            figure = search.figure(number, **said)
            if figure and kind not in types:  # in an account that the reader does not see: nothing to link to
                figure = Figure("", figure.count, "")
            setattr(share, said["effect"], figure)
    found.people = sorted(people.values(), key=lambda one: one.name.casefold())
    found.types = sorted(of_type.values(), key=lambda one: one.name.casefold())


def _types(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    return [kind for _, kind, *_ in rows if kind]


def _grouped(search: _Search) -> Any:
    """Person, type, what was counted, how many, and the names that the newest entries give them."""
    everything = search.rows({})
    answered = everything.filter(Q(actor_kind="user") | Q(obo_id__isnull=False))
    effect = Effect("effect", "", choices=EFFECTS)
    parts = [_by_person(answered, "all")]
    for value in ("granted", "revoked"):
        parts.append(_by_person(answered.filter(effect.condition(value)), value))
        typed = everything.filter(effect.condition(value), target_type="qtype")
        parts.append(
            typed.order_by()
            .values(a=Value(""), b=F("target_id"), c=Value(f"{value} type"))
            .annotate(n=Counted("seq"), person=Value(""), label=Max("target_label"))
            .values_list("a", "b", "c", "n", "person", "label")
        )
    return parts[0].union(*parts[1:], all=True)


def _by_person(rows: "QuerySet[AuditEntry]", what: str) -> Any:
    return (
        rows.order_by()
        .values(a=Coalesce("obo_id", "actor_id"), b=Value(""), c=Value(what))
        .annotate(n=Counted("seq"), person=Max(Coalesce("obo_label", "actor_label")), label=Value(""))
        .values_list("a", "b", "c", "n", "person", "label")
    )
