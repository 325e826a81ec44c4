"""What nobody knows the outcome of: leases that ran out, calls without a clear answer, and reading back.

sending ─lease over→ unknown ─rest, then look at Amazon→ done | skipped | planned | person
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.killpoints import reached
from qualadmin.core.models import Change, Job, RequesterAccount, User, Verb

from ._sql import db_time, db_uuid, from_uuid, marks, run_many, skip_locked
from .approvals import approver_of
from .claims import Claim, JobInHand, held_after, type_target
from .outcomes import Outcome, Result, count_results, end_requests, record_call, upsert_qualifications

MAX_CHECKS: Final = 5  # then a person decides
MAX_ATTEMPTS: Final = 3  # real calls for one change
GRANTED: Final = "Granted"
_KINDS: Final = {Result.DONE: "ok", Result.NEEDS_PERSON: "unknown"}

_COLUMNS: Final = """
SELECT c.id, c.type_id, t.name, t.mturk_id, c.worker_id, w.worker_id, c.verb, c.value, c.attempt, c.throttles,
       c.checks, c.job_id, c.audit_id,
       (SELECT q.status FROM core_qualification q WHERE q.type_id = c.type_id AND q.worker_id = c.worker_id),
       (SELECT q.value FROM core_qualification q WHERE q.type_id = c.type_id AND q.worker_id = c.worker_id),
       c.request_id, r.mturk_id
  FROM core_change c
  JOIN core_job j ON j.id = c.job_id
  JOIN core_qualificationtype t ON t.id = c.type_id
  JOIN core_worker w ON w.id = c.worker_id
  LEFT JOIN core_qualificationrequest r ON r.id = c.request_id
 WHERE j.account_id = %s AND """


@dataclass(frozen=True, slots=True)
class Finding:
    """What Amazon says a worker holds now. `held` None: it gave no clear answer this time.

    `listed`, where a request is answered: whether Amazon still lists it among those that wait.
    """

    claim: Claim
    held: bool | None
    value: int | None
    at: datetime
    detail: str = ""
    aws: dict[str, Any] | None = None
    listed: bool = False


def lease_holders(*, account_id: uuid.UUID) -> list[str]:
    """Who holds leases on calls of this account (one query)."""
    in_hand = Change.objects.filter(state=Change.State.SENDING, job__account=account_id)
    return list(in_hand.order_by().values_list("lease_by", flat=True).distinct())


def let_go_of_checks(*, account_id: uuid.UUID, gone: Callable[[list[str]], list[str]]) -> int:
    """Free the unknown changes that a dead process was about to read back. Returns how many.

    `gone` names the dead among the holders it is given. Should one of them live, a change is looked at twice.
    """
    unknown = Change.objects.filter(state=Change.State.UNKNOWN, job__account=account_id).exclude(lease_by="")
    dead = gone(list(unknown.order_by().values_list("lease_by", flat=True).distinct()))
    return unknown.filter(lease_by__in=dead).update(lease_until=None, lease_by="") if dead else 0


def expire_leases(
    *,
    actor: Actor,
    account_id: uuid.UUID,
    now: datetime,
    settle: timedelta,
    gone: Sequence[str] = (),
    limit: int = 500,
) -> int:
    """Changes whose process died while the call was out become `unknown`. Returns how many.

    `gone` names holders known to be dead, whose leases need not run out. Each change rests for `settle`:
    Amazon may still carry out a call that nobody waits for any more.
    """
    with audit.transaction(actor.context) as tx:
        over = "c.lease_until < %s" + (f" OR c.lease_by IN ({marks(gone)})" if gone else "")
        claims = _select(account_id, f"c.state = 'sending' AND ({over})", [db_time(now), *gone], limit)
        rows = []
        for claim in claims:
            entry = tx.record(
                "mturk.call.unknown",
                outcome="unknown",
                changes={"state": ["sending", "unknown"]},
                payload={"detail": "The process that made this call ended before it could write the answer down."},
                **_about(claim),
            )
            rows.append((db_time(now + settle), db_uuid(entry), claim.change_id))
        run_many(
            "UPDATE core_change SET state = 'unknown', code = 'no_answer', due_at = %s, lease_until = NULL,"
            " lease_by = '', audit_id = %s WHERE id = %s AND state = 'sending'",
            rows,
        )
        return len(rows)


def claim_checks(*, account_id: uuid.UUID, limit: int, by: str, now: datetime, lease: timedelta) -> list[Claim]:
    """Take unknown changes in hand for reading back. A lease only: looking changes nothing, so no entry."""
    with transaction.atomic():
        account = RequesterAccount.objects.get(pk=account_id)
        if account.paused_reason or account.archived_at:
            return []
        claims = _select(
            account_id,
            "c.state = 'unknown' AND (c.lease_until IS NULL OR c.lease_until < %s) AND c.due_at <= %s",
            [db_time(now), db_time(now)],
            limit,
        )
        run_many(
            "UPDATE core_change SET lease_until = %s, lease_by = %s WHERE id = %s",
            [(db_time(now + lease), by, claim.change_id) for claim in claims],
        )
        return claims


def record_findings(*, actor: Actor, findings: Sequence[Finding], settle: timedelta) -> None:
    """Decide by what Amazon says: done, send again, or ask a person."""
    if not findings:
        return
    with audit.transaction(actor.context) as tx:
        ids = [one.claim.change_id for one in findings]
        open_ids = set(
            Change.objects.select_for_update(no_key=True)
            .filter(pk__in=ids, state=Change.State.UNKNOWN)
            .values_list("pk", flat=True)
        )
        closed: list[Outcome] = []
        for one in findings:
            if one.claim.change_id in open_ids:
                closed += _resolve(tx, one, settle)
        count_results(tx, closed)
        reached("reading_back")


def _resolve(tx: Transaction, one: Finding, settle: timedelta) -> list[Outcome]:
    result = decide(one)
    if result is Result.UNKNOWN:
        wait = settle * 2**one.claim.checks
        Change.objects.filter(pk=one.claim.change_id).update(
            checks=one.claim.checks + 1, due_at=one.at + wait, lease_until=None
        )
        return []
    outcome = Outcome(
        one.claim, result, one.at, detail=one.detail, aws=one.aws, code=_code(one, result),
        request_ended=result is Result.FAILED,
    )  # fmt: skip
    changes: dict[str, list[object]] = {
        "state": ["unknown", result.value],
        "found": [None, _words(one)],
    }
    if result is Result.DONE:
        changes |= held_after(one.claim)
    kind = _KINDS.get(result, "failed")
    entry = record_call(tx, outcome, "mturk.call.reconciled", kind, changes)
    run_many(
        "UPDATE core_change SET state = %s, code = %s, message = %s, finished_at = %s, due_at = %s, checks = %s,"
        " lease_until = NULL, lease_by = '', expires_at = %s, audit_id = %s WHERE id = %s AND state = 'unknown'",
        [
            (
                result.value,
                outcome.code,
                _message(result),
                None if result is Result.PUT_BACK else db_time(one.at),
                db_time(one.at),
                0 if result is Result.PUT_BACK else one.claim.checks + 1,
                db_time(one.claim.ends_at(one.at)) if result is Result.DONE else None,
                db_uuid(entry),
                one.claim.change_id,
            )
        ],
    )
    if result is Result.DONE:
        upsert_qualifications([(one.claim, one.at, entry)])
    end_requests([(outcome, entry)])
    return [outcome]


def decide(one: Finding) -> Result:
    """Whether what was asked for has come true at Amazon."""
    if one.held is None:
        return Result.UNKNOWN if one.claim.checks + 1 < MAX_CHECKS else Result.NEEDS_PERSON
    if one.claim.request is not None and not one.listed:
        # It ends only once: by this call, or by somebody else's answer, which would show in what is held.
        return Result.DONE if _as_answered(one) else Result.FAILED
    if one.claim.request is None and _applied(one):
        return Result.DONE
    return Result.PUT_BACK if one.claim.real_attempts < MAX_ATTEMPTS else Result.NEEDS_PERSON


def _applied(one: Finding) -> bool:
    return not one.held if one.claim.verb == Verb.REVOKE else bool(one.held) and one.value == one.claim.value


def _as_answered(one: Finding) -> bool:
    """Whether what the worker holds is what this answer to the request leads to."""
    claim = one.claim
    if claim.verb == Verb.ACCEPT:
        return _applied(one)
    held_before = claim.status_before == GRANTED
    return one.held == held_before and (not held_before or one.value == claim.value_before)


def _code(one: Finding, result: Result) -> str:
    if result is Result.NEEDS_PERSON:
        return "unclear" if one.held is None else "not_applied"
    if result is Result.FAILED:
        return "request_ended"
    return "" if result is Result.DONE else "read_back"


def _message(result: Result) -> str:
    if result is Result.NEEDS_PERSON:
        return "We could not find out whether Amazon did this. Look at the worker and decide."
    if result is Result.FAILED:
        return "The request no longer waits, and not because of this answer: somebody answered it elsewhere."
    return ""


def _words(one: Finding) -> str:
    if one.held is None:
        return "no clear answer"
    held = f"granted, score {one.value}" if one.held else "not granted"
    if one.claim.request is None:
        return held
    return f"{'request waits' if one.listed else 'request no longer waits'}, {held}"


def _about(claim: Claim) -> dict[str, Any]:
    return {
        "target": type_target(claim.type_id, claim.type_name),
        "stream": claim.job.stream,
        "subject": claim.worker,
        "job": str(claim.job.job_id),
        "item": claim.change_id,
        "attempt": claim.attempt,
        "parent": claim.entry,
        "on_behalf_of": claim.job.person,
    }


def _select(account_id: uuid.UUID, where: str, values: Sequence[object], limit: int) -> list[Claim]:
    parameters = [db_uuid(account_id), *values, limit]
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS + where + " ORDER BY c.id LIMIT %s" + skip_locked("c"), parameters)
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
    jobs = _jobs({from_uuid(row[11]) for row in rows})
    return [
        Claim(
            change_id=row[0],
            job=jobs[from_uuid(row[11])],
            type_id=from_uuid(row[1]),
            type_name=row[2],
            mturk_type_id=row[3],
            worker=from_uuid(row[4]),
            worker_id=row[5],
            verb=row[6],
            value=row[7],
            attempt=row[8],
            throttles=row[9],
            checks=row[10],
            entry=from_uuid(row[12]),
            status_before=row[13],
            value_before=row[14],
            request=from_uuid(row[15]) if row[15] else None,
            mturk_request_id=row[16] or "",
        )
        for row in rows
    ]


def _jobs(ids: set[uuid.UUID]) -> dict[uuid.UUID, JobInHand]:
    people: dict[int, User] = {}
    found = {}
    for job in Job.objects.filter(pk__in=ids).select_related(
        "study", "account", "created_by", "approval__decided_by"
    ):
        person = people.setdefault(job.created_by_id, job.created_by)
        found[job.pk] = JobInHand(
            job.pk,
            job.title,
            job.stream,
            job.account.environment,
            person.as_actor().who,
            job.notify,
            job.revoke_reason,
            job.hold_until,
            job.hold_days,
            approver_of(job),
        )
    return found
