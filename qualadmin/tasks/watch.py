"""Looking after the service itself: what needs a person becomes a mail to the managers, once for each happening.

The task cluster looks every minute. So does the sealer, a process apart: a dead cluster can tell of nothing.
"""

import logging
import socket
from dataclasses import replace
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.alarms import claim_alarm, note_alarms, record_told
from qualadmin.core.concerns import Concern, concerns_of
from qualadmin.core.permissions import Role
from qualadmin.core.vitals import read_vitals
from qualadmin.logs import redact

from .notices import send

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 60.0


def look_around() -> None:
    """Task: see what needs a person, and mail the managers about what they were not told of yet."""
    now = timezone.now()
    found = [known for one in concerns_of(read_vitals(now), now) if one.mail and (known := _happening(one))]
    new = note_alarms(keys=[one.key for one in found], now=now)
    for one in found:
        if one.key in new:
            logger.error("%s. %s", one.title, one.text)
        if claim_alarm(key=one.key, now=now) and send(Role.MANAGER, redact(one.title), body_of(one)):
            record_told(key=one.key, now=now)


def body_of(one: Concern) -> str:
    """The text of the mail, in plain lines."""
    link = settings.SITE_URL.rstrip("/") + reverse("service")
    return (
        f"{redact(one.title)}.\n\n{redact(one.text)}\n\nHow everything stands: {link}\n\n"
        "This mail is sent once. Answers to it are read by nobody.\n"
    )


def _happening(one: Concern) -> Concern | None:
    """The concern under a key of this very happening; None for what a manager did, and so knows of."""
    if one.key == "disk":  # each machine has its own
        return replace(
            one, key=f"disk:{socket.gethostname()[:100]}", title=f"{one.title} ({socket.gethostname()})"
        )
    if one.account is None or not one.account.account.paused_reason:
        return one
    paused = AuditEntry.objects.filter(
        action="account.paused", target_type="account", target_id=str(one.account.account.pk)
    )
    entry = paused.newest().first()
    if entry is None or entry.actor_kind == "user":
        return None
    return replace(one, key=f"paused:{entry.seq}")
