"""Changing and deleting types at Amazon: a look, one call, and a look before any second one."""

import os
import socket
import uuid
from collections import Counter
from itertools import islice
from typing import Any, Final

from django.utils import timezone

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.accounts import pause_account
from qualadmin.core.actions.type_changes import note_hits
from qualadmin.core.actions.type_outcomes import (
    ChangeInHand,
    claim_type_change,
    due_type_changes,
    put_type_change_back,
    record_deletion_accepted,
    record_type_change_refused,
    record_type_change_unknown,
    record_type_deleted,
    record_type_updated,
)
from qualadmin.core.actor import Actor
from qualadmin.core.models import QualificationType, TypeChange
from qualadmin.core.queue import CHANGE_TYPE, SYNC_ACCOUNT, ring
from qualadmin.mturk.errors import MTurkError, NoAnswer, TypeBeingDeleted, TypeNotFound
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import CallRecord, RemoteType, TypeStatus
from qualadmin.questions.comparing import same_document

from .identity import checked_gateway
from .remote import seen_type

OPERATIONS: Final = {"update": "UpdateQualificationType", "delete": "DeleteQualificationType"}
HITS_READ: Final = 1_000  # more are not counted; Amazon lists 100 a call
OVERTAKEN: Final = (
    "The type was changed at Amazon since you looked at it, by somebody else or on Amazon’s own pages. "
    "Nothing was changed now. It is being read again; look at it and ask once more."
)
DELETED_MEANWHILE: Final = "Amazon no longer knows this type. Nothing was changed."


def change_type(change_id: str) -> None:
    """Task: send the change if it still waits. May run twice or at once; it is sent once."""
    hand = claim_type_change(change_id=uuid.UUID(change_id))
    if hand is None:
        return
    actor = _actor(hand.change)
    try:
        gateway = checked_gateway(hand.change.type.account)
        if hand.change.kind == TypeChange.Kind.DELETE:
            _delete(actor, gateway, hand)
        else:
            _update(actor, gateway, hand)
    except MTurkError as error:
        _failed(actor, hand, error)


def resume_type_changes() -> None:
    """Task, every minute: ring for changes whose doorbell, process or answer was lost, and for deletions under
    way."""
    for change_id in due_type_changes(timezone.now()):
        ring(CHANGE_TYPE, str(change_id))


def look_for_hits(type_id: str) -> None:
    """Task: count the HITs that require the type, by Amazon's status."""
    row = QualificationType.objects.select_related("account").get(pk=type_id)
    if row.account.archived_at is not None or not row.mturk_id:
        return
    try:
        gateway = checked_gateway(row.account)
        statuses = [one.status for one in islice(gateway.hits_requiring(row.mturk_id), HITS_READ + 1)]
    except MTurkError as error:
        note_hits(type_id=row.pk, counts=None, failure=error.for_people)
        if error.outcome == "account" and row.account.is_enabled:
            pause_account(actor=Actor.system("look_for_hits"), account=row.account, cause=error.for_people)
    else:
        note_hits(type_id=row.pk, counts=dict(Counter(statuses)))


def _update(actor: Actor, gateway: QualificationGateway, hand: ChangeInHand) -> None:
    change = hand.change
    remote = gateway.get_type(change.type.mturk_id or "")
    if _holds(remote, change.after):
        record_type_updated(actor=actor, change_id=change.pk, seen=seen_type(remote))
        return
    if not _holds(remote, change.before):
        record_type_change_refused(actor=actor, change_id=change.pk, message=OVERTAKEN)
        ring(SYNC_ACCOUNT, str(change.type.account_id))
        return
    seen, call = gateway.update_type(change.type.mturk_id or "", **_arguments(change.after))
    record_type_updated(actor=actor, change_id=change.pk, seen=seen_type(seen), aws=_evidence(change, call))


def _delete(actor: Actor, gateway: QualificationGateway, hand: ChangeInHand) -> None:
    """Amazon refuses to delete a type twice, in words of its own: a second call after a lost answer is safe."""
    change, type_id = hand.change, hand.change.type.mturk_id or ""
    if change.state == TypeChange.State.ACCEPTED:
        try:
            gateway.get_type(type_id)
        except TypeNotFound:
            record_type_deleted(actor=actor, change_id=change.pk)
        else:
            put_type_change_back(change_id=change.pk, reached=True)  # a look later
        return
    try:
        call = gateway.delete_type(type_id)
    except TypeBeingDeleted as error:
        record_deletion_accepted(actor=actor, change_id=change.pk, aws=_evidence(change, error.call))
    except TypeNotFound as error:
        record_type_deleted(actor=actor, change_id=change.pk, aws=_evidence(change, error.call))
    else:
        record_deletion_accepted(actor=actor, change_id=change.pk, aws=_evidence(change, call))


def _failed(actor: Actor, hand: ChangeInHand, error: MTurkError) -> None:
    change, aws = hand.change, _evidence(hand.change, error.call)
    sends = change.state == TypeChange.State.ASKED
    if error.outcome == "unknown" and not isinstance(error, NoAnswer) and sends:
        record_type_change_unknown(
            actor=actor, change_id=change.pk, message=error.for_people, words=error.message, aws=aws
        )
    elif sends and (error.outcome == "refused" or (error.permanent and error.outcome != "unknown")):
        message = DELETED_MEANWHILE if isinstance(error, TypeNotFound) else error.for_people
        record_type_change_refused(actor=actor, change_id=change.pk, message=message, words=error.message, aws=aws)
    else:
        put_type_change_back(change_id=change.pk, reached=hand.tried_before or not sends)
        if error.outcome == "account":
            pause_account(actor=actor, account=change.type.account, cause=error.for_people)


def _holds(remote: RemoteType, wanted: dict[str, Any]) -> bool:
    """Whether Amazon holds these values. Documents count as the same if only their layout differs."""
    seen = seen_type(remote)
    plain = {
        "description": seen.description,
        "status": seen.status,
        "auto_granted": seen.auto_granted,
        "auto_granted_value": seen.auto_granted_value,
        "retry_delay_seconds": seen.retry_delay_seconds,
        "test_duration_seconds": seen.test.seconds if seen.test else 0,
    }
    documents = {
        "question_form": seen.test.question_form if seen.test else "",
        "answer_key": seen.test.answer_key if seen.test else "",
    }
    return all(
        same_document(documents[field], value) if field in documents else plain[field] == value
        for field, value in wanted.items()
    )


def _arguments(after: dict[str, Any]) -> dict[str, Any]:
    """For `update_type`. The key travels with the test: a test sent alone would lose it."""
    given = dict(after)
    if "status" in given:
        given["status"] = TypeStatus(given["status"])
    if "question_form" in given:
        given["test"] = given.pop("question_form")
        given["answer_key"] = given["answer_key"] or None
    return given


def _actor(change: TypeChange) -> Actor:
    task = TaskInfo(uuid.uuid4().hex, "change_type", socket.gethostname(), os.getpid())
    return change.created_by.as_actor().as_task(task)


def _evidence(change: TypeChange, call: CallRecord) -> dict[str, Any]:
    return {
        "env": change.type.account.environment,
        "op": OPERATIONS[change.kind],
        "request_id": call.aws_request_id,
        "http": call.http_status,
        "code": call.code,
        "turk_code": call.turk_code,
        "sdk_attempts": call.attempts,
        "ms": call.milliseconds,
    }
