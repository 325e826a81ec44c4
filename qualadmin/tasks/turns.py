"""Reading a long list of Amazon's in slices of time: what ends a slice, and what an error means for it."""

import logging
import time
from collections.abc import Callable
from typing import Final, Literal

from django.conf import settings

from qualadmin.core.actions.accounts import pause_account
from qualadmin.core.actor import Actor
from qualadmin.core.models import RequesterAccount
from qualadmin.mturk.errors import ListingBroken, MTurkError

from . import heartbeat, stopping

logger = logging.getLogger(__name__)

MAX_CALLS: Final = 20_000  # pages of one list: two million items, more than any requester has
Meaning = Literal["token", "refused", "account", "later"]


def slice_of_time() -> Callable[[], bool]:
    """Begin a slice; what is returned says whether it goes on, and beats. Ask it outside of transactions."""
    end = time.monotonic() + settings.DRAIN_SLICE_SECONDS

    def goes_on() -> bool:
        heartbeat.beat_now_and_then()
        return time.monotonic() < end and not stopping.asked()

    return goes_on


def meaning_of(error: MTurkError, *, token: str) -> Meaning:
    """What to do after `error` came for the page of `token`: begin the list again, give it up, pause, or wait.

    What Amazon says of an old token is not documented, so any refusal of a later page counts as one; were it
    another refusal, the first page would say so again.
    """
    if error.outcome == "account":
        return "account"
    if token and (error.permanent or isinstance(error, ListingBroken)):
        return "token"
    return "refused" if error.permanent else "later"


def report(account: RequesterAccount, error: MTurkError, actor: Actor) -> None:
    """Credentials that Amazon refuses stop everything; any other failure only goes into the process's log."""
    logger.warning("Reading from Amazon failed: %s", error)
    if error.outcome == "account" and account.is_enabled:
        pause_account(actor=actor, account=account, cause=error.for_people)
