"""Values and statements for the few places where the ORM is too slow. Private to this package."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection


def db_time(moment: datetime | None) -> Any:
    """An aware datetime as the database's parameter (SQLite keeps naive UTC text)."""
    return connection.ops.adapt_datetimefield_value(moment)


def db_uuid(value: uuid.UUID) -> Any:
    """A uuid as the database's parameter (SQLite keeps 32 hex digits)."""
    return value if connection.features.has_native_uuid_field else value.hex


def from_uuid(value: Any) -> uuid.UUID:
    """What a raw query returned for a uuid column."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def marks(values: Sequence[object]) -> str:
    """The placeholders of an IN list."""
    return ", ".join(["%s"] * len(values))


def run_many(sql: str, rows: Iterable[Sequence[Any]]) -> None:
    """One statement for many parameter rows, inside the caller's transaction."""
    parameters = [tuple(row) for row in rows]
    if not parameters:
        return
    with connection.cursor() as cursor:
        cursor.executemany(sql, parameters)


def skip_locked(alias: str) -> str:
    """Rows another process is claiming are passed over. SQLite has one writer: nothing to skip."""
    return f" FOR UPDATE OF {alias} SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""


def for_update(alias: str) -> str:
    return f" FOR UPDATE OF {alias}" if connection.features.has_select_for_update_of else ""
