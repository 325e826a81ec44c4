"""What a guard is: a piece of database structure with a name, made and removed by SQL of ours."""

from dataclasses import dataclass

# The log's own tables, in the order in which their guards are put in place.
LOG_TABLES = ("audit_entry", "audit_head", "audit_stream", "audit_payload", "audit_erasure", "audit_checkpoint")


@dataclass(frozen=True, slots=True)
class AuditedTable:
    """A table of an AuditedModel as the database has it now."""

    name: str
    columns: tuple[str, ...]
    unaudited: frozenset[str]

    @property
    def audited(self) -> tuple[str, ...]:
        """Columns whose change needs an entry, without audit_id itself."""
        return tuple(c for c in self.columns if c not in self.unaudited and c != "audit_id")


@dataclass(frozen=True, slots=True)
class Guard:
    """`text` is compared with what the database reports; `create` and `drop` are run as they are."""

    name: str
    table: str
    text: str
    create: tuple[str, ...]
    drop: tuple[str, ...]
