"""What the night does for lists of workers: followed sources are read, and Amazon is asked about HITs."""

import logging

from qualadmin.core.actions.list_hits import ask_about_hits
from qualadmin.core.actions.list_reading import due_lists, read_list
from qualadmin.core.actions.restorations import is_read_only
from qualadmin.core.actor import Actor

logger = logging.getLogger(__name__)


def read_lists() -> None:
    """Task, every night. A list that cannot be read keeps nobody else's from being read."""
    if is_read_only():
        return
    for list_id in due_lists():
        try:
            ask_about_hits(actor=Actor.system("lists"), list_id=list_id)
            read_list(actor=Actor.system("lists"), list_id=list_id)
        except Exception:
            logger.exception("A list could not be read; the next night tries again")
