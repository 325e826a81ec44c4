"""Jobs: from a confirmed preview to planned changes."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.prepared import in_one_go, prepared
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotVisible
from qualadmin.core.killpoints import reached
from qualadmin.core.models import (
    ANSWERS,
    INTEGER_MAX,
    Job,
    Preview,
    PreviewRow,
    QualificationRequest,
    QualificationType,
    RequesterAccount,
    Verb,
)
from qualadmin.core.models.qualifications import new_salt
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import DRAIN, PREPARE, ring

from . import parts
from ._sql import db_time, db_uuid, insert_row, insert_rows
from .approvals import ask_for_approval, refuse_without_approver
from .diff import Row
from .endings import finish_job, job_target
from .previews import ACTIONABLE, check_end, check_type
from .rules import allow_run
from .thresholds import reasons_for, reasons_of
from .undo import record_undone, require_undoable

TYPED_COUNT_FROM: Final = 100  # in production, more workers than this must be typed by hand
HELD_BACK: Final = timedelta(seconds=10)  # a single answer to a request can be taken back for so long
BECOMES_A_CHANGE: Final = (*ACTIONABLE, PreviewRow.Group.LEFT)


def confirm_preview(
    *, actor: Actor, preview_id: uuid.UUID, rows_sha256: str, typed_count: int | None = None
) -> Job:
    """Turn exactly what was shown into a job. A second click gets the same job back.

    `rows_sha256` is the digest of the rows on the page that was confirmed. Lines that have come true
    meanwhile become "already so". Raises Conflict if the preview is not the one that was shown.
    """
    with audit.transaction(actor.context, durable=False) as tx:
        preview = (
            Preview.objects.select_for_update(of=("self",), no_key=True)
            .select_related("account", "study", "type")
            .filter(pk=preview_id)
            .first()
        )
        if preview is None or preview.created_by_id != actor.user_id:
            raise NotVisible
        if preview.state == Preview.State.CONFIRMED:
            return Job.objects.get(preview=preview)
        _require_granter(actor, preview.account)
        _check_shown(preview, rows_sha256)
        _check(actor, preview, typed_count)
        _check_types(preview)
        undone = require_undoable(actor, preview.undoes_id) if preview.undoes_id else None
        if preview.rule_id:
            allow_run(tx, actor, preview.rule_id)
        job = _create(tx, actor, preview, timezone.now())
        if undone is not None:
            record_undone(tx, undone, by=job)
        reached("confirming")
    reached("confirmed")
    return job


def confirm_own(tx: Transaction, *, actor: Actor, preview: Preview, row: Row, now: datetime) -> tuple[Job, int]:
    """The same for a preview of one row that this very transaction stored as confirmed: nobody else saw it.

    Returns the job, and the number of its one change. The row of the job comes last: it is written once, with what
    became of the change.
    """
    _require_granter(actor, preview.account)
    _check(actor, preview, None)
    job = _job_of(actor, preview)
    entry = job.audit_id = _record_created(tx, job, preview.counts)
    with in_one_go(connection):
        if row.known_id is None:
            _add_workers([row.worker_id], entry, now)
        ((change, state),) = _insert_changes(job, entry, now, 0, INTEGER_MAX)
    _count(job, [state], INTEGER_MAX)
    insert_row(job)
    begin_job(tx, job)
    return job, change


def _require_granter(actor: Actor, account: RequesterAccount) -> None:
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)


def _check_shown(preview: Preview, rows_sha256: str) -> None:
    """Raise Conflict unless the preview is open, and what was shown."""
    if preview.state != Preview.State.READY:
        raise Conflict("This list is no longer open. Nothing was done. Start again with a new list.")
    if preview.rows_sha256 != rows_sha256:
        raise Conflict(
            "This list was changed in another window after you opened this page. Nothing was done. "
            "Look at the list again and confirm then.",
            code="changed_meanwhile",
        )


def _check(actor: Actor, preview: Preview, typed_count: int | None) -> None:
    account = preview.account
    if not account.is_open:
        raise Conflict(
            f"The account “{account.name}” is switched off or paused. Nothing was done. "
            "A manager can switch it on.",
            code="account_closed",
        )
    count = actionable(preview)
    if count == 0:
        raise ActionError("Nothing is left to do in this list.", code="nothing_to_do")
    if account.is_production and preview.study is None:
        raise ActionError("Name the study this is for.", field="study", code="no_study")
    check_end(preview.hold_until, preview.hold_days)
    if preview.study is not None and not preview.study.is_open and preview.source != Preview.Source.ENDS:
        raise ActionError(
            "This study was closed meanwhile. Nothing was done. Choose another one.",
            field="study",
            code="closed_study",
        )
    if account.is_production and count > TYPED_COUNT_FROM and typed_count != count:
        raise ActionError(
            f"Type the number of workers, {count}, to confirm. Nothing was done.",
            field="typed_count",
            code="typed_count",
        )
    if reasons_of(preview):
        refuse_without_approver(account, preview.study, asked_by=actor.person_id)


def _check_types(preview: Preview) -> None:
    types = PreviewRow.objects.filter(preview=preview, group__in=ACTIONABLE).values_list("type", "verb")
    for type_id, verb in types.order_by().distinct():
        check_type(QualificationType.objects.get(pk=type_id), Verb(verb))


def actionable(preview: Preview) -> int:
    """How many changes the confirm button stands for."""
    return sum(preview.counts.get(group, 0) for group in ACTIONABLE)


def _create(tx: Transaction, actor: Actor, preview: Preview, now: datetime) -> Job:
    job = _job_of(actor, preview)
    if job.total > parts.AT_ONCE:
        job.state, job.prepares = Job.State.PREPARING, Job.Prepares.LIST
    entry = job.audit_id = _record_created(tx, job, preview.counts)
    job.save(force_insert=True)
    preview.state, preview.content = Preview.State.CONFIRMED, None  # the bytes are not kept
    preview.save(update_fields=["state", "content"])
    if job.state == Job.State.PREPARING:
        ring(PREPARE, str(job.pk))  # see preparing.py
    else:
        write_changes(job, entry, now, to=INTEGER_MAX)
        begin_job(tx, job)
    return job


def _job_of(actor: Actor, preview: Preview) -> Job:
    left_alone = preview.counts.get(PreviewRow.Group.LEFT, 0)  # is on record too
    return Job(
        account=preview.account,
        study=preview.study,
        preview=preview,
        undoes_id=preview.undoes_id,
        rule_id=preview.rule_id,
        hold_until=preview.hold_until,
        hold_days=preview.hold_days,
        created_by_id=actor.person_id,
        kind=_kind(preview),
        title=_title(preview),
        reason=preview.reason,
        notify=preview.notify,
        revoke_reason=preview.revoke_reason,
        source=preview.source,
        file_name=preview.file_name,
        file_sha256=preview.file_sha256,
        file_size=preview.file_size,
        rows_sha256=preview.rows_sha256,
        total=actionable(preview) + left_alone,
    )


def begin_job(tx: Transaction, job: Job) -> None:
    """All changes are written down: let it run, or wait for a second person; if all came true it is over."""
    if not job.planned:
        finish_job(tx, job.pk)
    elif reasons := reasons_for(job):
        ask_for_approval(tx, job, reasons)
    else:
        ring(DRAIN, str(job.account_id))


def _kind(preview: Preview) -> Job.Kind:
    if preview.verb in ANSWERS:
        return Job.Kind(preview.verb)
    counts = preview.counts
    grants = counts.get("new", 0) + counts.get("score", 0)
    if not counts.get("revoke"):
        return Job.Kind.GRANT
    return Job.Kind.MIXED if grants else Job.Kind.REVOKE


def _title(preview: Preview) -> str:
    """What people call the job: the file's name, or the type and the number of workers."""
    if preview.file_name or preview.source in Preview.PLANNED:
        return (preview.file_name or preview.origin)[:200]
    count = actionable(preview)
    if preview.verb in ANSWERS:
        requests = f"{count} request{'s' if count != 1 else ''}"
        about = f"for {preview.type.name}" if preview.type else "for several types"
        return f"{Verb(preview.verb).name.capitalize()} {requests} {about}"[:200]
    workers = f"{count} worker{'s' if count != 1 else ''}"
    return f"{preview.type.name if preview.type else 'Several types'}, {workers}"[:200]


