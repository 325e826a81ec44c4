"""For test runs only: lets Django empty the tables between tests, which the guards would refuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.commands import flush
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from qualadmin.audit import guards

#: What `migrate` fills and no test changes; emptied, Django would look all of it up and make it again.
KEPT: Final = frozenset({"django_content_type", "auth_permission"})


@contextmanager
def disable_guards(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Take all guards away and put them back. Raises ImproperlyConfigured outside the tests' own settings."""
    _refuse_outside_tests(using)
    guards.remove(using)
    try:
        yield
    finally:
        guards.install(using)


def _refuse_outside_tests(using: str) -> None:
    if getattr(settings, "AUDIT_GUARDS_OFF_IN_TESTS", False) is not True or not _is_test_database(using):
        raise ImproperlyConfigured("The guards of the audit log can be taken away in a test run only.")


def _is_test_database(using: str) -> bool:
    connection = connections[using]
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and connection.is_in_memory_db():  # type: ignore[attr-defined]
        return True
    return name.rpartition("/")[2].startswith("test_")


@contextmanager
def flush_allowed() -> Iterator[None]:
    """While it lasts, the `flush` with which Django ends a transactional test works, guards or not.

    It empties only the tables that hold something, and makes nothing anew but guards and the head of the log.
    To take all guards away, truncate every table and run all that follows a `migrate` takes ten times as long,
    and is done after each of hundreds of tests.
    """
    operations = type(connections[DEFAULT_DB_ALIAS].ops)

    def execute_sql_flush(self: Any, _: list[str]) -> None:
        _empty(self.connection)

    with (
        patch.object(operations, "execute_sql_flush", execute_sql_flush),
        patch.object(flush, "emit_post_migrate_signal"),
    ):
        yield


def _empty(connection: BaseDatabaseWrapper) -> None:
    _refuse_outside_tests(connection.alias)
    filled = _filled(connection)
    with transaction.atomic(using=connection.alias):
        guards.remove(connection.alias, filled)
        with connection.cursor() as cursor:
            postgres = connection.vendor == "postgresql"
            if postgres and _is_superuser(cursor):
                # For each row that goes, PostgreSQL looks for those that refer to it, among all that ever were.
                cursor.execute("SET LOCAL session_replication_role = replica")
            for table in filled:  # in any order: foreign keys are looked at when the last one is empty
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608
        if postgres:
            connection.check_constraints()  # it refuses to alter a table with checks pending
        guards.install(connection.alias)


def _is_superuser(cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    return bool(cursor.fetchone()[0])


def _filled(connection: BaseDatabaseWrapper) -> list[str]:
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    parts = [f"SELECT '{t}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(t)})" for t in sorted(tables)]  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return [name for (name,) in cursor.fetchall()]
