"""Calls that come twice: the key a program gave a call, and what that call was answered."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, connection, transaction

from qualadmin.audit import record as audit
from qualadmin.audit.prepared import prepared
from qualadmin.core.actor import Actor
from qualadmin.core.errors import Conflict
from qualadmin.core.models import RepeatKey

from ._sql import insert_row

_BEFORE: Final = "SELECT content, answer FROM core_repeatkey WHERE user_id = %s AND key = %s"


@dataclass(frozen=True, slots=True)
class Repeat:
    """How a call is known again: the key the program gave, and a digest of what it asked for."""

    key: str
    content: str

    @classmethod
    def of(cls, key: str, content: str) -> "Repeat":
        return cls(key, hashlib.sha256(content.encode()).hexdigest())


def answer_before(*, actor: Actor, repeat: Repeat) -> Any:
    """What the person's call with this key was answered, None if there was none.

    Raises Conflict where it asked for something else.
    """
    with prepared(connection) as cursor:
        cursor.execute(_BEFORE, [actor.person_id, repeat.key])
        row = cursor.fetchone()
    if row is None:
        return None
    content, answer = row
    if content != repeat.content:
        raise Conflict(
            "This idempotency key was used before, for another request. Nothing was done. Use a new key for "
            "each request, and the same one only to send a request again.",
            code="key_used",
        )
    return json.loads(answer)


def answer_once(*, actor: Actor, repeat: Repeat, act: Callable[[], Any]) -> Any:
    """What `act` answers, as JSON. A call that comes again gets the same answer, and nothing is done twice.

    `act` runs in one transaction with the keeping of its answer, so that there is never one without the other; it
    must need no transaction of its own. What it raises goes through, and uses up no key. Answers are never
    forgotten: they must name no worker. Raises Conflict where the key was used for something else.
    """
    before = answer_before(actor=actor, repeat=repeat)
    if before is not None:
        return before
    try:
        with audit.transaction(actor.context):
            answer = act()
            _keep(actor, repeat, answer)
    except IntegrityError:
        # The same call came before, perhaps at this very moment; this one was rolled back.
        if (answer := answer_before(actor=actor, repeat=repeat)) is None:
            raise
    return answer


def answer_first(*, actor: Actor, repeat: Repeat, act: Callable[[], Any]) -> Any:
    """As `answer_once`, for what takes several transactions and may be done twice without harm.

    Of two calls at the same moment, or where the process died before the answer was kept, both act; only the first
    one's answer is given.
    """
    before = answer_before(actor=actor, repeat=repeat)
    if before is not None:
        return before
    answer = act()
    try:
        with transaction.atomic():
            _keep(actor, repeat, answer)
    except IntegrityError:
        return answer_before(actor=actor, repeat=repeat)
    return answer


def _keep(actor: Actor, repeat: Repeat, answer: Any) -> None:
    insert_row(RepeatKey(user_id=actor.person_id, key=repeat.key, content=repeat.content, answer=answer))
