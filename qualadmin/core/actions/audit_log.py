"""Reading, exporting and verifying the audit log. Each of these is itself an entry."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from qualadmin.audit import record as audit
from qualadmin.audit.findings import Report
from qualadmin.audit.models import AuditHead
from qualadmin.audit.verify import verify
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotAllowed
from qualadmin.core.permissions import Permission, allowed, require

#: A larger log is verified on the command line: a page must answer within seconds.
QUICK_LIMIT: Final = 50_000  # entries
EXPORT_LIMIT: Final = 250_000  # entries in one file


def record_audit_viewed(*, actor: Actor, filter: str) -> None:
    """Write down that the person read the log. `filter` is what was asked for, without worker ids."""
    _require_reading(actor)
    with audit.transaction(actor.context) as tx:
        tx.record("audit.viewed", payload={"filter": filter} if filter else None)


def record_audit_exported(*, actor: Actor, rows: int, filter: str) -> None:
    """Write down that the person takes `rows` entries away."""
    _require_reading(actor)
    with audit.transaction(actor.context) as tx:
        tx.record("audit.exported", changes={"rows": [None, rows]}, payload={"filter": filter} if filter else None)


def record_bundle_exported(*, actor: Actor, manifest: Mapping[str, Any], length: int, sha256: str) -> UUID:
    """Write down that the person takes a bundle away, and which one. Returns the entry's id.

    `length` is in bytes, `sha256` that of the ZIP in hex: a bundle that turns up later can be told from others.
    """
    require(actor, Permission.VIEW_AUDIT)
    changes = {
        "format": "bundle",
        "rows": manifest["entries"],
        "size": manifest["size"],
        "bytes": length,
        "sha256": sha256,
        "worker_ids": manifest["worker_ids"],
        "complete": manifest["complete"],
    }
    with audit.transaction(actor.context) as tx:
        return tx.record(
            "audit.exported",
            changes={name: [None, value] for name, value in changes.items()},
            payload={"filter": manifest["filter"]} if manifest["filter"] else None,
        )


def record_export_broken_off(sent: int, *, actor: Actor, exported: UUID, length: int) -> None:
    """Write down that of the `length` bytes of an export only `sent` were handed over before the reader left."""
    _require_reading(actor)
    with audit.transaction(actor.context) as tx:
        tx.record("audit.export.broken_off", outcome="failed", parent=exported, changes={"bytes": [length, sent]})


def verify_log(*, actor: Actor) -> Report:
    """Recompute numbers, hashes, tree and guards of the whole log now. Notes `audit.verified`.

    Raises ActionError for a log too long to do this while somebody waits.
    """
    require(actor, Permission.VERIFY_AUDIT)
    head = AuditHead.objects.first()
    if head is not None and head.size > QUICK_LIMIT:
        raise ActionError(
            f"The log has more than {QUICK_LIMIT:,} entries: too many to check while you wait. "
            "Nothing was checked. Ask the person who runs this service for `python3 manage.py audit_verify`.",
            code="too_long",
        )
    return verify(actor.context, Report(), quick=True)


def _require_reading(actor: Actor) -> None:
    if not (allowed(actor, Permission.VIEW_AUDIT) or allowed(actor, Permission.VIEW_OWN_ENTRIES)):
        raise NotAllowed(
            "Your role does not allow this. A manager can change your roles.", code="needs_view_audit"
        )
