"""The database of a benchmark: a SQLite file of its own, or what QUALADMIN_TEST_DATABASE_URL names."""

import os
from pathlib import Path


def configure(folder: Path, settings: str = "qualadmin.settings") -> None:
    """Set Django up on the database of `folder`, as a benchmark before or this one left it."""
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    os.environ["QUALADMIN_MODE"] = "test"
    os.environ["QUALADMIN_VAR_DIR"] = str(folder)
    url = os.environ.get("QUALADMIN_TEST_DATABASE_URL", f"sqlite:///{folder / 'bench.sqlite3'}")
    os.environ["QUALADMIN_DATABASE_URL"] = url
    import django

    django.setup()


def prepare(folder: Path, settings: str = "qualadmin.settings") -> None:
    """The same, with empty tables. Whatever the named PostgreSQL database held is dropped."""
    configure(folder, settings)
    from django.core.management import call_command
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    call_command("migrate", verbosity=0)


def analyze() -> None:
    """What a database does by itself sooner or later: collect the statistics its planner goes by."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