def _record_created(tx: Transaction, job: Job, counts: dict[str, int]) -> uuid.UUID:
    payload = {
        "reason": job.reason,
        "file_name": job.file_name,
        "origin": job.preview.origin,
        "revoke_reason": job.revoke_reason,
    }
    return tx.record(
        "job.created",
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        changes={
            "kind": [None, job.kind],
            "total": [None, job.total],
            "new": [None, counts.get("new", 0)],
            "score_changes": [None, counts.get("score", 0)],
            "revokes": [None, counts.get("revoke", 0)],
            "rejects": [None, counts.get("reject", 0)],
            "skipped": [None, counts.get("same", 0)],
            "corrections": [None, counts.get("corrected", 0)],
            "notify": [None, job.notify],
            "sha256": [None, job.file_sha256],
            "rows_sha256": [None, job.rows_sha256],
            "environment": [None, job.account.environment],
            "undoes": [None, str(job.undoes_id) if job.undoes_id else None],
            **({"rule": [None, str(job.rule_id)]} if job.rule_id else {}),
            **({"hold_until": [None, job.hold_until.isoformat()]} if job.hold_until else {}),
            **({"hold_days": [None, job.hold_days]} if job.hold_days else {}),
        },
        payload={key: text for key, text in payload.items() if text} or None,
    )


