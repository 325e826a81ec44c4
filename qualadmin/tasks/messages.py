"""Mailing workers through Amazon: a hundred a call, at the account's shared pace, no call ever twice."""

import logging
import os
import socket
import time
import uuid
from typing import Any, Final

from django.utils import timezone

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.accounts import pause_account
from qualadmin.core.actions.message_calls import (
    InHand,
    Refusal,
    claim_recipients,
    due_messages,
    expire_mail_leases,
    put_call_back,
    record_call_refused,
    record_call_unknown,
    record_mailed,
)
from qualadmin.core.actions.restorations import is_read_only
from qualadmin.core.actor import Actor
from qualadmin.core.killpoints import reached
from qualadmin.core.models import Message
from qualadmin.core.queue import SEND_MESSAGE, ring
from qualadmin.mturk.errors import MTurkError
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import CallRecord

from .breaker import may_send
from .identity import checked_gateway
from .pace import SharedPace
from .turns import slice_of_time

logger = logging.getLogger(__name__)

OPERATION: Final = "NotifyWorkers"
WORDS: Final = {
    "refused": "refused",
    "throttled": "throttled",
    "account": "not_sent",
    "not_sent": "not_sent",
    "unknown": "no_clear_answer",
}


def send_message(message_id: str) -> None:
    """Task: mail whoever of the message still waits, for a slice of time. May run twice or at once."""
    message = Message.objects.select_related("account", "created_by").get(pk=message_id)
    if message.state != Message.State.RUNNING or not message.account.is_open or is_read_only():
        return
    actor = _actor(message)
    pace, goes_on = SharedPace(message.account_id), slice_of_time()
    while goes_on():
        try:
            gateway = checked_gateway(message.account)
        except MTurkError as error:
            _not_asked(actor, message, error)
            return
        if not may_send(actor=actor, account=message.account):
            return  # the minute's round rings again
        slots = pace.reserve(1)
        if not slots.times:
            time.sleep(0.05)
            continue
        time.sleep(max(0.0, slots.times[0] - time.time()))
        hand = claim_recipients(actor=actor, message_id=message.pk)
        if hand is None:
            return
        reached("claimed")
        if not _mail(actor, gateway, hand, pace, slots.epoch):
            return
    ring(SEND_MESSAGE, message_id)


def resume_messages() -> None:
    """Task, every minute: tell of calls whose process died, and ring for messages whose doorbell was lost."""
    now = timezone.now()
    expire_mail_leases(actor=Actor.system("resume"), now=now)
    for message_id in due_messages(now):
        ring(SEND_MESSAGE, str(message_id))


def _mail(actor: Actor, gateway: QualificationGateway, hand: InHand, pace: SharedPace, epoch: int) -> bool:
    """One call for those in hand. False: nothing more now."""
    message = hand.message
    try:
        refusals, call = gateway.notify_workers(message.subject, message.text, hand.workers)
    except MTurkError as error:
        reached("answered")
        return _failed(actor, hand, error, pace, epoch)
    reached("answered")
    record_mailed(
        actor=actor,
        hand=hand,
        refusals={one.worker_id: Refusal(one.code, one.message) for one in refusals},
        aws=_evidence(message, call),
    )
    reached("recorded")
    pace.take_in("message.done", epoch)
    return True


def _failed(actor: Actor, hand: InHand, error: MTurkError, pace: SharedPace, epoch: int) -> bool:
    message, aws = hand.message, _evidence(hand.message, error.call)
    if error.outcome == "unknown":
        record_call_unknown(actor=actor, hand=hand, words=error.message, aws=aws)
    elif error.outcome == "refused" or (error.permanent and error.outcome == "not_sent"):
        record_call_refused(actor=actor, hand=hand, message=error.for_people, words=error.message, aws=aws)
    else:
        put_call_back(actor=actor, hand=hand, cause=error.outcome, words=error.message, aws=aws)
    if error.outcome == "account":
        pause_account(actor=actor, account=message.account, cause=error.for_people)
    if error.call.attempts or error.outcome != "not_sent":
        pace.take_in(f"message.{WORDS[error.outcome]}", epoch, throttled=error.outcome == "throttled")
    return error.outcome == "refused"  # after anything else, the next minute will do


def _not_asked(actor: Actor, message: Message, error: MTurkError) -> None:
    """Nothing was claimed: credentials that are refused pause the account, all else may pass by itself."""
    logger.warning("No mail was sent for the account %s: %s", message.account.slug, error)
    if error.outcome == "account":
        pause_account(actor=actor, account=message.account, cause=error.for_people)


def _actor(message: Message) -> Actor:
    task = TaskInfo(uuid.uuid4().hex, "send_message", socket.gethostname(), os.getpid())
    return message.created_by.as_actor().as_task(task)


def _evidence(message: Message, call: CallRecord) -> dict[str, Any]:
    return {
        "env": message.account.environment,
        "op": OPERATION,
        "request_id": call.aws_request_id,
        "http": call.http_status,
        "code": call.code,
        "turk_code": call.turk_code,
        "sdk_attempts": call.attempts,
        "ms": call.milliseconds,
    }
