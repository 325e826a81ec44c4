"""Lists that were discarded, and working data that nobody came back for, are forgotten.

A large list is forgotten part by part, so that whoever else saves need not wait: it is discarded at once, and
nothing can be made of it from then on. A process that dies between two parts leaves `Preview.emptying`, and the
sweep rings again.
"""

import json
import uuid
from collections.abc import Callable
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Max

from qualadmin.core.killpoints import reached
from qualadmin.core.models import Preview, PreviewRow
from qualadmin.core.queue import EMPTY, ring

from . import parts

OPEN = (Preview.State.UPLOADED, Preview.State.READY)


def forget(preview: Preview) -> None:
    """Discard it with its bytes and the first part of its rows; a task does the rest, if there is one.

    Call inside a transaction that holds the preview's row.
    """
    preview.state, preview.content = Preview.State.DISCARDED, None
    preview.emptying = drop_part(preview.pk)
    preview.save(update_fields=["state", "content", "emptying"])
    if preview.emptying:
        ring(EMPTY, str(preview.pk))


def empty_part(*, preview_id: uuid.UUID) -> bool:
    """Delete the next part of the rows of a discarded list. True while something is left for another call.

    A list that is not being emptied (any more) is left alone.
    """
    with transaction.atomic():
        emptying = Preview.objects.filter(pk=preview_id, emptying=True, state=Preview.State.DISCARDED)
        if emptying.select_for_update(no_key=True).first() is None:
            return False
        left = drop_part(preview_id)
        if not left:
            emptying.update(emptying=False)
        reached("emptying")
    reached("emptied_part")
    return left


def drop_part(preview_id: uuid.UUID) -> bool:
    """Delete the first rows of a list, as many as a transaction may. True if there are more."""
    rows = PreviewRow.objects.filter(preview=preview_id)
    last = rows.order_by("n").values_list("n", flat=True)[: parts.LINES].aggregate(end=Max("n"))["end"]
    if last is None:
        return False
    rows.filter(n__lte=last)._raw_delete(rows.db)
    return rows.exists()


def previews_to_empty() -> list[uuid.UUID]:
    """Discarded lists that still have rows: the sweep rings for them."""
    return list(Preview.objects.filter(emptying=True).order_by("created_at").values_list("pk", flat=True))


def drop_old_previews(*, before: datetime) -> int:
    """Discard lists made before then that were never confirmed, and the uploaded bytes of those that were.

    They hold worker ids, so they stay no longer than they are of use. The previews of jobs keep their rows: these
    are what was shown. Returns how many lists were given up.
    """
    old = Preview.objects.filter(created_at__lt=before).order_by()
    stale = old.filter(state__in=OPEN)
    given_up = 0
    for preview_id in list(stale.values_list("pk", flat=True)):
        with transaction.atomic():
            preview = stale.select_for_update(no_key=True).filter(pk=preview_id).first()
            if preview is not None:  # not confirmed meanwhile
                forget(preview)
                given_up += 1
    for preview_id in list(old.exclude(content=None).values_list("pk", flat=True)):
        old.filter(pk=preview_id).update(content=None)  # one at a time: they may be megabytes
    return given_up


def drop_ended_sessions(*, before: datetime) -> int:
    """Delete sessions that were over by then. They remember what somebody gave as a reason. Returns how many."""
    return Session.objects.filter(expire_date__lt=before).delete()[0]


def end_sessions(names: Callable[[str], bool]) -> None:
    """End each session in whose content `names` finds something; who has it signs in again.

    The content is coded, so the database cannot search it. There are as many as people signed in.
    """
    named = [one.pk for one in Session.objects.iterator() if names(json.dumps(one.get_decoded()))]
    Session.objects.filter(pk__in=named).delete()
