"""A SQLite file edited by hand: whatever is in it, verification says so and does not break off."""

import sqlite3
from collections.abc import Callable

import pytest

from qualadmin.audit.findings import Report
from qualadmin.audit.types import Context
from qualadmin.audit.verify import verify
from tests.audit.conftest import OwnDatabase

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def edit_file(own_database: OwnDatabase) -> Callable[[str], None]:
    """Edits the database with plain sqlite3, past everything of ours."""

    def edit(script: str) -> None:
        raw = sqlite3.connect(own_database.file)
        raw.executescript(script)
        raw.close()

    return edit


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("UPDATE audit_entry SET core = 'text' WHERE seq = 3", "not_canonical"),
        ("UPDATE audit_entry SET recorded_at = 'yesterday' WHERE seq = 3", "column_mismatch"),
        ("UPDATE audit_entry SET id = 'not-a-uuid' WHERE seq = 3", "column_mismatch"),
        ("UPDATE audit_entry SET seq = -4 WHERE seq = 3", "gap"),
        ("UPDATE audit_entry SET leaf = 5 WHERE seq = 3", "core_hash_mismatch"),
    ],
)
def test_values_no_program_of_ours_could_write_are_findings_not_crashes(
    ctx: Context, log: None, edit_file: Callable[[str], None], script: str, code: str
) -> None:
    edit_file("DROP TRIGGER audit_guard_audit_entry_update;" + script)
    report = verify(ctx, Report())
    assert {"trigger_missing", code} <= set(report.counts)
    assert report.exit_code == 1


def test_a_file_whose_tables_are_gone_is_unreachable(
    ctx: Context, log: None, edit_file: Callable[[str], None]
) -> None:
    edit_file("DROP TABLE audit_payload; DROP TABLE audit_head;")
    report = verify(ctx, Report())
    assert set(report.counts) == {"unreachable", "not_noted"}
    assert report.exit_code == 2
