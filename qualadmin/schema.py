"""Whether the database is there and has the tables of this code. Asked before anything else is read from it."""

from pathlib import Path

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class NotReady(Exception):
    """The database is not the one this code needs; the text says why and what to do."""


def require() -> None:
    """Raise NotReady for a missing SQLite file, for tables that are too old, and for ones that are too new.

    SQLite makes an empty file of whatever is opened, so the file is looked for first. Lets DatabaseErrors through.
    """
    name = str(connection.settings_dict["NAME"])
    in_memory = ":memory:" in name or "mode=memory" in name
    if connection.vendor == "sqlite" and not in_memory and not Path(name).exists():
        raise NotReady(
            f"There is no database at {name}. Nothing was created. Put the file back, restore a backup, or for a "
            "new installation run: python3 manage.py migrate"
        )
    executor = MigrationExecutor(connection)
    strange = sorted(set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations))
    if strange:
        raise NotReady(
            f"The database was changed by a newer version of qualadmin ({'.'.join(strange[-1])}). Install that "
            "version again; this one could damage what it does not know."
        )
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise NotReady(
            f"The database lacks {len(missing)} changes of this version ({missing[0][0]} first). Make a backup, "
            "then run: python3 manage.py migrate"
        )
