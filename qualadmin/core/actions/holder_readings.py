"""Reading who holds a type, page by page: where a task is, so that another one goes on after it was killed.

What is read is kept chunk by chunk in one transaction with the page that comes next (see holders.py). Begun again,
because Amazon refused a token or nobody came back for long, a reading does no harm: the same rows agree.
"""

import uuid
from datetime import timedelta
from typing import Any, Final

from django.db.models import F, QuerySet
from django.utils import timezone

from qualadmin.core.actor import Actor
from qualadmin.core.models import HolderReading, Qualification, QualificationType
from qualadmin.core.queue import SYNC_TYPE, ring

from . import readings
from .holders import HolderCounts, apply_chunk, finish_holders, record_sync_failed, unlisted_holders
from .readings import Turn
from .seen import SeenHolder

#: Older progress is thrown away: the lists have changed too much for their halves to fit together.
STALE: Final = timedelta(hours=12)
ASKED_AT_MOST: Final = 2_000  # workers asked about one by one in one reading; the next one goes on with the rest
ASKED_AT_ONCE: Final = 100
Phase = HolderReading.Phase


class TurnLost(Exception):
    """Another task reads on: nothing of this chunk is kept."""


def take_holder_reading(type: QualificationType) -> tuple[HolderReading, Turn] | None:
    """The reading under way, or a new one, to go on with. None: another task has it, or it waits."""
    HolderReading.objects.get_or_create(type=type)
    turn = readings.take_turn(HolderReading.objects.all(), type.pk)
    if turn is None:
        return None
    row = HolderReading.objects.get(pk=type.pk)
    row.type = type
    now = timezone.now()
    if row.as_of is None or now - (row.read_at or row.as_of) > STALE:
        _begin(row, turn, restarts=0)
    return row, turn


def begin_holders_again(*, turn: Turn, row: HolderReading) -> bool:
    """Amazon refused the token: read from the first page. False if that happened too often already."""
    if row.restarts >= readings.RESTARTS:
        return False
    return _begin(row, turn, restarts=row.restarts + 1)


def _begin(row: HolderReading, turn: Turn, *, restarts: int) -> bool:
    row.as_of = row.read_at = timezone.now()
    row.phase, row.token, row.counts, row.asked, row.restarts = Phase.GRANTED, "", {}, 0, restarts
    fields = ("as_of", "read_at", "phase", "token", "counts", "asked", "restarts")
    fresh: dict[str, Any] = {name: getattr(row, name) for name in fields}
    return readings.keep_place(HolderReading.objects.all(), turn, calls=0, failure="", **fresh)


def keep_holders(
    *, actor: Actor, turn: Turn, row: HolderReading, seen: list[SeenHolder], phase: str, token: str, calls: int
) -> bool:
    """Bring these holders in line, and note that `token` of `phase` comes next. False: another task reads on."""
    if row.as_of is None:
        return False
    total = counts_of(row)

    def keep(result: HolderCounts) -> None:
        sums = HolderCounts()
        sums.add(total)
        sums.add(result)
        row.counts = {name: getattr(sums, name) for name in HolderCounts.__slots__}
        place = {"phase": phase, "token": token, "counts": row.counts, "read_at": timezone.now()}
        if not readings.keep_place(_open(), turn, calls=F("calls") + calls, **place):
            raise TurnLost

    try:
        apply_chunk(actor, row.type, seen, row.as_of, row.type.holders_synced_at is None, keep)
    except TurnLost:
        return False
    row.phase, row.token = phase, token
    return True


def next_unlisted(row: HolderReading) -> list[Qualification]:
    """The next of our rows that no list named, to be asked about; none once that is done."""
    limit = min(ASKED_AT_ONCE, ASKED_AT_MOST - row.asked)
    if row.as_of is None or limit <= 0:
        return []
    return unlisted_holders(type=row.type, as_of=row.as_of, limit=limit)


def note_asked(*, turn: Turn, row: HolderReading) -> bool:
    """One of them was asked about. False: another task reads on."""
    row.asked += 1
    return readings.keep_place(_open(), turn, asked=row.asked, read_at=timezone.now())


def finish_holder_reading(*, actor: Actor, turn: Turn, row: HolderReading) -> None:
    """Both lists were read and the rest asked about. If somebody asked after it was begun, it begins anew."""
    as_of = row.as_of
    if as_of is None or not readings.let_go(_open(), turn, as_of=None, token=""):
        return
    finish_holders(actor, row.type, as_of, counts_of(row))
    asked = QualificationType.objects.values_list("sync_asked_at", flat=True).get(pk=row.type_id)
    if asked is not None and asked > as_of:
        ring(SYNC_TYPE, str(row.type_id))


def fail_holder_reading(*, actor: Actor, turn: Turn, row: HolderReading, why: str) -> None:
    """Amazon does not give the list: told to whoever asked. The clock's next round begins anew."""
    if readings.let_go(_open(), turn, as_of=None, token="", tries=0, failure=why):
        record_sync_failed(actor=actor, type=row.type, detail=why)


def retry_holders_later(*, actor: Actor, turn: Turn, row: HolderReading, why: str) -> None:
    """No answer came. It goes on from the same page after a while, and is given up after several tries."""
    if not readings.try_again_later(_open(), turn):
        fail_holder_reading(actor=actor, turn=turn, row=row, why=f"{readings.GAVE_UP} {why}")


def release_holders(*, turn: Turn) -> None:
    """The slice of time is over: another task goes on."""
    readings.let_go(_open(), turn)


def holder_readings_to_go_on() -> list[uuid.UUID]:
    """Types whose reading lost its doorbell or process, or waits for the time to try again."""
    return list(readings.due(_open()).values_list("pk", flat=True)[:50])


def counts_of(row: HolderReading) -> HolderCounts:
    """What the reading came to so far."""
    known = {name: int(number) for name, number in row.counts.items() if name in HolderCounts.__slots__}
    return HolderCounts(**known)


def _open() -> QuerySet[HolderReading]:
    return HolderReading.objects.filter(as_of__isnull=False)
