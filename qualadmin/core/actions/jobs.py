"""Jobs: from a confirmed preview to planned changes; stop, resume, retry."""

import uuid
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Count, F
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import Change, Job, Preview, PreviewRow, QualificationType, Verb
from qualadmin.core.models.qualifications import new_salt
from qualadmin.core.permissions import Permission, allowed, require
from qualadmin.core.queue import DRAIN, ring

from ._sql import db_time, db_uuid, insert_rows
from .endings import finish_job, job_target
from .previews import ACTIONABLE, check_type

TYPED_COUNT_FROM: Final = 100  # in production, more workers than this must be typed by hand


def confirm_preview(
    *, actor: Actor, preview_id: uuid.UUID, rows_sha256: str, typed_count: int | None = None
) -> Job:
    """Turn exactly what was shown into a job. A second click gets the same job back.

    `rows_sha256` is the digest of the rows on the page that was confirmed. Lines that have come true
    meanwhile become "already so". Raises Conflict if the preview is not the one that was shown.
    """
    with audit.transaction(actor.context, durable=False) as tx:
        preview = (
            Preview.objects.select_for_update(of=("self",))
            .select_related("account", "study", "type")
            .filter(pk=preview_id)
            .first()
        )
        if preview is None or preview.created_by_id != actor.user_id:
            raise NotVisible
        if preview.state == Preview.State.CONFIRMED:
            return Job.objects.get(preview=preview)
        _check(actor, preview, rows_sha256, typed_count)
        return _create(tx, actor, preview, timezone.now())


def _check(actor: Actor, preview: Preview, rows_sha256: str, typed_count: int | None) -> None:
    account = preview.account
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    if preview.state != Preview.State.READY:
        raise Conflict("This list is no longer open. Nothing was done. Start again with a new list.")
    if preview.rows_sha256 != rows_sha256:
        raise Conflict(
            "This list was changed in another window after you opened this page. Nothing was done. "
            "Look at the list again and confirm then.",
            code="changed_meanwhile",
        )
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
    if preview.study is not None and not preview.study.is_open:
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
    types = PreviewRow.objects.filter(preview=preview, group__in=ACTIONABLE).values_list("type", "verb")
    for type_id, verb in types.order_by().distinct():
        check_type(QualificationType.objects.get(pk=type_id), Verb(verb))


def actionable(preview: Preview) -> int:
    """How many changes the confirm button stands for."""
    return sum(preview.counts.get(group, 0) for group in ACTIONABLE)


def _create(tx: Transaction, actor: Actor, preview: Preview, now: datetime) -> Job:
    counts = preview.counts
    job = Job(
        account=preview.account,
        study=preview.study,
        preview=preview,
        created_by_id=actor.person_id,
        kind=_kind(counts),
        title=_title(preview),
        reason=preview.reason,
        notify=preview.notify,
        revoke_reason=preview.revoke_reason,
        source=preview.source,
        file_name=preview.file_name,
        file_sha256=preview.file_sha256,
        file_size=preview.file_size,
        rows_sha256=preview.rows_sha256,
        total=actionable(preview),
    )
    entry = _record_created(tx, job, counts)
    _insert_workers(preview, entry, now)
    job.audit_id = entry
    job.save(force_insert=True)
    _insert_changes(job, entry, now)
    _count(job)
    preview.state, preview.content = Preview.State.CONFIRMED, None  # the bytes are not kept
    preview.save(update_fields=["state", "content"])
    if job.planned:
        ring(DRAIN, str(job.account_id))
    else:
        finish_job(tx, job.pk)
    return job


def _kind(counts: dict[str, int]) -> Job.Kind:
    grants = counts.get("new", 0) + counts.get("score", 0)
    if not counts.get("revoke"):
        return Job.Kind.GRANT
    return Job.Kind.MIXED if grants else Job.Kind.REVOKE


def _title(preview: Preview) -> str:
    """What people call the job: the file's name, or the type and the number of workers."""
    if preview.file_name:
        return preview.file_name
    count = actionable(preview)
    workers = f"{count} worker{'s' if count != 1 else ''}"
    return f"{preview.type.name if preview.type else 'Several types'}, {workers}"[:200]


def _record_created(tx: Transaction, job: Job, counts: dict[str, int]) -> uuid.UUID:
    payload = {"reason": job.reason, "file_name": job.file_name, "revoke_reason": job.revoke_reason}
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
            "skipped": [None, counts.get("same", 0)],
            "corrections": [None, counts.get("corrected", 0)],
            "notify": [None, job.notify],
            "sha256": [None, job.file_sha256],
            "rows_sha256": [None, job.rows_sha256],
            "environment": [None, job.account.environment],
        },
        payload={key: text for key, text in payload.items() if text} or None,
    )


def _insert_workers(preview: Preview, entry: uuid.UUID, now: datetime) -> None:
    """Workers met for the first time. Somebody else may be adding the same ones."""
    new = (
        PreviewRow.objects.filter(preview=preview, group__in=ACTIONABLE, known=None)
        .order_by()
        .values_list("worker_id", flat=True)
        .distinct()
    )
    insert_rows(
        "core_worker",
        "id, worker_id, salt, created_at, audit_id",
        ((db_uuid(uuid.uuid4()), one, new_salt(), db_time(now), db_uuid(entry)) for one in new),
        "ON CONFLICT (worker_id) DO NOTHING",
    )


