"""Changing one audited row: what differs, and an UPDATE that must hit exactly that row."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from qualadmin.audit.models import AuditedModel
from qualadmin.core.errors import Conflict

Row = TypeVar("Row", bound=AuditedModel)

OVERTAKEN: Final = "Somebody else changed this at the same moment. Nothing was done. Load the page again."


def locked(rows: "QuerySet[Row]", pk: object) -> Row:
    """The row as it is now, kept from others until the transaction ends.

    Before-values come from here, never from what a page showed. SQLite's transactions are exclusive from their
    start, and Django leaves the lock out there. Raises the model's DoesNotExist.
    """
    return rows.select_for_update(of=("self",), no_key=True).get(pk=pk)


def locked_unchanged(rows: "QuerySet[Row]", as_read: Row) -> Row:
    """The same, if nobody changed the row since `as_read` was read; else raises Conflict.

    For forms that hold a whole row: what the person did not touch would undo what others did meanwhile.
    """
    row = locked(rows, as_read.pk)
    if row.audit_id != as_read.audit_id:
        raise Conflict(OVERTAKEN, code="stale_row")
    return row


def differences(row: Model, wanted: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """`{field: (before, after)}` of the fields whose value would change."""
    before = {name: getattr(row, name) for name in wanted}
    return {name: (before[name], after) for name, after in wanted.items() if before[name] != after}


def move(rows: "QuerySet[Row]", *, entry: UUID, **fields: Any) -> None:
    """Set `fields` on the one row that `rows` describes, its state included. Raises Conflict if it is gone."""
    if rows.update(audit_id=entry, **fields) != 1:
        raise Conflict(OVERTAKEN)
