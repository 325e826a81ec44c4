"""Writing down what Amazon answered: outcomes, what workers now hold, counters, and the entries that prove it.

The drain calls this twice a second with everything that came back since. One transaction for a whole slice.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db import connection
from django.db.models import F

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.killpoints import reached
from qualadmin.core.models import Change, Job, QualificationRequest, Verb

from ._sql import db_time, db_uuid, for_update, insert_rows, marks, update_rows
from .claims import Claim, held_after, type_target
from .endings import finish_job, pause_where_all_fail

PARAMETERS: Final = 900  # SQLite's oldest limit of parameters in one statement is 999


class Result(StrEnum):
    """What one call came to."""

    DONE = "done"  # Amazon took it
    SKIPPED = "skipped"  # nothing to do: it was so already
    FAILED = "failed"  # Amazon refused for good
    PUT_BACK = "planned"  # nothing happened; it is sent again later
    UNKNOWN = "unknown"  # it may have happened: read back first
    NEEDS_PERSON = "person"  # read back often enough, still unclear


OPEN: Final = frozenset({Result.PUT_BACK, Result.UNKNOWN})
COUNTERS: Final = {
    Result.DONE: "done",
    Result.SKIPPED: "skipped",
    Result.FAILED: "failed",
    Result.NEEDS_PERSON: "needs_person",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back for one claim. `message` is for people; `detail` may hold Amazon's own words, worker ids
    included, and goes to the protected part of the entry only.

    `aws` is the evidence of the call: op, request_id, http, code, turk_code, sdk_attempts, ms.
    `wait` is how long an open change rests before it is due again.
    """

    claim: Claim
    result: Result
    at: datetime
    code: str = ""
    message: str = ""
    detail: str = ""
    aws: Mapping[str, Any] | None = None
    wait: timedelta = timedelta(0)
    throttled: bool = False
    cause: str = ""
    request_ended: bool = False  # the request does not wait any more, and this call is not why


@dataclass(slots=True)
class Recorded:
    """What a slice came to: outcomes written, answers that came too late, jobs that ended."""

    written: Counter[Result] = field(default_factory=Counter)
    late: int = 0
    finished: list[uuid.UUID] = field(default_factory=list)


def record_outcomes(*, actor: Actor, outcomes: Sequence[Outcome]) -> Recorded:
    """Write a slice of outcomes. An answer whose change was taken over meanwhile is kept as evidence only."""
    recorded = Recorded()
    if not outcomes:
        return recorded
    with audit.transaction(actor.context) as tx:
        current = _still_ours(outcomes)
        ours = [one for one in outcomes if one.claim.change_id in current]
        for one in outcomes:
            if one.claim.change_id not in current:
                _record_late(tx, one)
                recorded.late += 1
        entries = [(one, _record_outcome(tx, one)) for one in ours]
        write_results(entries)
        recorded.written.update(one.result for one in ours)
        recorded.finished = count_results(tx, ours)
        reached("recording")
    return recorded


def _still_ours(outcomes: Sequence[Outcome]) -> set[int]:
    """The changes that are still `sending` in the attempt we made (locked)."""
    wanted = {one.claim.change_id: one.claim.attempt for one in outcomes}
    found: set[int] = set()
    ids = list(wanted)
    with connection.cursor() as cursor:
        for start in range(0, len(ids), PARAMETERS):
            part = ids[start : start + PARAMETERS]
            cursor.execute(
                f"SELECT c.id, c.attempt FROM core_change c WHERE c.state = 'sending' AND c.id IN ({marks(part)})"  # noqa: S608
                " ORDER BY c.id" + for_update("c"),
                part,
            )
            found.update(pk for pk, attempt in cursor.fetchall() if wanted[pk] == attempt)
    return found


_ACTIONS: Final = {
    Result.DONE: ("mturk.call.finished", "ok"),
    Result.SKIPPED: ("mturk.call.finished", "ok"),
    Result.FAILED: ("mturk.call.finished", "failed"),
    Result.PUT_BACK: ("mturk.call.put_back", "failed"),
    Result.UNKNOWN: ("mturk.call.unknown", "unknown"),
}


def _record_outcome(tx: Transaction, one: Outcome) -> uuid.UUID:
    action, outcome = _ACTIONS[one.result]
    changes: dict[str, list[object]] = {"state": ["sending", one.result.value]}
    if one.result is Result.DONE:
        changes |= held_after(one.claim)
    if one.result is Result.PUT_BACK:
        changes["cause"] = [None, one.cause]
    return record_call(tx, one, action, outcome, changes)


def record_call(
    tx: Transaction, one: Outcome, action: str, outcome: str, changes: dict[str, list[object]]
) -> uuid.UUID:
    """One entry about one call of one change."""
    claim = one.claim
    return tx.record(
        action,
        outcome=outcome,
        target=type_target(claim.type_id, claim.type_name),
        stream=claim.job.stream,
        subject=claim.worker,
        job=str(claim.job.job_id),
        item=claim.change_id,
        attempt=claim.attempt,
        parent=claim.entry,
        on_behalf_of=claim.job.person,
        approved_by=claim.job.approver,
        changes=changes,
        aws=dict(one.aws) if one.aws else None,
        payload={"detail": one.detail} if one.detail else None,
    )


