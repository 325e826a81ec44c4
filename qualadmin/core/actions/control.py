"""What people do with a job that exists: pause, stop, resume, retry the failed.

Each is one move of one locked row, so that of two people one is first, and the other learns what became of it.
"""

import uuid

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.errors import Conflict, NotAllowed, NotVisible
from qualadmin.core.models import Change, Job
from qualadmin.core.permissions import Permission, allowed
from qualadmin.core.queue import DRAIN, GIVE_UP, PREPARE, ring

from . import parts
from .endings import GIVES_UP, cancel_part, finish_job, job_target
from .preparing import plan_again, retryable
from .rows import move


def _locked(actor: Actor, job_id: uuid.UUID) -> Job:
    job = (
        Job.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
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
    """Whether the person may pause or stop the job: whoever started it, PIs and managers."""
    return may_control(actor, job) or allowed(actor, Permission.STOP_JOBS, str(job.account_id))


def pause_job(*, actor: Actor, job_id: uuid.UUID) -> Job:
    """No further call is started until somebody resumes the job; calls in hand are finished. Nothing is final.

    Of a job that is being prepared no further part is.

    The job keeps its place: other jobs for the same workers go on waiting for it. Pausing twice changes nothing.
    """
    with audit.transaction(actor.context) as tx:
        job = _locked(actor, job_id)
        if not may_stop(actor, job):
            raise NotAllowed("Who started the job, a PI or a manager can pause it. Nothing was done.")
        if job.state == Job.State.PAUSED:
            return job
        _require_released(job)
        if job.state not in (Job.State.RUNNING, Job.State.PREPARING):
            raise Conflict(f"{_ended(job)} There was nothing left to pause.", code="ended")
        return _move(tx, job, "job.paused", Job.State.PAUSED)


def stop_job(*, actor: Actor, job_id: uuid.UUID) -> Job:
    """End the job for good: what was not sent never is; calls in hand are finished. Jobs that waited for it go on.

    The changes of a large job are told so part by part (giving_up.py), and what was not written down yet never is.
    Stopping twice changes nothing.
    """
    with audit.transaction(actor.context) as tx:
        job = _locked(actor, job_id)
        if not may_stop(actor, job):
            raise NotAllowed("Who started the job, a PI or a manager can stop it. Nothing was done.")
        if job.state == Job.State.STOPPED:
            return job
        _require_released(job)
        if job.state == Job.State.FINISHED:
            raise Conflict(f"{_ended(job)} There was nothing left to stop.", code="ended")
        count = Change.objects.filter(job=job, state=Change.State.PLANNED).count()
        job = _move(tx, job, "job.stopped", Job.State.STOPPED, {"given_up": [None, count]})
        cause, code, message = GIVES_UP[Job.State.STOPPED]
        if cancel_part(tx, job, cause=cause, code=code, message=message):
            ring(GIVE_UP, str(job.pk))
        else:
            finish_job(tx, job.pk)
        ring(DRAIN, str(job.account_id))
    job.refresh_from_db()
    return job


def resume_job(*, actor: Actor, job_id: uuid.UUID) -> Job:
    """Go on with a paused job, or with preparing it. Resuming one that is not paused changes nothing."""
    with audit.transaction(actor.context) as tx:
        job = _locked(actor, job_id)
        _require_control(actor, job)
        if job.state in (Job.State.RUNNING, Job.State.PREPARING):
            return job
        _require_released(job)
        if job.state != Job.State.PAUSED:
            raise Conflict(f"{_ended(job)} There was nothing left to do.", code="ended")
        if job.prepares:  # never straight to running: what is asked once all is written down must be asked
            job = _move(tx, job, "job.resumed", Job.State.PREPARING)
            ring(PREPARE, str(job.pk))
        else:
            job = _move(tx, job, "job.resumed", Job.State.RUNNING)
            ring(DRAIN, str(job.account_id))
        return job


def _require_released(job: Job) -> None:
    """Raise Conflict for a job that waits for approval or never got it: nothing was sent."""
    if job.state == Job.State.WAITING:
        raise Conflict("The job waits for approval; nothing of it is sent. Nothing was done.", code="waiting")
    if job.state in (Job.State.DECLINED, Job.State.WITHDRAWN):
        raise Conflict("The job was sent back or withdrawn. Nothing of it will be sent.", code="not_approved")


def _ended(job: Job) -> str:
    stopped = job.state == Job.State.STOPPED
    return "The job was already stopped for good." if stopped else "The job had already finished."


def retry_failed(*, actor: Actor, job_id: uuid.UUID) -> Job:
    """Send again only what failed, also of a job that was stopped. Each change keeps the count of its attempts.

    Much of it is planned again part by part (preparing.py), and only then sent.
    """
    with audit.transaction(actor.context) as tx:
        job = _locked(actor, job_id)
        _require_control(actor, job)
        failed = retryable(job)
        count = failed.count()
        _require_retryable(job, count)
        large = count > parts.AT_ONCE
        to = Job.State.PREPARING if large else Job.State.RUNNING
        entry = tx.record(
            "job.retried",
            target=job_target(job),
            stream=job.stream,
            job=str(job.pk),
            changes={"state": [job.state, to.value], "retried": [None, count]},
        )
        prepares = Job.Prepares.RETRY if large else ""
        move(Job.objects.filter(pk=job.pk), entry=entry, state=to, prepares=prepares, finished_at=None)
        if large:
            ring(PREPARE, str(job.pk))
        else:
            plan_again(job, failed, entry)
            ring(DRAIN, str(job.account_id))
    job.refresh_from_db()
    return job


def _require_retryable(job: Job, failed: int) -> None:
    if job.state == Job.State.PAUSED:
        raise Conflict("The job is paused. Resume it first. Nothing was done.", code="paused")
    if job.state == Job.State.PREPARING:
        raise Conflict("The job is being prepared to be sent. Nothing more was done.", code="preparing")
    if failed == 0:
        raise Conflict("No change of this job has failed. Nothing was done.", code="nothing_failed")
    # What was given up must not come back with what failed, and of much the number must stay what it is.
    if job.finished_at is None and (job.state == Job.State.STOPPED or failed > parts.AT_ONCE):
        raise Conflict("The job has not ended yet. Nothing was done. Try again when it has.", code="not_ended")


def _require_control(actor: Actor, job: Job) -> None:
    if not may_control(actor, job):
        raise NotAllowed("Only who started the job can do this, while still being a granter. Nothing was done.")


def _move(
    tx: Transaction, job: Job, action: str, to: Job.State, counts: dict[str, list[int | None]] | None = None
) -> Job:
    entry = tx.record(
        action,
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        changes={"state": [job.state, to.value], **(counts or {})},
    )
    if to == Job.State.STOPPED:
        job.prepares = ""
    move(Job.objects.filter(pk=job.pk, state=job.state), entry=entry, state=to, prepares=job.prepares)
    job.state = to
    return job
