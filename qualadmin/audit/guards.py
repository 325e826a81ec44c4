"""Which guards a database should have, which it lacks, and how they are put in place.

Guards are made after every `migrate`, not in a migration: SQLite drops the triggers of a table that a
migration rebuilds. Columns are read from the database, so the text fits every state of the migrations.
"""

from collections.abc import Iterable
from types import ModuleType

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db import transaction as database
from django.db.backends.base.base import BaseDatabaseWrapper

from qualadmin.audit import guards_postgres, guards_sqlite
from qualadmin.audit.guard_types import LOG_TABLES, AuditedTable, Guard
from qualadmin.audit.models import AuditedModel


class GuardsUnsupported(Exception):
    """The database is neither SQLite nor PostgreSQL, so nothing could refuse an un-audited change."""


def audited_models() -> list[type[AuditedModel]]:
    """Every audited model of the installed apps that has a table."""
    return [m for m in apps.get_models() if issubclass(m, AuditedModel) and not m._meta.proxy]


def _dialect(connection: BaseDatabaseWrapper) -> ModuleType:
    if connection.vendor == "sqlite":
        return guards_sqlite
    if connection.vendor == "postgresql":
        return guards_postgres
    raise GuardsUnsupported(f"The audit log needs SQLite or PostgreSQL, not {connection.vendor}.")


def wanted(connection: BaseDatabaseWrapper) -> list[Guard]:
    """The guards for the tables that exist. Empty as long as the log's own tables do not exist."""
    dialect = _dialect(connection)
    models = {model._meta.db_table: model for model in audited_models()}
    columns = dialect.columns(connection, [*LOG_TABLES, *models])
    if "audit_entry" not in columns:
        return []
    guards = [guard for guard in dialect.log_guards() if guard.table in columns]
    for table, model in models.items():
        if "audit_id" in columns.get(table, ()):
            guards += dialect.table_guards(AuditedTable(table, columns[table], _unaudited_columns(model)))
    return guards


def _unaudited_columns(model: type[AuditedModel]) -> frozenset[str]:
    fields = model._meta.concrete_fields
    return frozenset(str(field.column) for field in fields if field.name in model.unaudited_fields)


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Names of guards that are absent, switched off or different from what they should be."""
    connection = connections[using]
    have = _dialect(connection).present(connection)
    return [guard.name for guard in wanted(connection) if have.get(guard.name) != guard.text]


def install(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Put every missing guard in place, and the head of an empty log. Returns the names of what was missing."""
    connection = connections[using]
    with database.atomic(using=using):
        names = set(missing(using))
        repaired = [guard for guard in wanted(connection) if guard.name in names]
        _run(connection, repaired, create=True)
        if wanted(connection):
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO audit_head (id, size, frontier, recorded_us) SELECT 1, 0, %s, 0"
                    " WHERE NOT EXISTS (SELECT 1 FROM audit_head)"
                    " AND NOT EXISTS (SELECT 1 FROM audit_entry)",
                    [b""],
                )
    return [guard.name for guard in repaired]


def remove(using: str, tables: Iterable[str] | None = None) -> None:
    """Take guards away: those of some tables before a migration that SQLite could not run, or all in tests."""
    connection = connections[using]
    chosen = None if tables is None else set(tables)
    with database.atomic(using=using):
        guards = [g for g in wanted(connection) if chosen is None or g.table in chosen]
        _run(connection, guards, create=False)


def _run(connection: BaseDatabaseWrapper, chosen: Iterable[Guard], *, create: bool) -> None:
    statements = [s for g in chosen for s in ((*g.drop, *g.create) if create else g.drop)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and statements:
            cursor.execute(";\n".join(statements))  # one round trip for about a hundred statements
            return
        for statement in statements:
            cursor.execute(statement)
