"""Which of our rows say the same as Amazon: asked for a thousand at a time, since nearly all of them do."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import connection

from qualadmin.core.models import QualificationType

from ._sql import db_time, db_uuid, from_uuid, marks
from .seen import SeenHolder

IN_LIST: Final = 900  # SQLite's oldest limit of parameters is 999
GRANTED: Final = "Granted"
_LOOK: Final = """
SELECT w.worker_id, w.id, q.id, q.status, q.value, q.checked_at <= %s
  FROM core_worker w LEFT JOIN core_qualification q ON q.worker_id = w.id AND q.type_id = %s
 WHERE w.worker_id IN ({ids})"""


def agreeing(
    type: QualificationType, wanted: Mapping[str, SeenHolder], busy: set[uuid.UUID], as_of: datetime
) -> tuple[list[int], dict[str, uuid.UUID | None]]:
    """The keys of our rows that say the same as Amazon, and all other workers with our ids of them.

    Nearly all rows agree, so they are asked for without locks and without the ORM: that takes a third of the time.
    What the drain writes meanwhile is newer than `as_of`, and stays.
    """
    same: list[int] = []
    rest: dict[str, uuid.UUID | None] = dict.fromkeys(wanted)
    ids = list(wanted)
    with connection.cursor() as cursor:
        for start in range(0, len(ids), IN_LIST):
            part = ids[start : start + IN_LIST]
            cursor.execute(_LOOK.format(ids=marks(part)), [db_time(as_of), db_uuid(type.pk), *part])
            for worker_id, pk, key, status, value, is_older in cursor.fetchall():
                seen = wanted[worker_id]
                alike = key and is_older and status == seen.status and (status != GRANTED or value == seen.value)
                if alike and not (busy and from_uuid(pk) in busy):
                    same.append(key)
                    del rest[worker_id]
                else:
                    rest[worker_id] = from_uuid(pk)
    return same, rest


def note_checked(keys: list[int], as_of: datetime) -> None:
    """Keep when these rows were seen to agree."""
    moment = db_time(as_of)
    with connection.cursor() as cursor:
        for start in range(0, len(keys), IN_LIST):
            part = keys[start : start + IN_LIST]
            cursor.execute(
                f"UPDATE core_qualification SET checked_at = %s WHERE id IN ({marks(part)}) AND checked_at < %s",  # noqa: S608
                [moment, *part, moment],
            )
