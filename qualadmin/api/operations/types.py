"""Creating, changing and deleting qualification types: accepted here, sent to Amazon by the task cluster."""

from typing import Any, Final

from qualadmin.api import shapes
from qualadmin.api.answers import Code, Refused, invalid
from qualadmin.api.operation import Answer, Call, Operation, Repeats
from qualadmin.api.parameters import TYPE_ID, Choice, Flag, Integer, Text, Uuid
from qualadmin.core.actions.seen import WorkerTest
from qualadmin.core.actions.type_changes import request_type_delete, request_type_update
from qualadmin.core.actions.type_rules import DESCRIPTION_LIMIT, KEYWORDS_LIMIT, NAME_LIMIT, RETRY_LIMIT
from qualadmin.core.actions.type_tests import DURATION_LIMIT
from qualadmin.core.actions.types import request_type
from qualadmin.core.models import QualificationType, RequesterAccount, TypeChange
from qualadmin.core.permissions import Permission, Scope
from qualadmin.questions.reading import MAX_BYTES

from .grants import find_type

ROOM: Final = 512 * 1024  # bytes: a test and its key may have 64 KB each, and JSON writes some characters longer
ACCEPTED: Final = shapes.thing(id={"type": "string", "format": "uuid"}, created_at=shapes.TIME)
ASKED: Final = shapes.thing(
    id={"type": "string", "format": "uuid"},
    kind=shapes.one_of("create", "update", "delete"),
    state=shapes.one_of("asked", "accepted", "done", "refused"),
    message=shapes.TEXT,
    QualificationTypeId=shapes.TEXT_OR_NULL,
    created_at=shapes.TIME,
)
STATUS: Final = tuple(str(one) for one in QualificationType.Status.values)
_CREATED: Final = {"requested": "asked", "refused": "refused"}


def _account(call: Call) -> RequesterAccount:
    """The account by its short name, or the only one in reach. Raises Refused 404, 400."""
    rows = RequesterAccount.objects.visible_to(call.actor).filter(archived_at=None)
    name = call.values["Account"]
    if name:
        found = rows.filter(slug=name).first()
        if found is None:
            text = "There is no such account, or it is not yours to see. Nothing was done."
            raise Refused(Code.NOT_FOUND, 404, text, details={"Account": [text]})
        return found
    only = list(rows[:2])
    if len(only) != 1:
        raise invalid({"Account": ["Say which account: person and token reach several, or none."]})
    return only[0]


def _test(call: Call) -> WorkerTest | None:
    given = call.values
    if given["Test"] is None:
        loose = [name for name in ("AnswerKey", "TestDurationInSeconds") if given[name] is not None]
        if loose:
            raise invalid({name: ["Goes with Test only; the three travel together."] for name in loose})
        return None
    if given["TestDurationInSeconds"] is None:
        raise invalid({"TestDurationInSeconds": ["Is missing. Amazon wants it with every test."]})
    return WorkerTest(given["Test"], given["AnswerKey"] or "", given["TestDurationInSeconds"])


def _create(call: Call) -> Answer:
    given = call.values
    row = request_type(
        actor=call.actor,
        account=_account(call),
        name=given["Name"],
        description=given["Description"],
        keywords=given["Keywords"],
        status=given["QualificationTypeStatus"],
        auto_granted=given["AutoGranted"],
        auto_granted_value=given["AutoGrantedValue"],
        retry_delay_seconds=given["RetryDelayInSeconds"],
        lab_name=given["LabName"],
        test=_test(call),
    )
    return Answer(_accepted(row))


def _update(call: Call) -> Answer:
    given = call.values
    change = request_type_update(
        actor=call.actor,
        type=find_type(call.actor, given["QualificationTypeId"]),
        description=given["Description"],
        status=given["QualificationTypeStatus"],
        auto_granted=given["AutoGranted"],
        auto_granted_value=given["AutoGrantedValue"],
        retry_delay_seconds=given["RetryDelayInSeconds"],
        test=_test(call),
    )
    return Answer(_accepted(change))


def _delete(call: Call) -> Answer:
    chosen = find_type(call.actor, call.values["QualificationTypeId"])
    return Answer(_accepted(request_type_delete(actor=call.actor, type=chosen, name=chosen.name)))