def write_changes(job: Job, entry: uuid.UUID, now: datetime, *, to: int) -> None:
    """The lines of the preview up to `to` that are not changes yet become changes, and are counted.

    Call with the job's row locked. Workers met for the first time become known.
    """
    after = job.prepared_to
    _hold_requests(job, after, to)
    _insert_workers(job, entry, now, after, to)
    written = _insert_changes(job, entry, now, after, to)
    _count(job, [state for _, state in written], to)
    Job.objects.filter(pk=job.pk).update(
        planned=job.planned, skipped=job.skipped, cancelled=job.cancelled, prepared_to=to
    )


def _hold_requests(job: Job, after: int, to: int) -> None:
    """Lock the requests that are answered, in one order for everybody: of two answers one is first."""
    if job.kind in (Job.Kind.ACCEPT, Job.Kind.REJECT):
        lines = PreviewRow.objects.filter(preview=job.preview_id, n__gt=after, n__lte=to, group__in=ACTIONABLE)
        requests = QualificationRequest.objects.filter(pk__in=lines.order_by().values("request"))
        list(requests.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


def _insert_workers(job: Job, entry: uuid.UUID, now: datetime, after: int, to: int) -> None:
    """Somebody else may be adding the same ones."""
    new = (
        PreviewRow.objects.filter(preview=job.preview_id, n__gt=after, n__lte=to)
        .filter(group__in=ACTIONABLE, known=None)
        .order_by()
        .values_list("worker_id", flat=True)
        .distinct()
    )
    _add_workers(new, entry, now)


def _add_workers(worker_ids: Iterable[str], entry: uuid.UUID, now: datetime) -> None:
    insert_rows(
        "core_worker",
        "id, worker_id, salt, created_at, audit_id",
        ((db_uuid(uuid.uuid4()), one, new_salt(), db_time(now), db_uuid(entry)) for one in worker_ids),
        "ON CONFLICT (worker_id) DO NOTHING",
    )


# One statement: what was shown, against what is so at this very moment, and will stay so: where another job is
# about to do something else, this one comes after it and is no "already so". A change that takes another one back
# is left alone where that one is no longer the newest: somebody wanted something else since.
_INSERT: Final = """
INSERT INTO core_change (job_id, n, line, type_id, worker_id, undoes_id, request_id, verb,
    status_before, value_before, value, state, attempt, code, message, aws_request_id, created_at, finished_at,
    due_at, lease_by, checks, throttles, audit_id)
SELECT %s, s.n, s.line, s.type_id, s.worker, s.undoes_id, s.request_id, s.verb, s.status, s.held, s.value,
       s.state, 0, CASE WHEN s.state = 'skipped' THEN 'already_so' WHEN s.state <> 'cancelled' THEN ''
                        WHEN s.request_id IS NULL THEN 'changed_since' ELSE 'request_ended' END,
       CASE WHEN s.state <> 'cancelled' THEN '' WHEN s."group" = 'left' THEN s.why
            WHEN s.request_id IS NULL THEN %s ELSE %s END, '',
       {now}, CASE WHEN s.state = 'planned' THEN NULL ELSE {now} END, {now}, '', 0, 0, %s
  FROM (SELECT r.n, r.line, r.type_id, w.id AS worker, r.undoes_id, r.request_id, r.verb,
               COALESCE(q.status, '') AS status,
               q.value AS held, r.value, r."group", r.why,
               CASE WHEN (r.verb = 'grant' AND q.status = 'Granted' AND q.value = r.value AND {endless}
                          OR r.verb = 'revoke' AND COALESCE(q.status, '') <> 'Granted')
                     AND NOT EXISTS (
                         SELECT 1 FROM core_change o JOIN core_job j ON j.id = o.job_id AND j.state <> 'approval'
                          WHERE o.type_id = r.type_id AND o.worker_id = w.id AND o.job_id <> %s
                            AND o.state IN ('planned', 'sending', 'unknown')
                            AND o.verb <> 'reject'
                            AND (o.verb <> r.verb OR o.value <> r.value)) THEN 'skipped'
                    WHEN r."group" = 'left' OR u.audit_id <> q.audit_id THEN 'cancelled'
                    WHEN r.request_id IS NOT NULL
                     AND (a.state <> 'waiting' OR EXISTS (
                         SELECT 1 FROM core_change o
                          WHERE o.request_id = r.request_id AND o.state IN ('planned', 'sending', 'unknown')))
                    THEN 'cancelled'
                    ELSE 'planned' END AS state
          FROM core_previewrow r
          JOIN core_worker w ON w.worker_id = r.worker_id
          LEFT JOIN core_qualification q ON q.type_id = r.type_id AND q.worker_id = w.id
          LEFT JOIN core_change u ON u.id = r.undoes_id
          LEFT JOIN core_qualificationrequest a ON a.id = r.request_id
         WHERE r.preview_id = %s AND r.n > %s AND r.n <= %s
           AND r."group" IN ('new', 'score', 'revoke', 'reject', 'left')) s
 ORDER BY s.n
RETURNING id, state"""
_MEANWHILE: Final = "Changed by somebody else after this was checked. Left alone."
_ANSWERED: Final = "The request ended, or somebody else answered it, after this was checked. Nothing is sent."


def _insert_changes(job: Job, entry: uuid.UUID, now: datetime, after: int, to: int) -> list[tuple[int, str]]:
    """Number and state of each."""
    moment, due = db_time(now), now + HELD_BACK if job.source == Preview.Source.INBOX else now
    sql = _INSERT.format(
        now="CAST(%s AS timestamptz)" if connection.vendor == "postgresql" else "%s",
        # Another end than what is held has is no "already so".
        endless="1 = 0" if job.has_end else "q.expires_at IS NULL",
    )
    parameters = [
        db_uuid(job.pk), _MEANWHILE, _ANSWERED, moment, moment, db_time(due), db_uuid(entry), db_uuid(job.pk),
        db_uuid(job.preview_id), after, to,
    ]  # fmt: skip
    with prepared(connection) as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _count(job: Job, states: list[str], to: int) -> None:
    job.planned += states.count("planned")
    job.skipped += states.count("skipped")
    job.cancelled += states.count("cancelled")
    job.prepared_to = to


def record_results_downloaded(*, actor: Actor, job: Job, rows: int) -> None:
    """Results hold worker ids: who took them away is on record."""
    require(actor, Permission.EXPORT_RESULTS, str(job.account_id))
    with audit.transaction(actor.context) as tx:
        tx.record(
            "job.exported",
            target=job_target(job),
            stream=job.stream,
            job=str(job.pk),
            changes={"rows": [None, rows]},
        )
