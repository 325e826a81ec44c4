"""Tags of workers: short words that a lab sorts by. Personal data, like notes: the text is erasable."""

import uuid
from typing import Final

from django.db.models import Count
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import Worker, WorkerTag
from qualadmin.core.permissions import Permission, require

from .rows import locked, move
from .texts import clean_line
from .workers import about_visible_workers, refuse_erased, workers_visible_to

TAG_LIMIT: Final = 40  # characters
MOST_TAGS: Final = 20  # of one worker


def add_tag(*, actor: Actor, worker: Worker, text: str) -> WorkerTag:
    """Tag a worker. Raises ActionError (field `tag`) for a tag that is there already, and for too many."""
    require(actor, Permission.WRITE_NOTES)
    _check_visible(actor, worker.pk)
    tag = WorkerTag(
        worker=worker,
        author_id=actor.person_id,
        text=clean_line(text, field="tag", label="The tag", limit=TAG_LIMIT),
    )
    with audit.transaction(actor.context) as tx:
        refuse_erased(locked(Worker.objects.all(), worker.pk))  # two at once make one
        there = list(WorkerTag.objects.filter(worker=worker, removed_at=None).values_list("text", flat=True))
        if tag.text.casefold() in (one.casefold() for one in there):
            raise ActionError("This worker has this tag already.", field="tag", code="tag_twice")
        if len(there) >= MOST_TAGS:
            raise ActionError(
                f"A worker has at most {MOST_TAGS} tags. Nothing was added. Remove one first.",
                field="tag",
                code="too_many_tags",
            )
        tag.audit_id = tx.record("worker.tag.added", subject=worker.pk, payload={"tag": tag.text})
        tag.save(force_insert=True)
    return tag


def remove_tag(*, actor: Actor, worker: Worker, tag_id: uuid.UUID) -> None:
    """Take a tag off a worker. Twice is once. Raises NotVisible."""
    require(actor, Permission.WRITE_NOTES)
    _check_visible(actor, worker.pk)
    with audit.transaction(actor.context) as tx:
        locked(Worker.objects.all(), worker.pk)
        tag = WorkerTag.objects.filter(pk=tag_id, worker=worker).first()
        if tag is None:
            raise NotVisible
        if tag.removed_at is None:
            entry = tx.record("worker.tag.removed", subject=worker.pk, payload={"tag": tag.text})
            move(WorkerTag.objects.filter(pk=tag.pk, removed_at=None), entry=entry, removed_at=timezone.now())


def tags_in_use(*, actor: Actor, text: str = "") -> list[tuple[str, int]]:
    """Tags with `text` in them that workers of the actor's accounts have, and of how many: the most used first.

    Spellings that differ in capital letters only are one tag, told as most write it.
    """
    require(actor, Permission.FIND_WORKERS)
    there = about_visible_workers(WorkerTag.objects.filter(removed_at=None), actor).order_by()
    counted = list(there.values_list("text").annotate(used=Count("pk")).order_by("-used", "text"))
    spelt = dict[str, str]()
    workers = dict[str, int]()
    for one, count in counted:
        key = one.casefold()
        if text.casefold() in key:
            spelt.setdefault(key, one)
            workers[key] = workers.get(key, 0) + count
    return sorted(((spelt[key], count) for key, count in workers.items()), key=lambda tag: (-tag[1], tag[0]))


def _check_visible(actor: Actor, worker: uuid.UUID) -> None:
    if not workers_visible_to(actor).filter(pk=worker).exists():
        raise NotVisible
