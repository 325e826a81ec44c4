"""What was refused at the door. Nothing else happens with a refusal, so each is an entry of its own.

A refusal stands even if its entry cannot be written; that is then in the diagnostic log.
"""

import logging
from typing import Any

from django.db import DatabaseError

from qualadmin.audit import record as audit
from qualadmin.audit.types import RequestInfo, Target
from qualadmin.core.actor import Actor

from .texts import escaped

logger = logging.getLogger(__name__)
DETAIL_KEPT = 500  # characters


def record_denied(*, actor: Actor, what: str, detail: str = "") -> None:
    """The person asked for something that is not theirs. `what` names the page or right, never an id or a URL."""
    _record(
        actor,
        "access.denied",
        target=Target("right", what[:64], what),
        payload={"detail": escaped(detail, DETAIL_KEPT)} if detail else None,
    )


def record_csrf_failed(*, actor: Actor) -> None:
    """A form came without a valid token, or from another site."""
    _record(actor, "access.csrf_failed")


def record_rate_limited(*, actor: Actor, what: str) -> None:
    """Somebody was slowed down. `what` names the page."""
    _record(actor, "access.rate_limited", target=Target("right", what[:64], what))


def record_bad_host(*, request: RequestInfo) -> None:
    """A request named a host that is not ours. The name itself is the sender's and is not kept."""
    _record(Actor.anonymous(request), "access.bad_host")


def _record(actor: Actor, action: str, **parts: Any) -> None:
    try:
        audit.record_now(actor.context, action, outcome="denied", **parts)
    except DatabaseError:
        logger.exception("A refusal (%s) could not be written into the audit log", action)
