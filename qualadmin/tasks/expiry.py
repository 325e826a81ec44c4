"""What the night does for grants whose time is over: they are taken away, silently."""

import logging
import os
import socket
import uuid
from typing import Final

from django.utils import timezone

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.expiry import due_ends, end_grants
from qualadmin.core.actions.restorations import is_read_only
from qualadmin.core.actor import Actor

logger = logging.getLogger(__name__)
NAME: Final = "expiry"


def take_away() -> None:
    """Task, every night. Run twice, the second finds the jobs of the first and leaves their workers to them."""
    if is_read_only():
        return
    now = timezone.now()
    task = TaskInfo(id=str(uuid.uuid4()), name=NAME, host=socket.gethostname(), pid=os.getpid())
    for due in due_ends(now=now):
        try:
            end_grants(actor=Actor.system(NAME, task=task), due=due, task=task, now=now)
        except Exception:
            logger.exception("Grants that are over could not be taken away; the next night tries again")
