"""What is special about SQLite: one file, read without Django."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from qualadmin.audit.models import AuditEntry
from qualadmin.backup import sqlite
from qualadmin.backup.manifest import BackupError
from tests.audit.conftest import OwnDatabase, own_database  # noqa: F401  (a fixture)
from tests.backup.test_backup import backup, entries_in, write_entries


def test_the_copy_on_sqlite_holds_the_log_to_the_entry(own_database: OwnDatabase, tmp_path: Path) -> None:  # noqa: F811
    write_entries(7)
    copy = backup(tmp_path / "kept")
    with closing(sqlite3.connect(copy)) as opened:
        found = opened.execute("SELECT count(*) FROM audit_entry").fetchone()[0]
        assert opened.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    assert found == entries_in(copy) == AuditEntry.objects.count() - 1  # without its own entry


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be read as one " * 40])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.sqlite3"
    file.write_bytes(content)
    with pytest.raises(BackupError):
        sqlite.head(file)
