"""A database that a test may exchange for another one, on SQLite and PostgreSQL alike."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from tests.audit.conftest import OwnDatabase, own_database  # noqa: F401  (a fixture)


@pytest.fixture
def exchangeable_database(
    own_database: OwnDatabase,  # noqa: F811
    settings: Any,
    tmp_path: Path,
) -> Iterator[OwnDatabase]:
    """The database of this test alone: a file, or a PostgreSQL database made from the test run's own."""
    settings.VAR_DIR, settings.RESTORE_MARK = tmp_path, tmp_path / "restore-unfinished"
    if connection.vendor == "sqlite":
        yield own_database
        return
    given = connection.settings_dict
    original, name = given["NAME"], f"test_drill_{os.getpid()}"
    connection.close()
    _server("CREATE DATABASE {} TEMPLATE {}", name, original)
    given["NAME"] = name
    yield OwnDatabase(f"postgres://{given['USER']}@{given['HOST']}:{given['PORT'] or 5432}/{name}", None)
    connection.close()
    given["NAME"] = original
    for left in databases():
        if left.startswith(name):
            _server("DROP DATABASE {}", left)


def databases() -> set[str]:
    """The names of all databases of the server."""
    with _connected() as server:
        return {row[0] for row in server.execute("SELECT datname FROM pg_database")}


def _server(statement: str, *names: str) -> None:
    with _connected() as server:
        server.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


def _connected() -> "psycopg.Connection[Any]":
    given = connection.settings_dict
    return psycopg.connect(
        dbname="postgres",
        user=given["USER"],
        password=given["PASSWORD"],
        host=given["HOST"],
        port=given["PORT"] or 5432,
        autocommit=True,
    )
