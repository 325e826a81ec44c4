"""Every operation the emulator answers, in one table. A new one is a function, a shape and a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from qualadmin.emulator.operations import account, grants, requests, types
from qualadmin.emulator.operations.shapes import (
    ENTITY_ID,
    FLAG,
    GRANT_STATUS,
    INTEGER,
    LONG,
    PAGING,
    TEXT,
    TYPE_STATUS,
    WORKER_ID,
    Shape,
)
from qualadmin.emulator.world import World


class Operation(NamedTuple):
    run: Callable[[World, str, dict[str, Any]], dict[str, Any]]
    changes: bool
    """Whether success changes the state of the world."""
    shape: Shape


_TYPE_ID = ENTITY_ID.needed()
_TEST = {
    "Test": TEXT,
    "AnswerKey": TEXT,
    "TestDurationInSeconds": LONG,
    "RetryDelayInSeconds": LONG,
    "AutoGranted": FLAG,
    "AutoGrantedValue": INTEGER,
}
_HOLDING = {"QualificationTypeId": _TYPE_ID, "WorkerId": WORKER_ID.needed()}

OPERATIONS: dict[str, Operation] = {
    "GetAccountBalance": Operation(account.get_account_balance, False, {}),
    "CreateQualificationType": Operation(
        types.create,
        True,
        {
            "Name": TEXT.needed(),
            "Keywords": TEXT,
            "Description": TEXT.needed(),
            "QualificationTypeStatus": TYPE_STATUS.needed(),
            **_TEST,
        },
    ),
    "UpdateQualificationType": Operation(
        types.update,
        True,
        {
            "QualificationTypeId": _TYPE_ID,
            "Description": TEXT,
            "QualificationTypeStatus": TYPE_STATUS,
            **_TEST,
        },
    ),
    "DeleteQualificationType": Operation(types.delete, True, {"QualificationTypeId": _TYPE_ID}),
    "GetQualificationType": Operation(types.get, False, {"QualificationTypeId": _TYPE_ID}),
    "ListQualificationTypes": Operation(
        types.list_types,
        False,
        {"Query": TEXT, "MustBeRequestable": FLAG.needed(), "MustBeOwnedByCaller": FLAG, **PAGING},
    ),
    "AssociateQualificationWithWorker": Operation(
        grants.associate, True, {**_HOLDING, "IntegerValue": INTEGER, "SendNotification": FLAG}
    ),
    "DisassociateQualificationFromWorker": Operation(grants.disassociate, True, {**_HOLDING, "Reason": TEXT}),
    "GetQualificationScore": Operation(grants.get_score, False, _HOLDING),
    "ListWorkersWithQualificationType": Operation(
        grants.list_workers, False, {"QualificationTypeId": _TYPE_ID, "Status": GRANT_STATUS, **PAGING}
    ),
    "ListQualificationRequests": Operation(
        requests.list_requests, False, {"QualificationTypeId": ENTITY_ID, **PAGING}
    ),
    "AcceptQualificationRequest": Operation(
        requests.accept, True, {"QualificationRequestId": TEXT.needed(), "IntegerValue": INTEGER}
    ),
    "RejectQualificationRequest": Operation(
        requests.reject, True, {"QualificationRequestId": TEXT.needed(), "Reason": TEXT}
    ),
}

NOT_YET = frozenset(
    {
        "ApproveAssignment",
        "CreateAdditionalAssignmentsForHIT",
        "CreateHIT",
        "CreateHITType",
        "CreateHITWithHITType",
        "CreateWorkerBlock",
        "DeleteHIT",
        "DeleteWorkerBlock",
        "GetAssignment",
        "GetFileUploadURL",
        "GetHIT",
        "ListAssignmentsForHIT",
        "ListBonusPayments",
        "ListHITs",
        "ListHITsForQualificationType",
        "ListReviewPolicyResultsForHIT",
        "ListReviewableHITs",
        "ListWorkerBlocks",
        "NotifyWorkers",
        "RejectAssignment",
        "SendBonus",
        "SendTestEventNotification",
        "UpdateExpirationForHIT",
        "UpdateHITReviewStatus",
        "UpdateHITTypeOfHIT",
        "UpdateNotificationSettings",
    }
)
"""Operations of the real API that answer "not available here" with HTTP 501, which botocore does not
retry."""
