"""Amazon's dicts, read into frozen values."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from qualadmin.mturk.calls import unclear_answer
from qualadmin.mturk.errors import printable
from qualadmin.mturk.types import (
    AssignmentStatus,
    Balance,
    CallRecord,
    Identity,
    MailRefusal,
    QualificationStatus,
    RemoteAssignment,
    RemoteHit,
    RemoteQualification,
    RemoteRequest,
    RemoteType,
    TypeStatus,
)

Item = Mapping[str, Any]
Value = TypeVar("Value")
Reader = Callable[[Item, CallRecord], Value]


def read(reader: Reader[Value], item: Item, call: CallRecord, *, mutating: bool) -> Value:
    """Return what ``reader`` makes of the item.

    A field that Amazon always sends and now did not, or a value nobody knows, makes the answer unclear:
    raises ``Unknown`` for a change and ``NoAnswer`` for a read.
    """
    try:
        return reader(item, call)
    except (KeyError, TypeError, ValueError, InvalidOperation):
        error = unclear_answer("UnexpectedBody", call, mutating=mutating)
    raise error


def balance(item: Item, call: CallRecord) -> Balance:
    on_hold = item.get("OnHoldBalance")
    return Balance(Decimal(item["AvailableBalance"]), Decimal(on_hold) if on_hold is not None else None, call)


def identity(item: Item, call: CallRecord) -> Identity:
    return Identity(item["Account"], item["Arn"], call)


def created_type(item: Item, call: CallRecord) -> RemoteType:
    return remote_type(item["QualificationType"], call)


def remote_type(item: Item, _call: CallRecord) -> RemoteType:
    return RemoteType(
        type_id=item["QualificationTypeId"],
        name=item["Name"],
        description=item.get("Description", ""),
        keywords=item.get("Keywords"),
        status=TypeStatus(item["QualificationTypeStatus"]),
        created_at=_utc(item.get("CreationTime")),
        is_requestable=item.get("IsRequestable", True),
        auto_granted=item.get("AutoGranted", False),
        auto_granted_value=item.get("AutoGrantedValue"),
        retry_delay_seconds=item.get("RetryDelayInSeconds"),
        test=item.get("Test"),
        answer_key=item.get("AnswerKey"),
        test_duration_seconds=item.get("TestDurationInSeconds"),
    )


def scored(item: Item, call: CallRecord) -> RemoteQualification:
    return remote_qualification(item["Qualification"], call)


def remote_qualification(item: Item, call: CallRecord) -> RemoteQualification:
    return RemoteQualification(
        type_id=item["QualificationTypeId"],
        worker_id=item["WorkerId"],
        status=QualificationStatus(item["Status"]),
        value=item.get("IntegerValue"),
        grant_time=_utc(item.get("GrantTime")),
        call=call,
    )


def remote_request(item: Item, _call: CallRecord) -> RemoteRequest:
    return RemoteRequest(
        request_id=item["QualificationRequestId"],
        type_id=item["QualificationTypeId"],
        worker_id=item["WorkerId"],
        submitted_at=_utc(item.get("SubmitTime")),
        test=item.get("Test"),
        answer=item.get("Answer"),
    )


def remote_hit(item: Item, _call: CallRecord) -> RemoteHit:
    return RemoteHit(
        hit_id=item["HITId"],
        title=item.get("Title", ""),
        created_at=_utc(item.get("CreationTime")),
        status=item.get("HITStatus", ""),
        max_assignments=item.get("MaxAssignments", 0),
        available=item.get("NumberOfAssignmentsAvailable", 0),
        pending=item.get("NumberOfAssignmentsPending", 0),
        completed=item.get("NumberOfAssignmentsCompleted", 0),
    )


def remote_assignment(item: Item, _call: CallRecord) -> RemoteAssignment:
    return RemoteAssignment(
        assignment_id=item["AssignmentId"],
        hit_id=item["HITId"],
        worker_id=item["WorkerId"],
        status=AssignmentStatus(item["AssignmentStatus"]),
        submitted_at=_utc(item.get("SubmitTime")),
    )


def _utc(moment: datetime | None) -> datetime | None:
    """botocore gives aware times in the zone of this machine."""
    return moment.astimezone(UTC) if moment is not None else None


def mail_refusals(item: Item, _call: CallRecord) -> list[MailRefusal]:
    """The workers that were not mailed; all others of the call were."""
    return [
        MailRefusal(
            worker_id=found["WorkerId"],
            code=found.get("NotifyWorkersFailureCode", ""),
            message=printable(found.get("NotifyWorkersFailureMessage", "")),
        )
        for found in item["NotifyWorkersFailureStatuses"]
    ]
