"""Which entries of the audit log somebody may read, and the filters that can be put upon them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django.db.models import BigIntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from qualadmin.audit import vocabulary
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.sentences import OUTCOME_WORDS
from qualadmin.core.actions.workers import workers_visible_to
from qualadmin.core.actor import Actor
from qualadmin.core.models import Job, QualificationType, RequesterAccount, Study, User
from qualadmin.core.permissions import Permission, Role, allowed

from .filters import BadValue, Box, Choice, Day, Filter, Reference
from .listing import Column, Listing

SYSTEM: Final = "system"
GROUPS: Final = {
    "auth": "Signing in",
    "access": "Refusals",
    "user": "People",
    "role": "Roles",
    "account": "Accounts",
    "study": "Studies",
    "qtype": "Types",
    "file": "Files",
    "job": "Jobs",
    "change": "Changes",
    "mturk": "Calls to Amazon",
    "request": "Workers’ requests",
    "worker": "Workers",
    "audit": "Audit log",
    "system": "The service",
}
ANY_OF_GROUP: Final = ".*"
CALLS: Final = "mturk.*"
LAST: Final = 2**63 - 1  # no entry has this number


def reads_everything(actor: Actor) -> bool:
    """Managers of all accounts look after the whole installation."""
    return any(grant.role == Role.MANAGER and grant.account_id is None for grant in actor.roles)


def streams_of(actor: Actor) -> list[tuple[str, str]]:
    """The streams somebody may read, each with its name for people. Empty: only one's own acts."""
    if not allowed(actor, Permission.VIEW_AUDIT):
        return []
    reaching = {grant.account_id for grant in actor.roles if grant.role in {Role.PI, Role.MANAGER}}
    accounts = RequesterAccount.objects.all()
    if None not in reaching:
        accounts = accounts.filter(pk__in=[key for key in reaching if key])
    studies = Study.objects.all()
    if not reads_everything(actor):
        studies = studies.filter(pk__in=actor.study_ids)
    is_pi = any(grant.role == Role.PI for grant in actor.roles)
    system = [(SYSTEM, "The whole installation")] if is_pi or reads_everything(actor) else []
    named = accounts.order_by().values_list(Value("account"), "slug", "name")
    both = list(named.union(studies.order_by().values_list(Value("study"), "slug", "title"), all=True))
    both.sort(key=lambda one: (one[0], one[2].casefold()))
    return [*system, *((f"{kind}:{slug}", f"{kind.capitalize()}: {name}") for kind, slug, name in both)]


def visible_entries(actor: Actor, streams: Sequence[tuple[str, str]]) -> "QuerySet[AuditEntry]":
    """The entries of those streams, and one's own acts, also those the task cluster did for one."""
    if reads_everything(actor):
        return AuditEntry.objects.all()
    me = str(actor.person_id)
    mine = Q(actor_kind="user", actor_id=me) | Q(obo_id=me)
    return AuditEntry.objects.filter(Q(stream__in=[name for name, _ in streams]) | mine)


@dataclass(frozen=True)
class Action(Filter):
    """One kind of entry, or all of a group (`job.*`)."""

    kind: ClassVar[str] = "choice"

    def condition(self, value: str) -> Q:
        self.chip(value)
        if value.endswith(ANY_OF_GROUP):
            if value == CALLS:
                # Most of the log: reading it backwards finds a page at once, where an index of the action would
                # have SQLite sort all of them. LIKE uses no index there.
                return Q(action__startswith=value[:-1])
            # A range, since LIKE uses no index on SQLite; "/" follows "." directly.
            return Q(action__gte=value[:-1], action__lt=value[:-2] + "/")
        return Q(action=value)

    def chip(self, value: str) -> str:
        found = dict(_actions()).get(value)
        if found is None:
            raise BadValue(f"“{self.label}” has no value “{value[:60]}”.")
        return found

    def box(self, value: str) -> Box:
        return Box(self.key, self.label, self.kind, value, _actions(), "Everything")


