"""Granting and revoking one qualification: accepted here, sent to Amazon by the task cluster."""

import uuid
from contextlib import suppress
from typing import Any, Final

from django.db.models import Q

from qualadmin.api.answers import Code, Refused, invalid
from qualadmin.api.operation import Answer, Call, Operation, Repeats
from qualadmin.api.parameters import TYPE_ID, WORKER, Flag, Integer, Text
from qualadmin.core.actions.previews import TEXT_LIMIT, Wishes
from qualadmin.core.actions.single import ask_for_change
from qualadmin.core.actor import Actor
from qualadmin.core.models import QualificationType, Study, Verb
from qualadmin.core.permissions import Permission, Scope

REASON: Final = Text(
    "Reason",
    "Why, for the audit log. No worker reads it. Some accounts require it.",
    default="",
    longest=TEXT_LIMIT,
)
STUDY: Final = Text(
    "Study",
    "What it is for: the short name or the id of a study. Required in production.",
    default="",
    longest=60,
)
ACCEPTED: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$", "description": "Of the change; see GetChange."},
        "created_at": {"type": "string", "format": "date-time"},
    },
    "required": ["id", "created_at"],
    "additionalProperties": False,
}


def find_type(actor: Actor, mturk_id: str) -> QualificationType:
    """The type of that id in the accounts that person and token reach. Raises Refused 404, 409."""
    found = QualificationType.objects.known_as(mturk_id, actor)
    if not found:
        text = "There is no such qualification type here, or it is not yours to see. Nothing was done."
        raise Refused(Code.NOT_FOUND, 404, text, details={TYPE_ID.name: [text]})
    if len(found) > 1:
        text = "Several accounts have this type. Nothing was done. Use a token for one account."
        raise Refused(Code.CONFLICT, 409, text, details={TYPE_ID.name: [text]})
    return found[0]


def find_study(name: str) -> Study | None:
    """The open study of that short name or id; None where none is named. Raises Refused 400."""
    if not name:
        return None
    wanted = Q(slug=name)
    with suppress(ValueError):
        wanted |= Q(pk=uuid.UUID(name))
    study = Study.objects.filter(wanted, is_open=True).first()
    if study is None:
        raise invalid({STUDY.name: ["This study is closed or does not exist."]})
    return study


def _change(call: Call, verb: Verb, wishes: dict[str, Any]) -> Answer:
    data = ask_for_change(
        actor=call.actor,
        type=find_type(call.actor, call.values["QualificationTypeId"]),
        worker_id=call.values["WorkerId"],
        verb=verb,
        wishes=Wishes(study=find_study(call.values["Study"]), reason=call.values["Reason"], **wishes),
    )
    return Answer(data)


def _associate(call: Call) -> Answer:
    wishes = {"score": call.values["IntegerValue"], "notify": call.values["SendNotification"]}
    return _change(call, Verb.GRANT, wishes)


def _disassociate(call: Call) -> Answer:
    return _change(call, Verb.REVOKE, {"revoke_reason": call.values["ReasonForWorker"]})


_FIELDS: Final = {
    "type": "QualificationTypeId",
    "worker": "WorkerId",
    "score": "IntegerValue",
    "study": "Study",
    "reason": "Reason",
    "revoke_reason": "ReasonForWorker",
}
OPERATIONS: Final = (
    Operation(
        name="AssociateQualificationWithWorker",
        about=(
            "Grant a qualification, or change its score. The answer is the accepted change; Amazon is told later. "
            "SendNotification left out means false here, while Amazon’s own default is true."
        ),
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(
            TYPE_ID,
            WORKER,
            Integer("IntegerValue", "The score. Left out: the usual score of the type (at Amazon: 1)."),
            Flag("SendNotification", "Whether Amazon e-mails the worker.", default=False),
            REASON,
            STUDY,
        ),
        data=ACCEPTED,
        act=_associate,
        repeats=Repeats.ONCE,
        accepted=True,
        fields=_FIELDS,
    ),
    Operation(
        name="DisassociateQualificationFromWorker",
        about=(
            "Take a qualification away. The answer is the accepted change; Amazon is told later. "
            "Reason is for the audit log here; what Amazon calls Reason, and e-mails to the worker, is "
            "ReasonForWorker."
        ),
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(
            TYPE_ID,
            WORKER,
            REASON,
            Text(
                "ReasonForWorker",
                "Amazon e-mails this to the worker. Left out: taken away silently.",
                default="",
                longest=TEXT_LIMIT,
            ),
            STUDY,
        ),
        data=ACCEPTED,
        act=_disassociate,
        repeats=Repeats.ONCE,
        accepted=True,
        fields=_FIELDS,
    ),
)
