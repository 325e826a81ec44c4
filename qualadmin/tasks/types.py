"""Creating a wished-for qualification type at Amazon: one call, and a look before any second one."""

import os
import socket
import uuid
from typing import Any, Final

from django.utils import timezone

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.accounts import pause_account
from qualadmin.core.actions.creation import (
    CreationInHand,
    claim_type_creation,
    due_creations,
    put_type_back,
    record_type_created,
    record_type_refused,
    record_type_unknown,
)
from qualadmin.core.actions.type_tests import worker_test
from qualadmin.core.actor import Actor
from qualadmin.core.models import QualificationType
from qualadmin.core.queue import CREATE_TYPE, ring
from qualadmin.mturk.errors import MTurkError, TypeAlreadyExists
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import CallRecord, TypeStatus

from .identity import checked_gateway
from .remote import seen_type

OPERATION: Final = "CreateQualificationType"
NOT_LISTED_YET: Final = (
    "Amazon says that a type of this name exists, but does not list it yet. It is looked for again in a while."
)


def create_type(type_id: str) -> None:
    """Task: create the type if it still waits. May run twice or at once; there is never a second type."""
    hand = claim_type_creation(type_id=uuid.UUID(type_id))
    if hand is None:
        return
    actor = _actor(hand.type)
    try:
        gateway = checked_gateway(hand.type.account)
        if hand.tried_before and _find(actor, gateway, hand.type):
            return
        seen, call = _create(gateway, hand.type)
    except MTurkError as error:
        _failed(actor, hand, error)
    else:
        record_type_created(
            actor=actor, type_id=hand.type.pk, seen=seen_type(seen), aws=_evidence(hand.type, call)
        )


def resume_types() -> None:
    """Task, every minute: ring for types whose doorbell, process or answer was lost."""
    for type_id in due_creations(timezone.now()):
        ring(CREATE_TYPE, str(type_id))


def _find(actor: Actor, gateway: QualificationGateway, row: QualificationType) -> bool:
    """Whether an earlier call of ours did create the type after all."""
    found = gateway.type_named(row.name)
    if found is None:
        return False
    record_type_created(actor=actor, type_id=row.pk, seen=seen_type(found))
    return True


def _create(gateway: QualificationGateway, row: QualificationType) -> Any:
    test = worker_test(row)
    return gateway.create_type(
        name=row.name,
        description=row.description,
        status=TypeStatus(row.status),
        keywords=row.keywords or None,
        retry_delay_seconds=row.retry_delay_seconds,
        auto_granted=row.auto_granted,
        auto_granted_value=row.auto_granted_value,
        test=test.question_form if test else None,
        answer_key=(test.answer_key or None) if test else None,
        test_duration_seconds=test.seconds if test else None,
    )


def _failed(actor: Actor, hand: CreationInHand, error: MTurkError) -> None:
    row, aws = hand.type, _evidence(hand.type, error.call)
    if error.outcome == "unknown":
        record_type_unknown(actor=actor, type_id=row.pk, message=error.for_people, words=error.message, aws=aws)
    elif isinstance(error, TypeAlreadyExists) and hand.tried_before:
        # Ours, from the call without an answer: Amazon's list lags up to a minute behind.
        record_type_unknown(actor=actor, type_id=row.pk, message=NOT_LISTED_YET, words=error.message, aws=aws)
    elif error.outcome == "refused" or error.permanent:
        record_type_refused(actor=actor, type_id=row.pk, message=error.for_people, words=error.message, aws=aws)
    else:
        put_type_back(type_id=row.pk, reached=hand.tried_before)
        if error.outcome == "account":
            pause_account(actor=actor, account=row.account, cause=error.for_people)


def _actor(row: QualificationType) -> Actor:
    task = TaskInfo(uuid.uuid4().hex, "create_type", socket.gethostname(), os.getpid())
    if row.created_by is None:
        return Actor.system("create_type", task=task)
    return row.created_by.as_actor().as_task(task)


def _evidence(row: QualificationType, call: CallRecord) -> dict[str, Any]:
    return {
        "env": row.account.environment,
        "op": OPERATION,
        "request_id": call.aws_request_id,
        "http": call.http_status,
        "code": call.code,
        "turk_code": call.turk_code,
        "sdk_attempts": call.attempts,
        "ms": call.milliseconds,
    }
