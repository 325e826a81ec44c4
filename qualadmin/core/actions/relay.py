"""Questions of programs to Amazon: asked here, put to Amazon by the task cluster, answered to whoever waits.

What is asked changes nothing at Amazon, so a question may get lost or be put twice.
"""

import hashlib
import logging
from datetime import datetime
from typing import Any, Final

from django.core.cache import cache

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import Conflict
from qualadmin.core.models import RelayedCall, RequesterAccount, Worker
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import RELAY, ring

from .accounts import account_target

logger = logging.getLogger(__name__)
State = RelayedCall.State
#: In the shared cache while a task is listening: then nobody has to be rung for. Lost, it costs a message.
AWAKE: Final = "relay:awake"
AWAKE_SECONDS: Final = 3
PAGE_SECONDS: Final = 900  # between two pages of one reading; lost, it costs an entry


def ask_amazon(
    *, actor: Actor, account: RequesterAccount, operation: str, parameters: dict[str, Any], shows_ids: bool
) -> int:
    """Have Amazon asked, with the account's own credentials. Returns the number to fetch the answer by.

    `operation` is Amazon's name of one that only reads; `shows_ids`: what is asked or answered names workers. The
    pages of one list are one entry of the log, as long as one person reads them one after the other.
    """
    require(actor, Permission.VIEW, str(account.pk))
    if shows_ids:
        require(actor, Permission.SEE_WORKER_IDS, str(account.pk))
    if not account.is_open:
        raise Conflict(f"The account “{account.name}” is switched off or paused. Amazon was not asked.")
    with audit.transaction(actor.context, durable=False) as tx:
        if not _goes_on(actor, account, parameters):
            worker = parameters.get("WorkerId")
            known = (
                Worker.objects.filter(worker_id=worker).values_list("pk", flat=True).first() if worker else None
            )
            tx.record(
                "access.relayed",
                target=account_target(account),
                stream=account.stream,
                subject=known,
                changes={"operation": [None, operation]},
            )
        call = RelayedCall.objects.create(account=account, operation=operation, parameters=parameters)
        if not cache.get(AWAKE):
            ring(RELAY)
    return call.pk


def _goes_on(actor: Actor, account: RequesterAccount, parameters: dict[str, Any]) -> bool:
    """Whether this is the next page of a list that the same person is reading."""
    token = parameters.get("NextToken")
    return bool(token) and bool(cache.get(_page(actor, account, str(token))))


def _page(actor: Actor, account: RequesterAccount, token: str) -> str:
    words = f"{actor.person_id} {account.pk} {token}"
    return f"relay:page:{hashlib.sha256(words.encode()).hexdigest()}"


def note_page(*, actor: Actor, account: RequesterAccount, content: dict[str, Any]) -> None:
    """What is handed over has a next page: who asks for that goes on reading, and the log has it already.

    Amazon's token works for everybody of the account, and long afterwards: then reading by it is an entry of its
    own.
    """
    if token := content.get("NextToken"):
        cache.set(_page(actor, account, str(token)), 1, PAGE_SECONDS)


def take_answer(*, call_id: int) -> dict[str, Any] | None:
    """Amazon's answer, which is forgotten by that; None while there is none."""
    answer: dict[str, Any] | None = (
        RelayedCall.objects.filter(pk=call_id, state=State.ANSWERED).values_list("answer", flat=True).first()
    )
    if answer is not None:
        RelayedCall.objects.filter(pk=call_id).delete()
    return answer


def ring_again(*, call_id: int) -> None:
    """Nobody has taken the question up yet: the message may be lost."""
    if RelayedCall.objects.filter(pk=call_id, state=State.WAITING).exists():
        ring(RELAY)


def give_up_call(*, call_id: int) -> None:
    """Nobody waits for the answer any more."""
    RelayedCall.objects.filter(pk=call_id).delete()


def say_awake() -> None:
    """A task listens for questions, for the next moments."""
    cache.set(AWAKE, 1, AWAKE_SECONDS)


def say_asleep() -> None:
    """No task listens any more: whoever asks next has to wake one."""
    cache.delete(AWAKE)


def claim_calls(*, limit: int) -> list[RelayedCall]:
    """The next questions nobody else has taken, oldest first."""
    waiting = RelayedCall.objects.filter(state=State.WAITING)
    found = waiting.select_related("account").order_by("pk")[:limit]
    return [one for one in found if waiting.filter(pk=one.pk).update(state=State.ASKED) == 1]


def answer_call(*, call_id: int, answer: dict[str, Any]) -> None:
    """Keep Amazon's answer for whoever waits; if nobody does any more, it is not kept."""
    RelayedCall.objects.filter(pk=call_id).update(state=State.ANSWERED, answer=answer)


def drop_old_calls(*, before: datetime) -> int:
    """Forget what was left behind when somebody who waited was cut off. Returns how many."""
    return int(RelayedCall.objects.filter(created_at__lt=before).delete()[0])
