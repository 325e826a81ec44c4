"""What all wishes about types have in common: a lease while a call is made, and how long until the next look."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from .texts import escaped

LEASE: Final = timedelta(minutes=2)  # far longer than a call can take
LONGEST_WAIT: Final = timedelta(hours=1)
DETAIL_KEPT: Final = 2000  # characters of Amazon's words


def free(now: datetime) -> Q:
    """Rows that no process has in hand, and whose time to wait is over."""
    return Q(lease_until=None) | Q(lease_until__lt=now)


def wait(tries: int) -> timedelta:
    """Half a minute after the first try, then longer and longer: Amazon's list may lag a minute behind."""
    return min(timedelta(seconds=15 * (1 << min(tries, 10))), LONGEST_WAIT)


def detail(words: str) -> dict[str, str] | None:
    """Amazon's own words as the protected part of an entry keeps them."""
    return {"detail": escaped(words, DETAIL_KEPT)} if words else None