# One statement: what was shown, against what is so at this very moment.
_INSERT: Final = """
INSERT INTO core_change (job_id, n, line, type_id, worker_id, verb, status_before, value_before, value, state,
    attempt, code, message, aws_request_id, created_at, finished_at, due_at, lease_by, checks, throttles, audit_id)
SELECT %s, r.n, r.line, r.type_id, w.id, r.verb, COALESCE(q.status, ''), q.value, r.value,
       CASE WHEN {so} THEN 'skipped' ELSE 'planned' END,
       0, CASE WHEN {so} THEN 'already_so' ELSE '' END, '', '',
       {now}, CASE WHEN {so} THEN {now} ELSE NULL END, {now}, '', 0, 0, %s
  FROM core_previewrow r
  JOIN core_worker w ON w.worker_id = r.worker_id
  LEFT JOIN core_qualification q ON q.type_id = r.type_id AND q.worker_id = w.id
 WHERE r.preview_id = %s AND r."group" IN ('new', 'score', 'revoke')
 ORDER BY r.n"""
_SO: Final = """((r.verb = 'grant' AND COALESCE(q.status, '') = 'Granted' AND q.value = r.value)
            OR (r.verb = 'revoke' AND COALESCE(q.status, '') <> 'Granted'))"""


def _insert_changes(job: Job, entry: uuid.UUID, now: datetime) -> None:
    moment = db_time(now)
    sql = _INSERT.format(so=_SO, now="CAST(%s AS timestamptz)" if connection.vendor == "postgresql" else "%s")
    parameters = [db_uuid(job.pk), moment, moment, moment, db_uuid(entry), db_uuid(job.preview_id)]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def _count(job: Job) -> None:
    rows = Change.objects.filter(job=job).order_by().values_list("state").annotate(Count("pk"))
    found: dict[str, int] = dict(rows)
    job.planned, job.skipped = found.get("planned", 0), found.get("skipped", 0)
    Job.objects.filter(pk=job.pk).update(planned=job.planned, skipped=job.skipped)


def _locked(actor: Actor, job_id: uuid.UUID) -> Job:
    job = (
        Job.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("account", "study")
        .filter(pk=job_id)
        .first()
    )
    if job is None:
        raise NotVisible
    return job


def may_control(actor: Actor, job: Job) -> bool:
    """Whether the person may resume or retry the job: who started it, and still may grant."""
    return job.created_by_id == actor.user_id and allowed(
        actor, Permission.CONTROL_OWN_JOBS, str(job.account_id), production=job.account.is_production
    )


def may_stop(actor: Actor, job: Job) -> bool:
    """Whoever started it, PIs and managers."""
    return may_control(actor, job) or allowed(actor, Permission.STOP_JOBS, str(job.account_id))


def stop_job(*, actor: Actor, job_id: uuid.UUID) -> Job:
    """No further call is started; calls in hand are finished. Stopping twice changes nothing."""
    with audit.transaction(actor.context) as tx:
        job = _locked(actor, job_id)
        if not may_stop(actor, job):
            raise NotAllowed("Who started the job, a PI or a manager can stop it. Nothing was done.")
        if job.state == Job.State.STOPPED:
            return job
        if job.state == Job.State.FINISHED:
            raise Conflict("The job had already finished. There was nothing left to stop.", code="finished")
        return _move(tx, job, "job.stopped", Job.State.STOPPED)


def resume_job(*, actor: Actor, job_id: uuid.UUID) -> Job:
    """Go on with a stopped job. Resuming a running one changes nothing."""
    with audit.transaction(actor.context) as tx:
        job = _locked(actor, job_id)
        _require_control(actor, job)
        if job.state == Job.State.RUNNING:
            return job
        if job.state == Job.State.FINISHED:
            raise Conflict("The job had already finished. There was nothing left to do.", code="finished")
        job = _move(tx, job, "job.resumed", Job.State.RUNNING)
        ring(DRAIN, str(job.account_id))
        return job


def retry_failed(*, actor: Actor, job_id: uuid.UUID) -> Job:
    """Send again only what failed. Each change keeps the count of its attempts."""
    with audit.transaction(actor.context) as tx:
        job = _locked(actor, job_id)
        _require_control(actor, job)
        failed = Change.objects.filter(job=job, state=Change.State.FAILED)
        count = failed.count()
        if count == 0:
            raise Conflict("No change of this job has failed. Nothing was done.", code="nothing_failed")
        entry = tx.record(
            "job.retried",
            target=job_target(job),
            stream=job.stream,
            job=str(job.pk),
            changes={"state": [job.state, "running"], "retried": [None, count]},
        )
        failed.update(
            state=Change.State.PLANNED,
            due_at=timezone.now(),
            finished_at=None,
            code="",
            message="",
            checks=0,
            throttles=F("attempt"),  # the limit of real calls begins anew: a person decided
            audit_id=entry,
        )
        moves: dict[str, Any] = {"planned": F("planned") + count, "failed": F("failed") - count}
        Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, finished_at=None, audit_id=entry, **moves)
        ring(DRAIN, str(job.account_id))
    job.refresh_from_db()
    return job


def _require_control(actor: Actor, job: Job) -> None:
    if not may_control(actor, job):
        raise NotAllowed("Only who started the job can do this, while still being a granter. Nothing was done.")


def _move(tx: Transaction, job: Job, action: str, to: Job.State) -> Job:
    entry = tx.record(
        action,
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        changes={"state": [job.state, to.value]},
    )
    moved = Job.objects.filter(pk=job.pk, state=job.state).update(state=to, audit_id=entry)
    if moved != 1:
        raise Conflict("Somebody else was faster. Look at the job again.")
    job.state = to
    return job


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
