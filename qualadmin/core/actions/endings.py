"""The end of a job: nothing of it is open any more."""

import uuid

from django.utils import timezone

from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Target
from qualadmin.core.models import Change, Job

COUNTED = ("done", "failed", "skipped", "cancelled", "needs_person")


def job_target(job: Job) -> Target:
    """How entries name a job: by its number, never by a file name somebody typed."""
    changes = "1 change" if job.total == 1 else f"{job.total:,} changes"
    return Target("job", str(job.pk), f"“{job.get_kind_display()}, {changes}”")


def finish_job(tx: Transaction, job_id: uuid.UUID) -> bool:
    """Close the job if nothing is open any more. Two processes may try; one does it."""
    job = Job.objects.select_for_update(of=("self",)).select_related("study", "account").get(pk=job_id)
    if job.planned > 0 or job.state == Job.State.FINISHED:
        return False
    if Change.objects.filter(job=job, state__in=Change.OPEN).exists():
        return False
    entry = tx.record(
        "job.finished",
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        changes={
            "state": [job.state, "finished"],
            **{name: [None, getattr(job, name)] for name in COUNTED},
        },
    )
    Job.objects.filter(pk=job.pk).update(state=Job.State.FINISHED, finished_at=timezone.now(), audit_id=entry)
    return True
