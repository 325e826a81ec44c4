"""Recomputes the whole log from what is stored, and goes on after whatever it finds.

Reads in slices by number, so memory stays flat and writers are not held up. Entries added meanwhile are left
for the next time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.utils import timezone

from qualadmin.audit import canonical, entry, guards, vocabulary
from qualadmin.audit.compare import Comparison, Shape
from qualadmin.audit.findings import Finding, Report
from qualadmin.audit.flush import COLUMNS
from qualadmin.audit.record import record_now
from qualadmin.audit.tree import Frontier, leaf_hash
from qualadmin.audit.types import AuditError, Context

SLICE = 1000
END_EXPECTED_WITHIN = timedelta(hours=1)
ROWS_NAMED = 20

__all__ = ["Finding", "Report", "verify"]


@dataclass(slots=True)
class _Walk:
    """What is remembered from one entry to the next."""

    tree: Frontier = field(default_factory=Frontier)
    broken: bool = False
    next_seq: int = 0
    last_core_seq: int | None = None
    last_time: str = ""
    streams: dict[str, int] = field(default_factory=dict)


def verify(
    context: Context,
    report: Report,
    *,
    first: int = 0,
    last: int | None = None,
    quick: bool = False,
    using: str = DEFAULT_DB_ALIAS,
) -> Report:
    """Check the log and note `audit.verified` in it.

    Entries `first` to `last` (both included) are checked in full; of the others, or of all with `quick`, only
    number, leaf and place in the tree. Never raises for what it finds, also not when the database fails.
    """
    report.quick = quick
    try:
        _Verifier(using, report, first, last, quick).run()
    except (DatabaseError, guards.GuardsUnsupported) as error:
        report.add("unreachable", None, f"The database could not be read to the end: {error}")
    outcome = {0: "ok", 1: "failed", 2: "unknown"}[report.exit_code]
    checked_to = report.size - 1 if last is None else last
    try:
        record_now(
            context,
            "audit.verified",
            using=using,
            outcome=outcome,
            payload={
                "size": report.size,
                "root": report.root,
                "checked_from": first,
                "checked_to": checked_to,
                "findings": sum(report.counts.values()),
                "counts": dict(report.counts),
            },
        )
    except (AuditError, DatabaseError, ValueError) as error:
        report.add("not_noted", None, f"This verification could not be noted in the log: {error}")
    return report


class _Verifier:
    def __init__(self, using: str, report: Report, first: int, last: int | None, quick: bool) -> None:
        self.using = using
        self.connection = connections[using]
        self.report = report
        self.first, self.last, self.quick = first, last, quick
        self.comparison = Comparison(self.connection)
        self.walk = _Walk()

    def run(self) -> None:
        """All checks, cheapest to explain first."""
        for name in guards.missing(self.using):
            self.report.add("trigger_missing", None, f"guard {name} is missing or different")
        size, frontier, streams = self._head()
        self.report.size = size
        for rows in self._slices(size):
            payloads = {} if self.quick else self._payloads(rows[0]["seq"], rows[-1]["seq"])
            for row in rows:
                self._entry(row, payloads)
        if self.walk.next_seq < size:
            self._gap(self.walk.next_seq, size - 1)
        self._tree(size, frontier)
        self._streams(streams)
        self._unheaded()
        if not self.quick:
            self._audited_rows()
            self._open_starts()

    # --- head, tree, streams

    def _head(self) -> tuple[int, bytes, dict[str, int]]:
        # One statement, so that head and counters are of the same moment.
        rows = self._query(
            "SELECT h.size, h.frontier, s.name, s.size FROM audit_head h LEFT JOIN audit_stream s ON 1 = 1"
        )
        if not rows:
            self.report.add("root_mismatch", None, "the head of the log is missing")
            count = self._query("SELECT count(*) FROM audit_entry")[0][0]
            return count, b"", {}
        return rows[0][0], _bytes(rows[0][1]), {name: size for _, _, name, size in rows if name is not None}

    def _tree(self, size: int, frontier: bytes) -> None:
        self.report.root = self.walk.tree.root().hex()
        if self.walk.broken or self.walk.tree.size != size or self.walk.tree.to_bytes() != frontier:
            self.report.add(
                "root_mismatch", None, f"the entries do not give the tree that the head of size {size} holds"
            )

    def _streams(self, streams: Mapping[str, int]) -> None:
        for name in sorted(streams.keys() | self.walk.streams.keys()):
            counted, stated = self.walk.streams.get(name, 0), streams.get(name, 0)
            if counted != stated:
                self.report.add("stream_gap", None, f"stream {name} has {counted} entries, not {stated}")

    def _unheaded(self) -> None:
        rows = self._query(
            "SELECT seq FROM audit_entry WHERE seq >= (SELECT size FROM audit_head WHERE id = 1) ORDER BY seq"
        )
        for (seq,) in rows:
            self.report.add("unheaded_entry", seq, "it was added without moving the head of the log")

    # --- entries

    def _slices(self, size: int) -> Iterator[list[dict[str, Any]]]:
        # SQLite's driver would turn a damaged time into an exception; as text it can be compared.
        sqlite = self.connection.vendor == "sqlite"
        times = {"recorded_at", "occurred_at"}
        names = [f"{name} || '' AS {name}" if sqlite and name in times else name for name in COLUMNS]
        statement = (
            f"SELECT {', '.join(names)} FROM audit_entry WHERE seq >= %s AND seq < %s ORDER BY seq LIMIT %s"  # noqa: S608
        )
        start = -(2**62)
        while rows := self._query(statement, [start, size, SLICE]):
            yield [dict(zip(COLUMNS, row, strict=True)) for row in rows]
            start = rows[-1][0] + 1

    def _payloads(self, first: int, last: int) -> dict[int, tuple[bytes, bytes]]:
        rows = self._query("SELECT seq, salt, body FROM audit_payload WHERE seq BETWEEN %s AND %s", [first, last])
        return {seq: (_bytes(salt), _bytes(body)) for seq, salt, body in rows}

    def _entry(self, row: Mapping[str, Any], payloads: Mapping[int, tuple[bytes, bytes]]) -> None:
        seq, walk = row["seq"], self.walk
        if seq != walk.next_seq:
            self._gap(walk.next_seq, seq - 1)
        walk.next_seq = seq + 1
        leaf, core = _bytes(row["leaf"]), _bytes(row["core"])
        in_full = not self.quick and self.first <= seq and (self.last is None or seq <= self.last)
        self.report.checked += in_full or self.quick
        if in_full:
            computed = leaf_hash(core)
            if computed != leaf:
                self.report.add("core_hash_mismatch", seq, "its content does not give its hash")
            leaf = computed
            self._content(seq, core, row, payloads.get(seq))
        walk.tree.push(leaf)
        expected = walk.streams.get(row["stream"], 0)
        if row["stream_seq"] != expected:
            detail = f"it is number {row['stream_seq']} of {row['stream']}, expected was {expected}"
            self.report.add("stream_gap", seq, detail)
        walk.streams[row["stream"]] = expected + 1

    def _gap(self, first: int, last: int) -> None:
        self.walk.broken = True
        what = f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
        self.report.add("gap", None, what)

    def _content(self, seq: int, core: bytes, row: Mapping[str, Any], payload: tuple[bytes, bytes] | None) -> None:
        try:
            content = canonical.decode(core)
            wrong = self.comparison.differing(content, row)
        except canonical.NotCanonical as error:
            self.report.add("not_canonical", seq, str(error))
            return
        except Shape as error:
            self.report.add("not_canonical", seq, str(error))
            return
        for name in wrong:
            self.report.add("column_mismatch", seq, f"column {name} differs from the content")
        self._order(seq, content)
        if not vocabulary.known(content["action"]):
            self.report.add("unknown_action", seq, f"{content['action']} is not in the vocabulary")
        if content["log"] != settings.AUDIT_ORIGIN:
            self.report.add("foreign_entry", seq, f"it belongs to the log {content['log']}")
        self._payload(seq, content["payload_c"], payload)

    def _order(self, seq: int, content: Mapping[str, Any]) -> None:
        walk = self.walk
        if content["seq"] == walk.last_core_seq:
            self.report.add("duplicate_seq", seq, f"its content has the number {content['seq']} a second time")
        walk.last_core_seq = content["seq"]
        if content["recorded_at"] < walk.last_time:
            self.report.add("order_time", seq, "it was recorded before the entry in front of it")
        walk.last_time = content["recorded_at"]

    def _payload(self, seq: int, commitment: str | None, payload: tuple[bytes, bytes] | None) -> None:
        if payload is None:
            if commitment is not None:
                self.report.add("payload_missing_unexplained", seq, "its text is gone and no erasure says why")
        elif commitment is None or entry.payload_commitment(*payload) != commitment:
            self.report.add("payload_mismatch", seq, "its text is not the one it was recorded with")

    # --- around the log

    def _audited_rows(self) -> None:
        introspection = self.connection.introspection
        with self.connection.cursor() as cursor:
            tables = set(introspection.table_names(cursor))
        quote = self.connection.ops.quote_name
        for model in guards.audited_models():
            table, key = model._meta.db_table, str(model._meta.pk.column)
            if table not in tables:
                continue
            rows = self._query(
                f"SELECT t.{quote(key)} FROM {quote(table)} t WHERE NOT EXISTS"  # noqa: S608
                " (SELECT 1 FROM audit_entry e WHERE e.id = t.audit_id)"
            )
            for (identity,) in rows[:ROWS_NAMED]:
                detail = f"row {identity} of {table} names an entry that does not exist"
                self.report.add("audited_row_without_entry", None, detail)
            if len(rows) > ROWS_NAMED:
                more = f"{len(rows) - ROWS_NAMED} more rows of {table}"
                self.report.add("audited_row_without_entry", None, more)

    def _open_starts(self) -> None:
        limit = self.connection.ops.adapt_datetimefield_value(timezone.now() - END_EXPECTED_WITHIN)
        rows = self._query(
            "SELECT seq, action FROM audit_entry s WHERE outcome = 'started' AND recorded_at < %s"
            " AND NOT EXISTS (SELECT 1 FROM audit_entry e WHERE e.parent = s.seq) ORDER BY seq",
            [limit],
        )
        for seq, action in rows:
            self.report.add("start_without_end", seq, f"{action} was started over an hour ago and never ended")

    def _query(self, statement: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters or [])
            return list(cursor.fetchall())


def _bytes(value: object) -> bytes:
    # A damaged SQLite file may hold text or a number where bytes belong.
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
