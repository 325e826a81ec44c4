"""What is left of a large job that was stopped, sent back or withdrawn is given up part by part.

Nothing of it is sent from the moment the person clicked: only running jobs are claimed from. What follows only
says so at each change, in short transactions with the job's row locked, so that whoever else saves need not wait.
A process that dies leaves whole parts, and the sweep rings again.
"""

import uuid

from django.db.models import Exists, OuterRef

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.killpoints import reached
from qualadmin.core.models import Change, Job

from .endings import GIVES_UP, cancel_part, finish_job


def give_up_part(*, actor: Actor, job_id: uuid.UUID) -> bool:
    """Give up the next part of the job. True while something is left to do for another call.

    A job that has nothing to give up (any more) is left alone.
    """
    with audit.transaction(actor.context) as tx:
        jobs = Job.objects.select_for_update(of=("self",), no_key=True).select_related(
            "account", "study", "created_by"
        )
        job = jobs.filter(pk=job_id, state__in=Job.GIVEN_UP).first()
        if job is None:
            return False
        cause, code, message = GIVES_UP[Job.State(job.state)]
        asker = job.created_by.as_actor().who
        left = cancel_part(tx, job, cause=cause, code=code, message=message, on_behalf_of=asker)
        if not left:
            finish_job(tx, job.pk)
        reached("giving_up")
    reached("gave_up_part")
    return left


def jobs_to_give_up() -> list[uuid.UUID]:
    """Jobs of which something is left to be given up: the sweep rings for them."""
    planned = Change.objects.filter(job=OuterRef("pk"), state=Change.State.PLANNED)
    jobs = Job.objects.filter(Exists(planned), state__in=Job.GIVEN_UP, planned__gt=0)
    return list(jobs.order_by("created_at").values_list("pk", flat=True))
