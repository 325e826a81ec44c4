"""The SQLite data set of benchmarks/scale.py, copied into PostgreSQL.

    QUALADMIN_TEST_DATABASE_URL=postgres://… .venv/bin/python -m benchmarks.copied FOLDER

To write ten million entries takes a while; to copy them a fraction of it. Migrates the named database (**its
tables are dropped**), fills every table from `FOLDER/bench.sqlite3` with guards and foreign keys at rest, makes
the indexes afterwards, moves the sequences on, and collects statistics.
`benchmarks.scale --again --keep FOLDER` then measures it.
"""

import sqlite3
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.database import analyze, prepare
from benchmarks.scale import SETTINGS

KEPT: Final = {"django_migrations", "qualadmin_cache"}  # SQLite keeps the cache in a file of its own


def main(folder: Path) -> int:
    prepare(folder, SETTINGS)
    from django.db import connection

    source = sqlite3.connect(f"file:{folder / 'bench.sqlite3'}?mode=ro", uri=True)
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET statement_timeout = 0; SET TIME ZONE 'UTC'")
        cursor.execute("SET maintenance_work_mem = '1GB'; SET synchronous_commit = off")
        indexes, guards = drop_indexes(cursor), disable_guards(cursor)
        tables = sorted(set(connection.introspection.table_names(cursor)) - KEPT)
        cursor.execute("TRUNCATE " + ", ".join(f'"{table}"' for table in tables))
        for table in tables:
            count = copy(source, cursor, table)
            if count > 100_000:
                print(f"{table}: {count:,} rows, {time.perf_counter() - began:.0f} s", flush=True)
        for sql in indexes:
            cursor.execute(sql)
        move_sequences(cursor)
        for table, guard in guards:
            cursor.execute(f'ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER "{guard}"')
        cursor.execute("SET session_replication_role = origin")
    analyze()
    print(f"copied in {time.perf_counter() - began:.0f} s")
    return 0


def drop_indexes(cursor: Any) -> list[str]:
    """Drop every index that is no constraint. Returns the statements that make them again."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT IN "
        "(SELECT conname FROM pg_constraint)"
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [sql for _, sql in found]


def disable_guards(cursor: Any) -> list[tuple[str, str]]:
    """Put the triggers to rest that fire whatever the role of the session. Returns their tables and names."""
    cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled = 'A'")
    found: list[tuple[str, str]] = cursor.fetchall()
    for table, guard in found:
        cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER "{guard}"')
    return found


def copy(source: sqlite3.Connection, cursor: Any, table: str) -> int:
    """All rows of a table. Text that SQLite keeps for a date, a UUID or JSON is what PostgreSQL reads."""
    names = [row[1] for row in source.execute(f'PRAGMA table_info("{table}")')]
    listed = ", ".join(f'"{name}"' for name in names)
    count = 0
    with cursor.copy(f'COPY "{table}" ({listed}) FROM STDIN') as sink:
        for row in source.execute(f'SELECT {listed} FROM "{table}"'):
            sink.write_row(row)
            count += 1
    return count


def move_sequences(cursor: Any) -> None:
    """Let the next id be after the last one copied."""
    cursor.execute(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND is_identity = 'YES'"
    )
    for table, column in cursor.fetchall():
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'), coalesce(max(\"{column}\"), 1)) "
            f'FROM "{table}"'
        )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
