"""One call that was let in, and how long it may take."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from qualadmin.core.actor import Actor
from qualadmin.core.models import AccessKey
from qualadmin.wire.errors import ApiError, framework_error, throttled

#: Calls of one process that wait for Amazon at the same time: the other threads are for people.
WAIT_AT_ONCE: Final = 6
PATIENCE: Final = 5.0  # seconds that one more call stands in line
SHORTEST, LONGEST = 0.02, 0.25  # seconds between two looks

_waiting: Final = threading.BoundedSemaphore(WAIT_AT_ONCE)


class Again(ApiError):
    """Nothing is wrong; the client shall send the same call again, which every client library does by itself.

    Amazon's word for that is ThrottlingException. A 5xx would be sent again too, but means that something broke.
    """

    def __init__(self, message: str) -> None:
        super().__init__("ThrottlingException", message, stamped=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`parameters` are checked. `reason` and `study` are what the call or else the key says."""

    actor: Actor
    key: AccessKey
    operation: str
    parameters: Mapping[str, Any]
    reason: str
    study: str  # a short name or id; empty: none
    ends: float  # when the answer must be there, by the monotonic clock

    @property
    def account_id(self) -> str:
        return str(self.key.account_id)

    def looks(self) -> Iterator[float]:
        """Yield the seconds waited so far, with pauses that grow, until the time is over."""
        began, pause = time.monotonic(), SHORTEST
        while True:
            yield time.monotonic() - began
            left = self.ends - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(pause, left))
            pause = min(pause * 1.2, LONGEST)


def ends_at() -> float:
    """When a call that comes in now must be answered."""
    return time.monotonic() + float(settings.MTURK_WAIT_SECONDS)


@contextmanager
def seat() -> Iterator[None]:
    """One of the places where calls wait. Raises ApiError when all stay taken."""
    if not _waiting.acquire(timeout=PATIENCE):
        raise throttled()
    try:
        yield
    finally:
        _waiting.release()


def denied(message: str) -> ApiError:
    """What qualadmin refuses and Amazon would not, in our words."""
    return framework_error("AccessDeniedException", message)
