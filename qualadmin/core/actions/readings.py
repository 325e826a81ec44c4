"""Reading Amazon's long lists in turns: one task has the lease, notes how far it is, and lets go.

A task that is killed leaves its lease, which runs out; whoever comes next goes on from the page that was noted.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from qualadmin.core.models import Progress

LEASE: Final = timedelta(seconds=90)  # longer than one call with all its repeats may take
TRIES: Final = 8  # without an answer, one after another; the last ones are minutes apart
RESTARTS: Final = 3  # times that Amazon may refuse a token of one list
GAVE_UP: Final = "Amazon gave no clear answer for a long time, so this was given up. Ask again later."


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to read on for a while. `key` is the row's, `by` names whoever has the lease."""

    key: Any
    by: str


def take_turn(rows: QuerySet[Any], key: Any) -> Turn | None:
    """The lease of one of `rows`, or None: another task has it, it is not due, or nothing is to be read."""
    now = timezone.now()
    by = uuid.uuid4().hex
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    due = Q(due_at=None) | Q(due_at__lte=now)
    taken = rows.filter(free, due, pk=key).update(lease_until=now + LEASE, lease_by=by)
    return Turn(key, by) if taken else None


def keep_place(rows: QuerySet[Any], turn: Turn, **progress: Any) -> bool:
    """Note how far it is, and hold on to the lease. False: somebody else has it, so stop.

    Call in the transaction that keeps what was read.
    """
    mine = rows.filter(pk=turn.key, lease_by=turn.by)
    return mine.update(lease_until=timezone.now() + LEASE, tries=0, due_at=None, **progress) == 1


def let_go(rows: QuerySet[Any], turn: Turn, **progress: Any) -> bool:
    """Give the lease back. False: somebody else has it already."""
    return rows.filter(pk=turn.key, lease_by=turn.by).update(lease_until=None, lease_by="", **progress) == 1


def try_again_later(rows: QuerySet[Any], turn: Turn) -> bool:
    """No answer came: give the lease back and wait, longer each time. False, with the lease kept, if that was
    done often enough: then it is for the caller to give up."""
    row: Progress | None = rows.filter(pk=turn.key, lease_by=turn.by).first()
    if row is None:
        return True
    if row.tries + 1 >= TRIES:
        return False
    wait = timedelta(seconds=min(300, 5 * 2**row.tries))
    let_go(rows, turn, tries=row.tries + 1, due_at=timezone.now() + wait)
    return True


def due(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of `rows` that somebody should read on now: not leased, and not waiting."""
    now = timezone.now()
    return rows.filter(
        Q(lease_until=None) | Q(lease_until__lt=now), Q(due_at=None) | Q(due_at__lte=now)
    ).order_by()
