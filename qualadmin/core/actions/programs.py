"""What programs ask for waits for a second person only where they say that it may: they would take it for done."""

import uuid

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import NotAllowed
from qualadmin.core.models import Change, Job, Preview, Verb

from .jobs import confirm_preview
from .previews import Wishes
from .requests import answer_request
from .thresholds import Reason, reasons_for, reasons_of


class ApprovalRequired(NotAllowed):
    """A second person must approve this. Nothing was done."""

    def __init__(
        self, reasons: list[Reason], cure: str = "Ask for it on the pages, where it waits for approval."
    ) -> None:
        why = " and ".join(one.sentence for one in reasons)
        self.what = f"A second person must approve this: it {why}. Nothing was done."  # without the cure
        super().__init__(f"{self.what} {cure}", code="approval_required")


def confirm_without_waiting(
    *, actor: Actor, preview_id: uuid.UUID, rows_sha256: str, typed_count: int | None, cure: str
) -> Job:
    """As `confirm_preview`, but raise ApprovalRequired, with `cure` in its words, where the job would wait.

    Of a large job this is asked again when all of it is written down; if scores rose meanwhile it may wait then.
    """
    with audit.transaction(actor.context):
        mine = Preview.objects.select_related("account").defer("content").filter(created_by=actor.person_id)
        preview = mine.filter(pk=preview_id, state=Preview.State.READY).first()
        if preview is not None and (reasons := reasons_of(preview)):
            raise ApprovalRequired(reasons, cure)
        job = confirm_preview(actor=actor, preview_id=preview_id, rows_sha256=rows_sha256, typed_count=typed_count)
        if preview is not None and job.state == Job.State.WAITING:  # only just so; the transaction is undone
            raise ApprovalRequired(reasons_for(job), cure)
    return job


def answer_without_waiting(*, actor: Actor, request_id: uuid.UUID, verb: Verb, wishes: Wishes) -> Change:
    """As `answer_request`, sent at once; but raise ApprovalRequired where the answer would wait for approval."""
    with audit.transaction(actor.context):
        change = answer_request(
            actor=actor, request_id=request_id, verb=verb, wishes=wishes, source=Preview.Source.API
        )
        job = change.job
        if job is not None and job.state == Job.State.WAITING:  # the transaction is undone
            raise ApprovalRequired(reasons_for(job))
    return change
