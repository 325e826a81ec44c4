"""What people do with a message that was confirmed: approve, send back, withdraw, stop, try failed ones again.

Each is one move of one locked row, so that of two people one is first, and the other learns what became of it.
"""

import uuid
from typing import Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed
from qualadmin.core.models import Letter, Message, MessageRecipient
from qualadmin.core.permissions import Permission, allowed
from qualadmin.core.queue import SEND_MESSAGE, ring

from .approvals import WORDS_LIMIT, may_approve_in, where_approving
from .letters import write_letters
from .messages import finish_message, give_up_planned, locked_message, message_target, recount
from .rows import move
from .texts import clean_text

Decision, State = Message.Decision, Message.State
#: Why a worker was not mailed, where asking once more may help: nobody was mailed, and Amazon did not say "never".
RETRYABLE: Final = ("SoftFailure", "refused")
_AFTER: Final = {
    Decision.GRANTED: ("message.approval.granted", State.RUNNING),
    Decision.DECLINED: ("message.approval.declined", State.DECLINED),
    Decision.WITHDRAWN: ("message.approval.withdrawn", State.WITHDRAWN),
}
#: What who wrote it is told by mail. Who withdraws it knows.
_NEWS: Final = {Decision.GRANTED: Letter.Kind.GRANTED, Decision.DECLINED: Letter.Kind.DECLINED}


def messages_waiting_for(actor: Actor) -> QuerySet[Message]:
    """Messages that this very person can decide on, in all accounts in scope, the oldest first."""
    if not actor.study_ids or not allowed(actor, Permission.APPROVE_JOBS):
        return Message.objects.none()
    mine = Q(study__in=actor.study_ids) & ~Q(created_by=actor.user_id)
    return Message.objects.filter(mine, where_approving(actor), state=State.WAITING).order_by("confirmed_at")


def may_decide_message(actor: Actor, message: Message) -> bool:
    """Whether the person may approve the message: a PI of its study who did not write it."""
    return message.created_by_id != actor.user_id and may_approve_in(actor, message.account, str(message.study_id))


def decide_message(*, actor: Actor, message_id: uuid.UUID, approve: bool, words: str = "") -> Message:
    """Release the message as it was confirmed, or send it back with words; then nothing of it is ever sent.

    Raises NotAllowed for anybody but another PI of the study, Conflict if it no longer waits.
    """
    words = clean_text(words, field="words", label="The text", limit=WORDS_LIMIT, required=False)
    if not approve and not words:
        raise ActionError("Say why you send it back: who asked must know what to change.", field="words")
    return _decide(actor, message_id, Decision.GRANTED if approve else Decision.DECLINED, words)


def withdraw_message(*, actor: Actor, message_id: uuid.UUID) -> Message:
    """Take one's own message back before anybody decided. Raises NotAllowed for others, Conflict if decided."""
    return _decide(actor, message_id, Decision.WITHDRAWN, "")


def _decide(actor: Actor, message_id: uuid.UUID, decision: Message.Decision, words: str) -> Message:
    with audit.transaction(actor.context) as tx:
        row = locked_message(actor, message_id)
        if row.state != State.WAITING:
            became = row.get_decision_display().lower()
            raise Conflict(
                f"Somebody was faster: this message was {became} meanwhile. What you wanted was not done."
                if became
                else "This message does not wait for approval. Nothing was done.",
                code="decided_meanwhile" if became else "not_waiting",
            )
        _require_decide(actor, row, decision)
        event, to = _AFTER[decision]
        given_up = {} if to == State.RUNNING else {"given_up": [None, row.planned]}
        entry = tx.record(
            event,
            target=message_target(row),
            stream=row.stream,
            changes={"state": [row.state, str(to)], **given_up},
            payload={"words": words} if words else None,
        )
        now = timezone.now()
        if to == State.RUNNING:
            ring(SEND_MESSAGE, str(row.pk))
        else:
            give_up_planned(row, entry, code=str(decision))
        move(
            Message.objects.filter(pk=row.pk, state=State.WAITING),
            entry=entry,
            state=to,
            decision=decision,
            decided_by_id=actor.person_id,
            decided_at=now,
            words=words,
            finished_at=None if to == State.RUNNING else now,
        )
        recount(row.pk)
        if decision in _NEWS:
            write_letters(row, [row.created_by], _NEWS[decision])
    return Message.objects.get(pk=message_id)


