"""How a message goes to Amazon: up to a hundred workers claimed, one call, and what came of it for each of them.

Amazon cannot be asked afterwards whom it mailed. So each worker has a committed `message.mail.started` entry
before the call leaves; a call without a clear answer is never repeated, and its workers stay "not known".
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Who
from qualadmin.core.actor import Actor
from qualadmin.core.models import Message, MessageRecipient

from .message_control import still_released
from .messages import finish_message, give_up_planned, message_target
from .restorations import is_read_only
from .rows import locked, move
from .texts import escaped
from .wishes import DETAIL_KEPT, LEASE, detail, wait

AT_ONCE: Final = 100  # workers of one call, as many as NotifyWorkers takes
ERASED: Final = "The worker was erased, so there is no ID to write to."
NO_ANSWER: Final = (
    "No clear answer came from Amazon: the worker may have been mailed or not. Amazon cannot be asked. "
    "This message is not sent to the worker again."
)
State = MessageRecipient.State


@dataclass(frozen=True, slots=True)
class InHand:
    """Workers that this process may mail now, by one call. `workers`: Amazon's id to our row."""

    message: Message
    call: uuid.UUID
    workers: Mapping[str, MessageRecipient]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Amazon did not mail one worker: its code and its own words."""

    code: str
    words: str


def claim_recipients(*, actor: Actor, message_id: uuid.UUID, now: datetime | None = None) -> InHand | None:
    """Take up to a hundred workers in hand for two minutes, with their `started` entries committed.

    None if there is nothing to do, or not now. A message whose writer or approver lost the right is stopped.
    """
    moment = now or timezone.now()
    with audit.transaction(actor.context) as tx:
        message = _message(message_id)
        if message.state != Message.State.RUNNING or not message.account.is_open or is_read_only():
            return None
        cause = still_released(message)
        if cause:
            _stop(tx, message, cause)
            return None
        planned = MessageRecipient.objects.filter(message=message, state=State.PLANNED).select_related("worker")
        rows = list(planned.order_by("n")[:AT_ONCE])
        call, workers = uuid.uuid4(), dict[str, MessageRecipient]()
        for row in rows:
            if row.worker.worker_id is None:
                _end(tx, message, row, State.PLANNED, State.FAILED, code="erased", failure=ERASED)
                continue
            row.attempt += 1
            entry = tx.record(
                "message.mail.started",
                outcome="started",
                target=message_target(message),
                stream=message.stream,
                subject=row.worker_id,
                item=row.n,
                attempt=row.attempt,
                approved_by=_approver(message),
                changes={"call": [None, str(call)]},
            )
            move(
                MessageRecipient.objects.filter(pk=row.pk, state=State.PLANNED),
                entry=entry,
                state=State.SENDING,
                call=call,
                attempt=row.attempt,
                lease_until=moment + LEASE,
            )
            workers[row.worker.worker_id] = row
        finish_message(tx, message)
    return InHand(message, call, workers) if workers else None


def record_mailed(
    *, actor: Actor, hand: InHand, refusals: Mapping[str, Refusal], aws: Mapping[str, Any] | None = None
) -> None:
    """Amazon took the call. Whoever is not among `refusals` (by Amazon's id of the worker) was mailed."""
    with audit.transaction(actor.context) as tx:
        message = _message(hand.message.pk)
        for worker_id, row in hand.workers.items():
            refusal = refusals.get(worker_id)
            if refusal is None:
                _answered(tx, hand, row, State.DONE, aws=aws)
            else:
                words = escaped(refusal.words, DETAIL_KEPT)
                _answered(tx, hand, row, State.FAILED, code=refusal.code, failure=words, words=words, aws=aws)
        Message.objects.filter(pk=message.pk).update(tries=0, resume_at=None)
        finish_message(tx, message)


def record_call_refused(
    *, actor: Actor, hand: InHand, message: str, words: str = "", aws: Mapping[str, Any] | None = None
) -> None:
    """Amazon refused the whole call: none of its workers was mailed."""
    with audit.transaction(actor.context) as tx:
        row = _message(hand.message.pk)
        said = f"{message} Amazon said: {escaped(words, DETAIL_KEPT)}" if words else message
        for one in hand.workers.values():
            _answered(tx, hand, one, State.FAILED, code="refused", failure=said, words=words, aws=aws)
        finish_message(tx, row)


def record_call_unknown(
    *, actor: Actor, hand: InHand, words: str = "", aws: Mapping[str, Any] | None = None
) -> None:
    """No clear answer: each of its workers may have been mailed, and nobody can be asked."""
    with audit.transaction(actor.context) as tx:
        row = _message(hand.message.pk)
        for one in hand.workers.values():
            _not_known(tx, row, one, call=hand.call, cause="no_clear_answer", words=words, aws=aws)
        finish_message(tx, row)


def put_call_back(
    *, actor: Actor, hand: InHand, cause: str, words: str = "", aws: Mapping[str, Any] | None = None
) -> None:
    """The call certainly did nothing: its workers are planned again, for later."""
    with audit.transaction(actor.context) as tx:
        message = _message(hand.message.pk)
        stopped = message.state != Message.State.RUNNING
        for one in hand.workers.values():
            rows = MessageRecipient.objects.filter(pk=one.pk, state=State.SENDING, call=hand.call)
            if not rows.exists():
                continue  # its lease was over
            entry = tx.record(
                "message.mail.put_back",
                outcome="failed",
                target=message_target(message),
                stream=message.stream,
                subject=one.worker_id,
                item=one.n,
                attempt=one.attempt,
                changes={"call": [str(hand.call), None], "cause": [None, cause]},
                payload=detail(words),
                aws=aws,
            )
            ended = {"code": "stopped", "finished_at": timezone.now()} if stopped else {}
            to = State.CANCELLED if stopped else State.PLANNED
            move(rows, entry=entry, state=to, lease_until=None, **ended)
        tries = message.tries + 1
        Message.objects.filter(pk=message.pk).update(tries=tries, resume_at=timezone.now() + wait(tries))
        finish_message(tx, message)


def expire_mail_leases(*, actor: Actor, now: datetime) -> None:
    """Workers in the hands of a process that died: the call may have left, so it is not known."""
    if is_read_only():
        return
    over = MessageRecipient.objects.filter(state=State.SENDING, lease_until__lt=now)
    for message_id in set(over.order_by().values_list("message", flat=True)):
        with audit.transaction(actor.context) as tx:
            message = _message(message_id)
            for row in over.filter(message=message).order_by("n"):
                _not_known(tx, message, row, call=row.call, cause="process ended")
            finish_message(tx, message)


def due_messages(now: datetime) -> list[uuid.UUID]:
    """Messages with workers that wait for their call."""
    rows = Message.objects.filter(state=Message.State.RUNNING, planned__gt=0)
    rows = rows.filter(Q(resume_at=None) | Q(resume_at__lt=now))
    rows = rows.filter(account__archived_at=None, account__is_enabled=True)
    return list(rows.order_by("confirmed_at").values_list("pk", flat=True))


def _message(message_id: uuid.UUID) -> Message:
    """The message under its lock: whoever moves its recipients holds it."""
    rows = Message.objects.select_related("account", "study", "created_by", "decided_by")
    return locked(rows, message_id)


def _approver(message: Message) -> Who | None:
    """Who released it, as entries name them; None if nobody had to."""
    granted = message.decision == Message.Decision.GRANTED
    return message.decided_by.as_who() if granted and message.decided_by else None


def _answered(
    tx: Transaction, hand: InHand, row: MessageRecipient, state: str, *, words: str = "", **fields: Any
) -> None:
    """Write an answer down. It also counts where the lease was over meanwhile and the row said "not known"."""
    current = MessageRecipient.objects.filter(pk=row.pk, call=hand.call).first()
    if current is not None and current.state in (State.SENDING, State.UNKNOWN):
        _end(tx, hand.message, row, current.state, state, words=words, call=hand.call, **fields)


def _not_known(
    tx: Transaction,
    message: Message,
    row: MessageRecipient,
    *,
    call: uuid.UUID | None,
    cause: str,
    words: str = "",
    aws: Mapping[str, Any] | None = None,
) -> None:
    rows = MessageRecipient.objects.filter(pk=row.pk, state=State.SENDING, call=call)
    if not rows.exists():
        return
    entry = tx.record(
        "message.mail.unknown",
        outcome="unknown",
        target=message_target(message),
        stream=message.stream,
        subject=row.worker_id,
        item=row.n,
        attempt=row.attempt,
        changes={"call": [None, str(call)], "cause": [None, cause]},
        payload=detail(words),
        aws=aws,
    )
    move(
        rows,
        entry=entry,
        state=State.UNKNOWN,
        code=cause.replace(" ", "_"),
        failure=NO_ANSWER,
        lease_until=None,
        aws_request_id=_request_id(aws),
        finished_at=timezone.now(),
    )


def _end(
    tx: Transaction,
    message: Message,
    row: MessageRecipient,
    before: str,
    state: str,
    *,
    code: str = "",
    failure: str = "",
    words: str = "",
    call: uuid.UUID | None = None,
    aws: Mapping[str, Any] | None = None,
) -> None:
    entry = tx.record(
        "message.mail.finished",
        outcome="ok" if state == State.DONE else "failed",
        target=message_target(message),
        stream=message.stream,
        subject=row.worker_id,
        item=row.n,
        attempt=row.attempt,
        changes={**({"call": [None, str(call)]} if call else {}), **({"code": [None, code]} if code else {})},
        payload=detail(words),
        aws=aws,
    )
    move(
        MessageRecipient.objects.filter(pk=row.pk, state=before),
        entry=entry,
        state=state,
        code=code,
        failure=failure,
        lease_until=None,
        aws_request_id=_request_id(aws),
        finished_at=timezone.now(),
    )


def _stop(tx: Transaction, message: Message, cause: str) -> None:
    entry = tx.record(
        "message.stopped",
        target=message_target(message),
        stream=message.stream,
        changes={
            "state": [message.state, str(Message.State.STOPPED)],
            "cause": [None, cause],
            "given_up": [None, message.planned],
        },
    )
    give_up_planned(message, entry, code=cause.replace(" ", "_"))
    move(
        Message.objects.filter(pk=message.pk, state=Message.State.RUNNING),
        entry=entry,
        state=Message.State.STOPPED,
    )
    finish_message(tx, message)


def _request_id(aws: Mapping[str, Any] | None) -> str:
    return str((aws or {}).get("request_id") or "")[:64]
