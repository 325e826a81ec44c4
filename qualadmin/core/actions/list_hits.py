"""HITs as a source of a list: everybody who did them, asked of Amazon when it is added, at night, and on demand.

What Amazon said lies in a reading (hits.py); list_reading.py makes the members what the newest one found.
"""

import uuid
from collections.abc import Collection, Iterable
from typing import Final

from django.db.models import Exists, F, OuterRef, Q

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.models import HIT_ID, HitReading, ListSource
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import TAKE_HITS, ring

from .hits import checked, request_hit_reading
from .list_reading import lists_below, read_followers
from .list_sources import add_source
from .lists import current_list

Kind = ListSource.Kind
State = HitReading.State
TOOK_PART: Final = ("Submitted", "Approved")  # unless somebody wants it otherwise
AT_ONCE: Final = 50  # readings that a minute's round rings for


def add_hits(
    *, actor: Actor, list_id: uuid.UUID, hit_ids: Collection[str], statuses: Collection[str] = TOOK_PART
) -> ListSource:
    """Let the list follow everybody who did these HITs. Amazon is asked at once; the workers come with its answer.

    `statuses`: which assignments count. They took part when they handed in last. Raises ActionError for ids that
    can't be HIT ids, for none, and for too many. While the account is off nothing is asked; a later night asks.
    """
    wanted, chosen = checked(hit_ids, statuses)
    wanted.sort()
    with audit.transaction(actor.context) as tx:
        one = current_list(actor, list_id)
        require(actor, Permission.SYNC, str(one.account_id))
        label = f"Workers of the HIT {wanted[0]}" if len(wanted) == 1 else f"Workers of {len(wanted):,} HITs"
        source = ListSource(list=one, kind=Kind.HITS, label=label[:200], hit_ids=wanted, statuses=chosen)
        add_source(tx, actor, source, hits=len(wanted), statuses=", ".join(chosen))
        _ask(actor, source)
    return source


def ask_about_hits(*, actor: Actor, list_id: uuid.UUID, below: bool = False) -> int:
    """Have Amazon asked anew about the HITs of a list, and with `below` of the lists that it follows.

    What is being read already is not asked again. Returns about how many sources Amazon is being asked now.
    """
    lists = [*(lists_below(list_id) if below else ()), list_id]
    rows = ListSource.objects.filter(list__in=lists, kind=Kind.HITS, dropped_at=None, list__archived_at=None)
    return sum(_ask(actor, one) for one in rows.select_related("list__account"))


def _ask(actor: Actor, source: ListSource) -> bool:
    """Whether Amazon is being asked. The account may be off: then the page says so."""
    account = source.list.account
    wanted = [one for one in source.hit_ids if HIT_ID.fullmatch(one)]  # an erased id may have stood among them
    if not account.is_open or not wanted:
        return False
    if not source.readings.filter(state=State.WAITING).exists():
        request_hit_reading(actor=actor, account=account, hit_ids=wanted, statuses=source.statuses, source=source)
    return True


def take_hits(*, actor: Actor, reading_id: uuid.UUID) -> None:
    """Amazon has answered: bring the list, and those that follow it, up to date. Twice is once."""
    reading = HitReading.objects.filter(
        pk=reading_id, state=State.DONE, source__dropped_at=None, source__list__archived_at=None
    )
    list_id = reading.values_list("source__list", flat=True).first()
    if list_id is not None:
        read_followers(actor=actor, list_id=list_id)


def ring_for_answers(readings: Iterable[uuid.UUID] | None = None) -> None:
    """Have lists take in what Amazon answered: these readings, or all whose doorbell was lost."""
    for one in answers_to_take_in() if readings is None else readings:
        ring(TAKE_HITS, str(one))


def answers_to_take_in() -> list[uuid.UUID]:
    """Answers that are newer than what their list holds."""
    newer = HitReading.objects.filter(
        source=OuterRef("source"), state=State.DONE, asked_at__gt=OuterRef("asked_at")
    )
    rows = HitReading.objects.filter(
        Q(source__read_at=None) | Q(source__read_at__lt=F("finished_at")),
        ~Exists(newer),
        source__isnull=False,
        source__dropped_at=None,
        source__list__archived_at=None,
        state=State.DONE,
    )
    return list(rows.order_by().values_list("pk", flat=True)[:AT_ONCE])
