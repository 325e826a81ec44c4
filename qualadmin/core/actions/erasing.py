"""What goes when a worker is erased, and how: everywhere the id may stand, whoever wrote it there.

The id has one column of its own. Besides, people type it into lists and notes, and Amazon repeats it in answers.
So what belongs to the worker is emptied, and every other text of the database is searched for the id.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, Final

from django.apps import apps
from django.db import connection, models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Cast, Coalesce, Now
from django.utils import timezone

from qualadmin.audit.erasure import erase_texts
from qualadmin.audit.models import AuditedModel, AuditEntry, AuditPayload
from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Target
from qualadmin.core.models import (
    Change,
    Drift,
    ErasedId,
    HitWork,
    Job,
    Membership,
    Preview,
    PreviewRow,
    RequestAnswers,
    Worker,
    WorkerNote,
    WorkerTag,
)
from qualadmin.core.pseudonyms import erased_digest

from . import leftovers
from .rows import move

ERASED: Final = "[erased worker]"
#: Ids of Amazon have at least ten characters. What is shorter may be part of any word: it is looked for as a word.
LONG: Final = 10
IN_LIST: Final = 900  # SQLite's oldest limit of parameters is 999
TARGET: Final = "one worker"
#: Why somebody was erased, or could not be, stays on record, unless it names the id.
KEEPS_ITS_REASON: Final = "privacy."


@dataclass(slots=True)
class Places:
    """Where the worker stands, found before anything is written."""

    texts: dict[str, list[int]] = field(default_factory=dict)  # entries with a payload that goes, by stream
    lists: list[Preview] = field(default_factory=list)  # that nobody confirmed yet
    rows: list[tuple[type[models.Model], object, dict[str, Any]]] = field(default_factory=list)


def erase(
    tx: Transaction,
    worker: Worker,
    *,
    action: str,
    target: Target,
    parent: uuid.UUID | None = None,
    changes: Mapping[str, list[Any]] | None = None,
) -> uuid.UUID:
    """Erase the worker (locked by the caller) and return the entry that tells of it. There must still be an id."""
    name = worker.worker_id
    if name is None:
        raise AssertionError("A worker without an id was erased already.")
    places = _places(worker, name)
    notes = WorkerNote.objects.filter(worker=worker).exclude(text="")
    lines = _lines(worker, name)
    still_open = Change.objects.filter(worker=worker, state__in=Change.OPEN)
    entry = tx.record(
        action,
        target=target,
        subject=worker.pk,
        parent=parent,
        changes={
            **(changes or {}),
            "texts": [None, sum(map(len, places.texts.values()))],
            "notes": [None, notes.count()],
            "lines": [None, lines.count()],
            "lists": [None, len(places.lists)],
            "others": [None, len(places.rows)],
            "cancelled": [None, still_open.count()],
        },
    )
    own: set[tuple[type[models.Model], object]] = {(WorkerNote, one) for one in notes.values_list("pk", flat=True)}
    tags = WorkerTag.objects.filter(worker=worker).exclude(text="")
    own.update((WorkerTag, one) for one in tags.values_list("pk", flat=True))
    own.update((Change, one) for one in still_open.values_list("pk", flat=True))
    for model, key, values in places.rows:
        if (model, key) not in own:  # a row changes once with one entry
            more = {"audit_id": entry} if issubclass(model, AuditedModel) else {}
            model._base_manager.filter(pk=key).update(**values, **more)
    _give_up(still_open, entry, {key: values for model, key, values in places.rows if model is Change})
    notes.update(text="", audit_id=entry)
    tags.update(text="", removed_at=Coalesce("removed_at", Now()), audit_id=entry)
    lines.update(given=ERASED, worker_id="", proposal="")
    HitWork.objects.filter(worker_id=name).delete()
    Membership.objects.filter(worker=worker).delete()
    RequestAnswers.objects.filter(request__worker=worker).delete()
    # Nobody can put right what differs for somebody without an id.
    Drift.objects.filter(worker=worker, closed_at=None).update(
        closed_at=timezone.now(), closed_as=Drift.Closed.CHANGED
    )
    for preview in places.lists:
        leftovers.forget(preview)
    leftovers.end_sessions(lambda kept: bool(_mention(name).search(kept)))
    ErasedId.objects.bulk_create([ErasedId(digest=erased_digest(name))], ignore_conflicts=True)
    move(
        Worker.objects.filter(pk=worker.pk, worker_id=name),
        entry=entry,
        worker_id=None,
        salt=b"",
        erased_at=timezone.now(),
    )
    erase_texts(tx, places.texts, subject=worker.pk, parent=entry)
    return entry


def _places(worker: Worker, name: str) -> Places:
    places = Places()
    for stream, seq in _payloads(worker, name):
        places.texts.setdefault(stream, []).append(seq)
    open_lists = Preview.objects.filter(state__in=leftovers.OPEN)
    in_rows = _lines(worker, name).filter(preview__in=open_lists).order_by().values_list("preview", flat=True)
    found = set(in_rows.distinct())
    for preview in open_lists.exclude(content=None).select_for_update(no_key=True).order_by("pk").iterator():
        if _mention(name).search(bytes(preview.content or b"").decode(errors="replace")):
            found.add(preview.pk)
    places.lists = list(Preview.objects.select_for_update(no_key=True).filter(pk__in=found).order_by("pk"))
    for model in apps.get_app_config("core").get_models():
        if model not in (Worker, HitWork):  # rows of these two have ways of their own
            places.rows += _named_in(model, name)
    return places


def _lines(worker: Worker, name: str) -> "QuerySet[PreviewRow]":
    """Lines of lists that mean the worker, however the id was typed."""
    return PreviewRow.objects.filter(Q(worker_id=name) | Q(proposal=name) | Q(known=worker))


def _payloads(worker: Worker, name: str) -> Iterator[tuple[str, int]]:
    """Stream and number of each entry about the worker that has a text, and of each whose text names the id."""
    about = AuditEntry.objects.filter(subject=worker.pk).exclude(action__startswith=KEEPS_ITS_REASON)
    found = set(AuditPayload.objects.filter(seq__in=about.values("seq")).values_list("seq", flat=True))
    sqlite = connection.vendor == "sqlite"
    # The texts are UTF-8. Read as text, the search ignores case on both databases.
    where = "CAST(body AS TEXT) LIKE %s" if sqlite else "convert_from(body, 'UTF8') ILIKE %s"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT seq, body FROM audit_payload WHERE {where}", [f"%{name}%"])  # noqa: S608
        for seq, body in cursor.fetchall():
            if _mention(name).search(bytes(body).decode(errors="replace")):
                found.add(seq)
    numbers = sorted(found)
    for start in range(0, len(numbers), IN_LIST):
        part = AuditEntry.objects.filter(seq__in=numbers[start : start + IN_LIST]).order_by("seq")
        yield from part.values_list("stream", "seq")


def _mention(name: str) -> re.Pattern[str]:
    edges = ("", "") if len(name) >= LONG else (r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])")
    return re.compile(edges[0] + re.escape(name) + edges[1], re.IGNORECASE)


def text_fields(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    """The columns in which anybody's words may stand."""
    kinds = (models.CharField, models.TextField, models.JSONField)
    fields = model._meta.concrete_fields
    return [one for one in fields if isinstance(one, kinds) and not one.primary_key and not one.choices]


