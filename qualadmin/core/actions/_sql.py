"""Values and statements for the few places where the ORM is too slow. Private to this package.

Many rows go in one statement, not in many: besides the round trips, each statement of a busy drain makes this
thread give up the interpreter's lock and queue for it again behind all the threads that call Amazon.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain, islice
from typing import Any, Final, cast

from django.db import connection, models

from qualadmin.audit.prepared import prepared

# Asked thousands of times a second while a drain runs; the connection object would have to be found each time.
SQLITE: Final = connection.vendor == "sqlite"
ROWS: Final = 400  # per statement: well below the limits of both databases


def db_time(moment: datetime | None) -> Any:
    """An aware datetime as the database's parameter (SQLite keeps naive UTC text)."""
    if moment is None or not SQLITE:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def db_uuid(value: uuid.UUID) -> Any:
    """A uuid as the database's parameter (SQLite keeps 32 hex digits)."""
    return value.hex if SQLITE else value


def from_uuid(value: Any) -> uuid.UUID:
    """What a raw query returned for a uuid column."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def from_time(value: Any) -> datetime:
    """What a raw query returned for a time that is there."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


def marks(values: Sequence[object]) -> str:
    """The placeholders of an IN list."""
    return ", ".join(["%s"] * len(values))


def run_many(sql: str, rows: Iterable[Sequence[Any]]) -> None:
    """One statement for each of the parameter rows: for the few, or where nothing else waits."""
    parameters = [tuple(row) for row in rows]
    if parameters:
        with connection.cursor() as cursor:
            cursor.executemany(sql, parameters)


def insert_rows(table: str, columns: str, rows: Iterable[Sequence[Any]], conflict: str = "") -> None:
    """`INSERT INTO table (columns) VALUES … conflict`, in statements of several hundred rows, or by COPY."""
    remaining = iter(rows)
    first = list(islice(remaining, 2))
    if len(first) == 1:  # to begin and end a COPY takes longer
        sql = f"INSERT INTO {table} ({columns}) VALUES ({marks(first[0])}) {conflict}"  # noqa: S608
        with prepared(connection) as cursor:
            cursor.execute(sql, first[0])
        return
    if not SQLITE and not conflict:
        _copy(table, columns, chain(first, remaining))
        return
    for part in _parts(chain(first, remaining)):
        _execute(f"INSERT INTO {table} ({columns}) VALUES {_values(part)} {conflict}", part)  # noqa: S608


def insert_row(row: models.Model) -> None:
    """`row.save(force_insert=True)` at a third of its price. A key that the database makes is not read back."""
    sql, fields = _insert_of(type(row))
    with prepared(connection) as cursor:
        cursor.execute(sql, [one.get_db_prep_save(one.pre_save(row, True), connection) for one in fields])
    row._state.adding = False
    row._state.db = connection.alias


@cache
def _insert_of(model: type[models.Model]) -> "tuple[str, list[models.Field[Any, Any]]]":
    fields = [one for one in model._meta.concrete_fields if not isinstance(one, models.AutoField)]
    names = ", ".join(f'"{one.column}"' for one in fields)
    return f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({marks(fields)})", fields  # noqa: S608


def _copy(table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """PostgreSQL's own way to take in many rows: a quarter of the time, as no statement has to be put together."""
    with connection.cursor() as cursor, cursor.cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def update_rows(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    fixed: str = "",
    where: str = "TRUE",
) -> None:
    """Set `columns` of rows of `model`; each of `rows` is (primary key, *values in the order of columns).

    `fixed` sets further columns alike in all rows. `where` restricts which rows move; in it the row is `t`.
    """
    table = model._meta.db_table
    sets = ", ".join([*(f"{name} = {_cast(model, name)}" for name in columns), *filter(None, [fixed])])
    names = ", ".join(["pk", *(f"new_{name}" for name in columns)])
    for part in _parts(rows):
        _execute(
            f"WITH v ({names}) AS (VALUES {_values(part)}) "  # noqa: S608
            f"UPDATE {table} AS t SET {sets} FROM v WHERE t.id = v.pk AND {where}",
            part,
        )


def _cast(model: type[models.Model], column: str) -> str:
    """PostgreSQL has to be told the type of a column of VALUES that is NULL throughout; SQLite has no need."""
    if connection.vendor != "postgresql":
        return f"v.new_{column}"
    field = cast("models.Field[Any, Any]", model._meta.get_field(column))
    return f"CAST(v.new_{column} AS {field.db_type(connection)})"


def _parts(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    part: list[Sequence[Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == ROWS:
            yield part
            part = []
    if part:
        yield part


def _values(part: list[Sequence[Any]]) -> str:
    return ", ".join([f"({marks(part[0])})"] * len(part))


def _execute(sql: str, part: list[Sequence[Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for row in part for value in row])


def skip_locked(alias: str) -> str:
    """Rows another process is claiming are passed over. SQLite has one writer: nothing to skip."""
    return f"{for_update(alias)} SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""


def for_update(alias: str) -> str:
    """Lock the rows of a raw query, not their keys. SQLite's transactions hold the whole database already."""
    return f" FOR NO KEY UPDATE OF {alias}" if connection.features.has_select_for_update_of else ""
