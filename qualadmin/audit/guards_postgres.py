"""Guards of PostgreSQL: triggers that always fire, also for a session that replays a replica's changes.

Each trigger has a function of its own name. Columns are named in the function's body only: a trigger that
names columns itself would stop PostgreSQL from altering their type in a migration.
"""

from collections.abc import Iterable, Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from qualadmin.audit.guard_types import LOG_TABLES, AuditedTable, Guard

_NEVER = "audit: entries are never changed or removed"
_ENTRY_INSERT = """
IF NEW.seq < COALESCE((SELECT size FROM audit_head WHERE id = 1), NEW.seq + 1) THEN
  RAISE EXCEPTION 'audit: an entry can only be added after the last one' USING ERRCODE = '23000';
END IF;
RETURN NEW;"""
_PAYLOAD_INSERT = """
IF NEW.seq < COALESCE((SELECT size FROM audit_head WHERE id = 1), NEW.seq + 1) THEN
  RAISE EXCEPTION 'audit: a payload can only be added together with its entry' USING ERRCODE = '23000';
END IF;
RETURN NEW;"""
_PAYLOAD_NEVER = """
IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM audit_erasure WHERE seq = OLD.seq) THEN
  RETURN OLD;
END IF;
RAISE EXCEPTION 'audit: entries are never changed or removed' USING ERRCODE = '23000';"""
_ERASURE_INSERT = """
IF EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.entry_id) THEN
  RAISE EXCEPTION 'audit: an erasure can only be added together with the entry that tells of it'
    USING ERRCODE = '23000';
END IF;
RETURN NEW;"""
_HEAD_INSERT = """
IF NEW.id <> 1 OR NEW.size <> 0 OR EXISTS (SELECT 1 FROM audit_head) OR EXISTS (SELECT 1 FROM audit_entry) THEN
  RAISE EXCEPTION 'audit: the log has one head' USING ERRCODE = '23000';
END IF;
RETURN NEW;"""
_HEAD_UPDATE = """
IF NEW.id <> OLD.id OR NEW.size <= OLD.size OR NEW.recorded_us < OLD.recorded_us THEN
  RAISE EXCEPTION 'audit: the head of the log only moves forward' USING ERRCODE = '23000';
END IF;
RETURN NEW;"""
_HEAD_MOVED = """
IF (SELECT count(*) FROM audit_entry WHERE seq >= OLD.size) <> NEW.size - OLD.size
   OR (SELECT max(seq) FROM audit_entry) <> NEW.size - 1
   OR (OLD.size > 0 AND NOT EXISTS (SELECT 1 FROM audit_entry WHERE seq = OLD.size - 1)) THEN
  RAISE EXCEPTION 'audit: the numbers of the entries have a gap' USING ERRCODE = '23000';
END IF;
RETURN NULL;"""
_STREAM_UPDATE = """
IF NEW.name <> OLD.name OR NEW.size <= OLD.size THEN
  RAISE EXCEPTION 'audit: the counter of a stream only moves forward' USING ERRCODE = '23000';
END IF;
RETURN NEW;"""

_CHECKPOINT_INSERT = """
IF NEW.size <= COALESCE((SELECT max(size) FROM audit_checkpoint), -1)
   OR NEW.size > COALESCE((SELECT size FROM audit_head WHERE id = 1), 0) THEN
  RAISE EXCEPTION 'audit: a checkpoint is of more entries than the one before, and of no more than there are'
    USING ERRCODE = '23000';
END IF;
RETURN NEW;"""


def _guard(table: str, name: str, events: str, body: str) -> Guard:
    full = f"audit_guard_{table}_{name}"
    level = "STATEMENT" if "TRUNCATE" in events else "ROW"
    source = f"\nBEGIN{body if body.startswith(chr(10)) else chr(10) + body}\nEND\n"
    return Guard(
        full,
        table,
        f"{events} {level} {source}",
        (
            f'CREATE OR REPLACE FUNCTION "{full}"() RETURNS trigger LANGUAGE plpgsql AS $guard${source}$guard$',
            f'CREATE TRIGGER "{full}" {events} ON "{table}" FOR EACH {level} EXECUTE FUNCTION "{full}"()',
            f'ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER "{full}"',
        ),
        (f'DROP TRIGGER IF EXISTS "{full}" ON "{table}"', f'DROP FUNCTION IF EXISTS "{full}"()'),
    )


