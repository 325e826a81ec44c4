"""Whether Amazon answers again: one question after the breaker's rest, before anything is sent or looked up."""

from django.utils import timezone

from qualadmin.core.actions.accounts import pause_account
from qualadmin.core.actions.breaker import Breaker, close_breaker, keep_breaker_open, look_at_breaker
from qualadmin.core.actor import Actor
from qualadmin.core.models import RequesterAccount
from qualadmin.mturk.errors import AccessRefused, CredentialsMissing, MTurkError

from .identity import checked_gateway


def may_send(*, actor: Actor, account: RequesterAccount) -> bool:
    """Whether calls may leave. Asks Amazon for the balance where the breaker's rest is over; never raises for it.

    Any clear answer will do, "too fast" and "no" included. Refused credentials pause the account.
    """
    state = look_at_breaker(account_id=account.pk, now=timezone.now())
    if state is not Breaker.ASK:
        return state is Breaker.CLOSED
    try:
        checked_gateway(account).balance()
    except (AccessRefused, CredentialsMissing) as refusal:
        pause_account(actor=actor, account=account, cause=refusal.for_people)
        return False
    except MTurkError as error:
        if error.outcome in ("unknown", "not_sent"):
            keep_breaker_open(actor=actor, account_id=account.pk, now=timezone.now())
            return False
    close_breaker(actor=actor, account_id=account.pk)
    return True