def _actions() -> list[tuple[str, str]]:
    known = sorted(vocabulary.names())
    choices = []
    for group, title in GROUPS.items():
        members = [name for name in known if name.startswith(f"{group}.")]
        if members:
            choices.append((f"{group}{ANY_OF_GROUP}", f"{title}: all"))
            choices += [(name, f"{title}: {_verb(name)}") for name in members]
    return choices


def _verb(name: str) -> str:
    return name.partition(".")[2].replace(".", " ").replace("_", " ")


@dataclass(frozen=True)
class EntryDay(Day):
    """A day as a range of numbers: entries are numbered in the order of their times, and read in that order.

    Comparing the times themselves would have the database read the log from its end down to the day.
    """

    def condition(self, value: str) -> Q:
        moment = super().condition(value).children[0][1]  # type: ignore[index]  # one comparison, with its value
        later = AuditEntry.objects.filter(recorded_at__gte=moment).order_by("recorded_at", "seq")
        first = Coalesce(Subquery(later.values("seq")[:1]), Value(LAST), output_field=BigIntegerField())
        return Q(seq__lt=first) if self.end else Q(seq__gte=first)


@dataclass(frozen=True)
class Person(Choice):
    """Entries of somebody's acts, and of what the task cluster did for them."""

    def condition(self, value: str) -> Q:
        super().condition(value)
        return Q(actor_kind="user", actor_id=value) | Q(obo_id=value)


@dataclass(frozen=True)
class About(Reference):
    """Entries about one type, by its uuid."""

    target_type: str = ""

    def condition(self, value: str) -> Q:
        key, _ = self._row(value)
        return Q(target_type=self.target_type, target_id=str(key))


@dataclass(frozen=True)
class OfJob(Reference):
    """Entries of one job, by its uuid."""

    def condition(self, value: str) -> Q:
        return Q(job=str(self._row(value)[0]))


@dataclass(frozen=True)
class Exact(Filter):
    """An id as it stands in the entry."""

    path: str = ""

    def condition(self, value: str) -> Q:
        if len(value) > 100 or not value.isprintable():
            raise BadValue(f"“{self.label}” is no id.")
        return Q(**{self.path: value})


def listing_for(actor: Actor, streams: Sequence[tuple[str, str]]) -> Listing:
    """The log as a list, with the filters this person can use."""

    def people() -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in User.objects.values_list("pk", "full_name")]

    def worker_name(key: uuid.UUID) -> str | None:
        worker = workers_visible_to(actor).filter(pk=key).first()
        if worker is None:
            return None
        return worker.worker_id if worker.worker_id and _sees_ids(actor) else worker.pseudonym

    def type_name(key: uuid.UUID) -> str | None:
        return _first(QualificationType.objects.visible_to(actor).filter(pk=key).values_list("name", flat=True))

    def job_title(key: uuid.UUID) -> str | None:
        return _first(Job.objects.visible_to(actor).filter(pk=key).values_list("title", flat=True))

    filters: list[Filter] = [
        Action("action", "What"),
        Choice("outcome", "Outcome", path="outcome", choices=OUTCOMES),
        Choice("stream", "Study or account", path="stream", choices=streams),
        EntryDay("from", "From", path="recorded_at"),
        EntryDay("to", "To", path="recorded_at", end=True),
        Reference("worker", "Worker", path="subject", name=worker_name),
        About("type", "Type", name=type_name, target_type="qtype"),
        OfJob("job", "Job", name=job_title),
        Exact("request", "Request", path="request_id"),
    ]
    if streams:  # others see their own acts only
        filters.insert(0, Person("person", "Who", choices=people, any_label="Anybody"))
    return Listing(columns=[Column("time", "Time")], filters=filters)


OUTCOMES: Final = [(name, word.capitalize()) for name, word in OUTCOME_WORDS.items()]


def _sees_ids(actor: Actor) -> bool:
    return allowed(actor, Permission.SEE_WORKER_IDS)


def _first(values: "QuerySet[Any, Any]") -> str | None:
    return values.first()
