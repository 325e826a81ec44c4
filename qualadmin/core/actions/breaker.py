"""The breaker of an account: too many calls without a clear answer, and nothing is sent for a while.

closed ─5 in a minute→ open ─a minute later→ one question ─answered→ closed, ─not→ open
                       └ the third time within an hour → the account is paused until a manager has looked
"""

import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db.models import Q

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry
from qualadmin.core.actor import Actor
from qualadmin.core.models import AccountPace, RequesterAccount

from .accounts import account_target, pause_account

WINDOW: Final = timedelta(seconds=60)
LIMIT: Final = 5  # calls without a clear answer within the window
REST: Final = timedelta(seconds=60)
ANSWERED_WITHIN: Final = timedelta(seconds=90)  # whoever asks is taken for dead after that, and somebody else asks
HOUR: Final = timedelta(hours=1)
OPENINGS: Final = 3
TOO_OFTEN: Final = "Amazon gave no clear answers three times within an hour."


class Breaker(StrEnum):
    """What a task may do now."""

    CLOSED = "closed"  # send
    OPEN = "open"  # nothing
    ASK = "ask"  # one question, and then say how it went; nobody else asks meanwhile


def look_at_breaker(*, account_id: uuid.UUID, now: datetime) -> Breaker:
    """What the caller may do. ASK is given to one caller only."""
    until = AccountPace.objects.filter(pk=account_id).values_list("open_until", flat=True).first()
    if until is None:
        return Breaker.CLOSED
    # Further ahead than any rest: a clock was set back.
    over = Q(open_until__lte=now) | Q(open_until__gt=now + 2 * ANSWERED_WITHIN)
    asks = AccountPace.objects.filter(over, pk=account_id, open_until=until)
    return Breaker.ASK if asks.update(open_until=now + ANSWERED_WITHIN) else Breaker.OPEN


def close_breaker(*, actor: Actor, account_id: uuid.UUID) -> None:
    """The question was answered: everything goes on."""
    with audit.transaction(actor.context) as tx:
        pace = AccountPace.objects.select_for_update(no_key=True).get(pk=account_id)
        if pace.open_until is None:
            return
        account = RequesterAccount.objects.get(pk=account_id)
        tx.record("mturk.breaker.closed", target=account_target(account), stream=account.stream)
        AccountPace.objects.filter(pk=account_id).update(unknown_times=[], open_until=None)


def keep_breaker_open(*, actor: Actor, account_id: uuid.UUID, now: datetime) -> None:
    """The question was not answered: rest again, or pause the account."""
    _open(actor, account_id, now)


def note_trouble(*, actor: Actor, account_id: uuid.UUID, count: int, now: datetime) -> bool:
    """Calls that got no clear answer. Enough of them in a minute open the breaker for a minute.

    Returns whether it opened now.
    """
    with audit.transaction(actor.context):
        pace, _ = AccountPace.objects.select_for_update(no_key=True).get_or_create(account_id=account_id)
        since = (now - WINDOW).timestamp()
        times = [one for one in pace.unknown_times if one > since] + [now.timestamp()] * count
        opens = len(times) >= LIMIT and not (pace.open_until and pace.open_until > now)
        if opens:
            _open(actor, account_id, now)
        else:
            AccountPace.objects.filter(pk=account_id).update(unknown_times=times[-LIMIT:])
    return opens


def _open(actor: Actor, account_id: uuid.UUID, now: datetime) -> None:
    with audit.transaction(actor.context) as tx:
        account = RequesterAccount.objects.get(pk=account_id)
        openings = _lately_opened(account, now) + 1
        tx.record(
            "mturk.breaker.opened",
            target=account_target(account),
            stream=account.stream,
            changes={
                "cause": [None, "no clear answers from Amazon"],
                "seconds": [None, int(REST.total_seconds())],
            },
        )
        AccountPace.objects.filter(pk=account_id).update(unknown_times=[], open_until=now + REST)
        if openings >= OPENINGS:
            pause_account(actor=actor, account=account, cause=TOO_OFTEN)


def _lately_opened(account: RequesterAccount, now: datetime) -> int:
    """How often the breaker opened within the hour, or since a manager resumed the account. The log knows."""
    entries = AuditEntry.objects.filter(stream=account.stream, recorded_at__gt=now - HOUR)
    resumed = entries.filter(action="account.resumed").newest().values_list("seq", flat=True).first()
    opened = entries.filter(action="mturk.breaker.opened")
    return (opened if resumed is None else opened.filter(seq__gt=resumed)).count()
