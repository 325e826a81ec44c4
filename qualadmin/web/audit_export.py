"""Audit entries as CSV or JSON: pseudonymous, streamed, in slices by number so that nothing is held open for long.

Both end with a manifest: the filter, the number of entries, and the hashes of the first and the last of them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from qualadmin.audit.models import AuditEntry
from qualadmin.audit.sentences import change_words, sentence
from qualadmin.core.pseudonyms import pseudonym
from qualadmin.csvio import Cell, SafeCsvWriter

from .audit_roles import Roles
from .counts import Count

SLICE: Final = 1_000
HEADER: Final = (
    "Entry", "Time (UTC)", "Who", "On behalf of", "What", "Action", "Outcome", "Severity", "About", "Worker",
    "Changes", "Job", "Study or account", "Request", "Amazon request ID", "Entry ID", "Leaf hash",
)  # fmt: skip


@dataclass(slots=True)
class Manifest:
    """What a file holds, filled in while it is written. `filter` is what was asked for, "" for everything."""

    log: str
    filter: str
    exported_by: str
    exported_at: str
    entries: int = 0
    capped: bool = False
    first: dict[str, Any] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)

    def count(self, entry: AuditEntry) -> None:
        place = {"seq": entry.seq, "leaf": bytes(entry.leaf).hex()}
        self.first = self.first or place
        self.last = place
        self.entries += 1

    def as_json(self) -> dict[str, Any]:
        return {
            "log": self.log,
            "filter": self.filter,
            "exported_by": self.exported_by,
            "exported_at": self.exported_at,
            "order": "newest first",
            "entries": self.entries,
            "capped": self.capped,
            "first": self.first,
            "last": self.last,
        }

    @property
    def sentence(self) -> str:
        """The same in one line, for people."""
        if not self.entries:
            return f"No entries. Filter: {self.filter or 'none'}."
        first, last = (f"entry {one['seq']}, hash {one['leaf']}" for one in (self.first, self.last))
        number = f"{self.entries:,} {'entry' if self.entries == 1 else 'entries'}"
        return f"End of the file: {number}, filter: {self.filter or 'none'}. First {first}; last {last}."


def csv_of(
    entries: "QuerySet[AuditEntry]", count: Count, manifest: Manifest, roles: Roles | None = None
) -> Iterator[bytes]:
    """The file, newest entry first. The last line is the manifest; before it a capped export says so.

    With `roles`, people are named by these.
    """
    return SafeCsvWriter(HEADER).stream(_rows(entries, count, manifest, roles))


def json_of(entries: "QuerySet[AuditEntry]", count: Count, manifest: Manifest) -> Iterator[bytes]:
    """One object: `entries`, each with the exact content that was hashed and what it says; `manifest`."""
    manifest.capped = count.more
    yield b'{"entries":['
    for number, entry in enumerate(_entries(entries, count)):
        manifest.count(entry)
        words = json.dumps(sentence(entry), ensure_ascii=False).encode()
        comma = b",\n" if number else b"\n"
        yield b'%b{"sentence":%b,"leaf":"%b","core":%b}' % (
            comma,
            words,
            bytes(entry.leaf).hex().encode(),
            bytes(entry.core),  # canonical JSON already: the very bytes behind the hash
        )
    yield b'\n],"manifest":' + json.dumps(manifest.as_json(), ensure_ascii=False).encode() + b"}\n"


def _entries(entries: "QuerySet[AuditEntry]", count: Count) -> Iterator[AuditEntry]:
    left, before = count.number, None
    while left > 0:
        part = list(entries.before(before)[: min(SLICE, left)])  # type: ignore[attr-defined]  # AuditQuerySet
        if not part:
            return
        yield from part
        left, before = left - len(part), part[-1].seq


def _rows(
    entries: "QuerySet[AuditEntry]", count: Count, manifest: Manifest, roles: Roles | None
) -> Iterator[tuple[Cell, ...]]:
    for entry in _entries(entries, count):
        manifest.count(entry)
        yield row_of(roles.instead_of_names(entry) if roles else entry)
    if count.more:
        cut = f"This file ends after {count.number:,} entries; there are older ones. Narrow the filter."
        yield ("", "", "", "", cut)
    yield ("", "", "", "", manifest.sentence)


def row_of(entry: AuditEntry) -> tuple[Cell, ...]:
    """One row under HEADER."""
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
        _pseudonym(entry.subject, entry.stream) if entry.subject else None,
        change_words(entry.changes),
        entry.job,
        entry.stream,
        entry.request_id,
        entry.aws_request_id,
        str(entry.id),
        bytes(entry.leaf).hex(),
    )


@lru_cache(maxsize=10_000)
def _pseudonym(subject: UUID, stream: str) -> str:
    # A log names few workers again and again.
    return pseudonym(subject, stream)
