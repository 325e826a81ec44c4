"""Words and people for the tests of the log."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context, Who
from qualadmin.audit.vocabulary import Event, Outcome, register
from tests.audit.testapp.models import Lamp, Strict

# Length of the log of the fixture `log`.
SIZE = 12
# Statements that only SQLite has, and files that only SQLite has.
collect_ignore = [] if connection.vendor == "sqlite" else ["test_guards_sqlite.py", "test_damaged_file.py"]

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


@pytest.fixture
def lamp(db: None, ctx: Context) -> Lamp:
    with audit.transaction(ctx) as tx:
        entry_id = tx.record("lamp.switched", payload={"reason": "new"})
        Strict.objects.create(name="s", audit_id=entry_id)
        return Lamp.objects.create(name="hall", audit_id=entry_id)


@pytest.fixture
def log(transactional_db: None, ctx: Context) -> None:
    """Twelve entries in two streams; number 4 has a text, number 11 belongs to a lamp."""
    for number in range(SIZE - 1):
        with audit.transaction(ctx) as tx:
            tx.record(
                "lamp.switched",
                stream=f"study:s{number % 2}",
                changes={"lit": [False, True]},
                payload={"reason": "dark"} if number == 4 else None,
            )
    with audit.transaction(ctx) as tx:
        Lamp.objects.create(name="hall", audit_id=tx.record("lamp.switched"))


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
    target.execute(
        "PRAGMA journal_mode=WAL"
    )  # by one alone: two who turn to it at once are refused, not made to wait
    target.close()
    connection.connection, connection.settings_dict["NAME"] = None, str(path)
    yield OwnDatabase(f"sqlite:///{path}", path)
    if connection.connection is not None:
        connection.connection.close()
    connection.connection, connection.settings_dict["NAME"] = memory, name
