"""Types and who holds them, as known here; no call waits for Amazon."""

from typing import Any, Final

from qualadmin.api import shapes
from qualadmin.api.answers import Code, Refused
from qualadmin.api.operation import Answer, Call, Operation
from qualadmin.api.pages import PAGING, page_of
from qualadmin.api.parameters import TYPE_ID, WORKER, Choice, Text
from qualadmin.core.actions.workers import find_worker
from qualadmin.core.models import Qualification, QualificationType
from qualadmin.core.permissions import Permission, Scope

from .grants import find_type

TYPE: Final = shapes.thing(
    QualificationTypeId=shapes.TEXT,
    Name=shapes.TEXT,
    Description=shapes.TEXT,
    Keywords=shapes.TEXT,
    QualificationTypeStatus=shapes.one_of(*QualificationType.Status.values),
    AutoGranted=shapes.FLAG,
    IsRequestable=shapes.FLAG,
    CreationTime=shapes.TIME_OR_NULL,
    Account=shapes.TEXT,
    DefaultScore=shapes.INTEGER,
    MinScore=shapes.INTEGER,
    MaxScore=shapes.INTEGER,
)
HELD: Final = shapes.thing(
    QualificationTypeId=shapes.TEXT,
    WorkerId=shapes.TEXT,
    Status=shapes.one_of(*Qualification.Status.values),
    IntegerValue=shapes.INTEGER_OR_NULL,
    GrantTime=shapes.TIME_OR_NULL,
    CheckedAt=shapes.TIME,
)


def _type(row: QualificationType) -> dict[str, Any]:
    return {
        "QualificationTypeId": row.mturk_id,
        "Name": row.name,
        "Description": row.description,
        "Keywords": row.keywords,
        "QualificationTypeStatus": row.status,
        "AutoGranted": row.auto_granted,
        "IsRequestable": row.is_requestable,
        "CreationTime": shapes.time_or_none(row.creation_time),
        "Account": row.account.slug,
        "DefaultScore": row.default_score,
        "MinScore": row.min_score,
        "MaxScore": row.max_score,
    }


def _held(row: Qualification, type_id: str, worker_id: str) -> dict[str, Any]:
    return {
        "QualificationTypeId": type_id,
        "WorkerId": worker_id,
        "Status": row.status,
        "IntegerValue": row.value,
        "GrantTime": shapes.time_or_none(row.grant_time),
        "CheckedAt": shapes.time(row.checked_at),
    }


def _list_types(call: Call) -> Answer:
    rows = QualificationType.objects.visible_to(call.actor).grantable().select_related("account")
    if call.values["Query"]:
        rows = rows.filter(name__icontains=call.values["Query"])
    return page_of(call, rows.filter(mturk_id__isnull=False), ("name", "pk"), _type)


def _get_type(call: Call) -> Answer:
    return Answer(_type(find_type(call.actor, call.values["QualificationTypeId"])))


def _score(call: Call) -> Answer:
    chosen = find_type(call.actor, call.values["QualificationTypeId"])
    worker_id = call.values["WorkerId"]
    worker = find_worker(actor=call.actor, text=worker_id)
    row = Qualification.objects.filter(type=chosen, worker=worker).first() if worker else None
    if row is None:
        text = "As far as is known here, this worker never held this type. Amazon was not asked."
        raise Refused(Code.NOT_FOUND, 404, text)
    return Answer(_held(row, call.values["QualificationTypeId"], worker_id))


def _list_workers(call: Call) -> Answer:
    type_id = call.values["QualificationTypeId"]
    chosen = find_type(call.actor, type_id)
    rows = Qualification.objects.filter(
        type=chosen, status=call.values["Status"], worker__worker_id__isnull=False
    ).select_related("worker")
    return page_of(
        call, rows, ("pk",), lambda row: _held(row, type_id, row.worker.worker_id or ""), backwards=True
    )


OPERATIONS: Final = (
    Operation(
        name="ListQualificationTypes",
        about="The qualification types at Amazon of the accounts in reach, by name.",
        scope=Scope.READ,
        needs=(Permission.VIEW,),
        parameters=(Text("Query", "Only those with this in their name.", default=""), *PAGING),
        data=TYPE,
        act=_list_types,
        is_list=True,
    ),
    Operation(
        name="GetQualificationType",
        about="One qualification type, as last seen at Amazon.",
        scope=Scope.READ,
        needs=(Permission.VIEW,),
        parameters=(TYPE_ID,),
        data=TYPE,
        act=_get_type,
    ),
    Operation(
        name="GetQualificationScore",
        about="What a worker holds of a type, as last seen at Amazon. That somebody looked is in the log.",
        scope=Scope.READ,
        needs=(Permission.FIND_WORKERS,),
        parameters=(TYPE_ID, WORKER),
        data=HELD,
        act=_score,
    ),
    Operation(
        name="ListWorkersWithQualificationType",
        about="Who holds a type, as last seen at Amazon, newest first. Workers who were erased are left out.",
        scope=Scope.READ,
        needs=(Permission.SEE_WORKER_IDS,),
        parameters=(
            TYPE_ID,
            Choice("Status", "Who holds it, or whom it was taken from.", default="Granted",
                   words=tuple(Qualification.Status.values)),
            *PAGING,
        ),
        data=HELD,
        act=_list_workers,
        is_list=True,
    ),
)  # fmt: skip
