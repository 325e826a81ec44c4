"""Taking planned changes in hand: the intent is committed before any call leaves.

The task cluster is the only caller. A change is claimed by one process for a limited time (the lease);
what happens to a lease that runs out is in sweep.py.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, F, OuterRef

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Target, Who
from qualadmin.core.actor import Actor
from qualadmin.core.killpoints import reached
from qualadmin.core.models import AccountPace, Change, Job, RequesterAccount
from qualadmin.core.permissions import Permission, allowed

from ._sql import db_time, db_uuid, from_uuid, skip_locked, update_rows
from .endings import finish_job, job_target

MAX_JOBS: Final = 16  # jobs that get a share of one claim
CANCEL_AT_ONCE: Final = 500  # rows of one statement


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


def claim_changes(
    *, actor: Actor, account_id: uuid.UUID, limit: int, by: str, now: datetime, lease: timedelta
) -> list[Claim]:
    """Claim up to `limit` planned changes of the account's running jobs, oldest first within each job.

    Returns an empty list when nothing is due, the account is closed or its breaker is open. Every returned
    change is `sending`, leased to `by`, and has a committed `mturk.call.started` entry.
    """
    if limit < 1:
        return []
    with audit.transaction(actor.context) as tx:
        account = RequesterAccount.objects.get(pk=account_id)
        if not account.is_open or _breaker_is_open(account_id, now):
            return []
        jobs = _runnable_jobs(account, tx, now)
        claims: list[Claim] = []
        share = max(1, limit // max(1, len(jobs)))
        for number, job in enumerate(jobs):
            room = limit - len(claims)
            wanted = room if number == len(jobs) - 1 else min(share, room)
            claims += _claim_of_job(job, wanted, now)
        claims = _start(tx, claims, by=by, now=now, lease=lease)
        reached("claiming")
    return claims


def _breaker_is_open(account_id: uuid.UUID, now: datetime) -> bool:
    return AccountPace.objects.filter(account=account_id, open_until__gt=now).exists()


def _runnable_jobs(account: RequesterAccount, tx: Transaction, now: datetime) -> list[JobInHand]:
    """Running jobs with changes that are due, whose creators may still do what they asked for.

    The rows stay locked until the claim is committed, so that no call is started after a job was stopped. A job
    that another process holds at this moment is left for the next claim.
    """
    due = Change.objects.filter(job=OuterRef("pk"), state=Change.State.PLANNED, due_at__lte=now)
    rows = (
        Job.objects.filter(Exists(due), account=account, state=Job.State.RUNNING)
        .select_related("study", "created_by")
        .order_by("planned", "created_at")[:MAX_JOBS]
    )
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(of=("self",), skip_locked=True)
    jobs = []
    for job in rows:
        job.account = account
        person = job.created_by.as_actor()
        if not job.created_by.is_active or not allowed(
            person, Permission.GRANT, str(account.pk), production=account.is_production
        ):
            _cancel_rest(tx, job, person=person.who, now=now)
            continue
        jobs.append(
            JobInHand(
                job.pk, job.title, job.stream, account.environment, person.who, job.notify, job.revoke_reason
            )
        )
    return jobs


def _cancel_rest(tx: Transaction, job: Job, *, person: Who, now: datetime) -> None:
    """What was not sent yet will not be: whoever asked may no longer ask for it."""
    planned = Change.objects.filter(job=job, state=Change.State.PLANNED)
    skip = connection.features.has_select_for_update_skip_locked
    waiting = list(planned.select_for_update(skip_locked=skip).values_list("pk", flat=True))
    entry = tx.record(
        "change.cancelled",
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        on_behalf_of=person,
        changes={
            "state": ["planned", "cancelled"],
            "cause": [None, "authority lost"],
            "count": [None, len(waiting)],
        },
    )
    for start in range(0, len(waiting), CANCEL_AT_ONCE):
        Change.objects.filter(pk__in=waiting[start : start + CANCEL_AT_ONCE]).update(
            state=Change.State.CANCELLED,
            code="authority_lost",
            message="Who asked for this may no longer grant here. It was not sent.",
            finished_at=now,
            audit_id=entry,
        )
    Job.objects.filter(pk=job.pk).update(
        planned=F("planned") - len(waiting), cancelled=F("cancelled") + len(waiting)
    )
    finish_job(tx, job.pk)


# A change waits while an earlier one for the same worker and type is in flight, or planned in a running job.
_SELECT: Final = """
SELECT c.id, c.type_id, t.name, t.mturk_id, c.worker_id, w.worker_id, c.verb, c.value, c.attempt, c.throttles,
       (SELECT q.status FROM core_qualification q WHERE q.type_id = c.type_id AND q.worker_id = c.worker_id),
       (SELECT q.value FROM core_qualification q WHERE q.type_id = c.type_id AND q.worker_id = c.worker_id)
  FROM core_change c
  JOIN core_qualificationtype t ON t.id = c.type_id
  JOIN core_worker w ON w.id = c.worker_id
 WHERE c.job_id = %s AND c.state = 'planned' AND c.due_at <= %s
   AND NOT EXISTS (
       SELECT 1 FROM core_change o
        WHERE o.type_id = c.type_id AND o.worker_id = c.worker_id AND o.id <> c.id
          AND (o.state IN ('sending', 'unknown')
               OR (o.state = 'planned' AND o.id < c.id
                   AND EXISTS (SELECT 1 FROM core_job j WHERE j.id = o.job_id AND j.state = 'running'))))
 ORDER BY c.id LIMIT %s"""


def _claim_of_job(job: JobInHand, limit: int, now: datetime) -> list[Claim]:
    with connection.cursor() as cursor:
        cursor.execute(_SELECT + skip_locked("c"), [db_uuid(job.job_id), db_time(now), limit])
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
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
        )
        for row in rows
    ]


def _start(tx: Transaction, claims: list[Claim], *, by: str, now: datetime, lease: timedelta) -> list[Claim]:
    """Write the intent: state, lease and one `started` entry for each claim."""
    started = []
    rows = []
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
            changes={
                **changed_at,
                **held_after(claim),
            },
        )
        rows.append((claim.change_id, claim.attempt, until, by, db_uuid(entry)))
        started.append(replace(claim, entry=entry))
    update_rows(
        Change,
        ["attempt", "lease_until", "lease_by", "audit_id"],
        rows,
        fixed="state = 'sending'",
        where="t.state = 'planned'",
    )
    _mark_started({claim.job.job_id for claim in claims}, now)
    return started


@lru_cache(maxsize=256)
def type_target(type_id: uuid.UUID, name: str) -> Target:
    """How entries name a type. Kept, since a drain names the same few types thousands of times."""
    return Target("qtype", str(type_id), name)


def held_after(claim: Claim) -> dict[str, list[object]]:
    """Before and after of what the worker holds, if Amazon takes the call."""
    return {
        "status": [claim.status_before, "Granted" if claim.verb == "grant" else "Revoked"],
        "value": [claim.value_before, claim.value],
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
