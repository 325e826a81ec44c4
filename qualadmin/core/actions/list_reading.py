"""Reading the sources of a list: who has come, who has left.

What differs is found by statements over whole sources; only that is written, in short transactions. Killed between
two of them, or run twice at once, nothing is lost: the next reading finds what is missing. Lists below a list are
read first; there are no circles (list_sources.py).
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from django.db import connection, transaction
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.core.actor import Actor
from qualadmin.core.models import ListSource, Membership, Worker, WorkerList
from qualadmin.core.models.qualifications import new_salt

from . import parts
from ._sql import db_time, db_uuid, insert_rows, marks, update_rows
from .hits import newest_answer
from .lists import list_target

IN_LIST: Final = 900  # SQLite's oldest limit of parameters is 999
_T = TypeVar("_T")
_COLUMNS: Final = "list_id, source_id, worker_id, since, at"
_ONCE: Final = "ON CONFLICT (source_id, worker_id) DO NOTHING"


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a list found: memberships that came and went, and how many different workers it has now."""

    added: int
    removed: int
    members: int


def read_list(*, actor: Actor, list_id: uuid.UUID) -> Reading:
    """Bring a list, and the lists below it, up to date with its sources. No change, no entry.

    Whoever may see the list may have it read: what comes of it is decided by its sources.
    """
    for below in lists_below(list_id):
        _read_one(actor, below)
    return _read_one(actor, list_id)


def keep_participants(*, actor: Actor, source: ListSource, found: Mapping[str, datetime | None]) -> None:
    """Make these worker ids the workers of a source that is not followed. New ids become known."""
    now = timezone.now()
    for part in _batches(found.items(), parts.LINES):
        ids = [one for one, _ in part]
        with audit.transaction(actor.context) as tx:
            _meet(tx, source, ids, now)
            keys = _keys(ids)
            _insert(source, ((keys[one], db_time(at)) for one, at in part), now)
    _count_source(source, now)


def purge_dropped(list_id: uuid.UUID) -> int:
    """Let the workers of dropped sources leave. Returns how many memberships there were."""
    gone = Membership.objects.filter(list=list_id, source__dropped_at__isnull=False)
    return _delete(gone.values_list("pk", flat=True))


def due_lists() -> list[uuid.UUID]:
    """Lists that follow something: the night reads them. Those below others come with these."""
    followed = ListSource.objects.filter(dropped_at=None, kind__in=ListSource.FOLLOWED, list__archived_at=None)
    return list(followed.order_by().values_list("list", flat=True).distinct())


def read_followers(*, actor: Actor, list_id: uuid.UUID) -> None:
    """Read a list, and then the lists that follow it, directly or through others."""
    read_list(actor=actor, list_id=list_id)
    for above in _chain(list_id, "other", "list"):
        _read_one(actor, above)


def lists_below(list_id: uuid.UUID) -> list[uuid.UUID]:
    """The lists that this one follows, the lowest first, each once."""
    return _chain(list_id, "list", "other")[::-1]


def _chain(start: uuid.UUID, here: str, there: str) -> list[uuid.UUID]:
    """All lists that lead on from `start`, each behind every list that leads to it."""
    order: list[uuid.UUID] = []
    edge = [start]
    while edge:
        links = ListSource.objects.filter(dropped_at=None, other__isnull=False, list__archived_at=None)
        rows = links.filter(**{f"{here}__in": edge})
        edge = list(rows.order_by().values_list(there, flat=True).distinct())
        order = [one for one in order if one not in edge] + edge  # the further away, the later
    return order


def _read_one(actor: Actor, list_id: uuid.UUID) -> Reading:
    now = timezone.now()
    added, removed = 0, purge_dropped(list_id)
    for source in ListSource.objects.filter(list=list_id, dropped_at=None):
        if source.kind in ListSource.FOLLOWED:
            came, left = _follow(actor, source, now)
            added, removed = added + came, removed + left
    members = _members(list_id)
    with audit.transaction(actor.context) as tx:
        one = WorkerList.objects.select_related("account", "study").get(pk=list_id)
        if added or removed or members != one.members:
            entry = tx.record(
                "workerlist.read",
                target=list_target(one),
                stream=one.stream,
                changes={"added": [None, added], "removed": [None, removed], "members": [one.members, members]},
            )
            WorkerList.objects.filter(pk=list_id).update(members=members, read_at=now, audit_id=entry)
        else:
            WorkerList.objects.filter(pk=list_id).update(read_at=now)
    return Reading(added, removed, members)


