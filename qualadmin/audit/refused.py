"""Counting what the database would not let into the log: in a file, since the database is what is in the way.

One byte for each transaction that was undone, so that any number of processes add to it at once. The size of the
file is the number, its time that of the newest. Each machine has its own, like the diagnostic log.
"""

import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """How often, since the file was made, and when last."""

    count: int
    last_at: datetime | None


def note() -> None:
    """One more. The transaction fails whether or not this can be noted, so it only says so."""
    try:
        handle = os.open(
            settings.AUDIT_REFUSED_PATH, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o644
        )
        try:
            os.write(handle, b"\n")
        finally:
            os.close(handle)
    except OSError:
        logger.exception("That an entry of the audit log was refused could not be counted")


def read() -> Refused:
    """What this machine counted."""
    try:
        found = settings.AUDIT_REFUSED_PATH.stat()
    except FileNotFoundError:
        return Refused(0, None)
    return Refused(found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))
