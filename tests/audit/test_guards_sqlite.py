"""Ways past a trigger that only SQLite has: conflict clauses, and the row number behind the key."""

import pytest
from django.utils import timezone

from qualadmin.audit.models import AuditCheckpoint, AuditEntry
from tests.audit.damage import refused, sql
from tests.audit.testapp.models import Lamp

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO audittest_lamp (id, name, lit, colour, warmth, audit_id)"
        " SELECT id, name, 1, colour, warmth, lower(hex(randomblob(16))) FROM audittest_lamp",
        "UPDATE OR REPLACE audittest_lamp SET name = 'cellar'",
        "UPDATE OR IGNORE audittest_lamp SET name = 'cellar'",
        "UPDATE audittest_lamp SET rowid = 9",
    ],
)
def test_conflict_clauses_of_sqlite_do_not_help(lamp: Lamp, statement: str) -> None:
    refused(lambda: sql(statement))


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize(
    "statement",
    [
        "REPLACE INTO audit_entry SELECT * FROM audit_entry",
        "UPDATE OR REPLACE audit_entry SET action = 'x'",
        "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE 1 ON CONFLICT (seq) DO UPDATE SET action = 'x'",
        "INSERT OR REPLACE INTO audit_payload SELECT * FROM audit_payload",
        "INSERT OR REPLACE INTO audit_checkpoint SELECT * FROM audit_checkpoint",
        "UPDATE OR REPLACE audit_checkpoint SET note = 'x'",
        "INSERT OR REPLACE INTO audit_head (id, size, frontier, recorded_us) VALUES (1, 0, '', 0)",
    ],
)
def test_t_a06_replace_and_upsert_are_refused(lamp: Lamp, statement: str, recursive: str) -> None:
    AuditCheckpoint.objects.create(size=1, root=b"r" * 32, note="note", sealed_at=timezone.now())
    sql(f"PRAGMA recursive_triggers = {recursive}")
    try:
        refused(lambda: sql(statement))
    finally:
        sql("PRAGMA recursive_triggers = ON")


@pytest.mark.parametrize("taken", ["id", "stream"])
def test_a_new_entry_cannot_push_an_old_one_out(lamp: Lamp, taken: str) -> None:
    sql("PRAGMA recursive_triggers = OFF")
    names = [f.attname for f in AuditEntry._meta.concrete_fields]
    fresh = {"seq": "1", "id": "lower(hex(randomblob(16)))", "stream_seq": "5"}
    if taken == "id":
        fresh.pop("id")
    else:
        fresh.pop("stream_seq")
    values = ", ".join(fresh.get(name, name) for name in names)
    try:
        refused(lambda: sql(f"REPLACE INTO audit_entry ({', '.join(names)}) SELECT {values} FROM audit_entry"))
    finally:
        sql("PRAGMA recursive_triggers = ON")