def _require_decide(actor: Actor, row: Message, decision: Message.Decision) -> None:
    if decision == Decision.WITHDRAWN:
        if row.created_by_id != actor.user_id:
            raise NotAllowed("Only who wrote this message can withdraw it. Nothing was done.")
    elif row.created_by_id == actor.user_id:
        raise NotAllowed(
            "You wrote this message yourself, so somebody else must decide. Nothing was done.", code="oneself"
        )
    elif not may_decide_message(actor, row):
        raise NotAllowed("A PI of the study decides on this message. Nothing was done.", code="not_its_pi")


def still_released(message: Message) -> str:
    """Why nothing of the message may be sent any more; "" where it may.

    Who wrote it must still have the right, and who approved it (where somebody had to) as well.
    """
    person, account = message.created_by, message.account
    if not person.is_active or not allowed(
        person.as_actor(), Permission.GRANT, str(account.pk), production=account.is_production
    ):
        return "asker lost the right"
    second = message.decided_by
    if second is not None and (not second.is_active or not may_decide_message(second.as_actor(), message)):
        return "approver lost the right"
    return ""


def may_control_message(actor: Actor, message: Message) -> bool:
    """Whether the person may have failed ones tried again: who wrote it, and still may grant."""
    return message.created_by_id == actor.user_id and allowed(
        actor, Permission.CONTROL_OWN_JOBS, str(message.account_id), production=message.account.is_production
    )


def may_stop_message(actor: Actor, message: Message) -> bool:
    """Who wrote it, PIs and managers."""
    return may_control_message(actor, message) or allowed(actor, Permission.STOP_JOBS, str(message.account_id))


def stop_message(*, actor: Actor, message_id: uuid.UUID) -> Message:
    """End the message for good: who was not mailed yet never is; a call in hand is finished. Twice is once."""
    with audit.transaction(actor.context) as tx:
        row = locked_message(actor, message_id)
        if not may_stop_message(actor, row):
            raise NotAllowed("Who wrote the message, a PI or a manager can stop it. Nothing was done.")
        if row.state == State.STOPPED:
            return row
        if row.state != State.RUNNING:
            raise Conflict(
                f"This message is not being sent: {row.get_state_display().lower()}. There was nothing to stop.",
                code="ended",
            )
        planned = MessageRecipient.objects.filter(message=row, state=MessageRecipient.State.PLANNED).count()
        entry = tx.record(
            "message.stopped",
            target=message_target(row),
            stream=row.stream,
            changes={"state": [row.state, str(State.STOPPED)], "given_up": [None, planned]},
        )
        give_up_planned(row, entry, code="stopped")
        move(Message.objects.filter(pk=row.pk, state=State.RUNNING), entry=entry, state=State.STOPPED)
        finish_message(tx, row)
    return Message.objects.get(pk=message_id)


def retryable(message: Message) -> QuerySet[MessageRecipient]:
    """Recipients who were certainly not mailed and whom Amazon may take another time."""
    failed = MessageRecipient.objects.filter(message=message, state=MessageRecipient.State.FAILED)
    return failed.filter(code__in=RETRYABLE, worker__erased_at=None)


def retry_message(*, actor: Actor, message_id: uuid.UUID) -> Message:
    """Plan those again whom Amazon may take another time. Who was mailed, or may have been, is left alone."""
    with audit.transaction(actor.context) as tx:
        row = locked_message(actor, message_id)
        if not may_control_message(actor, row):
            raise NotAllowed("Only who wrote this message can have it sent again. Nothing was done.")
        if row.state != State.FINISHED:
            raise Conflict("This message has not ended, or was stopped. Nothing was done.", code="not_ended")
        keys = list(retryable(row).values_list("pk", flat=True))
        if not keys:
            raise Conflict("Nobody is left whom Amazon may take another time. Nothing was done.", code="nobody")
        entry = tx.record(
            "message.retried",
            target=message_target(row),
            stream=row.stream,
            changes={"count": [None, len(keys)]},
        )
        retryable(row).update(
            state=MessageRecipient.State.PLANNED, code="", failure="", finished_at=None, audit_id=entry
        )
        move(
            Message.objects.filter(pk=row.pk, state=State.FINISHED),
            entry=entry,
            state=State.RUNNING,
            finished_at=None,
            tries=0,
            resume_at=None,
        )
        recount(row.pk)
        ring(SEND_MESSAGE, str(row.pk))
    return Message.objects.get(pk=message_id)
