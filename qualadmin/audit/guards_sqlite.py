"""Guards of SQLite: triggers, and an index that keeps the deferred foreign key fast.

The text of a trigger is what sqlite_master shows, so it is compared word by word. RAISE(ABORT) is stronger
than OR IGNORE and OR REPLACE of the statement. INSERT OR REPLACE removes rows without DELETE triggers unless
recursive_triggers is on, so the log's own tables refuse a second row with a taken key before it comes to that.
"""

from collections.abc import Iterable, Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from qualadmin.audit.guard_types import AuditedTable, Guard

_NEVER = "audit: entries are never changed or removed"


def _trigger(table: str, name: str, moment: str, when: str, message: str) -> Guard:
    full = f"audit_guard_{table}_{name}"
    condition = f" WHEN {when}" if when else ""
    text = (
        f'CREATE TRIGGER "{full}" {moment} ON "{table}" FOR EACH ROW{condition} '
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )
    return Guard(full, table, text, (text,), (f'DROP TRIGGER IF EXISTS "{full}"',))


def log_guards() -> Iterator[Guard]:
    """The guards of the log's own tables."""
    for table in ("audit_entry", "audit_payload", "audit_erasure", "audit_checkpoint"):
        yield _trigger(table, "update", "BEFORE UPDATE", "", _NEVER)
    for table in ("audit_entry", "audit_head", "audit_stream", "audit_erasure", "audit_checkpoint"):
        yield _trigger(table, "delete", "BEFORE DELETE", "", _NEVER)
    explained = "NOT EXISTS (SELECT 1 FROM audit_erasure WHERE seq = OLD.seq)"
    yield _trigger("audit_payload", "delete", "BEFORE DELETE", explained, _NEVER)
    yield _trigger(
        "audit_erasure",
        "insert",
        "BEFORE INSERT",
        "EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.entry_id)"
        " OR EXISTS (SELECT 1 FROM audit_erasure WHERE seq = NEW.seq)",
        "audit: an erasure can only be added together with the entry that tells of it",
    )
    yield _trigger(
        "audit_entry",
        "insert",
        "BEFORE INSERT",
        "NEW.seq < ifnull((SELECT size FROM audit_head WHERE id = 1), NEW.seq + 1)"
        " OR EXISTS (SELECT 1 FROM audit_entry WHERE seq = NEW.seq)"
        " OR EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id)"
        " OR EXISTS (SELECT 1 FROM audit_entry WHERE stream = NEW.stream AND stream_seq = NEW.stream_seq)",
        "audit: an entry can only be added after the last one",
    )
    yield _trigger(
        "audit_payload",
        "insert",
        "BEFORE INSERT",
        "NEW.seq < ifnull((SELECT size FROM audit_head WHERE id = 1), NEW.seq + 1)"
        " OR EXISTS (SELECT 1 FROM audit_payload WHERE seq = NEW.seq)",
        "audit: a payload can only be added together with its entry",
    )
    yield _trigger(
        "audit_head",
        "insert",
        "BEFORE INSERT",
        "NEW.id <> 1 OR NEW.size <> 0 OR EXISTS (SELECT 1 FROM audit_head) OR EXISTS (SELECT 1 FROM audit_entry)",
        "audit: the log has one head",
    )
    yield _trigger(
        "audit_head",
        "update",
        "BEFORE UPDATE",
        "NEW.id <> OLD.id OR NEW.size <= OLD.size OR NEW.recorded_us < OLD.recorded_us",
        "audit: the head of the log only moves forward",
    )
    yield _trigger(
        "audit_head",
        "moved",
        "AFTER UPDATE",
        "(SELECT count(*) FROM audit_entry WHERE seq >= OLD.size) <> NEW.size - OLD.size"
        " OR (SELECT max(seq) FROM audit_entry) <> NEW.size - 1"
        " OR (OLD.size > 0 AND NOT EXISTS (SELECT 1 FROM audit_entry WHERE seq = OLD.size - 1))",
        "audit: the numbers of the entries have a gap",
    )
    yield _trigger(
        "audit_stream",
        "update",
        "BEFORE UPDATE",
        "NEW.name <> OLD.name OR NEW.size <= OLD.size",
        "audit: the counter of a stream only moves forward",
    )
    yield _trigger(
        "audit_checkpoint",
        "insert",
        "BEFORE INSERT",
        "NEW.size <= ifnull((SELECT max(size) FROM audit_checkpoint), -1)"
        " OR NEW.size > ifnull((SELECT size FROM audit_head WHERE id = 1), 0)",
        "audit: a checkpoint is of more entries than the one before, and of no more than there are",
    )


def table_guards(table: AuditedTable) -> Iterator[Guard]:
    """The guards of one audited table."""
    name = table.name
    taken = "EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.audit_id)"
    message = f"audit: {name} changes only together with a new audit entry"
    yield _trigger(name, "insert", "BEFORE INSERT", taken, message)
    yield _trigger(name, "delete", "BEFORE DELETE", "", f"audit: rows of {name} are never deleted")
    same = "NEW.audit_id IS OLD.audit_id"
    if table.unaudited:
        changed = " OR ".join(f'NEW."{column}" IS NOT OLD."{column}"' for column in table.audited)
        same = f"({same} AND ({changed}))"
    fresh = f"(NEW.audit_id IS NOT OLD.audit_id AND {taken})"
    yield _trigger(name, "update", "BEFORE UPDATE", f"{same} OR {fresh}", message)
    # Each new entry makes SQLite look for rows that wait for it; without an index it would read every row.
    index = f"audit_guard_{name}_audit"
    text = f'CREATE INDEX "{index}" ON "{name}" ("audit_id")'
    yield Guard(index, name, text, (text,), (f'DROP INDEX IF EXISTS "{index}"',))


def columns(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Columns of those of the tables that exist."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute("SELECT name FROM pragma_table_info(%s) ORDER BY cid", [table])
            if rows := cursor.fetchall():
                found[table] = tuple(row[0] for row in rows)
    return found


def present(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Name and text of the guards the database has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE 'audit!_guard!_%%' ESCAPE '!'", [])
        return dict(cursor.fetchall())
