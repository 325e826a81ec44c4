"""Audit entries as CSV: pseudonymous, streamed, in slices by number so that nothing is held open for long."""

from collections.abc import Iterator
from datetime import UTC
from typing import Final

from django.db.models import QuerySet

from qualadmin.audit.models import AuditEntry
from qualadmin.audit.sentences import change_words, sentence
from qualadmin.core.models import Worker
from qualadmin.csvio import Cell, SafeCsvWriter

from .listing import Count

SLICE: Final = 1_000
HEADER: Final = (
    "Entry", "Time (UTC)", "Who", "On behalf of", "What", "Action", "Outcome", "Severity", "About", "Worker",
    "Changes", "Job", "Study or account", "Request", "IP address", "Amazon request ID", "Entry ID", "Leaf hash",
)  # fmt: skip


def csv_of(entries: "QuerySet[AuditEntry]", count: Count) -> Iterator[bytes]:
    """The file, newest entry first. A capped export says so in its last line."""
    return SafeCsvWriter(HEADER).stream(_rows(entries, count))


def _rows(entries: "QuerySet[AuditEntry]", count: Count) -> Iterator[tuple[Cell, ...]]:
    left, before = count.number, None
    while left > 0:
        part = list(entries.before(before)[: min(SLICE, left)])  # type: ignore[attr-defined]  # AuditQuerySet
        if not part:
            return
        yield from (_row(entry) for entry in part)
        left, before = left - len(part), part[-1].seq
    if count.more:
        yield (
            "",
            "",
            "",
            "",
            f"This file ends after {count.number:,} entries; there are older ones. Narrow the filter.",
        )


def _row(entry: AuditEntry) -> tuple[Cell, ...]:
    return (
        entry.seq,
        entry.recorded_at.astimezone(UTC),
        entry.actor_label,
        entry.obo_label,
        sentence(entry),
        entry.action,
        entry.outcome,
        entry.severity,
        entry.target_label or entry.target_id,
        Worker(pk=entry.subject).pseudonym if entry.subject else None,
        change_words(entry.changes),
        entry.job,
        entry.stream,
        entry.request_id,
        entry.ip,
        entry.aws_request_id,
        str(entry.id),
        bytes(entry.leaf).hex(),
    )
