"""For test runs only: lets Django empty the tables between tests, which the guards would refuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections

from qualadmin.audit import guards


@contextmanager
def disable_guards(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Take all guards away and put them back. Raises ImproperlyConfigured outside the tests' own settings."""
    if getattr(settings, "AUDIT_GUARDS_OFF_IN_TESTS", False) is not True or not _is_test_database(using):
        raise ImproperlyConfigured("The guards of the audit log can be taken away in a test run only.")
    guards.remove(using)
    try:
        yield
    finally:
        guards.install(using)


def _is_test_database(using: str) -> bool:
    connection = connections[using]
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and connection.is_in_memory_db():  # type: ignore[attr-defined]
        return True
    return name.rpartition("/")[2].startswith("test_")


@contextmanager
def flush_allowed() -> Iterator[None]:
    """While it lasts, the `flush` with which Django ends a transactional test works, guards or not."""
    operations = type(connections[DEFAULT_DB_ALIAS].ops)
    original = operations.execute_sql_flush

    def execute_sql_flush(self: Any, sql_list: list[str]) -> None:
        with disable_guards(self.connection.alias):
            original(self, sql_list)

    with patch.object(operations, "execute_sql_flush", execute_sql_flush):
        yield
