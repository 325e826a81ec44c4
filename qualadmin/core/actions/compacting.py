"""Giving back the free space of the database file, in which the bytes of what was erased may still stand."""

import logging
from datetime import datetime

from django.db import OperationalError, connection

from qualadmin.core.models import Erasure

logger = logging.getLogger(__name__)


def compact() -> None:
    """Write a SQLite file anew and empty its log of changes. Nothing on PostgreSQL, which reuses space by itself.

    Everybody who saves waits meanwhile: some seconds a gigabyte. It needs free disk of the size of the database
    twice, once where temporary files are. Must not run in a transaction. Raises OperationalError if somebody else
    is at work for longer than the time-out.
    """
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA temp_store")
        kept_in = cursor.fetchone()[0]
        # What is temporary is kept in memory elsewhere; of this statement that would be the whole database.
        cursor.execute("PRAGMA temp_store = FILE")
        try:
            cursor.execute("VACUUM")
        finally:
            cursor.execute(f"PRAGMA temp_store = {kept_in:d}")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy = cursor.fetchone()[0]
    if busy:
        raise OperationalError("Somebody still reads the database as it was before.")


def compact_after_erasures(*, now: datetime) -> int:
    """Compact if somebody was erased since the last time. Returns how many that were; 0 too if it has to wait."""
    waiting = Erasure.objects.filter(state=Erasure.State.DONE, compacted_at=None)
    keys = list(waiting.values_list("pk", flat=True))
    if not keys:
        return 0
    try:
        compact()
    except OperationalError as error:
        logger.warning("Free space of the database was not given back: %s. The next night tries again.", error)
        return 0
    return Erasure.objects.filter(pk__in=keys).update(compacted_at=now)
