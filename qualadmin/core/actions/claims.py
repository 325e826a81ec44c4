"""Taking planned changes in hand: the intent is committed before any call leaves.

The task cluster is the only caller. A change is claimed by one process for a limited time (the lease);
what happens to a lease that runs out is in sweep.py.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Target, Who
from qualadmin.core.actor import Actor
from qualadmin.core.days import end_after, end_of
from qualadmin.core.killpoints import reached
from qualadmin.core.models import GIVES, AccountPace, Change, Job, QualificationRequest, RequesterAccount, Verb
from qualadmin.core.permissions import Permission, allowed
from qualadmin.core.queue import DRAIN, ring

from ._sql import db_time, db_uuid, from_uuid, skip_locked, update_rows
from .approvals import approver_of, still_approved
from .endings import cancel, cancel_part, finish_job
from .restorations import is_read_only
from .texts import without_ids

MAX_JOBS: Final = 16  # jobs that share what there is to claim; the next ones get what these leave
ASKER_LOST: Final = ("authority_lost", "Who asked for this may no longer grant here. It was not sent.")
#: Undoing takes back what a job did. What somebody has changed since is the newer wish, and stays.
CHANGED_SINCE: Final = (
    "changed since",
    "changed_since",
    "Changed by somebody else after this was confirmed. Left alone.",
)
REQUEST_ENDED: Final = (
    "request ended",
    "request_ended",
    "The request was answered or closed before this was sent. Nothing was sent.",
)
APPROVER_LOST: Final = ("approval_lost", "Who approved this may no longer approve here. It was not sent.")
NOBODY: Final = ("erased", "erased", "The worker was erased. There is no ID to send.")


@dataclass(frozen=True, slots=True)
class JobInHand:
    """What the drain needs to know of a job, read once per claim."""

    job_id: uuid.UUID
    title: str
    stream: str
    environment: str
    person: Who
    notify: bool
    revoke_reason: str
    hold_until: date | None = None
    hold_days: int | None = None
    approver: Who | None = None

    def end_of_grant(self, at: datetime) -> datetime | None:
        """When what is granted at this moment ends; None: it does not."""
        if self.hold_until is not None:
            return end_of(self.hold_until)
        return end_after(self.hold_days, at) if self.hold_days is not None else None


@dataclass(frozen=True, slots=True)
class Claim:
    """One change in hand. `worker_id` and `mturk_type_id` are Amazon's; `entry` is the `started` entry."""

    change_id: int
    job: JobInHand
    type_id: uuid.UUID
    type_name: str
    mturk_type_id: str
    worker: uuid.UUID
    worker_id: str
    verb: str
    value: int | None
    attempt: int
    throttles: int
    status_before: str | None = None  # what the worker held when the change was claimed, as last seen
    value_before: int | None = None
    checks: int = 0
    entry: uuid.UUID | None = None
    request: uuid.UUID | None = None  # the worker's own request that this answers, and Amazon's id of it
    mturk_request_id: str = ""

    @property
    def gives(self) -> bool:
        """Whether the worker holds the type with `value` once Amazon has taken the call."""
        return self.verb in GIVES

    def ends_at(self, at: datetime) -> datetime | None:
        """When what it gives, if Amazon took the call at this moment, is to be taken away; None: never."""
        return self.job.end_of_grant(at) if self.gives else None

    @property
    def real_attempts(self) -> int:
        """Calls that left, or may have; this one counts."""
        return self.attempt - self.throttles


def claim_changes(
    *, actor: Actor, account_id: uuid.UUID, limit: int, by: str, now: datetime, lease: timedelta
) -> list[Claim]:
    """Claim up to `limit` planned changes of the account's running jobs, oldest first within each job.

    Returns an empty list when nothing is due, the account is closed, its breaker is open, or the service was
    restored and is read-only. Every returned
    change is `sending`, leased to `by`, and has a committed `mturk.call.started` entry.
    """
    if limit < 1:
        return []
    with audit.transaction(actor.context) as tx:
        account = RequesterAccount.objects.get(pk=account_id)
        if not account.is_open or _breaker_is_open(account_id) or is_read_only():
            return []
        claims = _start(tx, _shared(tx, account, limit, now), by=by, now=now, lease=lease)
        reached("claiming")
    return claims