def _named_in(model: type[models.Model], name: str) -> Iterator[tuple[type[models.Model], object, dict[str, Any]]]:
    """Each row whose texts name the id, with these texts as they shall be."""
    widths = {one.name: one.max_length for one in text_fields(model)}
    fields = list(widths)
    if not fields:
        return
    as_text = {f"{one}_as_text": Cast(one, models.TextField()) for one in fields}
    named: Q = reduce(or_, (Q(**{f"{alias}__icontains": name}) for alias in as_text))
    for row in model._base_manager.alias(**as_text).filter(named).order_by("pk").values("pk", *fields):
        values = {one: _within(_without(row[one], name), widths[one]) for one in fields}
        changed = {one: value for one, value in values.items() if value != row[one]}
        if changed:
            yield model, row["pk"], changed


def _without(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return _mention(name).sub(ERASED, value)
    if isinstance(value, dict | list):
        return json.loads(_mention(name).sub(ERASED, json.dumps(value)))
    return value


def _within(value: Any, width: int | None) -> Any:
    """As much as the column takes: what stands for the id may be longer than the id."""
    return value[:width] if isinstance(value, str) else value


def _give_up(changes: "QuerySet[Change]", entry: uuid.UUID, texts: Mapping[object, dict[str, Any]]) -> None:
    """Changes that a restored backup had in hand: they cannot be sent or looked up without the id.

    `texts`: what of their texts named it, as it shall be.
    """
    now = timezone.now()
    for key, job, state in changes.order_by("pk").values_list("pk", "job", "state"):
        planned = state == Change.State.PLANNED
        to = Change.State.CANCELLED if planned else Change.State.NEEDS_PERSON
        counter = "cancelled" if planned else "needs_person"
        ended: dict[str, Any] = {"state": to, "code": "erased", "message": "", "finished_at": now}
        Change.objects.filter(pk=key).update(**texts.get(key, {}) | ended, lease_until=None, audit_id=entry)
        Job.objects.filter(pk=job).update(planned=F("planned") - 1, **{counter: F(counter) + 1})
