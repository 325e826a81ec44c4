"""What deserves a question: rules as data. Each looks at a window of days and at most PER_RULE findings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, F, Q
from django.urls import reverse

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import GIVES, Approval, Change, Job, Mute, RoleAssignment, Study, Verb
from qualadmin.core.permissions import Role

from .audit_filters import LOWERED

PER_RULE: Final = 20
NIGHT: Final = (20, 7)  # hours, in the zone of the installation; weekends count as night
QUICK: Final = timedelta(seconds=10)
REPEATS: Final = 2  # times granted, and times taken away


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at. `streams` are logs of accounts with their names, for what belongs to no study."""

    studies: dict[UUID, Study]
    streams: dict[str, str]
    begin: datetime

    @property
    def day(self) -> str:
        return self.begin.date().isoformat()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to ask about. `url` leads to the entries that show it."""

    text: str
    where: str
    url: str


@dataclass(frozen=True, slots=True)
class Rule:
    """`find` gives findings, newest or largest first; it is cut off after PER_RULE and one."""

    key: str
    title: str
    about: str
    find: Callable[[Scope], Iterable[Finding]]


@dataclass(slots=True)
class Judged:
    """What a rule found. `mutes` say why some raise no question; `muted` counts those.

    `more`, `muted_more`: there are more than PER_RULE, which is as far as is looked.
    """

    rule: Rule
    findings: list[Finding] = field(default_factory=list)
    more: bool = False
    muted: int = 0
    muted_more: bool = False
    mutes: list[Mute] = field(default_factory=list)


def judge(scope: Scope, mutes: Iterable[Mute]) -> list[Judged]:
    """Every rule with what it found; muted findings are counted only, and take no place of others."""
    standing = list(mutes)
    judged = []
    for rule in RULES:
        one = Judged(rule, mutes=[mute for mute in standing if mute.rule == rule.key])
        heard, silenced = _parted(scope, one.mutes)
        found = list(rule.find(heard))
        one.findings, one.more = found[:PER_RULE], len(found) > PER_RULE
        if one.mutes:
            number = len(list(rule.find(silenced)))
            one.muted, one.muted_more = min(number, PER_RULE), number > PER_RULE
        judged.append(one)
    return judged


def _parted(scope: Scope, mutes: Iterable[Mute]) -> tuple[Scope, Scope]:
    """Where findings are shown, and where they are counted only. A mute of one study leaves accounts alone."""
    quiet = {mute.study_id for mute in mutes}
    nothing = replace(scope, studies={}, streams={})
    if None in quiet:
        return nothing, scope
    parts: tuple[dict[UUID, Study], ...] = ({}, {})
    for pk, study in scope.studies.items():
        parts[pk in quiet][pk] = study
    return replace(scope, studies=parts[False]), replace(nothing, studies=parts[True])


def _log(**said: object) -> str:
    return f"{reverse('audit-list')}?{urlencode(said)}"


def _times(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _jobs(scope: Scope) -> Any:
    return Job.objects.filter(created_at__gte=scope.begin, study__in=list(scope.studies)).order_by("-created_at")


def _without_protocol(scope: Scope) -> Iterable[Finding]:
    bare = [pk for pk, study in scope.studies.items() if not study.protocol_number]
    rows = _jobs(scope).filter(study__in=bare, done__gt=0).order_by().values("study").annotate(jobs=Count("pk"))
    for row in rows.order_by("-jobs")[: PER_RULE + 1]:
        study = scope.studies[row["study"]]
        text = f"{_times(row['jobs'], 'job', 'jobs')} for a study without protocol number"
        url = _log(action="job.created", stream=study.stream, **{"from": scope.day})
        yield Finding(text, study.title, url)


def _at_night(scope: Scope) -> Iterable[Finding]:
    found = 0
    zone = ZoneInfo(settings.TIME_ZONE)
    for job in _jobs(scope).filter(total__gt=settings.APPROVAL_WORKERS).select_related("created_by")[:1_000]:
        local = job.created_at.astimezone(zone)
        if NIGHT[1] <= local.hour < NIGHT[0] and local.isoweekday() <= 5:
            continue
        text = f"{job.created_by.full_name} started {job.total:,} changes on {local:%A %-d %B at %H:%M}"
        yield Finding(text, scope.studies[job.study_id].title, _log(job=job.pk))
        found += 1
        if found > PER_RULE:
            return


def _lowered(scope: Scope) -> Iterable[Finding]:
    done = Change.objects.filter(LOWERED, state=Change.State.DONE, finished_at__gte=scope.begin)
    rows = done.filter(job__study__in=list(scope.studies)).order_by().values("job", "job__study", "job__title")
    for row in rows.annotate(number=Count("pk")).order_by("-number")[: PER_RULE + 1]:
        study = scope.studies[row["job__study"]]
        text = f"{_times(row['number'], 'score', 'scores')} lowered by the job “{row['job__title']}”"
        yield Finding(text, study.title, _log(job=row["job"], effect="lowered"))


def _back_and_forth(scope: Scope) -> Iterable[Finding]:
    done = Change.objects.filter(state=Change.State.DONE, finished_at__gte=scope.begin)
    rows = (
        done.filter(job__study__in=list(scope.studies))
        .order_by()
        .values("worker", "type", "type__name", "job__study")
        .annotate(granted=Count("pk", filter=Q(verb__in=GIVES)), revoked=Count("pk", filter=Q(verb=Verb.REVOKE)))
        .filter(granted__gte=REPEATS, revoked__gte=REPEATS)
    )
    for row in rows.order_by("-revoked")[: PER_RULE + 1]:
        study = scope.studies[row["job__study"]]
        text = f"A worker got “{row['type__name']}” {row['granted']} times and lost it {row['revoked']} times"
        said = {"type": row["type"], "worker": row["worker"], "stream": study.stream, "effect": "granted,revoked"}
        yield Finding(text, study.title, _log(**said, **{"from": scope.day}))


def _quick_approval(scope: Scope) -> Iterable[Finding]:
    rows = Approval.objects.filter(
        decision=Approval.Decision.GRANTED,
        asked_at__gte=scope.begin,
        decided_at__lt=F("asked_at") + QUICK,
        job__study__in=list(scope.studies),
    ).select_related("job", "decided_by")
    for one in rows.order_by("-asked_at")[: PER_RULE + 1]:
        seconds = int(((one.decided_at or one.asked_at) - one.asked_at).total_seconds())
        name = one.decided_by.full_name if one.decided_by else "Somebody"
        text = f"{name} approved “{one.job.title}” {_times(seconds, 'second', 'seconds')} after it was asked for"
        study = scope.studies[one.job.study_id]  # type: ignore[index]  # of the scope, so not None
        yield Finding(text, study.title, _log(job=one.job_id, action="job.*"))


def _requester_and_manager(scope: Scope) -> Iterable[Finding]:
    managers = RoleAssignment.objects.current().filter(role=Role.MANAGER).values("user")
    rows = _jobs(scope).filter(created_by__in=managers).order_by().values("created_by", "study")
    for row in rows.annotate(jobs=Count("pk"), name=F("created_by__full_name")).order_by("-jobs")[: PER_RULE + 1]:
        study = scope.studies[row["study"]]
        text = f"{row['name']} is a manager and started {_times(row['jobs'], 'job', 'jobs')}"
        said = {"person": row["created_by"], "action": "job.created", "stream": study.stream, "from": scope.day}
        yield Finding(text, study.title, _log(**said))


def _outside(scope: Scope) -> Iterable[Finding]:
    entries = AuditEntry.objects.filter(
        action="mturk.drift.detected", recorded_at__gte=scope.begin, stream__in=list(scope.streams)
    )
    for row in (
        entries.order_by().values("stream").annotate(number=Count("pk")).order_by("-number")[: PER_RULE + 1]
    ):
        text = f"{_times(row['number'], 'change', 'changes')} found at Amazon that qualadmin did not make"
        url = _log(action="mturk.drift.detected", stream=row["stream"], **{"from": scope.day})
        yield Finding(text, scope.streams[row["stream"]], url)


RULES: Final = (
    Rule("outside", "Changed outside qualadmin", "Found when holders of a type are compared with Amazon’s list."
         " What was changed and changed back between two looks is not seen.", _outside),
    Rule("lowered", "Scores lowered", "A lower score can shut workers out of a study.", _lowered),
    Rule("repeated", "Granted and taken away repeatedly",
         "The same worker and type, each at least twice.", _back_and_forth),
    Rule("quick", "Approved within seconds", f"In less than {QUICK.seconds} seconds nobody reads a list.",
         _quick_approval),
    Rule("night", "Large jobs at night or on weekends",
         "More workers than a job may reach without approval, started outside 07:00 to 20:00 or on a weekend.",
         _at_night),
    Rule("protocol", "No protocol number", "Work was done for a study that names no protocol.", _without_protocol),
    Rule("both", "Requester and manager in one person",
         "Who looks after people and limits should not be who grants.", _requester_and_manager),
)  # fmt: skip
