"""The end of a job: nothing of it is open any more, or the rest is given up."""

import uuid
from collections.abc import Sequence
from typing import Final

from django.db import connection
from django.db.models import F
from django.utils import timezone

from qualadmin.audit.models import AuditEntry
from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Target, Who
from qualadmin.core.models import Change, Job

from . import parts

WRONG_FROM_THE_START: Final = 50  # so many failed and not one done: somebody should look before the rest is sent
CANCEL_AT_ONCE: Final = 500  # rows of one statement
STOPPED: Final = "Not sent: the job was stopped before."
#: Of a job in this state nothing more is sent: cause and code of what is given up, and the sentence of a change.
GIVES_UP: Final = {
    Job.State.STOPPED: ("job stopped", "stopped", STOPPED),
    Job.State.DECLINED: ("sent back", "sent_back", ""),
    Job.State.WITHDRAWN: ("withdrawn", "withdrawn", ""),
}
COUNTED: Final = ("done", "failed", "skipped", "cancelled", "needs_person")


def job_target(job: Job) -> Target:
    """How entries name a job: by its number, never by a file name somebody typed."""
    changes = "1 change" if job.total == 1 else f"{job.total:,} changes"
    return Target("job", str(job.pk), f"“{job.get_kind_display()}, {changes}”")


def cancel_part(
    tx: Transaction,
    job: Job,
    *,
    cause: str,
    code: str,
    message: str,
    on_behalf_of: Who | None = None,
) -> bool:
    """Give up what was not sent yet, or a part of it if that is much. True: something is left for another call.

    Call with the job's row locked; calls in hand stay as they are.
    """
    planned = Change.objects.filter(job=job, state=Change.State.PLANNED)
    skip = connection.features.has_select_for_update_skip_locked
    part = planned.select_for_update(no_key=True, skip_locked=skip).order_by("id").values_list("pk", flat=True)
    few = job.planned <= parts.AT_ONCE
    ids = list(part[: parts.AT_ONCE if few else parts.PART])
    if ids:
        cancel(tx, job, ids, cause=cause, code=code, message=message, on_behalf_of=on_behalf_of)
    return planned.exists()


def cancel(
    tx: Transaction,
    job: Job,
    ids: Sequence[int],
    *,
    cause: str,
    code: str,
    message: str,
    on_behalf_of: Who | None = None,
) -> None:
    """Give up these planned changes of the job (locked by the caller), with one entry, and count them."""
    entry = tx.record(
        "change.cancelled",
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        on_behalf_of=on_behalf_of,
        changes={
            "state": ["planned", "cancelled"],
            "cause": [None, cause],
            "count": [None, len(ids)],
        },
    )
    now = timezone.now()
    for start in range(0, len(ids), CANCEL_AT_ONCE):
        Change.objects.filter(pk__in=ids[start : start + CANCEL_AT_ONCE]).update(
            state=Change.State.CANCELLED, code=code, message=message, finished_at=now, audit_id=entry
        )
    Job.objects.filter(pk=job.pk).update(planned=F("planned") - len(ids), cancelled=F("cancelled") + len(ids))


def pause_where_all_fail(tx: Transaction, job_id: uuid.UUID) -> bool:
    """Pause a running job whose first calls Amazon refused one and all: most likely the whole list is wrong.

    Once only: whoever resumed the job wants the rest to be tried.
    """
    rows = Job.objects.select_for_update(of=("self",), no_key=True).select_related("study", "account")
    failing = rows.filter(done=0, skipped=0, failed__gte=WRONG_FROM_THE_START, planned__gt=0)
    job = failing.filter(pk=job_id, state=Job.State.RUNNING).first()
    if job is None or AuditEntry.objects.filter(job=str(job_id), action="job.resumed").exists():
        return False
    entry = tx.record(
        "job.paused",
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        changes={"state": [job.state, Job.State.PAUSED.value], "failed": [None, job.failed]},
    )
    Job.objects.filter(pk=job.pk).update(state=Job.State.PAUSED, audit_id=entry)
    return True


def finish_job(tx: Transaction, job_id: uuid.UUID) -> bool:
    """Close the job if nothing is open any more. Two processes may try; one does it.

    A job that was stopped stays "stopped". Calls that were in hand then may come back unsent: they are given up.
    A job that has something to prepare before it is sent has not ended.
    """
    jobs = Job.objects.select_for_update(of=("self",), no_key=True).select_related("study", "account")
    job = jobs.get(pk=job_id)
    if job.finished_at is not None or job.prepares:
        return False
    if job.state == Job.State.STOPPED and job.planned > 0:
        cause, code, message = GIVES_UP[Job.State.STOPPED]
        if cancel_part(tx, job, cause=cause, code=code, message=message):
            return False  # giving_up.py goes on
        job = jobs.get(pk=job_id)
    if job.planned > 0 or Change.objects.filter(job=job, state__in=Change.OPEN).exists():
        return False
    to = Job.State.STOPPED if job.state == Job.State.STOPPED else Job.State.FINISHED
    entry = tx.record(
        "job.finished",
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        changes={
            "state": [job.state, to.value],
            **{name: [None, getattr(job, name)] for name in COUNTED},
        },
    )
    Job.objects.filter(pk=job.pk).update(state=to, finished_at=timezone.now(), audit_id=entry)
    return True
