"""Numbering and writing the entries of one transaction: the only code that inserts into the log.

Five statements whatever the number of entries (six if a parent from an earlier transaction has to be looked
up): lock the head, count the streams on, insert entries, insert payloads, move the head. Everybody else waits
meanwhile, so PostgreSQL gets them in two goes: what tells the numbers, and what needs them.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from qualadmin.audit import entry
from qualadmin.audit.entry import Draft
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.prepared import in_one_go, prepared
from qualadmin.audit.tree import Frontier, leaf_hash
from qualadmin.audit.types import AuditError

COLUMNS = tuple(field.attname for field in AuditEntry._meta.concrete_fields)
# SQLite allows 32,766 parameters in a statement; PostgreSQL 65,535.
LOOKUP_SIZE = 10_000

# From here on PostgreSQL is faster with COPY, by about five times for 500 entries.
COPY_FROM = 8
_MOVE_HEAD = "UPDATE audit_head SET size = %s, frontier = %s, recorded_us = %s WHERE id = 1"


def flush(connection: BaseDatabaseWrapper, drafts: Sequence[Draft]) -> dict[UUID, int]:
    """Append the drafts in order and return their numbers. Must run in a transaction. Raises AuditError."""
    earlier = _earlier_parents(connection, drafts)
    tree, recorded_us, places = _lock(connection, drafts)
    first = tree.size
    numbers = {draft.id: first + index for index, draft in enumerate(drafts)}
    rows = _rows(connection, drafts, tree, recorded_us, places, earlier | numbers)
    payloads = [(numbers[d.id], d.salt, d.body) for d in drafts if d.body is not None]
    many = len(rows) >= COPY_FROM  # COPY goes by itself
    with nullcontext() if many else in_one_go(connection), prepared(connection) as cursor:
        _insert(connection, "audit_entry", COLUMNS, rows)
        if payloads:
            _insert(connection, "audit_payload", ("seq", "salt", "body"), payloads)
        cursor.execute(_MOVE_HEAD, [tree.size, tree.to_bytes(), recorded_us])
    return numbers


def lock_head(connection: BaseDatabaseWrapper) -> tuple[Frontier, int]:
    """The tree and the time of the next entry in microseconds, with the head locked until the commit.

    SQLite needs no lock of its own: BEGIN IMMEDIATE lets one writer in at a time.
    """
    with prepared(connection) as cursor:
        _ask_for_head(connection, cursor)
        return _head(cursor.fetchone())


def _lock(connection: BaseDatabaseWrapper, drafts: Sequence[Draft]) -> tuple[Frontier, int, dict[str, int]]:
    """The same, and the place of the first new entry in each stream."""
    counts: dict[str, int] = {}
    for draft in drafts:
        counts[draft.stream] = counts.get(draft.stream, 0) + 1
    with in_one_go(connection), prepared(connection) as head, prepared(connection) as streams:
        _ask_for_head(connection, head)
        _count_on(streams, counts)
        tree, recorded_us = _head(head.fetchone())
        return tree, recorded_us, {name: size - counts[name] for name, size in streams.fetchall()}


def _ask_for_head(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> None:
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    cursor.execute("SELECT size, frontier, recorded_us FROM audit_head WHERE id = 1" + lock, [])  # noqa: S608


def _head(row: tuple[Any, ...] | None) -> tuple[Frontier, int]:
    if row is None:
        raise AuditError("The head of the audit log is missing. Run: python3 manage.py migrate")
    return Frontier.from_bytes(row[0], bytes(row[1])), max(time.time_ns() // 1000, row[2])


def _insert(
    connection: BaseDatabaseWrapper, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.executemany(insert, rows)
        return
    if len(rows) < COPY_FROM:
        with prepared(connection) as cursor:
            for row in rows:  # psycopg's executemany sends a little more around them
                cursor.execute(insert, row)
        return
    # Guards fire for COPY too. Django's cursor passes `copy` through without translating errors.
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _earlier_parents(connection: BaseDatabaseWrapper, drafts: Sequence[Draft]) -> dict[UUID, int]:
    own = {draft.id for draft in drafts}
    wanted = list({d.parent for d in drafts if isinstance(d.parent, UUID)} - own)
    found: dict[UUID, int] = {}
    for start in range(0, len(wanted), LOOKUP_SIZE):
        part = wanted[start : start + LOOKUP_SIZE]
        found.update(AuditEntry.objects.using(connection.alias).filter(id__in=part).values_list("id", "seq"))
    if len(found) != len(wanted):
        raise AuditError("An entry names a parent that is not in the log.")
    return found


def _count_on(cursor: CursorWrapper, counts: Mapping[str, int]) -> None:
    """Count the streams on; the answer tells how long each is now."""
    values = ", ".join(["(%s, %s)"] * len(counts))
    cursor.execute(
        f"INSERT INTO audit_stream (name, size) VALUES {values} "  # noqa: S608
        "ON CONFLICT (name) DO UPDATE SET size = audit_stream.size + excluded.size RETURNING name, size",
        [value for pair in counts.items() for value in pair],
    )


def _rows(
    connection: BaseDatabaseWrapper,
    drafts: Sequence[Draft],
    tree: Frontier,
    recorded_us: int,
    places: dict[str, int],
    numbers: dict[UUID, int],
) -> list[tuple[Any, ...]]:
    """One tuple for each entry, in the order of COLUMNS; pushes each leaf onto the tree."""
    recorded = entry.moment(recorded_us)
    recorded_text = entry.rfc3339(recorded)
    adapt = connection.ops.adapt_datetimefield_value
    recorded_value = adapt(recorded)
    native = connection.features.has_native_uuid_field
    rows = []
    for draft in drafts:
        seq = tree.size
        stream_seq = places[draft.stream]
        places[draft.stream] = stream_seq + 1
        parent = numbers[draft.parent] if isinstance(draft.parent, UUID) else draft.parent
        if parent is not None and not 0 <= parent < seq:
            raise AuditError("The parent of an entry must come before it.")
        core = draft.core(seq, stream_seq, recorded_text, parent)
        leaf = leaf_hash(core)
        tree.push(leaf)
        context, target, behalf = draft.context, draft.target, draft.on_behalf_of
        actor, request, subject = context.actor, context.request, draft.subject
        rows.append((
            seq, draft.id if native else draft.id.hex, draft.stream, stream_seq, recorded_value,
            None if draft.occurred_at is None else adapt(draft.occurred_at),
            actor.kind, actor.id, actor.label,
            behalf.id if behalf else None, behalf.label if behalf else None,
            draft.action, draft.outcome, draft.severity,
            target.type if target else None, target.id if target else None, target.label if target else None,
            subject if native or subject is None else subject.hex,
            parent, draft.job,
            request.id if request else None, request.ip if request else None,
            draft.aws_request_id, core, leaf,
        ))  # fmt: skip
    return rows
