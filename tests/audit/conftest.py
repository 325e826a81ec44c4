"""Words and people for the tests of the log."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection

from qualadmin.audit.types import Context, Who
from qualadmin.audit.vocabulary import Event, Outcome, register

register(
    Event(
        "lamp.switched",
        outcomes=frozenset(Outcome),
        changes=frozenset({"lit", "name", "colour"}),
        payload=frozenset({"reason"}),
        sentence="{actor} switched {target}: {changes}",
    ),
    Event("lamp.looked_at"),
)


@pytest.fixture
def ctx() -> Context:
    return Context(actor=Who("user", "7", "Ada Lovelace"))


@dataclass(frozen=True)
class OwnDatabase:
    """The database of this test as other processes reach it. `file` is None on PostgreSQL."""

    url: str
    file: Path | None


@pytest.fixture
def own_database(transactional_db: None, tmp_path: Path) -> Iterator[OwnDatabase]:
    """Moves a SQLite database from memory into a file for one test; PostgreSQL is shared as it is."""
    if connection.vendor == "postgresql":
        to = connection.settings_dict
        yield OwnDatabase(f"postgres://{to['USER']}@{to['HOST']}:{to['PORT'] or 5432}/{to['NAME']}", None)
        return
    path = tmp_path / "test_copy.sqlite3"
    connection.ensure_connection()
    memory, name = connection.connection, connection.settings_dict["NAME"]
    target = sqlite3.connect(path)
    memory.backup(target)
    target.close()
    connection.connection, connection.settings_dict["NAME"] = None, str(path)
    yield OwnDatabase(f"sqlite:///{path}", path)
    if connection.connection is not None:
        connection.connection.close()
    connection.connection, connection.settings_dict["NAME"] = memory, name