def _refuse(table: str, name: str, events: str, message: str) -> Guard:
    return _guard(table, name, events, f"RAISE EXCEPTION '{message}' USING ERRCODE = '23000';")


def log_guards() -> Iterator[Guard]:
    """The guards of the log's own tables."""
    for table in LOG_TABLES:
        yield _refuse(table, "truncate", "BEFORE TRUNCATE", _NEVER)
    for table in ("audit_entry", "audit_erasure", "audit_checkpoint"):
        yield _refuse(table, "never", "BEFORE UPDATE OR DELETE", _NEVER)
    yield _guard("audit_payload", "never", "BEFORE UPDATE OR DELETE", _PAYLOAD_NEVER)
    for table in ("audit_head", "audit_stream"):
        yield _refuse(table, "delete", "BEFORE DELETE", _NEVER)
    yield _guard("audit_entry", "insert", "BEFORE INSERT", _ENTRY_INSERT)
    yield _guard("audit_payload", "insert", "BEFORE INSERT", _PAYLOAD_INSERT)
    yield _guard("audit_erasure", "insert", "BEFORE INSERT", _ERASURE_INSERT)
    yield _guard("audit_head", "insert", "BEFORE INSERT", _HEAD_INSERT)
    yield _guard("audit_head", "update", "BEFORE UPDATE", _HEAD_UPDATE)
    yield _guard("audit_head", "moved", "AFTER UPDATE", _HEAD_MOVED)
    yield _guard("audit_stream", "update", "BEFORE UPDATE", _STREAM_UPDATE)
    yield _guard("audit_checkpoint", "insert", "BEFORE INSERT", _CHECKPOINT_INSERT)


def table_guards(table: AuditedTable) -> Iterator[Guard]:
    """The guards of one audited table."""
    never = f"audit: rows of {table.name} are never deleted"
    yield _refuse(table.name, "truncate", "BEFORE TRUNCATE", never)
    yield _refuse(table.name, "delete", "BEFORE DELETE", never)
    refuse = (
        f"RAISE EXCEPTION 'audit: {table.name} changes only together with a new audit entry'"
        " USING ERRCODE = '23000';"
    )
    same = refuse
    if table.unaudited:
        new, old = (", ".join(f'{row}."{column}"' for column in table.audited) for row in ("NEW", "OLD"))
        same = f"IF ROW({new}) IS DISTINCT FROM ROW({old}) THEN {refuse} END IF;\n  RETURN NEW;"
    body = f"""
IF TG_OP = 'UPDATE' AND NEW.audit_id = OLD.audit_id THEN
  {same}
END IF;
IF EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.audit_id) THEN
  {refuse}
END IF;
RETURN NEW;"""  # noqa: S608
    yield _guard(table.name, "write", "BEFORE INSERT OR UPDATE", body)


def columns(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Columns of those of the tables that exist."""
    found: dict[str, tuple[str, ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " WHERE c.relname = ANY(%s) AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)"
            " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum",
            [list(tables)],
        )
        for table, column in cursor.fetchall():
            found[table] = (*found.get(table, ()), column)
    return found


# Bits of pg_trigger.tgtype.
_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32


def present(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Name and text of the guards the database has and always fires."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgname, t.tgtype, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE t.tgname LIKE 'audit!_guard!_%%' ESCAPE '!' AND t.tgenabled = 'A'"
            " AND t.tgqual IS NULL AND p.proname = t.tgname AND pg_table_is_visible(c.oid)"
            " AND t.tgname LIKE 'audit!_guard!_' || replace(c.relname, '_', '!_') || '!_%%' ESCAPE '!'",
            [],
        )
        return {name: f"{_events(kind)} {source}" for name, kind, source in cursor.fetchall()}


def _events(kind: int) -> str:
    bits = ((_INSERT, "INSERT"), (_UPDATE, "UPDATE"), (_DELETE, "DELETE"), (_TRUNCATE, "TRUNCATE"))
    events = " OR ".join(name for bit, name in bits if kind & bit)
    moment = "BEFORE" if kind & _BEFORE else "AFTER"
    return f"{moment} {events} {'ROW' if kind & _ROW else 'STATEMENT'}"
