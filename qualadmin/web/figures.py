"""What the dashboard says about one account. Reading only; each figure is one query."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.core.cache import caches
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery, Sum, TextField
from django.db.models.functions import Cast, Substr
from django.urls import reverse
from django.utils import timezone

from qualadmin.core.actions.expiry import overdue_ends
from qualadmin.core.actor import Actor
from qualadmin.core.counting import CountOf
from qualadmin.core.models import (
    GIVES,
    Change,
    ConnectionTest,
    Heartbeat,
    Job,
    ListRule,
    QualificationRequest,
    QualificationType,
    RequesterAccount,
)

from .charts import Bar, Chart
from .counts import COUNT_LIMIT
from .counts import Count as Counted
from .words import grouped, since

DAYS: Final = 30
WEEK: Final = 7
SILENT_AFTER: Final = timedelta(seconds=60)
LATE_AFTER: Final = timedelta(hours=48)
KEPT_SECONDS: Final = 900
RULES_NAMED: Final = 5  # on the dashboard; their list names all


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person. `tone` is a class of the stylesheet."""

    text: str
    url: str = ""
    link: str = ""
    tone: str = "warn"


@dataclass(frozen=True, slots=True)
class Day:
    """What ended on one day in the reader's zone."""

    day: date
    granted: int
    failed: int


def days_of(actor: Actor, account: RequesterAccount, now: datetime) -> list[Day]:
    """The last 30 days, the quiet ones too; the last is today. Changes of jobs the person may see.

    Days that are over hardly change, and counting them reads every change of a month: they are kept for some
    minutes for this person, in each process of the pages.
    """
    zone = timezone.get_current_timezone()
    today = now.astimezone(zone).date()
    first = today - timedelta(days=DAYS - 1)
    kept = caches["process"]
    key = f"days-{account.pk}-{actor.user_id}-{timezone.get_current_timezone_name()}-{today}"
    over: list[tuple[int, int]] | None = kept.get(key)
    counted = _ended(actor, account, first if over is None else today, today + timedelta(days=1))
    if over is None:
        over = [counted[first + timedelta(days=n)] for n in range(DAYS - 1)]
        kept.set(key, over, KEPT_SECONDS)
    past = [Day(first + timedelta(days=n), *numbers) for n, numbers in enumerate(over)]
    return [*past, Day(today, *counted[today])]


def _ended(
    actor: Actor, account: RequesterAccount, first: date, after: date
) -> defaultdict[date, tuple[int, int]]:
    """Granted and failed on each day from `first` until before `after`, days of the reader's zone (one query)."""
    zone = timezone.get_current_timezone()
    start, end = (datetime.combine(day, datetime.min.time(), tzinfo=zone) for day in (first, after))
    found: defaultdict[date, tuple[int, int]] = defaultdict(lambda: (0, 0))
    ended = _changes(actor, account).filter(
        finished_at__gte=start, finished_at__lt=end, state__in=[Change.State.DONE, Change.State.FAILED]
    )
    for state, verb, moment, count in _by_minutes(ended):
        day = moment.astimezone(zone).date()
        granted, failed = found[day]
        if state == Change.State.FAILED:
            found[day] = (granted, failed + count)
        elif verb in GIVES:
            found[day] = (granted + count, failed)
    return found


def _changes(actor: Actor, account: RequesterAccount) -> QuerySet[Change]:
    jobs = Job.objects.visible_to(actor).filter(account=account)
    # Asked of each change, so that databases begin with the days: with a list of jobs they read all of each job.
    return Change.objects.filter(Exists(jobs.filter(pk=OuterRef("job"))))


def _by_minutes(rows: QuerySet[Change]) -> Iterator[tuple[str, str, datetime, int]]:
    """Counts per ten minutes of UTC, or per minute where the reader's days begin at a quarter of an hour.

    Grouping by local days in the database would call Python for each row on SQLite; the text of a time begins
    the same on both databases.
    """
    shift = timezone.localtime().utcoffset() or timedelta(0)
    length, rest = (15, "0:00+00:00") if shift % timedelta(minutes=10) == timedelta(0) else (16, ":00+00:00")
    slots = rows.order_by().annotate(slot=Substr(Cast("finished_at", TextField()), 1, length))
    for state, verb, slot, count in slots.values_list("state", "verb", "slot").annotate(Count("pk")):
        yield state, verb, datetime.fromisoformat(f"{slot}{rest}"), count


