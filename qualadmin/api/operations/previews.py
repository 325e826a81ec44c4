"""A list before anything of it happens: what it would do, line by line; then confirmed, or forgotten."""

import re
import uuid
from typing import Any, Final

from django.db.models import Q, QuerySet

from qualadmin.api import shapes
from qualadmin.api.answers import Code, Refused, invalid
from qualadmin.api.many import Items
from qualadmin.api.operation import Answer, Call, Operation, Repeats
from qualadmin.api.pages import PAGING, page_of
from qualadmin.api.parameters import Choice, Flag, Integer, Text, Uuid
from qualadmin.core.actions.corrections import accept_corrections, proposed_lines
from qualadmin.core.actions.jobs import actionable, confirm_preview
from qualadmin.core.actions.previews import discard_preview
from qualadmin.core.actions.programs import confirm_without_waiting
from qualadmin.core.actions.thresholds import reasons_of
from qualadmin.core.actions.undo import prepare_undo
from qualadmin.core.models import INTEGER_MAX, Preview, PreviewRow, Verb
from qualadmin.core.permissions import Permission, Scope, sees_account
from qualadmin.web.checking import emails_of, tally_of

from .grants import REASON, STUDY, find_study
from .jobs import JOB, JOB_ID, find_job
from .jobs import shown as shown_job

#: What the groups of lines are called here.
GROUPS: Final[dict[str, str]] = {
    PreviewRow.Group.NEW: "new",
    PreviewRow.Group.SCORE: "score_change",
    PreviewRow.Group.SAME: "already_so",
    PreviewRow.Group.REVOKE: "taken_away",
    PreviewRow.Group.PROBLEM: "cannot_be_done",
    PreviewRow.Group.LEFT: "changed_since",
}
_GROUP_OF: Final = {word: group for group, word in GROUPS.items()}
CORRECTIONS: Final = "correction"
COUNTED: Final[dict[str, str]] = {
    **GROUPS,
    "proposed": "corrections_proposed",
    "corrected": "corrections_accepted",
}
PREVIEW: Final = shapes.thing(
    id=shapes.TEXT,
    created_at=shapes.TIME,
    state=shapes.one_of(*Preview.State.values),
    verb=shapes.one_of(*Verb.values),
    account=shapes.TEXT,
    study=shapes.TEXT_OR_NULL,
    reason=shapes.TEXT,
    file_name=shapes.TEXT,
    undoes=shapes.TEXT_OR_NULL,
    counts=shapes.thing(**dict.fromkeys(COUNTED.values(), shapes.INTEGER), pending_requests=shapes.INTEGER),
    changes=shapes.INTEGER,
    count_needed=shapes.FLAG,
    approval=shapes.many(shapes.TEXT),
    emails=shapes.many(shapes.TEXT),
    notes=shapes.many(shapes.TEXT),
    digest=shapes.TEXT,
)
LINE: Final = shapes.thing(
    line=shapes.INTEGER,
    group=shapes.one_of(*GROUPS.values()),
    verb=shapes.one_of(*Verb.values),
    QualificationTypeId=shapes.TEXT_OR_NULL,
    given=shapes.TEXT,
    WorkerId=shapes.TEXT_OR_NULL,
    correction=shapes.TEXT_OR_NULL,
    IntegerValue=shapes.INTEGER_OR_NULL,
    status_before=shapes.TEXT_OR_NULL,
    value_before=shapes.INTEGER_OR_NULL,
    code=shapes.TEXT,
    message=shapes.TEXT,
)
PREVIEW_ID: Final = Uuid("PreviewId", "The id of the preview.", required=True)


def shown(preview: Preview) -> dict[str, Any]:
    """The preview as answers hold it. No worker is named: the answer may be kept for good."""
    is_open = preview.state == Preview.State.READY
    reasons = reasons_of(preview) if is_open else []
    tally = tally_of(preview)
    counts = {word: preview.counts.get(key, 0) for key, word in COUNTED.items()}
    return {
        "id": str(preview.pk),
        "created_at": shapes.time(preview.created_at),
        "state": preview.state,
        "verb": preview.verb,
        "account": preview.account.slug,
        "study": preview.study.slug if preview.study else None,
        "reason": preview.reason,
        "file_name": preview.file_name,
        "undoes": str(preview.undoes_id) if preview.undoes_id else None,
        "counts": {**counts, "pending_requests": preview.counts.get("requests", 0)},
        "changes": actionable(preview),
        "count_needed": tally.must_type,
        "approval": [f"It {one.sentence}." for one in reasons],
        "emails": emails_of(preview, tally),
        "notes": list(preview.notes),
        "digest": preview.rows_sha256,
    }


def _line(row: PreviewRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "group": GROUPS[row.group],
        "verb": row.verb,
        "QualificationTypeId": row.type.mturk_id if row.type else None,
        "given": row.given,
        "WorkerId": row.worker_id or None,
        "correction": row.proposal or None,
        "IntegerValue": row.value,
        "status_before": row.status_before or None,
        "value_before": row.value_before,
        "code": row.code,
        "message": row.why,
    }


