"""How the service stands, read with few and bounded questions: for its status page, its metrics and its mails.

Nothing is counted further than a limit, and what is searched for stands at the edge of an index: this is asked
every few seconds by machines, whatever the size of the tables.
"""

import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from django.conf import settings
from django.db.models import DateTimeField, OuterRef, QuerySet, Subquery

from qualadmin.audit import refused
from qualadmin.audit.models import AuditCheckpoint, AuditEntry, AuditHead

from . import queue
from .counting import CountOf
from .models import AccountPace, Change, Heartbeat, Job, RequesterAccount, Restoration

CHANGES_COUNTED: Final = 100_000  # of each state
JOBS_LOOKED_AT: Final = 1_000
CLUSTERS_SHOWN: Final = 20
SILENT_AFTER: Final = timedelta(seconds=60)
#: The states in which a change still has to be looked after; those that ended are counted as calls.
WATCHED: Final = (
    Change.State.PLANNED.value,
    Change.State.SENDING.value,
    Change.State.UNKNOWN.value,
    Change.State.NEEDS_PERSON.value,
)
#: Jobs that have not ended.
UNDER_WAY: Final = (
    Job.State.PREPARING.value,
    Job.State.WAITING.value,
    Job.State.RUNNING.value,
    Job.State.PAUSED.value,
)
LEAST_FREE_BYTES: Final = 2**30
LEAST_FREE_SHARE: Final = 0.1
Breaker = Literal["closed", "open", "asking"]


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that holds the state folder of this machine, in bytes."""

    total: int
    free: int

    @property
    def is_low(self) -> bool:
        return self.free < max(LEAST_FREE_BYTES, LEAST_FREE_SHARE * self.total)


@dataclass(frozen=True, slots=True)
class AccountVitals:
    """How sending stands for one account. `due_at`: since when the first in line of any of its jobs is due.

    `served_at`: until when the task cluster last took moments for its calls, None before the first.
    """

    account: RequesterAccount
    rate: float | None
    breaker: Breaker
    calls: dict[str, int]
    due_at: datetime | None
    served_at: datetime | None

    def left_lying(self, now: datetime) -> timedelta:
        """For how long nobody has looked at what is due. A long job is due all the time, but it is looked at."""
        if self.due_at is None or self.breaker != "closed":
            return timedelta(0)
        return max(timedelta(0), now - max(self.due_at, self.served_at or self.due_at))


@dataclass(frozen=True, slots=True)
class Sending:
    """Clusters, newest beat first, and accounts that are not archived, by name."""

    now: datetime
    read_only: bool  # restored from a backup: nothing is sent on purpose
    clusters: list[Heartbeat]
    accounts: list[AccountVitals]

    @property
    def is_beating(self) -> bool:
        return bool(self.clusters) and self.now - self.clusters[0].beat_at <= SILENT_AFTER

    @property
    def oldest_due(self) -> timedelta:
        """How long the oldest change that may be sent has been due; 0 if none is."""
        moments = [one.due_at for one in self.accounts if one.due_at]
        return max(timedelta(0), self.now - min(moments)) if moments else timedelta(0)

    @property
    def left_lying(self) -> timedelta:
        """The longest that an account with something due was not looked at."""
        return max((one.left_lying(self.now) for one in self.accounts), default=timedelta(0))


@dataclass(frozen=True, slots=True)
class Verification:
    """The newest verification of the log."""

    seq: int
    at: datetime
    outcome: str
    by_person: bool


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is in hand, and how what was done is kept."""

    changes: dict[str, int]  # by state, each counted to CHANGES_COUNTED
    lease_until: datetime | None  # of the oldest lease
    entries: int
    sealed_size: int | None
    sealed_at: datetime | None
    published_at: datetime | None
    backup_at: datetime | None
    verified: Verification | None
    refused: refused.Refused  # entries, on this machine


@dataclass(frozen=True, slots=True)
class Vitals:
    """Everything. `messages` None: the queue does not answer."""

    sending: Sending
    keeping: Keeping
    jobs: dict[str, int]  # those that have not ended, by state, counted to JOBS_LOOKED_AT in all
    messages: int | None
    disk: Disk


def read_vitals(now: datetime) -> Vitals:
    """Six questions to the database, or five and one to Redis."""
    return Vitals(
        sending=read_sending(now),
        keeping=_read_keeping(),
        jobs=_jobs_under_way(),
        messages=queue.depth(),
        disk=read_disk(),
    )


def read_disk() -> Disk:
    """Of the state folder, or of the folder it will be made in. PostgreSQL's own disk is not seen from here."""
    folder = Path(settings.VAR_DIR).absolute()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    usage = shutil.disk_usage(there)
    return Disk(usage.total, usage.free)


# --- sending ------------------------------------------------------------------------------------------------


