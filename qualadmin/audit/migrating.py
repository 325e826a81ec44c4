"""Guards and migrations: what has to happen before and after `migrate`."""

from collections.abc import Sequence

from django.db import connections
from django.db.migrations import AddField, Migration, RemoveField
from django.db.migrations.operations.fields import FieldOperation

from qualadmin.audit import guards, record
from qualadmin.audit.models import AuditHead
from qualadmin.audit.types import Context

Plan = Sequence[tuple[Migration, bool]]


def before(using: str, plan: Plan) -> None:
    """Take away the guards of tables that lose a column: SQLite refuses that while a trigger names it."""
    if connections[using].vendor != "sqlite":
        return
    losing = {
        (migration.app_label, operation.model_name_lower)
        for migration, backwards in plan
        for operation in migration.operations
        if isinstance(operation, FieldOperation) and isinstance(operation, AddField if backwards else RemoveField)
    }
    tables = [
        model._meta.db_table
        for model in guards.audited_models()
        if (model._meta.app_label, model._meta.model_name) in losing
    ]
    if tables:
        guards.remove(using, tables)


def after(using: str, plan: Plan) -> None:
    """Put missing guards back and say so in the log. A first installation, or an empty log, says nothing."""
    repaired = guards.install(using)
    if not guards.wanted(connections[using]) or not AuditHead.objects.using(using).filter(size__gt=0).exists():
        return
    context = Context.system("migrate")
    with record.transaction(context, using=using) as tx:
        if plan:
            steps = [f"{'-' if back else '+'}{m.app_label}.{m.name}" for m, back in plan]
            tx.record("system.migrated", payload={"migrations": steps})
        if repaired:
            tx.record("audit.triggers.reinstalled", payload={"guards": repaired})
