"""The shared speed limit and the breaker of an account. Measurements, not audited; a trip of the breaker is."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db import transaction

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.models import AccountPace, RequesterAccount

Answer = TypeVar("Answer")

BREAKER_WINDOW: Final = timedelta(seconds=60)
BREAKER_LIMIT: Final = 5  # clear failures to get an answer within the window
BREAKER_REST: Final = timedelta(seconds=60)


def update_pace(
    *, account_id: uuid.UUID, step: Callable[[dict[str, Any]], tuple[dict[str, Any], Answer]]
) -> Answer:
    """Let `step` turn the stored state into the next one, alone: all processes share one row per account."""
    with transaction.atomic():
        pace, _ = AccountPace.objects.select_for_update().get_or_create(account_id=account_id)
        state, answer = step(pace.state)
        if state != pace.state:
            AccountPace.objects.filter(pk=account_id).update(state=state)
    return answer


def note_throttled(*, account_id: uuid.UUID, now: datetime) -> None:
    """The page says so: "Amazon asked us to slow down"."""
    AccountPace.objects.filter(pk=account_id).update(throttled_at=now)


def note_trouble(*, actor: Actor, account_id: uuid.UUID, count: int, now: datetime) -> bool:
    """Calls that got no answer. Enough of them in a minute open the breaker for a minute.

    Returns whether it opened now.
    """
    with audit.transaction(actor.context) as tx:
        pace, _ = AccountPace.objects.select_for_update().get_or_create(account_id=account_id)
        since = (now - BREAKER_WINDOW).timestamp()
        times = [one for one in pace.unknown_times if one > since] + [now.timestamp()] * count
        if len(times) < BREAKER_LIMIT or (pace.open_until and pace.open_until > now):
            AccountPace.objects.filter(pk=account_id).update(unknown_times=times[-BREAKER_LIMIT:])
            return False
        account = RequesterAccount.objects.get(pk=account_id)
        tx.record(
            "mturk.breaker.opened",
            target=Target("account", str(account.pk), account.name),
            stream=account.stream,
            changes={
                "cause": [None, "no clear answers from Amazon"],
                "seconds": [None, int(BREAKER_REST.total_seconds())],
            },
        )
        AccountPace.objects.filter(pk=account_id).update(unknown_times=[], open_until=now + BREAKER_REST)
        return True
