"""What the endpoint for Amazon's protocol needs to know of changes. Reading only."""

from dataclasses import dataclass

from qualadmin.audit.models import AuditedModel, AuditEntry, AuditPayload
from qualadmin.core.actor import Actor
from qualadmin.core.models import Change, Preview, QualificationType, Verb


@dataclass(frozen=True, slots=True)
class Words:
    """An error of Amazon's: `__type`, TurkErrorCode, message and HTTP status."""

    code: str
    turk_code: str | None
    message: str
    status: int


def open_change(
    *, actor: Actor, type: QualificationType, worker_id: str, verb: Verb, value: int | None
) -> int | None:
    """The change that a program of this person asked for in the same words and that is not over yet."""
    rows = Change.objects.filter(
        type=type,
        worker__worker_id=worker_id,
        verb=verb,
        value=value,
        state__in=Change.OPEN,
        job__created_by=actor.person_id,
        job__source=Preview.Source.API,
    )
    return rows.order_by("-pk").values_list("pk", flat=True).first()


def amazons_words(*, row: AuditedModel, otherwise: str) -> Words | None:
    """Why Amazon refused what this row asked for; None where it never said so. They stand in the log alone.

    `otherwise`: our words, where Amazon's were erased since.
    """
    entry = AuditEntry.objects.filter(id=row.audit_id).first()
    aws = entry.content.get("aws") if entry is not None else None
    if entry is None or not aws or not aws.get("code"):
        return None
    kept = AuditPayload.objects.filter(seq=entry.seq).first()
    message = str(kept.content.get("detail", "")) if kept is not None else ""
    return Words(aws["code"], aws["turk_code"], message or otherwise, aws["http"] or 400)