_HOLDERS: Final = (
    "SELECT worker_id, grant_time AS at FROM core_qualification WHERE type_id = %s AND status = 'Granted'"
    " AND worker_id NOT IN (SELECT id FROM core_worker WHERE erased_at IS NOT NULL)"
)
_WORK: Final = (
    "SELECT w.id AS worker_id, MAX(h.submitted_at) AS at FROM core_hitwork h"
    " JOIN core_worker w ON w.worker_id = h.worker_id WHERE h.reading_id = %s GROUP BY w.id"
)
_STRANGERS: Final = (
    "SELECT DISTINCT h.worker_id FROM core_hitwork h LEFT JOIN core_worker w ON w.worker_id = h.worker_id"
    " WHERE h.reading_id = %s AND w.id IS NULL"
)
_OTHER: Final = "SELECT worker_id, MAX(at) AS at FROM core_membership WHERE list_id = %s GROUP BY worker_id"
_CAME: Final = """
SELECT f.worker_id, f.at FROM ({feed}) f
  LEFT JOIN core_membership m ON m.source_id = %s AND m.worker_id = f.worker_id
 WHERE m.id IS NULL"""
_MOVED: Final = """
SELECT m.id, f.at FROM ({feed}) f
  JOIN core_membership m ON m.source_id = %s AND m.worker_id = f.worker_id
 WHERE f.at <> m.at OR (f.at IS NULL) <> (m.at IS NULL)"""
_LEFT: Final = """
SELECT m.id FROM core_membership m
  LEFT JOIN ({feed}) f ON f.worker_id = m.worker_id
 WHERE m.source_id = %s AND f.worker_id IS NULL"""


def _follow(actor: Actor, source: ListSource, now: datetime) -> tuple[int, int]:
    """Make the members of the source what it says now. Returns how many came and left."""
    found = _feed(actor, source, now)
    if found is None:
        return 0, 0
    feed, key = found
    both = [db_uuid(key), source.pk]
    came, moved, left = (_rows(sql.format(feed=feed), both) for sql in (_CAME, _MOVED, _LEFT))
    for part in _batches(came, parts.LINES):
        with transaction.atomic():
            _insert(source, part, now)
    for part in _batches(moved, parts.LINES):
        with transaction.atomic():
            update_rows(Membership, ["at"], part)
    _delete(row[0] for row in left)
    _count_source(source, now)
    return len(came), len(left)


def _feed(actor: Actor, source: ListSource, now: datetime) -> tuple[str, uuid.UUID] | None:
    """The statement that gives the workers of the source, with its parameter. None: Amazon told nothing yet."""
    if source.type_id:
        return _HOLDERS, source.type_id
    if source.other_id:
        return _OTHER, source.other_id
    answer = newest_answer(source.pk)
    if answer is None:
        return None
    strangers = [one for (one,) in _rows(_STRANGERS, [db_uuid(answer.pk)])]
    for part in _batches(strangers, parts.LINES):
        with audit.transaction(actor.context) as tx:
            _meet(tx, source, part, now)
    return _WORK, answer.pk


def _rows(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(parameters))
        return list(cursor.fetchall())


def _insert(source: ListSource, rows: Iterable[Sequence[Any]], now: datetime) -> None:
    """`rows`: worker and time as the database has them."""
    list_id, since = db_uuid(source.list_id), db_time(now)
    insert_rows("core_membership", _COLUMNS, ((list_id, source.pk, who, since, at) for who, at in rows), _ONCE)


def _delete(keys: Iterable[int]) -> int:
    count = 0
    for part in _batches(keys, IN_LIST):
        Membership.objects.filter(pk__in=part).delete()
        count += len(part)
    return count


def _batches(rows: Iterable[_T], size: int) -> Iterator[list[_T]]:
    remaining = iter(rows)
    while part := list(islice(remaining, size)):
        yield part


def _meet(tx: Transaction, source: ListSource, ids: Sequence[str], now: datetime) -> None:
    """Rows for those of the workers who were never met before."""
    known = _keys(ids)
    new = [one for one in ids if one not in known]
    if not new:
        return
    entry = tx.record(
        "workerlist.workers.met",
        target=list_target(source.list),
        stream=source.list.stream,
        changes={"source": [None, source.pk], "workers": [None, len(new)]},
    )
    insert_rows(
        "core_worker",
        "id, worker_id, salt, created_at, audit_id",
        ((db_uuid(uuid.uuid4()), one, new_salt(), db_time(now), db_uuid(entry)) for one in new),
        "ON CONFLICT (worker_id) DO NOTHING",
    )


def _keys(ids: Sequence[str]) -> dict[str, Any]:
    """The workers of these ids, as the database has their keys."""
    return {
        worker_id: key
        for part in _batches(ids, IN_LIST)
        for worker_id, key in _rows(
            f"SELECT worker_id, id FROM {Worker._meta.db_table} WHERE worker_id IN ({marks(part)})",  # noqa: S608
            part,
        )
    }


def _count_source(source: ListSource, now: datetime) -> None:
    count = Membership.objects.filter(source=source.pk).order_by().count()
    ListSource.objects.filter(pk=source.pk).update(members=count, read_at=now)
    source.members, source.read_at = count, now


def _members(list_id: uuid.UUID) -> int:
    """Different workers of the list."""
    [(count,)] = _rows(
        "SELECT COUNT(*) FROM (SELECT 1 FROM core_membership WHERE list_id = %s GROUP BY worker_id) one",
        [db_uuid(list_id)],
    )
    return int(count)
