"""A call that is sent again finds what the first one began.

Client libraries send a call again when it got no answer. What it asked for is remembered in the shared cache until
the answer was handed over, and of two equal calls at the same moment only one begins anything.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core.cache import cache

from .call import Again, Call

REMEMBERED: Final = 900  # seconds
MAKING: Final = 30  # seconds in which only one of two equal calls begins something


def name_of(call: Call, *said: Any) -> str:
    """The same for a call that is sent again by the same person."""
    words = [call.actor.person_id, call.operation, call.account_id, call.study, call.reason, *said]
    return f"mturk:asked:{hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()}"


def found_or_made(call: Call, name: str, make: Callable[[], str | None]) -> str:
    """The id of what an equal call began, else of what `make` begins; called again while that gives None.

    Raises Again when the time is over.
    """
    for _ in call.looks():
        with _alone(name) as alone:
            if not alone:
                continue
            if found := cache.get(name):
                return str(found)
            if made := make():
                cache.set(name, made, REMEMBERED)
                return made
    raise Again("Somebody else is changing this at the moment. Nothing was done. Send the call again.")


def forget(name: str) -> None:
    """It is over, and its answer is about to be handed over."""
    cache.delete(name)


@contextmanager
def _alone(name: str) -> Iterator[bool]:
    """Whether no equal call is looking or making at this moment."""
    lock = f"{name}:making"
    alone = cache.add(lock, 1, MAKING)
    try:
        yield alone
    finally:
        if alone:
            cache.delete(lock)