def _record_late(tx: Transaction, one: Outcome) -> None:
    outcome = {Result.DONE: "ok", Result.SKIPPED: "ok", Result.UNKNOWN: "unknown"}.get(one.result, "failed")
    record_call(tx, one, "mturk.call.late_result", outcome, {"found": [None, one.result.value]})


def write_results(entries: Iterable[tuple[Outcome, uuid.UUID]]) -> None:
    """Move the changes and, where Amazon took the call, what the worker holds."""
    pairs = list(entries)
    update_rows(
        Change,
        [
            "state",
            "code",
            "message",
            "aws_request_id",
            "finished_at",
            "due_at",
            "throttles",
            "expires_at",
            "audit_id",
        ],
        (
            (
                one.claim.change_id,
                one.result.value,
                one.code[:120],
                one.message,
                str((one.aws or {}).get("request_id") or "")[:64],
                None if one.result in OPEN else db_time(one.at),
                db_time(one.at + one.wait),
                one.claim.throttles + (one.result is Result.PUT_BACK),  # nothing happened: no real attempt
                db_time(one.claim.ends_at(one.at)) if one.result is Result.DONE else None,
                db_uuid(entry),
            )
            for one, entry in pairs
        ),
        fixed="lease_until = NULL, lease_by = ''",
    )
    upsert_qualifications((one.claim, one.at, entry) for one, entry in pairs if one.result is Result.DONE)
    end_requests(pairs)


# GrantTime stays when a held score is overwritten; a revoked qualification keeps its last score.
_UPSERT: Final = """
ON CONFLICT (type_id, worker_id) DO UPDATE SET
  status = excluded.status,
  value = CASE WHEN excluded.status = 'Granted' THEN excluded.value ELSE core_qualification.value END,
  grant_time = CASE WHEN core_qualification.status = 'Granted' THEN core_qualification.grant_time
                    ELSE excluded.grant_time END,
  checked_at = excluded.checked_at,
  expires_at = excluded.expires_at,
  audit_id = excluded.audit_id"""


def upsert_qualifications(rows: Iterable[tuple[Claim, datetime, uuid.UUID]]) -> None:
    """What the workers hold from now on. Rejecting a request changes nothing about that."""
    insert_rows(
        "core_qualification",
        "type_id, worker_id, status, value, grant_time, checked_at, expires_at, audit_id",
        (
            (
                db_uuid(claim.type_id),
                db_uuid(claim.worker),
                "Granted" if claim.gives else "Revoked",
                claim.value if claim.gives else None,
                db_time(at) if claim.gives else None,
                db_time(at),
                db_time(claim.ends_at(at)),
                db_uuid(entry),
            )
            for claim, at, entry in rows
            if claim.verb != Verb.REJECT
        ),
        _UPSERT,
    )


def end_requests(outcomes: Iterable[tuple[Outcome, uuid.UUID]]) -> None:
    """Requests that were answered, or that Amazon says do not wait any more.

    A reading of Amazon's list may have found an answered one gone before its answer was written down.
    """
    update_rows(
        QualificationRequest,
        ["state", "closed_at", "audit_id"],
        (
            (db_uuid(one.claim.request), _request_state(one), db_time(one.at), db_uuid(entry))
            for one, entry in outcomes
            if one.claim.request is not None and (one.result is Result.DONE or one.request_ended)
        ),
        where="t.state IN ('waiting', 'closed')",
    )


def _request_state(one: Outcome) -> str:
    states = QualificationRequest.State
    if one.result is not Result.DONE:
        return states.CLOSED.value
    return states.ACCEPTED.value if one.claim.verb == Verb.ACCEPT else states.REJECTED.value


def count_results(tx: Transaction, outcomes: Iterable[Outcome]) -> list[uuid.UUID]:
    """Move the counters of the jobs; pause what only fails, finish what has ended. Returns the finished ones."""
    per_job: dict[uuid.UUID, Counter[str]] = defaultdict(Counter)
    for one in outcomes:
        if one.result is Result.UNKNOWN:
            continue
        counts = per_job[one.claim.job.job_id]  # also what was put back: its job may have been stopped meanwhile
        if one.result is not Result.PUT_BACK:
            counts[COUNTERS[one.result]] += 1
    # Always in the same order, so that two slices never wait for each other.
    for job_id, counts in sorted(per_job.items(), key=lambda item: item[0]):
        moves: dict[str, Any] = {name: F(name) + number for name, number in counts.items()}
        Job.objects.filter(pk=job_id).update(planned=F("planned") - counts.total(), **moves)
        if counts["failed"]:
            pause_where_all_fail(tx, job_id)
    return [job_id for job_id in sorted(per_job) if finish_job(tx, job_id)]
