"""Entries with roles in place of names of staff, for files that leave the lab. The log itself keeps every name."""

from collections.abc import Mapping
from copy import copy
from typing import Final, Self

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import RoleAssignment
from qualadmin.core.permissions import ROLE_LABELS

NO_ROLE: Final = "Staff"
COMMAND_LINE: Final = "The command line"  # its label is the name of an account of the server
NAMING: Final = frozenset({"username", "full_name", "email"})  # changes that name a person


class Roles:
    """Every role somebody ever held, in words, by the number that entries have of the person."""

    def __init__(self, held: Mapping[str, str]) -> None:
        self._held = held

    @classmethod
    def read(cls) -> Self:
        """From the database, in one question."""
        found: dict[str, set[str]] = {}
        for person, role in RoleAssignment.objects.order_by().values_list("user_id", "role").distinct():
            found.setdefault(str(person), set()).add(role)
        return cls(
            {
                person: " and ".join(label for role, label in ROLE_LABELS.items() if role.value in roles)
                for person, roles in found.items()
            }
        )

    def instead_of_names(self, entry: AuditEntry) -> AuditEntry:
        """A copy that names people by their roles, in its columns and its changes. Never to be saved."""
        one = copy(entry)
        if one.actor_kind == "user":
            one.actor_label = self._of(one.actor_id)
        elif one.actor_kind == "cli":
            one.actor_label = COMMAND_LINE
        if one.obo_label:
            one.obo_label = self._of(one.obo_id)
        if one.target_type == "user":
            one.target_label = self._of(one.target_id)
        kept = {key: pair for key, pair in entry.changes.items() if key not in NAMING}
        one.content = {**entry.content, "changes": kept}
        return one

    def _of(self, person: str | None) -> str:
        return self._held.get(person or "", NO_ROLE)
