"""Giving back the free space of the database file."""

from typing import Any

import pytest
from django.db import connection

from qualadmin.core.actions.compacting import compact
from tests.audit.conftest import OwnDatabase, own_database  # noqa: F401  (a fixture)


@pytest.mark.django_db(transaction=True)
def test_a_large_database_is_not_compacted_in_memory(own_database: OwnDatabase) -> None:  # noqa: F811
    """PostgreSQL reuses space by itself: there nothing is asked."""
    in_file, in_memory = 1, 2
    asked: list[tuple[str, int]] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, temp_store()))
        return execute(sql, params, many, context)

    def temp_store() -> int:
        return int(connection.connection.execute("PRAGMA temp_store").fetchone()[0])

    connection.ensure_connection()
    with connection.execute_wrapper(look):
        compact()
    assert [store for sql, store in asked if sql == "VACUUM"] == [in_file] * (own_database.file is not None)
    assert own_database.file is None or temp_store() == in_memory
