"""One change asked for by a program: the preview, its confirmation and the job of one, in one transaction.

What a person would be shown first is checked all the same: nothing is accepted that the check page would refuse.
"""

from datetime import datetime
from typing import Final

from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict
from qualadmin.core.models import Job, Preview, PreviewRow, QualificationType, Verb
from qualadmin.core.permissions import Permission, require
from qualadmin.core.reading import Plan

from .diff import row_for
from .jobs import confirm_own
from .previews import Wishes, check_type, insert_ready, take_wishes
from .programs import ApprovalRequired
from .thresholds import reasons_of

ALREADY: Final = {
    Verb.GRANT: "The worker holds this with that score already, as last seen at Amazon. Nothing was done.",
    Verb.REVOKE: "The worker does not hold this, as last seen at Amazon. Nothing was done.",
}


def ask_for_change(
    *, actor: Actor, type: QualificationType, worker_id: str, verb: Verb, wishes: Wishes
) -> dict[str, str]:
    """Accept one change, to be sent by the task cluster: `{"id", "created_at"}` of it, as JSON has it.

    `worker_id` is well-formed. Without a score the type's own is granted. Raises NotAllowed, ActionError naming
    the field, Conflict where it is so already or the account is closed, and ApprovalRequired.
    """
    account = type.account
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    check_type(type, verb)
    with audit.transaction(actor.context) as tx:
        change, moment = _change(tx, actor, type, worker_id, verb, wishes)
    return _answer(change, moment)


def _change(
    tx: Transaction, actor: Actor, type: QualificationType, worker_id: str, verb: Verb, wishes: Wishes
) -> tuple[int, datetime]:
    score = type.default_score if verb == Verb.GRANT and wishes.score is None else wishes.score
    preview = Preview(
        account=type.account,
        created_by_id=actor.person_id,
        source=Preview.Source.API,
        verb=verb,
        type=type,
        options=Plan(types={"": str(type.pk)}).as_json(),
    )
    take_wishes(preview, {"": type}, wishes)
    preview.score = score
    row = row_for(type, worker_id, verb, score)
    if row.group == PreviewRow.Group.SAME:
        raise Conflict(ALREADY[verb], code="already_so")
    if row.group == PreviewRow.Group.PROBLEM:
        raise ActionError(row.why, field="worker", code=row.code)
    insert_ready(preview, [row], state=Preview.State.CONFIRMED)
    if reasons := reasons_of(preview):
        raise ApprovalRequired(reasons)
    now = timezone.now()
    job, change = confirm_own(tx, actor=actor, preview=preview, row=row, now=now)
    if job.state == Job.State.WAITING:  # what is so changed in this very moment; the transaction is undone
        raise ApprovalRequired(reasons_of(preview))
    return change, now


def _answer(pk: int, created_at: datetime) -> dict[str, str]:
    return {"id": str(pk), "created_at": f"{created_at:%Y-%m-%dT%H:%M:%SZ}"}