def find_preview(call: Call, *, content: bool = False) -> Preview:
    """The person's own preview of the parameter PreviewId, in an account in reach. Raises Refused 404."""
    rows = Preview.objects.select_related("account", "study").filter(created_by=call.actor.person_id)
    if not content:
        rows = rows.defer("content")
    preview = rows.filter(pk=call.values["PreviewId"]).first()
    if preview is None or not sees_account(call.actor, str(preview.account_id)):
        raise Refused(
            Code.NOT_FOUND, 404, "There is no such preview, or it is not yours to see. Nothing was done."
        )
    return preview


def _get(call: Call) -> Answer:
    return Answer(shown(find_preview(call)))


def _lines(call: Call) -> Answer:
    rows: QuerySet[PreviewRow] = PreviewRow.objects.filter(preview=find_preview(call)).select_related("type")
    group = call.values["Group"]
    if group == CORRECTIONS:
        rows = rows.filter(Q(group=PreviewRow.Group.PROBLEM, worker_id="") & ~Q(proposal=""))
    elif group:
        rows = rows.filter(group=_GROUP_OF[group])
    return page_of(call, rows, ("n",), _line)


def _accept(call: Call) -> Answer:
    preview, lines = find_preview(call, content=True), call.values["Lines"]
    if bool(lines) == call.values["All"]:
        raise invalid({"Lines": ["Name the lines whose corrections you accept, or set All to true."]})
    if lines and (unknown := sorted(set(lines) - set(proposed_lines(preview)))):
        raise invalid({"Lines": [f"No correction is proposed for line {unknown[0]}."]})
    return Answer(shown(accept_corrections(actor=call.actor, preview=preview, use=lines or True)))


def _discard(call: Call) -> Answer:
    preview = find_preview(call)
    if preview.state != Preview.State.DISCARDED:
        discard_preview(actor=call.actor, preview_id=preview.pk)
    return Answer(shown(find_preview(call)))


def _confirm(call: Call) -> Answer:
    preview_id: uuid.UUID = find_preview(call).pk
    digest, count = call.values["Digest"], call.values["Count"]
    if call.values["AskForApproval"]:
        job = confirm_preview(actor=call.actor, preview_id=preview_id, rows_sha256=digest, typed_count=count)
    else:
        job = confirm_without_waiting(
            actor=call.actor, preview_id=preview_id, rows_sha256=digest, typed_count=count,
            cure="Set AskForApproval to true and send it again: then the job waits for approval.",
        )  # fmt: skip
    job.refresh_from_db()
    return Answer(shown_job(job))


def _undo(call: Call) -> Answer:
    job = find_job(call)
    study = find_study(call.values["Study"])
    preview = prepare_undo(actor=call.actor, job_id=job.pk, study=study, reason=call.values["Reason"])
    return Answer(shown(preview))


_DIGEST: Final = Text(
    "Digest", "The digest of the preview that you looked at: exactly that is done, or nothing.", required=True,
    longest=64, pattern=re.compile("[0-9a-f]{64}"), must_be="Must be the digest of a preview: 64 hex digits.",
)  # fmt: skip
OPERATIONS: Final = (
    Operation(
        name="GetPreview",
        about="What a list would do, counted, with the digest that confirming it must name.",
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(PREVIEW_ID,),
        data=PREVIEW,
        act=_get,
    ),
    Operation(
        name="ListPreviewLines",
        about="What a list would do line by line, in its order, with every fault in words.",
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(
            PREVIEW_ID,
            Choice("Group", "Only the lines of this group; “correction”: those with a correction to accept.",
                   words=(*GROUPS.values(), CORRECTIONS)),
            *PAGING,
        ),
        data=LINE,
        act=_lines,
        is_list=True,
    ),
    Operation(
        name="AcceptCorrections",
        about="Use the corrections that are proposed for lines you looked at. The answer is the preview then.",
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(
            PREVIEW_ID,
            Items("Lines", "The numbers of the lines.", each=Integer("", "", least=1, most=INTEGER_MAX)),
            Flag("All", "All lines that have a correction.", default=False),
        ),
        data=PREVIEW,
        act=_accept,
        repeats=Repeats.HARMLESS,
    ),
    Operation(
        name="DiscardPreview",
        about="Forget a list. Nothing of it is done. Discarding it twice changes nothing.",
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(PREVIEW_ID,),
        data=PREVIEW,
        act=_discard,
        repeats=Repeats.ONCE,
    ),
    Operation(
        name="ConfirmPreview",
        about=(
            "Let exactly that happen which the preview showed. The answer is the job, and Amazon is told later. "
            "Confirmed again, it is the same job. What a second person must approve is refused, unless "
            "AskForApproval is true."
        ),
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(
            PREVIEW_ID,
            _DIGEST,
            Integer("Count", "The number of changes, to be named where the preview says count_needed.", least=0,
                    most=INTEGER_MAX),
            Flag("AskForApproval", "Whether the job may wait for a second person, where one must approve it.",
                 default=False),
        ),
        data=JOB,
        act=_confirm,
        repeats=Repeats.ONCE,
        accepted=True,
        fields={"study": "PreviewId", "typed_count": "Count"},
    ),
    Operation(
        name="CreateUndoPreview",
        about=(
            "Work out what would give every worker of a job back what was held before it. Nothing is undone until "
            "this preview is confirmed. What others changed since is left alone."
        ),
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(JOB_ID, REASON, STUDY),
        data=PREVIEW,
        act=_undo,
        repeats=Repeats.HARMLESS,
        fields={"study": "Study", "reason": "Reason"},
    ),
)  # fmt: skip
