"""Every operation of the API, in one table.

What a function gets has passed the framework's check (`wire.validation`): set members only, of the right types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from qualadmin.emulator.operations import (
    account,
    assignments,
    blocks,
    bonuses,
    grants,
    hit_lists,
    hit_types,
    hits,
    notifications,
    requests,
    reviews,
    types,
)
from qualadmin.emulator.world import World


class Operation(NamedTuple):
    run: Callable[[World, str, dict[str, Any]], dict[str, Any]]
    changes: bool
    """Whether success changes the state of the world."""


OPERATIONS: dict[str, Operation] = {
    "GetAccountBalance": Operation(account.get_account_balance, False),
    "CreateQualificationType": Operation(types.create, True),
    "UpdateQualificationType": Operation(types.update, True),
    "DeleteQualificationType": Operation(types.delete, True),
    "GetQualificationType": Operation(types.get, False),
    "ListQualificationTypes": Operation(types.list_types, False),
    "AssociateQualificationWithWorker": Operation(grants.associate, True),
    "DisassociateQualificationFromWorker": Operation(grants.disassociate, True),
    "GetQualificationScore": Operation(grants.get_score, False),
    "ListWorkersWithQualificationType": Operation(grants.list_workers, False),
    "ListQualificationRequests": Operation(requests.list_requests, False),
    "AcceptQualificationRequest": Operation(requests.accept, True),
    "RejectQualificationRequest": Operation(requests.reject, True),
    "CreateHITType": Operation(hit_types.create, True),
    "CreateHIT": Operation(hits.create, True),
    "CreateHITWithHITType": Operation(hits.create_with_type, True),
    "GetHIT": Operation(hits.get, False),
    "ListHITs": Operation(hit_lists.list_hits, False),
    "ListReviewableHITs": Operation(hit_lists.list_reviewable, False),
    "ListHITsForQualificationType": Operation(hit_lists.list_requiring, False),
    "CreateAdditionalAssignmentsForHIT": Operation(hits.add_assignments, True),
    "UpdateExpirationForHIT": Operation(hits.update_expiration, True),
    "UpdateHITReviewStatus": Operation(hits.update_review_status, True),
    "UpdateHITTypeOfHIT": Operation(hits.update_type, True),
    "DeleteHIT": Operation(hits.delete, True),
    "GetAssignment": Operation(assignments.get, False),
    "ListAssignmentsForHIT": Operation(assignments.list_for_hit, False),
    "ApproveAssignment": Operation(assignments.approve, True),
    "RejectAssignment": Operation(assignments.reject, True),
    "GetFileUploadURL": Operation(reviews.get_file_upload_url, False),
    "ListReviewPolicyResultsForHIT": Operation(reviews.list_results, False),
    "SendBonus": Operation(bonuses.send, True),
    "ListBonusPayments": Operation(bonuses.list_payments, False),
    "CreateWorkerBlock": Operation(blocks.create, True),
    "DeleteWorkerBlock": Operation(blocks.delete, True),
    "ListWorkerBlocks": Operation(blocks.list_blocks, False),
    "NotifyWorkers": Operation(notifications.notify_workers, True),
    "UpdateNotificationSettings": Operation(notifications.update_settings, True),
    "SendTestEventNotification": Operation(notifications.send_test, True),
}