def read_sending(now: datetime) -> Sending:
    """Three questions: accounts with their pace, jobs that run, beats."""
    standing = Restoration.objects.standing().order_by().values("pk")[:1]
    rows = RequesterAccount.objects.open().select_related("pace").annotate(restored=Subquery(standing))
    accounts = list(rows.order_by("name"))
    read_only = any(getattr(one, "restored", None) is not None for one in accounts)
    due = {} if read_only else _first_due(now, [one for one in accounts if one.is_open])
    return Sending(
        now=now,
        read_only=read_only,
        clusters=list(Heartbeat.objects.order_by("-beat_at")[:CLUSTERS_SHOWN]),
        accounts=[_vitals_of(one, due.get(one.pk), now) for one in accounts],
    )


def _first_due(now: datetime, accounts: list[RequesterAccount]) -> dict[Any, datetime]:
    """By account, since when the first change in line of any running job is due: those behind it came later."""
    due = Change.objects.filter(job=OuterRef("pk"), state=Change.State.PLANNED, due_at__lte=now).order_by("id")
    jobs = Job.objects.filter(account__in=[one.pk for one in accounts], state=Job.State.RUNNING)
    rows = jobs.annotate(first_due=Subquery(due.values("due_at")[:1])).order_by("created_at")
    found: dict[Any, datetime] = {}
    for account_id, moment in rows.values_list("account_id", "first_due")[:JOBS_LOOKED_AT]:
        if moment is not None:
            found[account_id] = min(moment, found.get(account_id, moment))
    return found


def _vitals_of(account: RequesterAccount, due_at: datetime | None, now: datetime) -> AccountVitals:
    pace: AccountPace | None = getattr(account, "pace", None)  # none before the first call
    if pace is None:
        return AccountVitals(account, None, "closed", {}, due_at, None)
    breaker: Breaker = "closed"
    if pace.open_until is not None:
        breaker = "open" if pace.open_until > now else "asking"
    state = pace.state
    served_at = datetime.fromtimestamp(state["next_at"], UTC) if "next_at" in state else None
    return AccountVitals(account, state.get("rate"), breaker, pace.calls, due_at, served_at)


# --- what is in hand, and how it is kept --------------------------------------------------------------------


def _read_keeping() -> Keeping:
    """One question: each number is a small one of its own, asked together."""
    entries, checkpoints = AuditEntry.objects.newest(), AuditCheckpoint.objects.order_by("-size")
    # A person's check is of numbers and hashes only: finding nothing does not undo what the full one found.
    verified = entries.filter(action="audit.verified").exclude(actor_kind="user", outcome="ok")
    published = entries.filter(action="audit.checkpoint.published", target_type="checkpoint")
    sending = Change.objects.in_flight().filter(state=Change.State.SENDING)
    leases = sending.order_by("lease_until").values("lease_until")
    counts = {f"in_{state}": CountOf(_of_state(state)) for state in WATCHED}
    head = AuditHead.objects.annotate(
        sealed_size=Subquery(checkpoints.values("size")[:1]),
        sealed_at=Subquery(checkpoints.values("sealed_at")[:1]),
        published_at=_moment(published),
        backup_at=_moment(entries.filter(action="system.backup.finished")),
        verified_seq=Subquery(verified.values("seq")[:1]),
        verified_at=_moment(verified),
        verified_outcome=Subquery(verified.values("outcome")[:1]),
        verified_by=Subquery(verified.values("actor_kind")[:1]),
        lease_until=Subquery(leases[:1]),  # as many as are in hand at once, so sorting them is nothing
        **counts,
    )
    row = dict[str, Any](head.values().get())
    return Keeping(
        changes={state: row[f"in_{state}"] for state in WATCHED},
        lease_until=row["lease_until"],
        entries=row["size"],
        sealed_size=row["sealed_size"],
        sealed_at=row["sealed_at"],
        published_at=row["published_at"],
        backup_at=row["backup_at"],
        verified=_verification(row),
        refused=refused.read(),
    )


def _moment(entries: QuerySet[AuditEntry]) -> Subquery:
    return Subquery(entries.values("recorded_at")[:1], output_field=DateTimeField())


def _of_state(state: str) -> QuerySet[Any, Any]:
    """Every one of these states stands in a small index of its own."""
    changes = Change.objects.in_flight() if state in Change.IN_FLIGHT else Change.objects.all()
    return changes.filter(state=state).order_by().values("pk")[:CHANGES_COUNTED]


def _verification(row: dict[str, Any]) -> Verification | None:
    if row["verified_seq"] is None:
        return None
    by_person = row["verified_by"] == "user"
    return Verification(row["verified_seq"], row["verified_at"], row["verified_outcome"], by_person)


def _jobs_under_way() -> dict[str, int]:
    """By account, since that is how the index goes; of all accounts, archived ones included."""
    accounts = RequesterAccount.objects.order_by().values("pk")
    jobs = Job.objects.filter(account__in=accounts, state__in=UNDER_WAY).order_by()
    counted = Counter(jobs.values_list("state", flat=True)[:JOBS_LOOKED_AT])
    return {state: counted[state] for state in UNDER_WAY}
