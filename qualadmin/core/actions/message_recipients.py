"""Whom a message goes to: holders, the workers of a job, a list, another message, those found, or given ids."""

import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import QuerySet

from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import (
    Change,
    Job,
    Membership,
    Message,
    MessageRecipient,
    Qualification,
    QualificationType,
    RequesterAccount,
    WorkerList,
)

from .found_workers import FoundSelection
from .list_sources import read_participants
from .selections import Selection
from .workers import erased_among, known_workers

MOST_RECIPIENTS: Final = 10_000  # of one message: they are written down in one transaction


@dataclass(slots=True)
class Recipients:
    """Workers by our number, in order and each once; ids that nobody here has met; where they come from.

    `notes`: who is left out and why, in sentences without any worker id.
    """

    origin: str
    workers: list[uuid.UUID] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.workers) + len(self.strangers)


def from_holders(
    *, actor: Actor, account: RequesterAccount, type_id: uuid.UUID, selection: Selection | None = None
) -> Recipients:
    """Those who hold a type now, or what was selected on its list of holders."""
    one = QualificationType.objects.visible_to(actor).filter(pk=type_id, account=account).first()
    if one is None:
        raise NotVisible
    if selection is None:
        rows = Qualification.objects.filter(type=one, status=Qualification.Status.GRANTED)
        which = "all who hold it now"
    else:
        rows = selection.rows.filter(type=one)
        which = "all that match" if selection.matching else "ticked ones"
        which += f", {selection.filter}" if selection.matching and selection.filter else ""
    return _found(f"Holders of “{one.name}”: {which}", rows.order_by("-pk"))


def from_job(*, actor: Actor, account: RequesterAccount, job_id: uuid.UUID) -> Recipients:
    """The workers of a job, whatever became of them there."""
    job = Job.objects.visible_to(actor).filter(pk=job_id, account=account).first()
    if job is None:
        raise NotVisible
    return _found(f"Workers of the job “{job.title}”", Change.objects.filter(job=job).order_by("n"))


def from_list(*, actor: Actor, account: RequesterAccount, list_id: uuid.UUID) -> Recipients:
    """The members of a list of workers, as it was last read."""
    one = WorkerList.objects.visible_to(actor).filter(pk=list_id, account=account).first()
    if one is None:
        raise NotVisible
    return _found(f"List “{one.name}”", Membership.objects.filter(list=one).order_by("pk"))


def from_found(*, actor: Actor, selection: FoundSelection) -> Recipients:
    """Workers found by the beginning of their id or by a tag. Raises NotVisible as the selection does."""
    workers = list(selection.read(actor, MOST_RECIPIENTS))
    _check_number(len(workers))
    found = Recipients(selection.origin(len(workers)), workers)
    _refuse_nobody(found)
    return found


def from_message(*, actor: Actor, account: RequesterAccount, message_id: uuid.UUID) -> Recipients:
    """Those of another message of whom nobody knows whether they were mailed: a person writes to them anew."""
    one = Message.objects.visible_to(actor).filter(pk=message_id, account=account).first()
    if one is None:
        raise NotVisible
    rows = MessageRecipient.objects.filter(message=one, state=MessageRecipient.State.UNKNOWN).order_by("n")
    found = _found("Workers of an earlier message of whom it is not known whether they were mailed", rows)
    found.notes.insert(0, "These workers may have had an earlier message already. They may read this twice.")
    return found


def from_ids(*, content: bytes, file_name: str = "", leave_out: bool = False) -> Recipients:
    """The ids of a file (with a name) or of pasted text. Raises ActionError for lines that cannot be read, unless
    `leave_out`. Ids that were erased here are left out: nobody writes to them any more."""
    found = read_participants(content, file_name, leave_out=leave_out, deed="nothing was taken over")
    ids = list(found.workers)
    _check_number(len(ids))
    erased = set(erased_among(ids))
    known = known_workers(ids)
    result = Recipients(file_name[:200] or "Pasted IDs")
    for one in ids:
        if one in known:
            result.workers.append(known[one])
        elif one not in erased:
            result.strangers.append(one)
    if found.unread:
        result.notes.append(
            f"{_lines(len(found.unread))} could not be read and {_are(len(found.unread))} left out."
        )
    if result.strangers:
        count = len(result.strangers)
        result.notes.append(
            f"{_workers(count)} {'was' if count == 1 else 'were'} never met here before. "
            "Check where the IDs come from."
        )
    _note_erased(result, len(erased))
    _refuse_nobody(result)
    return result


def _found(origin: str, rows: QuerySet[Any]) -> Recipients:
    """Each worker of the rows once, those left out who were erased."""
    result = Recipients(origin[:400])
    gone: set[uuid.UUID] = set()
    seen: set[uuid.UUID] = set()
    # A list names a worker once for each source, a job once for each type.
    limit = 20 * MOST_RECIPIENTS
    pairs = rows.values_list("worker", "worker__worker_id")[:limit]
    for pk, worker_id in pairs:
        if worker_id is None:
            gone.add(pk)
        elif pk not in seen:
            seen.add(pk)
            result.workers.append(pk)
    _check_number(len(result.workers))
    _note_erased(result, len(gone))
    _refuse_nobody(result)
    return result


def _check_number(count: int) -> None:
    if count > MOST_RECIPIENTS:
        raise ActionError(
            f"A message goes to at most {MOST_RECIPIENTS:,} workers. Nothing was done. Write several messages.",
            field="source",
            code="too_many_recipients",
        )


def _refuse_nobody(found: Recipients) -> None:
    if not found.count:
        raise ActionError(
            " ".join([*found.notes, "There is nobody to write to, so nothing was done."]),
            field="source",
            code="nobody",
        )


def _note_erased(found: Recipients, count: int) -> None:
    if count:
        found.notes.append(f"{_workers(count)} {'was' if count == 1 else 'were'} erased and cannot be mailed.")


def _workers(count: int) -> str:
    return f"{count:,} worker{'s' if count != 1 else ''}"


def _lines(count: int) -> str:
    return f"{count:,} line{'s' if count != 1 else ''}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
