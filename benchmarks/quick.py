"""Filling a large data set in a bearable time: secondary indexes are made at the end, all at once.

An index that grows with random keys costs more than the row itself as soon as it no longer fits into the cache.
Made from all rows at once it costs a sort. Keys, uniqueness and the guards of the audit log stay in force.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection

TABLES: Final = ("audit_entry", "core_change", "core_qualification", "core_worker", "core_qualificationrequest")
#: Foreign keys to what is written here are looked up in these at each insert.
KEPT: Final = {"change_undoes", "change_answers", "change_of_job"}
#: The file is thrown away or measured, never trusted with anything: no flush to disk is waited for.
HURRY: Final = "PRAGMA synchronous=OFF; PRAGMA cache_size=-1500000"


@contextmanager
def indexes_afterwards() -> Iterator[None]:
    """Drop the indexes that are not unique, and make them again. SQLite only; elsewhere it does nothing."""
    if connection.vendor != "sqlite":
        yield
        return
    marks = ", ".join(["%s"] * len(TABLES))
    with connection.cursor() as cursor:
        for pragma in HURRY.split("; "):
            cursor.execute(pragma)
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE INDEX%%' "
            f"AND name NOT LIKE 'audit_guard%%' AND tbl_name IN ({marks})",
            TABLES,
        )
        indexes = [(name, sql) for name, sql in cursor.fetchall() if name not in KEPT]
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    yield
    with connection.cursor() as cursor:
        for _, sql in indexes:
            cursor.execute(sql)
