"""A large job becomes ready part by part, and only then is any of it sent.

Its lines become changes, or what failed is planned again, or what came true while it waited for approval is left
out: `Job.prepares` says which. Confirming, retrying and approving a large job do nothing but note that, so a
second click finds it whatever happens next. Each part is one short transaction that begins where the last ended,
with the job's row locked: a process that dies leaves whole parts, two processes at once take turns, and whoever
comes next goes on. A job that was paused or stopped meanwhile is not prepared any further.
"""

import uuid
from typing import Any

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.killpoints import reached
from qualadmin.core.models import Change, Job, PreviewRow, QualificationRequest
from qualadmin.core.queue import DRAIN, ring

from . import parts
from .approvals import bring_up_to_date
from .endings import finish_job, job_target
from .jobs import BECOMES_A_CHANGE, begin_job, write_changes


def prepare_job(*, actor: Actor, job_id: uuid.UUID) -> bool:
    """Do the next part of the job, or let it run. True while something is left to do for another call.

    A job that is not being prepared (any more) is left alone.
    """
    with audit.transaction(actor.context) as tx:
        job = (
            Job.objects.select_for_update(of=("self",), no_key=True)
            .select_related("account", "study", "created_by")
            .filter(pk=job_id, state=Job.State.PREPARING)
            .first()
        )
        if job is None:
            return False
        if not _PARTS[Job.Prepares(job.prepares)](tx, job):
            _let_run(tx, job)
            return False
        reached("preparing")
    reached("prepared_part")
    return True


def jobs_to_prepare() -> list[uuid.UUID]:
    """Jobs that somebody must go on preparing: the sweep rings for them."""
    return list(Job.objects.filter(state=Job.State.PREPARING).order_by("created_at").values_list("pk", flat=True))


def retryable(job: Job) -> QuerySet[Change]:
    """What failed and may be sent again: not an answer to a request that ended, or that somebody answers anew.

    And not what is about a worker who was erased: there is no ID to send.
    """
    again = Change.objects.filter(request=OuterRef("request"), state__in=Change.OPEN)
    waits = Q(request__state=QualificationRequest.State.WAITING) & ~Exists(again)
    return Change.objects.filter(
        Q(request=None) | waits, job=job, state=Change.State.FAILED, worker__erased_at=None
    )


def plan_again(job: Job, failed: QuerySet[Change], entry: uuid.UUID) -> int:
    """These failed changes of the job (locked by the caller) are to be sent again. Returns how many there were."""
    if job.kind in (Job.Kind.ACCEPT, Job.Kind.REJECT):
        answered = QualificationRequest.objects.filter(pk__in=failed.order_by().values("request")).order_by("pk")
        list(answered.select_for_update(no_key=True).values_list("pk", flat=True))
    count = failed.update(
        state=Change.State.PLANNED,
        due_at=timezone.now(),
        finished_at=None,
        code="",
        message="",
        checks=0,
        throttles=F("attempt"),  # the limit of real calls begins anew: a person decided
        audit_id=entry,
    )
    Job.objects.filter(pk=job.pk).update(planned=F("planned") + count, failed=F("failed") - count)
    return count


def _write_part(tx: Transaction, job: Job) -> bool:
    """The next lines of the preview become changes. False if there are none."""
    lines = PreviewRow.objects.filter(preview=job.preview_id, group__in=BECOMES_A_CHANGE)
    last = _end_of_part(job, lines)
    if last is None:
        return False
    write_changes(job, _record_part(tx, job, prepared_to=[job.prepared_to, last]), timezone.now(), to=last)
    return True


def _check_part(tx: Transaction, job: Job) -> bool:
    """The next changes of an approved job are compared with what is so now. False if there are none."""
    last = _end_of_part(job, Change.objects.filter(job=job, state=Change.State.PLANNED))
    if last is None:
        return False
    entry = _record_part(tx, job, prepared_to=[job.prepared_to, last])
    bring_up_to_date(job, entry, timezone.now(), after=job.prepared_to, to=last)
    Job.objects.filter(pk=job.pk).update(prepared_to=last)
    return True


def _retry_part(tx: Transaction, job: Job) -> bool:
    """The next changes that failed are planned again. False if there are none."""
    failed = retryable(job)
    ids = list(failed.order_by("n").values_list("pk", flat=True)[: parts.PART])
    if not ids:
        return False
    plan_again(job, failed.filter(pk__in=ids), _record_part(tx, job, retried=[None, len(ids)]))
    return True


_PARTS = {
    Job.Prepares.LIST: _write_part,
    Job.Prepares.APPROVED: _check_part,
    Job.Prepares.RETRY: _retry_part,
}


def _end_of_part(job: Job, rows: QuerySet[Any]) -> int | None:
    """The number of the row with which the next part ends; None if none is left."""
    left = rows.filter(n__gt=job.prepared_to).order_by("n")
    last: int | None = left[: parts.PART].aggregate(end=Max("n"))["end"]
    return last


def _record_part(tx: Transaction, job: Job, **changes: list[int | None]) -> uuid.UUID:
    return _record(tx, job, "job.part_prepared", changes)


def _let_run(tx: Transaction, job: Job) -> None:
    entry = _record(tx, job, "job.prepared", {"state": [job.state, Job.State.RUNNING.value]})
    is_new = job.prepares == Job.Prepares.LIST
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, prepares="", audit_id=entry)
    job.state, job.prepares = Job.State.RUNNING, ""
    if is_new:
        begin_job(tx, job)
    elif not finish_job(tx, job.pk):
        ring(DRAIN, str(job.account_id))


def _record(tx: Transaction, job: Job, action: str, changes: dict[str, Any]) -> uuid.UUID:
    return tx.record(
        action,
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        on_behalf_of=job.created_by.as_actor().who,
        changes=changes,
    )