def _shared(tx: Transaction, account: RequesterAccount, limit: int, now: datetime) -> list[Claim]:
    """Changes of the jobs that are due, each with its share.

    All changes of a job may wait for another job, even for one further back: as long as there is room, the next
    jobs are asked, so that jobs that wait never keep the rest waiting.
    """
    claims: list[Claim] = []
    asked: set[uuid.UUID] = set()
    while len(claims) < limit:
        rows = _due_jobs(account, now, asked)
        asked.update(row.pk for row in rows)
        jobs = _runnable(rows, account, tx)
        share = max(1, (limit - len(claims)) // max(1, len(jobs)))
        for number, job in enumerate(jobs):
            room = limit - len(claims)
            wanted = room if number == len(jobs) - 1 else min(share, room)
            claims += _claim_of_job(tx, job, wanted, now)
        if len(rows) < MAX_JOBS:
            break
    return claims


def _breaker_is_open(account_id: uuid.UUID) -> bool:
    """Also when its rest is over: first somebody asks whether Amazon answers (breaker.py)."""
    return AccountPace.objects.filter(account=account_id, open_until__isnull=False).exists()


def _due_jobs(account: RequesterAccount, now: datetime, asked: set[uuid.UUID]) -> list[Job]:
    """The next running jobs with changes that are due, beside those that were asked already.

    The rows stay locked until the claim is committed, so that no call is started after a job was stopped. A job
    that another process holds at this moment is left for the next claim.
    """
    due = Change.objects.filter(job=OuterRef("pk"), state=Change.State.PLANNED, due_at__lte=now)
    rows = (
        Job.objects.filter(Exists(due), account=account, state=Job.State.RUNNING)
        .exclude(pk__in=asked)
        .select_related("study", "created_by", "approval__decided_by")
        .order_by("planned", "created_at")[:MAX_JOBS]
    )
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(of=("self",), no_key=True, skip_locked=True)
    return list(rows)


def _runnable(rows: list[Job], account: RequesterAccount, tx: Transaction) -> list[JobInHand]:
    """Those of the jobs whose creators may still do what they asked for, and who approved them (where somebody had
    to) may still approve it.
    """
    jobs = []
    for job in rows:
        job.account = account
        person = job.created_by.as_actor()
        if not job.created_by.is_active or not allowed(
            person, Permission.GRANT, str(account.pk), production=account.is_production
        ):
            _give_up(tx, job, ASKER_LOST, person.who)
            continue
        if not still_approved(job):
            _give_up(tx, job, APPROVER_LOST, person.who)
            continue
        jobs.append(
            JobInHand(
                job.pk,
                job.title,
                job.stream,
                account.environment,
                person.who,
                job.notify,
                job.revoke_reason,
                job.hold_until,
                job.hold_days,
                approver_of(job),
            )
        )
    return jobs


def _give_up(tx: Transaction, job: Job, lost: tuple[str, str], person: Who) -> None:
    """What was not sent yet will not be. `lost`: code and sentence of who may no longer ask for or approve it."""
    code, message = lost
    if cancel_part(tx, job, cause="authority lost", code=code, message=message, on_behalf_of=person):
        ring(DRAIN, str(job.account_id))  # the next claim goes on with it
    else:
        finish_job(tx, job.pk)


# A change waits while an earlier one for the same worker and type is in flight, or planned in
# a job that runs or is paused: a paused job keeps its place, so that no older wish ever overtakes a newer one.
_SELECT: Final = """
SELECT c.id, c.type_id, t.name, t.mturk_id, c.worker_id, w.worker_id, c.verb, c.value, c.attempt, c.throttles,
       (SELECT q.status FROM core_qualification q WHERE q.type_id = c.type_id AND q.worker_id = c.worker_id),
       (SELECT q.value FROM core_qualification q WHERE q.type_id = c.type_id AND q.worker_id = c.worker_id),
       c.undoes_id IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM core_change u
             JOIN core_qualification q ON q.type_id = u.type_id AND q.worker_id = u.worker_id
            WHERE u.id = c.undoes_id AND q.audit_id = u.audit_id),
       c.request_id, r.mturk_id, r.state
  FROM core_change c
  JOIN core_qualificationtype t ON t.id = c.type_id
  JOIN core_worker w ON w.id = c.worker_id
  LEFT JOIN core_qualificationrequest r ON r.id = c.request_id
 WHERE c.job_id = %s AND c.state = 'planned' AND c.due_at <= %s
   AND NOT EXISTS (
       SELECT 1 FROM core_change o
        WHERE o.type_id = c.type_id AND o.worker_id = c.worker_id AND o.id <> c.id
          AND (o.state IN ('sending', 'unknown')
               OR (o.state = 'planned' AND o.id < c.id
                   AND EXISTS (SELECT 1 FROM core_job j
                                WHERE j.id = o.job_id AND j.state IN ('running', 'paused')))))
 ORDER BY c.id LIMIT %s"""


def _claim_of_job(tx: Transaction, job: JobInHand, limit: int, now: datetime) -> list[Claim]:
    with connection.cursor() as cursor:
        cursor.execute(_SELECT + skip_locked("c"), [db_uuid(job.job_id), db_time(now), limit])
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
    overtaken = [row[0] for row in rows if row[12]]
    if overtaken:
        _leave_alone(tx, job, overtaken, CHANGED_SINCE)
    ended = [row[0] for row in rows if row[13] and row[15] != QualificationRequest.State.WAITING]
    if ended:
        _leave_alone(tx, job, ended, REQUEST_ENDED)
    # Erased at the very moment somebody confirmed a list, or brought back by a backup: there is no ID to send.
    erased = [row[0] for row in rows if row[5] is None and row[0] not in {*overtaken, *ended}]
    if erased:
        _leave_alone(tx, job, erased, NOBODY)
    return [
        Claim(
            change_id=row[0],
            job=job,
            type_id=from_uuid(row[1]),
            type_name=row[2],
            mturk_type_id=row[3],
            worker=from_uuid(row[4]),
            worker_id=row[5],
            verb=row[6],
            value=row[7],
            attempt=row[8] + 1,
            throttles=row[9],
            status_before=row[10],
            value_before=row[11],
            request=from_uuid(row[13]) if row[13] else None,
            mturk_request_id=row[14] or "",
        )
        for row in rows
        if row[0] not in {*overtaken, *ended, *erased}
    ]


def _leave_alone(tx: Transaction, job: JobInHand, ids: list[int], why: tuple[str, str, str]) -> None:
    """Nothing is sent for these changes. `why`: cause and code of the entry, and the sentence of a change."""
    row = Job.objects.select_related("study", "account").get(pk=job.job_id)
    cause, code, message = why
    cancel(tx, row, ids, cause=cause, code=code, message=message, on_behalf_of=job.person)
    finish_job(tx, row.pk)


def _start(tx: Transaction, claims: list[Claim], *, by: str, now: datetime, lease: timedelta) -> list[Claim]:
    """Write the intent: state, lease and one `started` entry for each claim.

    What the worker holds at this moment is what undoing restores: since the job was confirmed, another job may
    have changed it.
    """
    started = []
    rows: list[tuple[object, ...]] = []
    until, changed_at = db_time(now + lease), {"state": ["planned", "sending"]}
    for claim in claims:
        entry = tx.record(
            "mturk.call.started",
            outcome="started",
            target=type_target(claim.type_id, claim.type_name),
            stream=claim.job.stream,
            subject=claim.worker,
            job=str(claim.job.job_id),
            item=claim.change_id,
            attempt=claim.attempt,
            on_behalf_of=claim.job.person,
            approved_by=claim.job.approver,
            changes={
                **changed_at,
                **held_after(claim),
            },
        )
        held = (claim.status_before or "", claim.value_before)
        rows.append((claim.change_id, claim.attempt, *held, until, by, db_uuid(entry)))
        started.append(replace(claim, entry=entry))
    update_rows(
        Change,
        ["attempt", "status_before", "value_before", "lease_until", "lease_by", "audit_id"],
        rows,
        fixed="state = 'sending'",
        where="t.state = 'planned'",
    )
    _mark_started({claim.job.job_id for claim in claims}, now)
    return started


@lru_cache(maxsize=256)
def type_target(type_id: uuid.UUID, name: str) -> Target:
    """How entries name a type. Kept, since a drain names the same few types thousands of times."""
    return Target("qtype", str(type_id), without_ids(name))


def held_after(claim: Claim) -> dict[str, list[object]]:
    """Before and after of what the worker holds, if Amazon takes the call, and of the request it answers.

    Rejecting a request leaves what the worker holds as it is.
    """
    if claim.verb == Verb.REJECT:
        return {"request": ["waiting", "rejected"]}
    return {
        "status": [claim.status_before, "Granted" if claim.gives else "Revoked"],
        "value": [claim.value_before, claim.value],
        **({"request": ["waiting", "accepted"]} if claim.request else {}),
    }


def _mark_started(job_ids: set[uuid.UUID], now: datetime) -> None:
    Job.objects.filter(pk__in=job_ids, started_at=None).update(started_at=now)


def due_accounts(*, now: datetime) -> list[tuple[uuid.UUID, str]]:
    """Accounts with something to send ("send") or to read back ("check"): the sweep rings for them."""
    send = Change.objects.filter(state=Change.State.PLANNED, due_at__lte=now, job__state=Job.State.RUNNING)
    check = Change.objects.filter(state=Change.State.UNKNOWN, due_at__lte=now)
    return [
        (account_id, word)
        for changes, word in ((send, "send"), (check, "check"))
        for account_id in changes.order_by().values_list("job__account_id", flat=True).distinct()
    ]
