"""Recomputes the whole log from what is stored, and goes on after whatever it finds.

What is said about each single entry is in walk.py, about checkpoints in checkpoints.py.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.utils import timezone

from qualadmin.audit import guards
from qualadmin.audit.checkpoints import Examination, Trust
from qualadmin.audit.findings import Finding, Report
from qualadmin.audit.keys import KeyFault, read_public_keys
from qualadmin.audit.record import record_now
from qualadmin.audit.types import AuditError, Context
from qualadmin.audit.walk import Walk, stored_bytes

END_EXPECTED_WITHIN = timedelta(hours=1)
ROWS_NAMED = 20

__all__ = ["Finding", "Report", "verify"]


def verify(
    context: Context,
    report: Report,
    *,
    first: int = 0,
    last: int | None = None,
    quick: bool = False,
    trust: Trust | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> Report:
    """Check the log and note `audit.verified` in it.

    Entries `first` to `last` (both included) are checked in full; of the others, or of all with `quick`, only
    number, leaf and place in the tree. Checkpoints are always held against all of it; without `trust` only the
    stored ones, with the installation's own public keys. Never raises for what it finds, also not when the
    database fails.
    """
    report.quick = quick
    try:
        _Verifier(using, report, first, last, quick, trust or own_trust()).run()
    except (DatabaseError, guards.GuardsUnsupported) as error:
        report.add("unreachable", None, f"The database could not be read to the end: {error}")
    except KeyFault as fault:
        report.add("unreachable", None, str(fault))
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
                "checkpoints": report.checkpoints,
                "quick": quick,
                "findings": sum(report.counts.values()),
                "counts": dict(report.counts),
            },
        )
    except (AuditError, DatabaseError, ValueError) as error:
        report.add("not_noted", None, f"This verification could not be noted in the log: {error}")
    return report


def own_trust() -> Trust:
    """The public keys this installation keeps. Raises KeyFault."""
    return Trust(keys=read_public_keys(settings.AUDIT_PUBLIC_KEYS_PATH))


class _Verifier:
    def __init__(
        self, using: str, report: Report, first: int, last: int | None, quick: bool, trust: Trust
    ) -> None:
        self.using = using
        self.connection = connections[using]
        self.report = report
        self.first, self.last, self.quick = first, last, quick
        self.examination = Examination(trust, report, using)

    def run(self) -> None:
        """All checks, cheapest to explain first."""
        for name in guards.missing(self.using):
            self.report.add("trigger_missing", None, f"guard {name} is missing or different")
        size, frontier, streams = self._head()
        self.report.size = size
        self.examination.read()
        self.walk = Walk(self.connection, self.report, marks=self.examination.sizes)
        self.walk.run(size, first=self.first, last=self.last, quick=self.quick)
        self._tree(size, frontier)
        self.examination.compare(size, self.walk.roots)
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
        return rows[0][0], stored_bytes(rows[0][1]), {name: size for _, _, name, size in rows if name is not None}

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
