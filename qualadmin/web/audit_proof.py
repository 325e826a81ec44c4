"""What the audit log's page says about verification and checkpoints, and the receipt of it."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from qualadmin.audit import canonical
from qualadmin.audit.intervals import Interval, known_intervals
from qualadmin.audit.keys import KeyFault, read_public_keys
from qualadmin.audit.models import AuditCheckpoint, AuditEntry, AuditPayload
from qualadmin.core.actor import Actor

RESULTS: Final = {"ok": "unbroken", "failed": "broken", "unknown": "incomplete"}


@dataclass(frozen=True, slots=True)
class Proof:
    """The newest verification, as its entry and text say, and the newest published checkpoint.

    `full` is the newest one by the clock or on the server, if a person checked numbers and hashes after it.
    """

    verified: dict[str, Any] | None = None
    full: dict[str, Any] | None = None
    size: int = 0
    published_at: datetime | None = None
    places: tuple[str, ...] = ()


def newest_proof() -> Proof:
    """In one query, because each page of the log asks."""
    entries = AuditEntry.objects.newest()
    verified = entries.filter(action="audit.verified")
    published = entries.filter(action="audit.checkpoint.published", target_type="checkpoint")
    full = verified.exclude(actor_kind="user")
    wanted = (
        Q(seq=Subquery(verified.values("seq")[:1]))
        | Q(seq=Subquery(full.values("seq")[:1]))
        | Q(
            action="audit.checkpoint.published",
            target_type="checkpoint",
            target_id=Subquery(published.values("target_id")[:1]),
        )
    )
    body = AuditPayload.objects.filter(seq=OuterRef("seq")).values("body")
    proof = Proof()
    for entry in AuditEntry.objects.filter(wanted).annotate(body=Subquery(body)).order_by("seq"):
        if entry.action == "audit.verified":
            found: bytes | None = getattr(entry, "body", None)
            said = {"entry": entry, **(canonical.read(bytes(found)) if found else {})}
            proof = replace(proof, verified=said, full=proof.verified)  # the newer one comes last
        else:
            size, place = int(entry.target_id or 0), entry.changes["place"][1]
            proof = replace(proof, size=size, published_at=entry.recorded_at, places=(*proof.places, place))
    return proof


def last_checkpoint() -> dict[str, Any] | None:
    """The newest checkpoint and where it is published."""
    newest = AuditCheckpoint.objects.order_by("-size").first()
    if newest is None:
        return None
    published = AuditEntry.objects.filter(
        action="audit.checkpoint.published", target_type__in=["checkpoint", "mail"], target_id=str(newest.size)
    )
    return {
        "size": newest.size,
        "root": bytes(newest.root).hex(),
        "sealed_at": newest.sealed_at,
        "note": newest.note,
        "places": [entry.changes["place"][1] for entry in published.order_by("seq")],
    }


def receipt(actor: Actor) -> str:
    """JSON: what was checked, by whom, how it ended, and the newest checkpoint. To be kept outside."""
    proof, sealed, keys = newest_proof(), last_checkpoint(), _public_keys()
    content = {
        "log": settings.AUDIT_ORIGIN,
        "downloaded_by": actor.label,
        "downloaded_at": _utc(timezone.now()),
        "verification": _verification(proof.verified),
        "full_verification": _verification(_if_full(proof.full or proof.verified)),
        "checkpoint": sealed and {**sealed, "sealed_at": _utc(sealed["sealed_at"])},
        "public_keys": [str(one.key) for one in keys],
        "key_times": [{"key": str(one.key), "from_size": one.first, "to_size": one.last} for one in keys],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _if_full(verified: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if verified is None or verified.get("quick") else verified


def _verification(verified: dict[str, Any] | None) -> dict[str, Any] | None:
    return verified and {
        "entry": verified["entry"].seq,
        "result": RESULTS.get(verified["entry"].outcome, verified["entry"].outcome),
        "by": verified["entry"].actor_label,
        "at": _utc(verified["entry"].recorded_at),
        "entries": verified.get("size"),
        "root": verified.get("root"),
        "checked_from": verified.get("checked_from"),
        "checked_to": verified.get("checked_to"),
        "numbers_and_hashes_only": verified.get("quick"),
        "checkpoints": verified.get("checkpoints"),
        "findings": verified.get("counts"),
    }


def _public_keys() -> list[Interval]:
    try:
        return known_intervals(read_public_keys(settings.AUDIT_PUBLIC_KEYS_PATH))
    except KeyFault:
        return []  # the note is worth as much without: whoever checks it brings a key of their own


def _utc(moment: Any) -> str:
    return str(moment.astimezone(UTC).isoformat(timespec="seconds"))
