"""Puts questions of programs to Amazon and writes the answers down, as fast as a list of a thousand pages needs.

The task stays for a while after an answer: whoever reads a list asks for its next page within moments, and then
nobody needs to ring.
"""

import logging
import os
import socket
import time
import uuid
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.accounts import pause_account
from qualadmin.core.actions.relay import answer_call, claim_calls, drop_old_calls, say_asleep, say_awake
from qualadmin.core.actor import Actor
from qualadmin.core.models import RelayedCall, RequesterAccount
from qualadmin.core.queue import RELAY, ring
from qualadmin.mturk.errors import MTurkError

from . import heartbeat, stopping
from .identity import checked_gateway

logger = logging.getLogger(__name__)
AT_ONCE: Final = 8  # questions under way, each in a thread
STAYS: Final = 5.0  # seconds without a question, then the task goes home
SLICE: Final = 20.0  # and in any case after these, so that other tasks get their turn
LOOKS: Final = 0.02  # seconds between two looks for questions
SAYS: Final = 1.0  # seconds between two words that somebody listens
KEPT: Final = timedelta(minutes=10)  # for answers that nobody fetched

Asked = dict["Future[dict[str, Any]]", RelayedCall]


def relay() -> None:
    """Task: answer the questions there are, and those that follow. Safe to run twice or at once."""
    calls = claim_calls(limit=AT_ONCE)
    if not calls:
        return
    try:
        busy = _serve(calls)
    finally:
        say_asleep()
    if busy and not stopping.asked():
        ring(RELAY)


def forget_unfetched() -> None:
    """Rung by the clock: what was left behind."""
    drop_old_calls(before=timezone.now() - KEPT)


def _serve(calls: list[RelayedCall]) -> bool:
    """Until nobody asks any more or the slice is over. Returns whether somebody may still ask."""
    end, last, said = time.monotonic() + SLICE, time.monotonic(), 0.0
    asked: Asked = {}
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while True:
            now = time.monotonic()
            if calls:
                last = now
            asked.update((threads.submit(put_to_amazon, one.account, one), one) for one in calls)
            over = now > end or stopping.asked()
            if not asked and (over or now - last > STAYS):
                return over
            if not over and now - said > SAYS:
                say_awake()
                said = now
            _write_down(asked)
            heartbeat.beat_now_and_then()
            calls = [] if over else claim_calls(limit=AT_ONCE - len(asked))
            if asked and not calls:
                wait(asked, timeout=LOOKS, return_when=FIRST_COMPLETED)
            elif not calls:
                time.sleep(LOOKS)


def _write_down(asked: Asked) -> None:
    for future in [one for one in asked if one.done()]:
        call = asked.pop(future)
        answer = future.result()
        answer_call(call_id=call.pk, answer=answer)
        if (cause := answer.get("refused")) and not call.account.paused_reason:
            pause_account(actor=_actor(), account=call.account, cause=cause)


def put_to_amazon(account: RequesterAccount, call: RelayedCall) -> dict[str, Any]:
    """Amazon's answer to one question, in a thread: {"content"} or {"error"}; never raises.

    An error is {"code", "turk_code", "message", "status"} in Amazon's own words; without a code none came.
    "refused" says in our words that the account's credentials were.
    """
    try:
        return {"content": checked_gateway(account).pass_on(call.operation, call.parameters)}
    except MTurkError as error:
        if error.outcome == "account":
            return {"error": {}, "refused": error.for_people}
        if error.http_status is None or error.http_status >= 500:
            logger.warning("No answer to a question of a program: %s", error)
            return {"error": {}}
        return {
            "error": {
                "code": error.code,
                "turk_code": error.turk_code,
                "message": error.message,
                "status": error.http_status,
            }
        }
    except Exception as error:
        # Without its text: that may name a worker.
        logger.error("A question of a program could not be put to Amazon: %s", type(error).__name__)
        return {"error": {}}


def _actor() -> Actor:
    return Actor.system("relay", task=TaskInfo(uuid.uuid4().hex, "relay", socket.gethostname(), os.getpid()))