def _get(call: Call) -> Answer:
    types = QualificationType.objects.visible_to(call.actor)
    wanted = call.values["Id"]
    change = TypeChange.objects.select_related("type").filter(pk=wanted, type__in=types).first()
    if change is not None:
        seen = {"kind": change.kind, "state": change.state, "message": change.failure}
        return Answer(_accepted(change) | seen | {"QualificationTypeId": change.type.mturk_id})
    row = types.filter(pk=wanted).first()
    if row is None:
        text = "There is no such change of a type, or it is not yours to see."
        raise Refused(Code.NOT_FOUND, 404, text, details={"Id": [text]})
    seen = {"kind": "create", "state": _CREATED.get(row.state, "done"), "message": row.failure}
    return Answer(_accepted(row) | seen | {"QualificationTypeId": row.mturk_id})


def _accepted(row: QualificationType | TypeChange) -> dict[str, Any]:
    return {"id": str(row.pk), "created_at": shapes.time(row.created_at)}


_TEST: Final = (
    Text("Test", "A QuestionForm document.", longest=MAX_BYTES),
    Text("AnswerKey", "An AnswerKey document. A Test sent without one has none.", longest=MAX_BYTES),
    Integer("TestDurationInSeconds", "How long a worker may take the test.", least=1, most=DURATION_LIMIT),
)
_DELAY: Final = Integer(
    "RetryDelayInSeconds",
    "After how long a worker may ask again. It can be changed, but never taken away.",
    least=0,
    most=RETRY_LIMIT,
)
_VALUE: Final = Integer("AutoGrantedValue", "The score of automatic grants. Left out: 1.")
_FIELDS: Final = {
    "name": "Name",
    "lab_name": "LabName",
    "description": "Description",
    "keywords": "Keywords",
    "status": "QualificationTypeStatus",
    "auto_granted": "AutoGranted",
    "auto_granted_value": "AutoGrantedValue",
    "retry_delay_seconds": "RetryDelayInSeconds",
    "question_form": "Test",
    "answer_key": "AnswerKey",
    "duration": "TestDurationInSeconds",
}
_COMMON: Final[dict[str, Any]] = {
    "scope": Scope.TYPES,
    "needs": (Permission.MANAGE_TYPES,),
    "data": ACCEPTED,
    "repeats": Repeats.ONCE,
    "accepted": True,
    "limit": ROOM,
    "fields": _FIELDS,
}
OPERATIONS: Final = (
    Operation(
        name="CreateQualificationType",
        about="Ask Amazon for a new type. Name and Keywords can never be changed.",
        parameters=(
            Text("Name", "What workers read.", required=True, longest=NAME_LIMIT, shortest=1),
            Text("Description", "What workers read.", required=True, longest=DESCRIPTION_LIMIT, shortest=1),
            Text("Keywords", "Separated by commas.", default="", longest=KEYWORDS_LIMIT),
            Choice("QualificationTypeStatus", "Active or Inactive.", default="Active", words=STATUS),
            Flag("AutoGranted", "Whether Amazon grants it to everybody who asks.", default=False),
            _VALUE,
            _DELAY,
            *_TEST,
            Text("LabName", "What the lab calls it. Never sent to Amazon.", default="", longest=NAME_LIMIT),
            Text("Account", "The short name of the account, if several are in reach.", default="", longest=60),
        ),
        act=_create,
        **_COMMON,
    ),
    Operation(
        name="UpdateQualificationType",
        about=(
            "Ask Amazon to change a type. What is left out stays; a Test sent without AnswerKey loses its key. "
            "Refused if the type was changed at Amazon meanwhile."
        ),
        parameters=(
            TYPE_ID,
            Text("Description", "What workers read.", longest=DESCRIPTION_LIMIT, shortest=1),
            Choice("QualificationTypeStatus", "Active or Inactive.", words=STATUS),
            Flag("AutoGranted", "Whether Amazon grants it to everybody who asks."),
            _VALUE,
            _DELAY,
            *_TEST,
        ),
        act=_update,
        **_COMMON,
    ),
    Operation(
        name="DeleteQualificationType",
        about=(
            "Ask Amazon to delete a type for good. Who holds it keeps it; requests that wait are turned down; the "
            "name stays taken for up to 48 hours."
        ),
        parameters=(TYPE_ID,),
        act=_delete,
        **_COMMON,
    ),
    Operation(
        name="GetQualificationTypeChange",
        about="What became of a type that was asked for, changed or deleted.",
        scope=Scope.READ,
        needs=(Permission.VIEW,),
        parameters=(Uuid("Id", "The id that it was answered with.", required=True),),
        data=ASKED,
        act=_get,
    ),
)