def chart_of(days: list[Day]) -> Chart:
    last = len(days) - 1
    return Chart(
        tuple(Bar(f"{one.day:%-d %b}", one.granted, one.failed, partial=n == last) for n, one in enumerate(days))
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """What runs and who waits; nothing is counted further than COUNT_LIMIT and one."""

    running: int
    left: int  # changes of the running jobs that have not ended
    waiting: int
    late: int
    oldest: datetime | None


def standing_of(actor: Actor, account: RequesterAccount, now: datetime) -> Standing:
    """Two queries, each over the part of an index that is counted."""
    jobs = Job.objects.visible_to(actor).filter(account=account, state=Job.State.RUNNING).order_by()
    run = jobs[:COUNT_LIMIT].aggregate(count=Count("pk"), left=Sum("planned"))
    waiting = QualificationRequest.objects.filter(
        type__account=account, state=QualificationRequest.State.WAITING
    ).order_by("submitted_at")
    wait = waiting[: COUNT_LIMIT + 1].aggregate(
        count=Count("pk"),
        late=Count("pk", filter=Q(submitted_at__lt=now - LATE_AFTER)),
        oldest=Min("submitted_at"),
    )
    return Standing(run["count"], run["left"] or 0, wait["count"], wait["late"], wait["oldest"])


def tiles_of(standing: Standing, days: list[Day], now: datetime) -> list[dict[str, Any]]:
    """Four numbers, each a link to the list it counts."""
    oldest = standing.oldest
    week = days[-WEEK:]
    jobs, waits = reverse("job-list"), reverse("request-list")
    return [
        {
            "label": "Requests waiting",
            "value": min(standing.waiting, COUNT_LIMIT),
            "note": f"oldest {since(oldest, now)}" if oldest else "nobody waits",
            "url": waits,
        },
        {
            "label": "Failed in 7 days",
            "value": sum(one.failed for one in week),
            "note": "see the jobs with failures" if any(one.failed for one in week) else "nothing failed",
            "url": f"{jobs}?result=failed&from={week[0].day:%Y-%m-%d}",
            "attention": True,
        },
        {
            "label": "Granted in 7 days",
            "value": sum(one.granted for one in week),
            "note": f"{grouped(sum(one.granted for one in days))} in {DAYS} days",
            "url": f"{jobs}?from={week[0].day:%Y-%m-%d}",
        },
        {
            "label": "Jobs running",
            "value": standing.running,
            "note": f"{grouped(standing.left)} changes left" if standing.running else "nothing is under way",
            "url": f"{jobs}?state=running",
        },
    ]


@dataclass(frozen=True, slots=True)
class Means:
    """What the account can work with."""

    has_types: bool
    beat: datetime | None  # newest sign of life of the task cluster
    test: str | None  # state of the newest connection test
    advice: str | None  # what that test says is to be done
    overdue: (
        int  # qualifications that a night should have taken away; not counted further than COUNT_LIMIT and one
    )


def means_of(account: RequesterAccount, now: datetime) -> Means:
    """One query."""
    types = QualificationType.objects.filter(account=OuterRef("pk"))
    beats = Heartbeat.objects.order_by("-beat_at").values("beat_at")[:1]
    tests = ConnectionTest.objects.filter(account=OuterRef("pk"))
    overdue = overdue_ends(now=now, account=account).order_by().values("pk")[: COUNT_LIMIT + 1]
    facts = RequesterAccount.objects.filter(pk=account.pk).values_list(
        Exists(types),
        Subquery(beats),
        Subquery(tests.values("state")[:1]),
        Subquery(tests.values("advice")[:1]),
        CountOf(overdue),
    )
    return Means(*facts.get())


def needs_of(
    actor: Actor, account: RequesterAccount, standing: Standing, means: Means, now: datetime, approvals: int = 0
) -> list[Need]:
    """What waits for a person, worst first. `approvals`: what waits for this very person, in all accounts."""
    return [
        *_silent_cluster(standing, means.beat, now),
        *_approvals(approvals),
        *_closed_account(account),
        *_refused_access(account, means),
        *_troubled_jobs(actor, account, now),
        *_troubled_rules(actor, account),
        *_overdue_ends(means),
        *_late_requests(standing),
    ]


def _silent_cluster(standing: Standing, beat: datetime | None, now: datetime) -> Iterator[Need]:
    if beat is not None and now - beat <= SILENT_AFTER:
        return
    waiting = standing.running
    waits = f"{_jobs(waiting)} wait{'s' if waiting == 1 else ''}" if waiting else "nothing waits for it yet"
    seen = f"It was last seen {since(beat, now)}." if beat else "It was never seen."
    yield Need(
        f"The task cluster is not running: {waits}. {seen} Ask the person who runs this service to start it.",
        tone="bad",
    )


def _approvals(count: int) -> Iterator[Need]:
    if count:
        waits = "approval waits" if count == 1 else "approvals wait"
        yield Need(f"{grouped(count)} {waits} for your decision.", reverse("approval-list"), "Look and decide")


def _troubled_rules(actor: Actor, account: RequesterAccount) -> Iterator[Need]:
    """Rules whose last run waits for a person, or could not be made."""
    rules = ListRule.objects.visible_to(actor).filter(account=account).exclude(state=ListRule.State.ENDED)
    for rule in rules.exclude(held="", trouble="").select_related("type").order_by("created_at")[:RULES_NAMED]:
        words = rule.held or rule.trouble
        yield Need(
            f"The rule for “{rule.type.name}”: {words}", reverse("rule-detail", args=[rule.pk]), "See the rule"
        )


def _overdue_ends(means: Means) -> Iterator[Need]:
    """What a night should have taken away: the account was closed, or who granted it may no longer do so."""
    count = means.overdue
    if count:
        number = Counted(min(count, COUNT_LIMIT), count > COUNT_LIMIT)
        what = "1 qualification is" if count == 1 else f"{number} qualifications are"
        yield Need(
            f"{what} over since yesterday or longer and still held. The night could not take "
            f"{'it' if count == 1 else 'them'} away.",
            reverse("end-list"),
            "See what is over",
        )


def _closed_account(account: RequesterAccount) -> Iterator[Need]:
    url = reverse("account-detail", args=[account.pk])
    if account.paused_reason:
        yield Need(f"{account.name} is paused: {account.paused_reason}", url, "See the account", "bad")
    elif not account.is_enabled:
        yield Need(
            f"{account.name} is switched off. Nothing is sent until a manager switches it on.", url, "See it"
        )


def _refused_access(account: RequesterAccount, means: Means) -> Iterator[Need]:
    if means.test == ConnectionTest.State.FAILED:
        yield Need(
            f"The newest connection test of {account.name} failed. {means.advice}".strip(),
            reverse("account-detail", args=[account.pk]),
            "See what Amazon said",
            "bad",
        )


def _troubled_jobs(actor: Actor, account: RequesterAccount, now: datetime) -> Iterator[Need]:
    jobs = Job.objects.visible_to(actor).filter(account=account, created_at__gte=now - timedelta(days=WEEK))
    troubled = jobs.annotate(trouble=F("failed") + F("needs_person")).filter(trouble__gt=0)
    for job in troubled.order_by("-created_at")[:5]:
        parts = []
        if job.needs_person:
            parts.append(f"{grouped(job.needs_person)} need{'s' if job.needs_person == 1 else ''} a person")
        if job.failed:
            parts.append(f"{grouped(job.failed)} failed")
        yield Need(
            f"{job.title}: {' and '.join(parts)} of {grouped(job.total)}.",
            reverse("job-detail", args=[job.pk]),
            "See the job",
        )


def _late_requests(standing: Standing) -> Iterator[Need]:
    late = Counted(min(standing.late, COUNT_LIMIT), standing.late > COUNT_LIMIT)
    if late.number:
        who = "1 worker has" if late.number == 1 else f"{late} workers have"
        yield Need(f"{who} waited more than 48 hours for an answer.", reverse("request-list"), "See the requests")


def _jobs(count: int) -> str:
    return f"{grouped(count)} job{'s' if count != 1 else ''}"
