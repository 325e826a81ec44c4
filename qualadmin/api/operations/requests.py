"""Workers' own requests: those that wait, and answering them. What is answered is sent by the task cluster."""

from typing import Any, Final

from qualadmin.api import shapes
from qualadmin.api.answers import Code, Refused
from qualadmin.api.operation import Answer, Call, Operation, Repeats
from qualadmin.api.pages import PAGING, page_of
from qualadmin.api.parameters import Integer, Text
from qualadmin.core.actions.previews import Wishes
from qualadmin.core.actions.programs import answer_without_waiting
from qualadmin.core.models import QualificationRequest, RequesterAccount, Verb
from qualadmin.core.permissions import Permission, Scope, allowed

from .grants import ACCEPTED, REASON, STUDY, find_study, find_type

LONGEST: Final = 1_000  # characters of what a worker reads; other programs cut at 1,024
REQUEST_ID: Final = Text(
    "QualificationRequestId", "Amazon’s id of the request.", required=True, longest=255, shortest=1
)
REQUEST: Final = shapes.thing(
    QualificationRequestId=shapes.TEXT,
    QualificationTypeId=shapes.TEXT,
    WorkerId=shapes.TEXT,
    SubmitTime=shapes.TIME,
    Test=shapes.TEXT_OR_NULL,
    Answer=shapes.TEXT_OR_NULL,
)


def _shown(one: QualificationRequest) -> dict[str, Any]:
    answers = getattr(one, "answers", None)
    return {
        "QualificationRequestId": one.mturk_id,
        "QualificationTypeId": one.type.mturk_id,
        "WorkerId": one.worker.worker_id,
        "SubmitTime": shapes.time(one.submitted_at),
        "Test": answers.test.text if answers and answers.test else None,
        "Answer": answers.text or None if answers else None,
    }


def _list(call: Call) -> Answer:
    """Only where the person may answer them: answers to tests are nobody else's business."""
    visible = RequesterAccount.objects.visible_to(call.actor).filter(archived_at=None)
    accounts = [
        one for one in visible if allowed(call.actor, Permission.GRANT, str(one.pk), production=one.is_production)
    ]
    rows = QualificationRequest.objects.filter(
        type__account__in=accounts, state=QualificationRequest.State.WAITING, worker__worker_id__isnull=False
    )
    if call.values["QualificationTypeId"]:
        rows = rows.filter(type=find_type(call.actor, call.values["QualificationTypeId"]))
    rows = rows.select_related("type", "worker", "answers__test")
    return page_of(call, rows, ("submitted_at", "pk"), _shown)


def _answer(call: Call, verb: Verb, wishes: dict[str, Any]) -> Answer:
    request_id = call.values["QualificationRequestId"]
    rows = QualificationRequest.objects.filter(
        mturk_id=request_id,
        type__account__in=RequesterAccount.objects.visible_to(call.actor).filter(archived_at=None),
    )
    found = list(rows.select_related("type")[:2])
    if not found:
        text = "There is no such request here, or it is not yours to see. Nothing was done."
        raise Refused(Code.NOT_FOUND, 404, text, details={REQUEST_ID.name: [text]})
    if len(found) > 1:
        text = "Several accounts have this request. Nothing was done. Use a token for one account."
        raise Refused(Code.CONFLICT, 409, text, details={REQUEST_ID.name: [text]})
    one = found[0]
    if verb == Verb.ACCEPT and wishes["score"] is None:
        wishes["score"] = one.type.default_score
    change = answer_without_waiting(
        actor=call.actor,
        request_id=one.pk,
        verb=verb,
        wishes=Wishes(study=find_study(call.values["Study"]), reason=call.values["Reason"], **wishes),
    )
    return Answer({"id": str(change.pk), "created_at": shapes.time(change.created_at)})


def _accept(call: Call) -> Answer:
    return _answer(call, Verb.ACCEPT, {"score": call.values["IntegerValue"]})


def _reject(call: Call) -> Answer:
    return _answer(call, Verb.REJECT, {"revoke_reason": call.values["ReasonForWorker"]})


_FIELDS: Final = {
    "score": "IntegerValue",
    "study": "Study",
    "reason": "Reason",
    "revoke_reason": "ReasonForWorker",
}
OPERATIONS: Final = (
    Operation(
        name="ListQualificationRequests",
        about=(
            "Requests of workers that wait for an answer, as Amazon listed them at most a few minutes ago, oldest "
            "first. With the test that was taken and what was answered."
        ),
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(
            Text("QualificationTypeId", "Only those for this type.", default="", longest=64),
            *PAGING,
        ),
        data=REQUEST,
        act=_list,
        is_list=True,
    ),
    Operation(
        name="AcceptQualificationRequest",
        about=(
            "Grant what the worker asked for. A score that the worker has already is overwritten. The answer is "
            "the accepted change; Amazon is told later, and there are no ten seconds to take it back."
        ),
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(
            REQUEST_ID,
            Integer("IntegerValue", "The score. Left out: the usual score of the type (at Amazon: 1)."),
            REASON,
            STUDY,
        ),
        data=ACCEPTED,
        act=_accept,
        repeats=Repeats.ONCE,
        accepted=True,
        fields=_FIELDS,
    ),
    Operation(
        name="RejectQualificationRequest",
        about=(
            "Turn the request down. A qualification that the worker holds stays as it is. Reason is for the audit "
            "log here; what Amazon calls Reason, and the worker can read, is ReasonForWorker."
        ),
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(
            REQUEST_ID,
            REASON,
            Text("ReasonForWorker", "The worker can read this.", default="", longest=LONGEST),
            STUDY,
        ),
        data=ACCEPTED,
        act=_reject,
        repeats=Repeats.ONCE,
        accepted=True,
        fields=_FIELDS,
    ),
)
