"""Which entries of the audit log somebody may read, and the filters that can be put upon them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.db.models import BigIntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from qualadmin.audit import vocabulary
from qualadmin.audit.models import AuditEntry, answered_by
from qualadmin.audit.sentences import OUTCOME_WORDS
from qualadmin.core.actor import Actor
from qualadmin.core.models import RequesterAccount, Study
from qualadmin.core.permissions import Permission, Role, allowed

from .audit_filters import EFFECTS, KINDS, ByKind, Effect, Hours, InEnvironment, Numbers, environments
from .audit_names import Names
from .filters import BadValue, Choice, Day, Filter, Reference, any_of, none_of
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
    "list": "Selections on lists",
    "job": "Jobs",
    "change": "Changes",
    "mturk": "Calls to Amazon",
    "request": "Workers’ requests",
    "message": "Messages to workers",
    "worker": "Workers",
    "workerlist": "Worker lists",
    "rule": "Rules",
    "hits": "HITs",
    "drift": "Differences to Amazon",
    "privacy": "Erasures and holds",
    "audit": "Audit log",
    "oversight": "Oversight",
    "system": "The service",
}
ANY_OF_GROUP: Final = ".*"
CALLS: Final = "mturk.*"
LAST: Final = 2**63 - 1  # no entry has this number


def reads_everything(actor: Actor) -> bool:
    """Managers of all accounts look after the whole installation."""
    return any(grant.role == Role.MANAGER and grant.account_id is None for grant in actor.roles)


def reads_study(actor: Actor, study: Study) -> bool:
    """Whether the log of this study is the person's to read: PIs the own ones, managers all."""
    return allowed(actor, Permission.VIEW_AUDIT) and (reads_everything(actor) or str(study.pk) in actor.study_ids)


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
    mine = answered_by(str(actor.person_id))
    if not streams:
        return AuditEntry.objects.filter(mine)
    return AuditEntry.objects.filter(Q(stream__in=[name for name, _ in streams]) | mine)


def entries_apart(actor: Actor, streams: Sequence[tuple[str, str]]) -> "list[QuerySet[AuditEntry]]":
    """The same in parts, each of which an index gives in the order of the log; none where one index gives all."""
    if reads_everything(actor) or not streams:
        return []
    mine = AuditEntry.objects.filter(answered_by(str(actor.person_id)))
    return [*(AuditEntry.objects.filter(stream=name) for name, _ in streams), mine]


@dataclass(frozen=True)
class Action(Choice):
    """One kind of entry, or all of a group (`job.*`)."""

    def condition(self, value: str) -> Q:
        if value not in dict(actions()):
            raise BadValue(f"“{self.label}” has no value “{value[:60]}”.")
        if value.endswith(ANY_OF_GROUP):
            if value == CALLS:
                # Most of the log: reading it backwards finds a page at once, where an index of the action would
                # have SQLite sort all of them. LIKE uses no index there.
                return Q(action__startswith=value[:-1])
            # A range, since LIKE uses no index on SQLite; "/" follows "." directly.
            return Q(action__gte=value[:-1], action__lt=value[:-2] + "/")
        return Q(action=value)

    def exclusion(self, value: str) -> Q:
        if not value.endswith(ANY_OF_GROUP):
            return super().exclusion(value)
        self.condition(value)
        # What lies on either side of the group can be looked up in an index; what does not begin so cannot.
        return Q(action__lt=value[:-1]) | Q(action__gte=value[:-2] + "/")


def actions() -> list[tuple[str, str]]:
    """Every action and every group of them, each with its name for people."""
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
        return answered_by(value)


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


def listing_for(names: Names) -> Listing:
    """The log as a list, with the filters this person can use.

    Each but the days takes several values, and has a twin `not-…` that leaves out what it would find.
    """
    both: list[tuple[Filter, str]] = [
        (Action("action", "What", choices=actions, any_label="Everything"), "But not"),
        (Choice("outcome", "Outcome", path="outcome", choices=OUTCOMES), "Outcome is not"),
        (Choice("stream", "Study or account", path="stream", choices=names.streams), "Not in"),
        (Reference("worker", "Worker", path="subject", name=partial(names.name_of, "worker")), "Not about worker"),
        (About("type", "Type", name=partial(names.name_of, "type"), target_type="qtype"), "Not about type"),
        (OfJob("job", "Job", name=partial(names.name_of, "job")), "Not of job"),
        (Exact("request", "Request", path="request_id"), "Not of request"),
        (Effect("effect", "Effect", choices=EFFECTS), "Without the effect"),
        (InEnvironment("environment", "Environment", choices=environments()), "Not in the environment"),
        (ByKind("by", "By", choices=KINDS), "Not by"),
        (Numbers("entries", "Entries"), "Not the entries"),
        (Hours("hours", "Time of day", asked=names.asked), "Not at the time of day"),
    ]
    if names.streams:  # others see their own acts only

        def people() -> list[tuple[str, str]]:
            return [(one.key, one.word) for one in names.people]

        both.insert(0, (Person("person", "Who", choices=people, any_label="Anybody"), "Not by"))
    days = [
        EntryDay("from", "From", path="recorded_at"),
        EntryDay("to", "To", path="recorded_at", end=True),
    ]
    without = [none_of(one, label, shown=one.key == "action") for one, label in both]
    filters = [*(any_of(one, shown=one.key not in WORDS_ONLY) for one, _ in both), *days, *without]
    # Of a part and another filter, a database may well take the index of the one that leaves more.
    return Listing(columns=[Column("time", "Time")], filters=filters, part_filters=frozenset({"from", "to"}))


#: Asked for in words or by a link: a box each would bury those that people use every day.
WORDS_ONLY: Final = {"effect", "environment", "by"}
OUTCOMES: Final = [(name, word.capitalize()) for name, word in OUTCOME_WORDS.items()]
